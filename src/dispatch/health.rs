//! What a destination's worker thinks of it: healthy, or paused since when and why.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::delivery::Cause;
use crate::lead::DestinationId;

/// Healthy, or paused with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Leads go out.
    Healthy {
        /// Since when.
        since: Timestamp,
    },
    /// Leads wait; the destination is probed.
    Paused {
        /// Since when.
        since: Timestamp,
        /// Why.
        cause: Cause,
        /// When it is tried next.
        next_probe_at: Timestamp,
    },
}

/// One destination as the admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationHealth {
    /// Which.
    pub id: DestinationId,
    /// Its kind.
    pub kind: &'static str,
    /// How it is.
    pub health: Health,
}

/// The health of all destinations, written by the workers and read by the admin. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Outlook(Arc<ArcSwap<Vec<DestinationHealth>>>);

impl Outlook {
    /// All destinations in the order of the config.
    pub fn destinations(&self) -> Arc<Vec<DestinationHealth>> {
        self.0.load_full()
    }

    /// Replaces the whole list, after a reload.
    pub fn reset(&self, destinations: Vec<DestinationHealth>) {
        self.0.store(Arc::new(destinations));
    }

    /// Notes how one destination is.
    pub fn set(&self, id: &DestinationId, health: &Health) {
        self.0.rcu(|list| {
            let mut list = Vec::clone(list);
            for entry in list.iter_mut().filter(|entry| entry.id == *id) {
                entry.health = health.clone();
            }
            list
        });
    }
}
