//! What the admin sees of alerts: the channels, what is wrong with them, and how the last test went.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;

use crate::lead::Bilingual;

/// One channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelView {
    /// Its name.
    pub name: Bilingual,
    /// When the last message left by it.
    pub last_sent_at: Option<Timestamp>,
    /// Why nothing leaves by it, if nothing does.
    pub trouble: Option<Trouble>,
}

impl ChannelView {
    /// A channel of which nothing is known yet.
    pub(super) fn new(name: Bilingual) -> Self {
        Self {
            name,
            last_sent_at: None,
            trouble: None,
        }
    }
}

/// Alerts cannot be sent; they are tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub error: Bilingual,
}

/// The test that was sent last.
#[derive(Clone, Debug, PartialEq)]
pub struct TestRun {
    /// When.
    pub at: Timestamp,
    /// Each channel's name, and why the test did not leave by it, if so.
    pub results: Vec<(Bilingual, Result<(), Bilingual>)>,
}

/// Written by the worker, read by the admin.
#[derive(Debug, Default)]
pub(super) struct Board {
    channels: ArcSwap<Vec<ChannelView>>,
    last_test: ArcSwapOption<TestRun>,
}

impl Board {
    pub(super) fn show(&self, channels: Vec<ChannelView>) {
        self.channels.store(Arc::new(channels));
    }

    pub(super) fn channels(&self) -> Arc<Vec<ChannelView>> {
        self.channels.load_full()
    }

    pub(super) fn tested(&self, run: TestRun) {
        self.last_test.store(Some(Arc::new(run)));
    }

    pub(super) fn last_test(&self) -> Option<Arc<TestRun>> {
        self.last_test.load_full()
    }
}
