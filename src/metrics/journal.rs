//! What the journal counts: how long the disk takes, and how many share one write.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Made by the store when it opens; clones share it. One thread observes, once for each group.
#[derive(Clone, Debug)]
pub struct Journal {
    fsync: Histogram,
    group: Histogram,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            fsync: Histogram::new([
                0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
            ]),
            group: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
        }
    }
}

impl Journal {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "journal_fsync",
            "How long it took until a group of commands was on the disk: write and fdatasync",
            Unit::Seconds,
            self.fsync.clone(),
        );
        registry.register(
            "journal_group_size",
            "Commands that shared one write and fdatasync",
            self.group.clone(),
        );
    }

    /// A group of so many commands is on the disk after this span.
    pub fn wrote(&self, commands: usize, took: Duration) {
        self.fsync.observe(took.as_secs_f64());
        self.group
            .observe(f64::from(u32::try_from(commands).unwrap_or(u32::MAX)));
    }
}
