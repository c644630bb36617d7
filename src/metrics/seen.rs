//! What is not counted but seen when somebody asks: who waits, how full the disk is.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::Labels;

/// The gate at one instant.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Each destination of the config.
    pub outboxes: Vec<OutboxSeen>,
    /// How many leads are in each state that is not final.
    pub leads: Vec<(&'static str, usize)>,
    /// The data directory.
    pub store: StoreSeen,
}

/// What is owed to one destination.
#[derive(Clone, Debug)]
pub struct OutboxSeen {
    /// Its id.
    pub destination: String,
    /// Unsettled deliveries.
    pub waiting: usize,
    /// How long ago the oldest of their leads was received, in seconds; 0 when nothing waits.
    pub oldest_s: f64,
    /// Whether it is paused.
    pub paused: bool,
}

/// The data directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreSeen {
    /// A lead could be kept now.
    pub accepts: bool,
    /// Free bytes of its disk; `None` when the disk does not say.
    pub free: Option<u64>,
    /// Below so many free bytes leads are refused.
    pub reserve: u64,
    /// Bytes of the journal.
    pub journal: u64,
    /// Bytes of the newest snapshot; 0 without one.
    pub snapshot: u64,
    /// When that was made, in seconds since 1970; 0 without one.
    pub snapshot_at: f64,
    /// When the newest backup was made, likewise.
    pub backup_at: f64,
}

type Float = Gauge<f64, AtomicU64>;

/// The series of [`Seen`].
#[derive(Debug, Default)]
pub(super) struct Gauges {
    waiting: Family<Labels<1>, Gauge>,
    oldest: Family<Labels<1>, Float>,
    paused: Family<Labels<1>, Gauge>,
    leads: Family<Labels<1>, Gauge>,
    accepts: Gauge,
    free: Float,
    reserve: Float,
    journal: Float,
    snapshot: Float,
    snapshot_at: Float,
    backup_at: Float,
}

impl Gauges {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        gauges.register_outbox(registry);
        gauges.register_store(registry);
        gauges
    }

    fn register_outbox(&self, registry: &mut Registry) {
        registry.register(
            "outbox_waiting",
            "Deliveries that are not settled",
            self.waiting.clone(),
        );
        registry.register_with_unit(
            "outbox_oldest",
            "How long ago the oldest lead that waits was received; 0 when none waits",
            Unit::Seconds,
            self.oldest.clone(),
        );
        registry.register(
            "destination_paused",
            "1 while a destination is paused and its leads wait",
            self.paused.clone(),
        );
        registry.register(
            "leads",
            "Leads in each state that is not final",
            self.leads.clone(),
        );
    }

    fn register_store(&self, registry: &mut Registry) {
        registry.register(
            "store_accepts",
            "1 while a lead could be kept, as /healthz says",
            self.accepts.clone(),
        );
        let mut bytes = |name: &str, help: &str, gauge: &Float| {
            registry.register_with_unit(name, help, Unit::Bytes, gauge.clone());
        };
        bytes(
            "disk_free",
            "Free on the disk of the data directory",
            &self.free,
        );
        bytes(
            "disk_reserve",
            "Below so much free disk leads are refused (store.min_free)",
            &self.reserve,
        );
        bytes("journal_size", "The journal", &self.journal);
        bytes("snapshot_size", "The newest snapshot", &self.snapshot);
        let mut instant = |name: &str, help: &str, gauge: &Float| {
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        };
        instant(
            "snapshot_timestamp",
            "When the newest snapshot was made, since 1970; 0 without one",
            &self.snapshot_at,
        );
        instant(
            "backup_timestamp",
            "When the newest backup was made, since 1970; 0 without one",
            &self.backup_at,
        );
    }

    /// Makes them tell of this instant; destinations that have left the config are told of no more.
    pub(super) fn set(&self, seen: &Seen) {
        self.waiting.clear();
        self.oldest.clear();
        self.paused.clear();
        for outbox in &seen.outboxes {
            let at = [("destination", Arc::from(outbox.destination.as_str()))];
            self.waiting
                .get_or_create_owned(&at)
                .set(whole(outbox.waiting));
            self.oldest.get_or_create_owned(&at).set(outbox.oldest_s);
            self.paused
                .get_or_create_owned(&at)
                .set(i64::from(outbox.paused));
        }
        for (state, count) in &seen.leads {
            let labels = [("state", Arc::from(*state))];
            self.leads.get_or_create_owned(&labels).set(whole(*count));
        }
        let store = &seen.store;
        self.accepts.set(i64::from(store.accepts));
        self.free.set(store.free.map_or(f64::NAN, bytes));
        self.reserve.set(bytes(store.reserve));
        self.journal.set(bytes(store.journal));
        self.snapshot.set(bytes(store.snapshot));
        self.snapshot_at.set(store.snapshot_at);
        self.backup_at.set(store.backup_at);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Exact up to nine petabytes.
fn bytes(count: u64) -> f64 {
    count as f64
}
