//! One channel's messages: when the next one may leave, and what it tells. Pure decisions.
//!
//! The first event leaves at once. For the span `digest` after a message has left, everything is gathered, and leaves as one. A message that
//! could not be sent is tried again after growing waits. If it certainly did not arrive, what came meanwhile joins it; if nobody knows, it is
//! sent again as it was, under the same id, so that a receiver can tell that it is the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::alerts::gathered::Gathered;

/// The waits between tries, in seconds; the last one repeats.
const BACKOFF: [u64; 6] = [10, 30, 60, 120, 300, 600];

/// A receiver's own wish is heard up to this.
const LONGEST_WISH: Duration = Duration::from_secs(3600);

/// What is on its way to one channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outgoing {
    gathered: Gathered,
    /// Composed, and not known to have arrived.
    message: Option<Message>,
    sent_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    tries: usize,
    /// A try is under way; after a restart none is.
    #[serde(skip)]
    is_under_way: bool,
    /// The message has not been tried before this try; after a restart nobody knows.
    #[serde(skip)]
    is_first_try: bool,
}

/// A message as it was composed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    /// Its id, the same at every try.
    pub(super) id: Uuid,
    /// When it was composed.
    pub(super) at: Timestamp,
    /// What it tells.
    pub(super) gathered: Gathered,
}

/// The id of a new message.
pub(super) fn new_id() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Whether a message that failed may have arrived all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It certainly did not.
    None,
    /// Nobody knows.
    MayHaveArrived,
}

impl Outgoing {
    /// Something happened.
    pub(super) fn note(&mut self, happened: Gathered) {
        self.gathered.merge(happened);
    }

    /// When the next try may be made; `None` while there is nothing to send or a try is under way.
    pub(super) fn due_at(&self, digest: Duration) -> Option<Timestamp> {
        let nothing = self.gathered.is_empty() && self.message.is_none();
        if nothing || self.is_under_way {
            return None;
        }
        let span_over = self.sent_at.map(|sent_at| after(sent_at, digest));
        Some(span_over.max(self.retry_at).unwrap_or(Timestamp::MIN))
    }

    /// The message to try now, if its time has come. `id` is used when it is a new one.
    pub(super) fn take(&mut self, now: Timestamp, digest: Duration, id: Uuid) -> Option<Message> {
        // A machine whose date was set back must not be silent until the old date is reached.
        self.sent_at = self.sent_at.map(|at| at.min(now));
        self.retry_at = self.retry_at.map(|at| at.min(after(now, LONGEST_WISH)));
        self.due_at(digest).filter(|due_at| *due_at <= now)?;
        self.is_under_way = true;
        self.is_first_try = self.message.is_none();
        let gathered = &mut self.gathered;
        let message = self.message.get_or_insert_with(|| Message {
            id,
            at: now,
            gathered: std::mem::take(gathered),
        });
        Some(message.clone())
    }

    /// When the last message left.
    pub(super) fn sent_at(&self) -> Option<Timestamp> {
        self.sent_at
    }

    /// Whether a try is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// The message has left.
    pub(super) fn sent(&mut self, now: Timestamp) {
        *self = Self {
            gathered: std::mem::take(&mut self.gathered),
            sent_at: Some(now),
            ..Self::default()
        };
    }

    /// The message has not left. Returns how long it waits now; `wish` is the receiver's own.
    pub(super) fn failed(
        &mut self,
        now: Timestamp,
        doubt: Doubt,
        wish: Option<Duration>,
    ) -> Duration {
        let last = BACKOFF.len() - 1;
        let seconds = BACKOFF.get(self.tries.min(last)).copied().unwrap_or(600);
        let wish = wish.unwrap_or_default().min(LONGEST_WISH);
        let wait = Duration::from_secs(seconds).max(wish);
        self.tries += 1;
        self.retry_at = Some(after(now, wait));
        self.is_under_way = false;
        // An earlier try may have arrived even if this one certainly did not.
        if doubt == Doubt::None
            && self.is_first_try
            && let Some(message) = self.message.take()
        {
            let later = std::mem::replace(&mut self.gathered, message.gathered);
            self.gathered.merge(later);
        }
        wait
    }
}

fn after(at: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
