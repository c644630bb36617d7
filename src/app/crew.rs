//! Those who work for the leads after the visitor is answered, all of them by one config: who delivers, checks the accounts, alerts, and looks
//! after orders.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use url::Url;

use crate::alerts::Alerts;
use crate::clock::Clock;
use crate::config::Config;
use crate::destination::paces::Paces;
use crate::destination::{Destination, LiveDestinations, registry};
use crate::dispatch::{self, Checks, Dispatcher, FollowTarget, Followers, Outlook, Target};
use crate::http::settings::Server;
use crate::metrics::Metrics;
use crate::store::Store;

/// Where alerts keep what they have told, in the data directory.
const ALERTS_FILE: &str = "alerts.json";

/// All of them.
pub(super) struct Crew {
    store: Store,
    clock: Clock,
    dispatcher: Dispatcher,
    checks: Checks,
    /// The admin shows and tests them, too.
    pub(super) alerts: Alerts,
    followers: Followers,
    /// For those who look at destinations and do not deliver.
    pub(super) destinations: LiveDestinations,
    /// How each destination is.
    pub(super) outlook: Outlook,
    /// Kept over a reload: what is spent of the current second stays spent.
    paces: Paces,
}

impl Crew {
    /// A crew without work, and its checking, which somebody must run.
    pub(super) fn new(
        store: &Store,
        clock: &Clock,
        data: &Path,
        metrics: &Metrics,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (store, clock) = (|| store.clone(), || clock.clone());
        let outlook = Outlook::default();
        let (checks, checking) = Checks::new(clock(), outlook.clone());
        let told = data.join(ALERTS_FILE);
        let crew = Self {
            store: store(),
            clock: clock(),
            dispatcher: Dispatcher::new(store(), clock(), outlook.clone())
                .counting(metrics.dispatch()),
            checks,
            alerts: Alerts::start(store(), outlook.clone(), clock(), told),
            followers: Followers::new(store(), clock(), outlook.clone()),
            destinations: LiveDestinations::default(),
            outlook,
            paces: Paces::counting(metrics.requests()),
        };
        (crew, checking)
    }

    /// Work by this config from now on.
    pub(super) async fn assign(&self, config: &Config, server: &Server) {
        let targets = self.targets(config);
        let destinations = destinations(&targets);
        self.destinations.replace(destinations.clone());
        self.alerts
            .assign(&config.alerts, &destinations, place(server));
        for destination in &destinations {
            self.recall(&**destination).await;
        }
        self.followers.assign(followed(config, &targets));
        self.dispatcher.assign(targets).await;
        self.checks.assign(destinations);
    }

    /// What is known from the deliveries of the last weeks need not be asked again; if it cannot be read, it is asked again.
    async fn recall(&self, destination: &dyn Destination) {
        let told = dispatch::recall(&self.store, destination, self.clock.now()).await;
        if let Err(error) = told {
            tracing::error!(destination.id = %destination.id(), %error, "earlier deliveries cannot be read; customers are searched for again");
        }
    }

    fn targets(&self, config: &Config) -> Vec<Target> {
        let around = (&self.clock, &self.paces);
        let build = |(index, settings): (usize, &registry::Settings)| Target {
            destination: registry::build(settings, index, &config.forms, around),
            retry: settings.retry.clone(),
            in_flight: settings.in_flight,
        };
        let targets: Vec<Target> = config.destinations.iter().enumerate().map(build).collect();
        let ids = targets.iter().map(|target| target.destination.id());
        self.paces.keep(&ids.collect::<Vec<_>>());
        targets
    }

    /// Asks after orders no more, starts no attempt, and resolves when those under way have ended.
    pub(super) async fn finish(&self) {
        self.followers.stop().await;
        self.dispatcher.stop().await;
    }

    /// Cuts off what is still under way.
    pub(super) async fn abort(&self) {
        self.dispatcher.abort().await;
    }

    /// The last to go: alerts may tell of what ended last.
    pub(super) async fn close(&self) {
        self.alerts.stop().await;
    }
}

fn destinations(targets: &[Target]) -> Vec<Arc<dyn Destination>> {
    let destinations = targets.iter().map(|target| &target.destination);
    destinations.map(Arc::clone).collect()
}

/// Where the links of alerts lead, and in which zone they tell times.
fn place(server: &Server) -> (&Url, &TimeZone) {
    (&server.public_url, &server.time_zone)
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
