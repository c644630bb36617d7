//! Assembly: a checked config in, a running gate with an address out. `serve`, `demo` and the tests use the same two calls.

mod collector;
mod crew;
mod upkeep;
mod wanted;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, ServiceConfig};
use arc_swap::ArcSwap;
use tokio::task::JoinHandle;

use crate::alerts::Alerts;
use crate::clock::Clock;
use crate::config::Config;
use crate::destination::LiveDestinations;
use crate::dispatch::Outlook;
use crate::http::admin::Access;
use crate::http::metrics::Gauged;
use crate::http::rate_limit::Limiter;
use crate::http::refused_origins::RefusedOrigins;
use crate::http::script::Scripts;
use crate::http::settings::Server;
use crate::http::{self, PublicParts};
use crate::intake::{Intake, LiveForms};
use crate::metrics::Metrics;
use crate::store::{OpenError, Store, StoreError};

use collector::Collector;
use crew::Crew;
use wanted::{Wanted, orphan};

/// How often addresses that the inbound limiter need not remember are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(30);

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
    /// The address of the metrics cannot be listened on.
    #[error("cannot listen on {address} (server.metrics_listen): {source}; choose a free address")]
    ListenForMetrics {
        /// `server.metrics_listen`.
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
    scripts: Arc<Scripts>,
    access: Arc<Access>,
    crew: Crew,
    clock: Clock,
    wanted: Arc<ArcSwap<Wanted>>,
    server: Arc<Server>,
    metrics: Metrics,
    collector: Option<Collector>,
    handle: ServerHandle,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl App {
    /// Opens the store, starts the workers, and listens. Inside a multi-threaded tokio runtime.
    pub async fn start(
        config: Config,
        clock: Clock,
        extra: Option<MakeRoutes>,
    ) -> Result<Self, StartError> {
        let store = opened(config.store.clone()).await?;
        let listen = |source| StartError::Listen {
            address: config.server.listen,
            source,
        };
        let listener = TcpListener::bind(config.server.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let server = Arc::new(reachable(&config.server, address));

        let metrics = Metrics::new(store.meter());
        let (crew, checking) = Crew::new(&store, &clock, &config.store.path, &metrics);
        let forms: LiveForms = Arc::new(ArcSwap::from_pointee(config.forms.clone()));
        let access = Arc::new(Access::new(config.admin.clone(), clock.clone()));
        let public = PublicParts {
            intake: Intake::new(store.clone(), clock.clone()).counting(metrics.intake()),
            store: store.clone(),
            forms: Arc::clone(&forms),
            limiter: Arc::new(Limiter::new(config.limits, clock.clone())),
            refused_origins: Arc::new(RefusedOrigins::default()),
            scripts: Arc::new(script(&config, &server)),
            server: Arc::clone(&server),
            clock: clock.clone(),
        };
        metrics.intake().forms_are(form_ids(&config));
        let (scripts, limiter) = (Arc::clone(&public.scripts), Arc::clone(&public.limiter));
        let admin = AdminParts::of(&crew, &access, gauged(&metrics, &store, &crew, &clock));
        let collector = Collector::start(&config.server, &admin.gauged)?;
        let extra = extra.map(|make| make(store.clone()));
        let routes = routes(public, admin, extra);
        let listening = http::server::start(listener, &server, routes).map_err(listen)?;
        let handle = listening.handle();

        let wanted = Arc::new(ArcSwap::from_pointee(Wanted::of(&config)));
        orphan(&store, &wanted).await?;
        crew.assign(&config, &server).await;
        let tasks = vec![
            tokio::spawn(checking),
            tokio::spawn(serve(listening)),
            tokio::spawn(forget(limiter, clock.clone())),
            tokio::spawn(upkeep::run(
                store.clone(),
                clock.clone(),
                Arc::clone(&wanted),
            )),
        ];
        Ok(Self {
            address,
            store,
            forms,
            scripts,
            access,
            crew,
            clock,
            wanted,
            server,
            metrics,
            collector,
            handle,
            tasks: Mutex::new(tasks),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the metrics are open, if the config names an address for them.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.collector.as_ref().map(|collector| collector.address)
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
        self.access.replace(config.admin.clone());
        self.crew.assign(config, &self.server).await;
        self.wanted.store(Arc::new(Wanted::of(config)));
        self.metrics.intake().forms_are(form_ids(config));
        // The last of all: who works by the old config has no rule for the leads of a new form, and would fail them.
        self.forms.store(Arc::new(config.forms.clone()));
        self.scripts.publish(&config.forms);
        orphan(&self.store, &self.wanted).await?;
        // A submission that began under the old config may be accepted as long as its body may take; and what was being sent is left to end.
        let (store, clock, wanted) = (
            self.store.clone(),
            self.clock.clone(),
            Arc::clone(&self.wanted),
        );
        let later = self.server.body_timeout * 2;
        self.run(async move {
            clock.sleep(later).await;
            if let Err(error) = orphan(&store, &wanted).await {
                tracing::error!(%error, "deliveries without a destination could not be looked for; the next upkeep does");
            }
        });
        Ok(())
    }

    /// Runs something until the stop.
    fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(task));
    }

    /// Resolves when the store has failed for good and the process must end (exit 74).
    pub async fn failed(&self) -> Arc<StoreError> {
        self.store.failed().await
    }

    /// Stops in order: no new requests, what is under way is finished (up to `server.shutdown_grace`), everything synced.
    pub async fn stop(self) -> Result<(), StoreError> {
        let grace = self.server.shutdown_grace;
        let in_time = async {
            tokio::join!(self.handle.stop(true), self.crew.finish());
        };
        if tokio::time::timeout(grace, in_time).await.is_err() {
            tracing::warn!(
                "the grace is over: attempts under way are cut off and looked up after the next start"
            );
            self.handle.stop(false).await;
            self.crew.abort().await;
        }
        if let Some(collector) = &self.collector {
            collector.handle.stop(false).await;
        }
        self.crew.close().await;
        let tasks = self.tasks.into_inner();
        let tasks = tasks.unwrap_or_else(PoisonError::into_inner);
        tasks.iter().for_each(JoinHandle::abort);
        self.store.close().await
    }
}

/// What only the admin needs of the running gate.
#[derive(Clone)]
struct AdminParts {
    access: Arc<Access>,
    outlook: Outlook,
    alerts: Alerts,
    destinations: LiveDestinations,
    gauged: Gauged,
}

impl AdminParts {
    fn of(crew: &Crew, access: &Arc<Access>, gauged: Gauged) -> Self {
        Self {
            access: Arc::clone(access),
            outlook: crew.outlook.clone(),
            alerts: crew.alerts.clone(),
            destinations: crew.destinations.clone(),
            gauged,
        }
    }
}

/// The whole URL table: the admin's, the public one, and what the caller adds.
fn routes(
    public: PublicParts,
    admin: AdminParts,
    extra: Option<ExtraRoutes>,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |routes: &mut ServiceConfig| {
        routes.app_data(web::Data::new(admin.outlook.clone()));
        routes.app_data(web::Data::new(admin.alerts.clone()));
        routes.app_data(web::Data::new(admin.destinations.clone()));
        routes.app_data(web::Data::from(Arc::clone(&admin.access)));
        routes.app_data(web::Data::new(admin.gauged.metrics.edge()));
        routes.app_data(web::Data::new(admin.gauged.clone()));
        http::admin::routes(routes);
        extra.iter().for_each(|extra| extra(routes));
        http::routes(routes, &public);
    }
}

/// What the metrics look at.
fn gauged(metrics: &Metrics, store: &Store, crew: &Crew, clock: &Clock) -> Gauged {
    Gauged {
        metrics: metrics.clone(),
        store: store.clone(),
        outlook: crew.outlook.clone(),
        clock: clock.clone(),
    }
}

/// The script of the forms, and beside the store what earlier processes have served.
fn script(config: &Config, server: &Server) -> Scripts {
    Scripts::new(&config.forms, &server.public_url).kept_in(config.store.path.join("scripts"))
}

fn form_ids(config: &Config) -> impl Iterator<Item = &str> {
    config.forms.iter().map(|form| form.id.as_str())
}

async fn serve(listening: actix_web::dev::Server) {
    if let Err(error) = listening.await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// Opening blocks, for seconds after a crash.
async fn opened(settings: crate::store::Settings) -> Result<Store, StartError> {
    let opening = tokio::task::spawn_blocking(move || Store::open(&settings));
    Ok(opening.await.map_err(|_panic| StartError::Interrupted)??)
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

async fn forget(limiter: Arc<Limiter>, clock: Clock) {
    loop {
        clock.sleep(FORGET_EVERY).await;
        limiter.forget_idle();
    }
}
