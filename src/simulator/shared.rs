//! What the HTTP side and the handle of a simulator share: the world under its lock and two signals.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use crate::simulator::journal::Totals;
use crate::simulator::time::Stopwatch;
use crate::simulator::world::{Setup, World};

/// One simulator from the inside.
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) clock: Stopwatch,
    /// Counts handled requests.
    handled: watch::Sender<u64>,
    /// Counts how often the faults were cleared, which ends every hang.
    cleared: watch::Sender<u64>,
}

/// The figures of `GET /_control/stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Totals of received requests.
    #[serde(flatten)]
    pub totals: Totals,
    /// The most requests that arrived within any one second (a sliding window), refused ones included.
    pub peak_per_second: usize,
    /// Orders stored.
    pub orders: usize,
    /// Customers stored, merged ones included.
    pub customers: usize,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            world: Mutex::new(World::new(setup)),
            clock: Stopwatch::start(),
            handled: watch::Sender::new(0),
            cleared: watch::Sender::new(0),
        }
    }

    /// The world. A panic elsewhere does not make it unreadable: tests still want to look inside.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self) -> watch::Receiver<u64> {
        self.handled.subscribe()
    }

    /// Notes what became of a request and wakes those who wait for it.
    pub(super) fn settle(&self, number: u64, status: Option<u16>, outcome: &'static str) {
        self.world().journal.settle(number, status, outcome);
        self.handled.send_modify(|count| *count += 1);
    }

    pub(super) fn clear_faults(&self) {
        self.world().faults.clear();
        self.cleared.send_modify(|count| *count += 1);
    }

    /// Forgets everything but the setup, and ends every hang.
    pub(super) fn reset(&self) {
        self.world().reset();
        self.cleared.send_modify(|count| *count += 1);
    }

    /// A view of the clearings, taken before the fault is decided, so that none is missed.
    pub(super) fn clearings(&self) -> watch::Receiver<u64> {
        self.cleared.subscribe()
    }

    pub(super) fn stats(&self) -> Stats {
        let world = self.world();
        Stats {
            totals: world.journal.totals(),
            peak_per_second: world.pace.peak(),
            orders: world.records.orders.len(),
            customers: world.records.customers.len(),
        }
    }
}
