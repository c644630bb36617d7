//! What is counted for Prometheus: every series that `GET /metrics` shows, named and explained in one place.
//!
//! A leaf: it knows nothing of leads, stores and destinations. Each room is handed the handles it counts with ([`Intake`], [`Edge`],
//! [`Dispatch`], [`Requests`], [`Journal`]); what is a state rather than an event (who waits, how full the disk is) is [`Seen`] when somebody asks. One
//! [`Metrics`] belongs to one gate, not to the process: tests start several. Labels hold words of ours and ids of the config, never anything that
//! was typed, so their number is bounded and no series tells of a person.

mod dispatch;
mod intake;
mod journal;
mod process;
mod requests;
mod seen;
mod text;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use dispatch::{Attempted, Dispatch};
pub use intake::{Edge, Intake};
pub use journal::Journal;
pub use requests::{Requests, RequestsOf};
pub use seen::{OutboxSeen, Seen, StoreSeen};
pub use text::Format;

/// What a series is told apart by.
type Labels<const N: usize> = [(&'static str, Arc<str>); N];

/// Counters with labels.
type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// Histograms with labels, all with the same buckets.
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All that one gate counts. Clones share it.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    intake: Intake,
    edge: Edge,
    dispatch: Dispatch,
    requests: Requests,
    /// Locked while somebody asks: what is seen is written into gauges and then told.
    registry: Mutex<(Registry, seen::Gauges)>,
}

impl Metrics {
    /// Nothing is counted yet, but for what the journal has counted since it was opened.
    pub fn new(journal: &Journal) -> Self {
        let mut registry = Registry::with_prefix("leadgate");
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The program that runs", Info::new(version));
        let intake = Intake::registered(&mut registry);
        let edge = Edge::registered(&mut registry);
        let dispatch = Dispatch::registered(&mut registry);
        let requests = Requests::registered(&mut registry);
        journal.register(&mut registry);
        let gauges = seen::Gauges::registered(&mut registry);
        Self(Arc::new(Shared {
            intake,
            edge,
            dispatch,
            requests,
            registry: Mutex::new((registry, gauges)),
        }))
    }

    /// For the accepting side.
    pub fn intake(&self) -> Intake {
        self.0.intake.clone()
    }

    /// For the public edge.
    pub fn edge(&self) -> Edge {
        self.0.edge.clone()
    }

    /// For the delivering side.
    pub fn dispatch(&self) -> Dispatch {
        self.0.dispatch.clone()
    }

    /// For those who ask a CRM.
    pub fn requests(&self) -> Requests {
        self.0.requests.clone()
    }

    /// Everything as text: what was counted, what is seen now, and how the process is. Reads a few files of `/proc`.
    pub fn tell(&self, seen: &Seen, format: Format) -> Result<String, fmt::Error> {
        let registry = self.0.registry.lock();
        let (registry, gauges) = &*registry.unwrap_or_else(PoisonError::into_inner);
        gauges.set(seen);
        let mut text = String::with_capacity(16 << 10);
        prometheus_client::encoding::text::encode_registry(&mut text, registry)?;
        let mut of_the_process = Registry::default();
        process::register(&mut of_the_process);
        prometheus_client::encoding::text::encode_registry(&mut text, &of_the_process)?;
        prometheus_client::encoding::text::encode_eof(&mut text)?;
        Ok(format.of(text))
    }
}

/// Spans from a millisecond to ten seconds: requests, attempts.
fn up_to_ten_seconds() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ])
}

#[cfg(test)]
mod tests;
