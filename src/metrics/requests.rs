//! What is counted of the requests to a CRM.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::{Registry, Unit};

use crate::metrics::{Counters, Histograms, up_to_ten_seconds};

/// Requests to all destinations. Clones share it; the default counts for nobody.
#[derive(Clone, Debug)]
pub struct Requests {
    answered: Counters<2>,
    took: Histograms<1>,
}

/// Requests to one destination.
#[derive(Clone, Debug)]
pub struct RequestsOf {
    all: Requests,
    destination: Arc<str>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            answered: Counters::default(),
            took: Histograms::new_with_constructor(up_to_ten_seconds),
        }
    }
}

impl Requests {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let requests = Self::default();
        registry.register(
            "crm_requests",
            "Requests to a CRM by the status of the answer; none where no answer came",
            requests.answered.clone(),
        );
        registry.register_with_unit(
            "crm_request",
            "From the first byte of a request to a CRM to the last of its answer",
            Unit::Seconds,
            requests.took.clone(),
        );
        requests
    }

    /// Those to this destination.
    pub fn of(&self, destination: &str) -> RequestsOf {
        RequestsOf {
            all: self.clone(),
            destination: destination.into(),
        }
    }
}

impl RequestsOf {
    /// A request ended, with this status if an answer came.
    pub fn ended(&self, status: Option<u16>, took: Duration) {
        let at = [("destination", Arc::clone(&self.destination))];
        self.all
            .took
            .get_or_create_owned(&at)
            .observe(took.as_secs_f64());
        // A hundred at the most, and in practice five: what a server may say is three digits.
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let labels = [
            ("destination", Arc::clone(&self.destination)),
            ("status", Arc::from(status)),
        ];
        self.all.answered.get_or_create_owned(&labels).inc();
    }
}
