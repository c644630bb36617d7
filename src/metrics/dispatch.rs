//! What the delivering side counts.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::{Counters, Histograms, up_to_ten_seconds};

/// Attempts and what came of them. Clones share it; the default counts for nobody.
#[derive(Clone, Debug)]
pub struct Dispatch {
    attempts: Counters<2>,
    attempt: Histograms<1>,
    delivered_after: Histograms<1>,
    failed: Counters<2>,
}

/// An attempt that ended.
#[derive(Clone, Copy, Debug)]
pub struct Attempted {
    /// The word for how.
    pub outcome: &'static str,
    /// How long it took.
    pub took: Duration,
    /// How long ago the lead was received, if it is in the CRM now.
    pub delivered_after: Option<Duration>,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self {
            attempts: Counters::default(),
            attempt: Histograms::new_with_constructor(up_to_ten_seconds),
            delivered_after: Histograms::new_with_constructor(speeds_to_lead),
            failed: Counters::default(),
        }
    }
}

/// What people promise each other: a second, a minute, five minutes; and what an outage makes of it.
fn speeds_to_lead() -> Histogram {
    Histogram::new([
        0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0,
    ])
}

impl Dispatch {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let dispatch = Self::default();
        registry.register(
            "attempts",
            "Attempts that ended, by outcome",
            dispatch.attempts.clone(),
        );
        registry.register_with_unit(
            "attempt",
            "How long an attempt took",
            Unit::Seconds,
            dispatch.attempt.clone(),
        );
        registry.register_with_unit(
            "delivered_after",
            "From the receipt of a lead to the CRM having it",
            Unit::Seconds,
            dispatch.delivered_after.clone(),
        );
        registry.register(
            "deliveries_failed",
            "Deliveries that need a person now, by reason",
            dispatch.failed.clone(),
        );
        dispatch
    }

    /// An attempt at this destination ended.
    pub fn attempted(&self, destination: &str, attempted: Attempted) {
        let destination: Arc<str> = destination.into();
        let at = [("destination", Arc::clone(&destination))];
        self.attempt
            .get_or_create_owned(&at)
            .observe(attempted.took.as_secs_f64());
        if let Some(after) = attempted.delivered_after {
            self.delivered_after
                .get_or_create_owned(&at)
                .observe(after.as_secs_f64());
        }
        let labels = [
            ("destination", destination),
            ("outcome", Arc::from(attempted.outcome)),
        ];
        self.attempts.get_or_create_owned(&labels).inc();
    }

    /// A delivery to this destination has failed for good; `reason` is a word of ours.
    pub fn failed(&self, destination: &str, reason: &'static str) {
        let labels = [
            ("destination", Arc::from(destination)),
            ("reason", Arc::from(reason)),
        ];
        self.failed.get_or_create_owned(&labels).inc();
    }
}
