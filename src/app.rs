//! Assembly: a checked config in, a running gate with an address out. `serve`, `demo` and the tests use the same two calls.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, ServiceConfig};
use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use url::Url;

use crate::alerts::Alerts;
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::{Cause, Delivery, State};
use crate::destination::pace::Paces;
use crate::destination::{Destination, LiveDestinations, registry};
use crate::dispatch::{self, Checks, Dispatcher, FollowTarget, Followers, Outlook, Target};
use crate::http::admin::Access;
use crate::http::rate_limit::Limiter;
use crate::http::refused_origins::RefusedOrigins;
use crate::http::settings::Server;
use crate::http::{self, PublicParts, admin};
use crate::intake::{Intake, LiveForms};
use crate::lead::{DestinationId, Forms};
use crate::store::{OpenError, Status, Store, StoreError};

/// How often addresses that the inbound limiter need not remember are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// Where alerts keep what they have told, in the data directory.
const ALERTS_FILE: &str = "alerts.json";

/// How often the store's upkeep looks whether there is something to do.
const UPKEEP_EVERY: Duration = Duration::from_secs(3600);

/// Adds routes to those of the gate.
pub type ExtraRoutes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Makes additional routes that need the store: the demo's page.
pub type MakeRoutes = Box<dyn FnOnce(Store) -> ExtraRoutes + Send>;

/// Why the gate cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store was opened and then failed.
    #[error(transparent)]
    StoreFailed(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (server.listen): {source}; choose a free address")]
    Listen {
        /// `server.listen`.
        address: SocketAddr,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A thread of ours could not be started.
    #[error("a thread ended while the store was opened")]
    Interrupted,
}

/// A running gate.
pub struct App {
    address: SocketAddr,
    store: Store,
    forms: LiveForms,
    access: Arc<Access>,
    dispatcher: Dispatcher,
    checks: Checks,
    alerts: Alerts,
    followers: Followers,
    clock: Clock,
    /// Whose deliveries are still wanted, as the config has it now.
    wanted: Arc<ArcSwap<Wanted>>,
    /// Kept over a reload: what is spent of the current second stays spent.
    paces: Paces,
    /// For those who look at destinations and do not deliver.
    destinations: LiveDestinations,
    server: Arc<Server>,
    handle: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
}

impl App {
    /// Opens the store, starts the workers, and listens. Inside a multi-threaded tokio runtime.
    pub async fn start(
        config: Config,
        clock: Clock,
        extra: Option<MakeRoutes>,
    ) -> Result<Self, StartError> {
        let settings = config.store.clone();
        let opening = tokio::task::spawn_blocking(move || Store::open(&settings));
        let store = opening.await.map_err(|_panic| StartError::Interrupted)??;
        let listen = |source| StartError::Listen {
            address: config.server.listen,
            source,
        };
        let listener = TcpListener::bind(config.server.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let server = Arc::new(reachable(&config.server, address));

        let (outlook, paces) = (Outlook::default(), Paces::default());
        let forms: LiveForms = Arc::new(ArcSwap::from_pointee(config.forms.clone()));
        let access = Arc::new(Access::new(config.admin.clone(), clock.clone()));
        let dispatcher = Dispatcher::new(store.clone(), clock.clone(), outlook.clone());
        let (checks, checking) = Checks::new(clock.clone(), outlook.clone());
        let told = config.store.path.join(ALERTS_FILE);
        let alerts = Alerts::start(store.clone(), outlook.clone(), clock.clone(), told);
        let followers = Followers::new(store.clone(), clock.clone(), outlook.clone());
        let public = PublicParts {
            intake: Intake::new(store.clone(), clock.clone()),
            store: store.clone(),
            forms: Arc::clone(&forms),
            limiter: Arc::new(Limiter::new(config.limits, clock.clone())),
            refused_origins: Arc::new(RefusedOrigins::default()),
            server: Arc::clone(&server),
            clock: clock.clone(),
        };
        let limiter = Arc::clone(&public.limiter);
        let extra = extra.map(|make| make(store.clone()));
        let live = LiveDestinations::default();
        let for_admin = (Arc::clone(&access), (outlook, live.clone()), alerts.clone());
        let routes = routes(public, for_admin, extra);
        let listening = http::server::start(listener, &server, routes).map_err(listen)?;
        let handle = listening.handle();

        let wanted = Arc::new(ArcSwap::from_pointee(Wanted::of(&config)));
        let targets = targets(&config, (&clock, &paces), &live);
        alerts.assign(&config.alerts, &destinations(&targets), place(&server));
        orphan(&store, &wanted).await?;
        recall(&store, &targets, &clock).await?;
        followers.assign(followed(&config, &targets));
        let accounts = destinations(&targets);
        dispatcher.assign(targets).await;
        checks.assign(accounts);
        let tasks = vec![
            tokio::spawn(checking),
            tokio::spawn(serve(listening)),
            tokio::spawn(forget(limiter, clock.clone())),
            tokio::spawn(upkeep(store.clone(), clock.clone(), Arc::clone(&wanted))),
        ];
        Ok(Self {
            address,
            store,
            forms,
            access,
            dispatcher,
            checks,
            alerts,
            followers,
            clock,
            wanted,
            paces,
            destinations: live,
            server,
            handle,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is kept, for tests that wait on its changes.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Takes over forms, destinations, alerts, users and the token of a new config. What needs a restart is left as it is and named in the log.
    pub async fn reload(&self, config: &Config) -> Result<(), StoreError> {
        if config.server.listen != self.server.listen
            || config.server.max_body != self.server.max_body
        {
            tracing::warn!("changes of [server], [store] and [limits] need a restart");
        }
        self.forms.store(Arc::new(config.forms.clone()));
        self.access.replace(config.admin.clone());
        let around = (&self.clock, &self.paces);
        let targets = targets(config, around, &self.destinations);
        let place = place(&self.server);
        let accounts = destinations(&targets);
        self.alerts.assign(&config.alerts, &accounts, place);
        recall(&self.store, &targets, &self.clock).await?;
        self.followers.assign(followed(config, &targets));
        self.dispatcher.assign(targets).await;
        self.checks.assign(accounts);
        self.wanted.store(Arc::new(Wanted::of(config)));
        orphan(&self.store, &self.wanted).await?;
        // A submission that began under the old config may be accepted as long as its body may take; and what was being sent is left to end.
        let (store, clock, wanted) = (
            self.store.clone(),
            self.clock.clone(),
            Arc::clone(&self.wanted),
        );
        let later = self.server.body_timeout * 2;
        tokio::spawn(async move {
            clock.sleep(later).await;
            if let Err(error) = orphan(&store, &wanted).await {
                tracing::error!(%error, "deliveries without a destination could not be looked for; the next upkeep does");
            }
        });
        Ok(())
    }

    /// Resolves when the store has failed for good and the process must end (exit 74).
    pub async fn failed(&self) -> Arc<StoreError> {
        self.store.failed().await
    }

    /// Stops in order: no new requests, what is under way is finished (up to `server.shutdown_grace`), everything synced.
    pub async fn stop(self) -> Result<(), StoreError> {
        let grace = self.server.shutdown_grace;
        self.followers.stop().await;
        let in_time = async {
            tokio::join!(self.handle.stop(true), self.dispatcher.stop());
        };
        if tokio::time::timeout(grace, in_time).await.is_err() {
            tracing::warn!(
                "the grace is over: attempts under way are cut off and looked up after the next start"
            );
            self.handle.stop(false).await;
            self.dispatcher.abort().await;
        }
        self.alerts.stop().await;
        self.tasks.iter().for_each(JoinHandle::abort);
        self.store.close().await
    }
}

/// The whole URL table: the admin's, the public one, and what the caller adds.
fn routes(
    public: PublicParts,
    (access, (outlook, live), alerts): (Arc<Access>, (Outlook, LiveDestinations), Alerts),
    extra: Option<ExtraRoutes>,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |routes: &mut ServiceConfig| {
        routes.app_data(web::Data::new(outlook.clone()));
        routes.app_data(web::Data::new(alerts.clone()));
        routes.app_data(web::Data::new(live.clone()));
        routes.app_data(web::Data::from(Arc::clone(&access)));
        admin::routes(routes);
        extra.iter().for_each(|extra| extra(routes));
        http::routes(routes, &public);
    }
}

async fn serve(listening: actix_web::dev::Server) {
    if let Err(error) = listening.await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// The settings with the real port, where the config leaves it to the system (port 0, in tests).
fn reachable(settings: &Server, address: SocketAddr) -> Server {
    let mut settings = settings.clone();
    let mut public_url = settings.public_url.clone();
    if public_url.port() == Some(0) && public_url.set_port(Some(address.port())).is_ok() {
        settings.public_url = public_url;
    }
    settings
}

/// The destinations of the config with their rules; also made known as the live ones.
fn targets(config: &Config, around: (&Clock, &Paces), live: &LiveDestinations) -> Vec<Target> {
    let build = |(index, settings): (usize, &registry::Settings)| Target {
        destination: registry::build(settings, index, &config.forms, around),
        retry: settings.retry.clone(),
        in_flight: settings.in_flight,
    };
    let targets: Vec<Target> = config.destinations.iter().enumerate().map(build).collect();
    let destinations = targets.iter().map(|target| Arc::clone(&target.destination));
    live.replace(destinations.collect());
    targets
}

fn destinations(targets: &[Target]) -> Vec<Arc<dyn Destination>> {
    let destinations = targets.iter().map(|target| &target.destination);
    destinations.map(Arc::clone).collect()
}

/// Where the links of alerts lead, and in which zone they tell times.
fn place(server: &Server) -> (&Url, &TimeZone) {
    (&server.public_url, &server.time_zone)
}

/// Tells the destinations what is known from their deliveries of the last weeks.
async fn recall(store: &Store, targets: &[Target], clock: &Clock) -> Result<(), StoreError> {
    for target in targets {
        dispatch::recall(store, &*target.destination, clock.now()).await?;
    }
    Ok(())
}

/// The destinations whose orders are looked after.
fn followed(config: &Config, targets: &[Target]) -> Vec<FollowTarget> {
    let all = config.destinations.iter().zip(targets);
    all.filter_map(|(settings, target)| {
        Some(FollowTarget {
            destination: Arc::clone(&target.destination),
            every: settings.status_poll?,
        })
    })
    .collect()
}

/// The forms and destinations of the config.
struct Wanted {
    destinations: HashSet<DestinationId>,
    forms: Forms,
}

impl Wanted {
    fn of(config: &Config) -> Self {
        let destinations = config
            .destinations
            .iter()
            .map(|settings| settings.id.clone())
            .collect();
        Self {
            destinations,
            forms: config.forms.clone(),
        }
    }

    /// Why a delivery must go out of work, if it must. One that is being sent is left to end: it may succeed.
    fn why_gone(&self, status: &Status, delivery: &Delivery) -> Option<Cause> {
        if delivery.state == State::Sending {
            return None;
        }
        if !self.destinations.contains(&delivery.destination) {
            return Some(Cause::DestinationGone {
                destination: delivery.destination.to_string(),
            });
        }
        let form = self.forms.get(status.form.as_str());
        let has_rule = form.is_some_and(|form| {
            let mut rules = form.deliver.iter();
            rules.any(|rule| {
                rule.destination == delivery.destination && rule.create == delivery.create
            })
        });
        (!has_rule).then(|| Cause::FormGone {
            form: status.form.to_string(),
        })
    }
}

/// Takes deliveries out of work whose form or destination has left the config; they can be resent when it is back.
async fn orphan(store: &Store, wanted: &ArcSwap<Wanted>) -> Result<(), StoreError> {
    let wanted = wanted.load_full();
    let gone = store
        .orphan(move |status, delivery| wanted.why_gone(status, delivery))
        .await?;
    if gone > 0 {
        tracing::warn!(
            deliveries = gone,
            "deliveries whose form or destination has left the config are failed now"
        );
    }
    Ok(())
}

async fn forget(limiter: Arc<Limiter>, clock: Clock) {
    loop {
        clock.sleep(FORGET_EVERY).await;
        limiter.forget_idle();
    }
}

async fn upkeep(store: Store, clock: Clock, wanted: Arc<ArcSwap<Wanted>>) {
    let mut snapshot_at = None;
    loop {
        clock.sleep(UPKEEP_EVERY).await;
        if let Err(error) = orphan(&store, &wanted).await {
            tracing::error!(%error, "deliveries without a destination could not be looked for");
        }
        match store.upkeep(clock.now(), snapshot_at).await {
            Ok(done) => {
                if done.snapshot {
                    snapshot_at = Some(clock.now());
                }
                tracing::debug!(
                    snapshot = done.snapshot,
                    keys_forgotten = done.keys_forgotten,
                    "upkeep done"
                );
            }
            Err(StoreError::Stopped) => return,
            Err(error) => tracing::error!(%error, "upkeep failed; it is tried again in an hour"),
        }
    }
}
