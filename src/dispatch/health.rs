//! What a destination's worker thinks of it: healthy, or paused since when and why. And what its latest check has found.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::delivery::Cause;
use crate::dispatch::Checked;
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

/// The health of all destinations, written by the workers and the checks, read by the admin and by alerts. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Outlook(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    destinations: ArcSwap<Vec<DestinationHealth>>,
    checked: ArcSwap<BTreeMap<DestinationId, Checked>>,
    /// Counts the changes of health.
    changed: watch::Sender<u64>,
}

impl Outlook {
    /// All destinations in the order of the config.
    pub fn destinations(&self) -> Arc<Vec<DestinationHealth>> {
        self.0.destinations.load_full()
    }

    /// Fires when a destination is otherwise than before, or the list is another.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Replaces the whole list, after a reload.
    pub fn reset(&self, destinations: Vec<DestinationHealth>) {
        self.0.checked.rcu(|checked| {
            let mut checked = BTreeMap::clone(checked);
            checked.retain(|id, _| destinations.iter().any(|entry| entry.id == *id));
            checked
        });
        self.0.destinations.store(Arc::new(destinations));
        self.0.changed.send_modify(|count| *count += 1);
    }

    /// Notes how one destination is.
    pub fn set(&self, id: &DestinationId, health: &Health) {
        let before = self.0.destinations.rcu(|list| {
            let mut list = Vec::clone(list);
            for entry in list.iter_mut().filter(|entry| entry.id == *id) {
                entry.health = health.clone();
            }
            list
        });
        let is_new = |entry: &DestinationHealth| entry.id == *id && entry.health != *health;
        if before.iter().any(is_new) {
            self.0.changed.send_modify(|count| *count += 1);
        }
    }

    /// What the latest checks of a destination have brought; nothing yet when it was never checked.
    pub fn checked(&self, id: &DestinationId) -> Checked {
        self.0.checked.load().get(id).cloned().unwrap_or_default()
    }

    /// Notes what a check has brought.
    pub fn note_check(&self, id: &DestinationId, checked: Checked) {
        self.0.checked.rcu(|all| {
            let mut all = BTreeMap::clone(all);
            all.insert(id.clone(), checked.clone());
            all
        });
    }
}
