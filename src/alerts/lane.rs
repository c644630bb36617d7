//! A channel at work: what is on its way to it, how the last try went, and whether another one is worth it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::alerts::board::Trouble;
use crate::alerts::channel::{Channel, NotSent};
use crate::alerts::outgoing::Outgoing;
use crate::dispatch::{Health, Outlook};

/// A channel with what is on its way to it.
pub(super) struct Lane {
    pub(super) key: String,
    pub(super) channel: Arc<Channel>,
    pub(super) outgoing: Outgoing,
    pub(super) trouble: Option<Trouble>,
}

impl Lane {
    /// A try ended.
    pub(super) fn ended(&mut self, sent: Result<(), NotSent>, now: Timestamp) {
        let channel = self.channel.name().en;
        match sent {
            Ok(()) => {
                self.outgoing.sent(now);
                self.trouble = None;
                tracing::info!(channel, "alert sent");
            }
            Err(not_sent) => {
                let wait = self.outgoing.failed(now, not_sent.doubt, not_sent.wish);
                tracing::warn!(
                    channel,
                    error = not_sent.error.en,
                    retry_in_s = wait.as_secs(),
                    "an alert cannot be sent"
                );
                let since = self.trouble.as_ref().map_or(now, |trouble| trouble.since);
                let error = not_sent.error;
                self.trouble = Some(Trouble { since, error });
            }
        }
    }

    /// Whether a try is worth it.
    pub(super) fn is_open(&self, outlook: &Outlook) -> bool {
        let Some(needed) = self.channel.needs() else {
            return true;
        };
        let destinations = outlook.destinations();
        let mut healthy = destinations
            .iter()
            .filter(|entry| matches!(entry.health, Health::Healthy { .. }));
        healthy.any(|entry| entry.id == *needed)
    }
}
