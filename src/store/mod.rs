//! Where leads are kept. A journal and a snapshot hold the truth; sled is what everything is read from.
//!
//! [`Store`] is the door: its methods are the use cases, and nothing of sled is in their types. Behind it run two threads:
//!
//! - the **committer** drains the commands, decides them (idempotency, legal transitions), appends the decided records as one frame
//!   to the journal, calls fdatasync once, and only then answers;
//! - the **applier** writes the same records to sled and wakes the readers.
//!
//! Why so: sled's `flush()` does not fsync on Linux, and after a power cut a sled directory can come back empty or hang on open
//! (facts/durability-and-delivery.md, sections 0 and 2). A journal of our own with one fdatasync per group costs nothing and survives it.

mod filter;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::delivery::{Attempt, Cause, Conflict, Delivery, DeliveryId, State};
use crate::lead::{Contact, Create, DestinationId, FormId, HeldReason, Lead, LeadId};

pub use filter::{Filter, Page};

/// The `[store]` block.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory; made when missing.
    pub path: PathBuf,
    /// Below so many free bytes new leads are refused, so that what is there can still be settled.
    pub min_free: u64,
}

/// What intake hands over: the lead and what is owed for it, kept as one atomic record.
#[derive(Clone, Debug)]
pub struct NewLead {
    /// The lead.
    pub lead: Lead,
    /// Kept back as suspected spam.
    pub held: Option<HeldReason>,
    /// Where it must go: one delivery each, in this order.
    pub targets: Vec<(DestinationId, Create)>,
    /// The client's idempotency key, if it sent one.
    pub key: Option<IdempotencyKey>,
}

/// A key that names a submission, bound to a form when a lead is accepted and remembered for [`KEY_LIFETIME`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The client's text.
    pub text: String,
    /// SHA-256 over the submitted fields.
    pub content_hash: [u8; 32],
}

/// How long an idempotency key is remembered.
pub const KEY_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

/// What became of an accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is on the disk.
    New(LeadId),
    /// The same key and content had been accepted before; nothing was stored.
    Repeated(LeadId),
}

impl Accepted {
    /// The lead that the visitor is told of.
    pub fn lead(self) -> LeadId {
        match self {
            Self::New(id) | Self::Repeated(id) => id,
        }
    }
}

/// The part of a lead that changes: what is owed and where that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Whose.
    pub lead: LeadId,
    /// Its form.
    pub form: FormId,
    /// Why it was kept back on arrival, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_reason: Option<HeldReason>,
    /// When a person had it erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
    /// Hashes of phone and e-mail: deliveries that share one are sent one after another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact_hashes: Vec<u64>,
    /// What is owed.
    pub deliveries: Vec<Delivery>,
}

impl Status {
    /// The state of the lead: the first, in the order of [`State::ALL`], that one of its deliveries has.
    pub fn state(&self) -> State {
        State::of_lead(self.deliveries.iter().map(|delivery| delivery.state))
    }
}

/// A lead as it is read back.
#[derive(Clone, Debug)]
pub struct StoredLead {
    /// What was received; of an erased lead an empty shell with id, form and time.
    pub lead: Lead,
    /// Where it stands.
    pub status: Status,
}

/// One row of the list.
#[derive(Clone, Debug)]
pub struct LeadPage {
    /// Newest first.
    pub leads: Vec<StoredLead>,
    /// Pass it as [`Page::before`] for the next page; `None` at the end.
    pub next: Option<LeadId>,
}

/// A delivery that may be attempted now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: DeliveryId,
    /// When its time came.
    pub due_at: Timestamp,
    /// See [`Status::contact_hashes`].
    pub contact_hashes: Vec<u64>,
}

/// What became of the wish to start an attempt.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It is journalled; the delivery is as started (its `attempts` is the attempt's number).
    Started {
        /// The lead.
        lead: Arc<Lead>,
        /// The delivery, started.
        delivery: Delivery,
    },
    /// It is not unsettled any more, or was erased.
    NotOwed,
}

/// What became of a settle.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// Recorded; the delivery as it now is.
    Recorded(Delivery),
    /// The attempt is not the latest one; nothing was changed.
    Stale,
}

/// What an operator asks for one lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Put failed, retrying and delivered deliveries back to work.
    Resend,
    /// Let a held lead go.
    Release,
    /// Give a held lead up.
    Discard,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Ordered {
    /// Done; the lead as it now is.
    Done(Box<StoredLead>),
    /// None of its deliveries is in a state that allows it.
    Conflict(Conflict),
    /// No such lead.
    Unknown,
}

/// The outbox of one destination in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Unsettled deliveries.
    pub count: usize,
    /// When the oldest of their leads was received.
    pub oldest_received_at: Option<Timestamp>,
}

/// The leads of one form in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormCount {
    /// Received since the given instant.
    pub leads_since: usize,
    /// When the newest came.
    pub last_lead_at: Option<Timestamp>,
}

/// Why the store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too little room on the disk for a new lead.
    #[error("the disk under {path} has only {free} bytes free; make room")]
    DiskFull {
        /// The data directory.
        path: PathBuf,
        /// What is left.
        free: u64,
    },
    /// The journal could not be written; what was half written has been taken back.
    #[error("the journal cannot be written: {0}")]
    Journal(#[source] Arc<std::io::Error>),
    /// sled failed.
    #[error("the index cannot be used: {0}")]
    Index(#[from] sled::Error),
    /// A record cannot be read.
    #[error("a stored record cannot be read: {0}")]
    Record(#[from] serde_json::Error),
    /// The store is stopping or has stopped.
    #[error("the store is stopped")]
    Stopped,
}

/// The door to what is kept. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    changes: watch::Receiver<u64>,
}

#[expect(clippy::unused_async, reason = "signatures first")]
impl Store {
    /// Keeps a lead with what is owed for it. When this returns `Ok`, it is on the disk.
    pub async fn accept(&self, new: NewLead) -> Result<Accepted, StoreError> {
        let _ = new;
        Err(StoreError::Stopped)
    }
    /// Deliveries of one destination whose time has come, the oldest first, without those in `skip`; `from` leaves out those due earlier.
    pub fn due(&self, destination: &DestinationId, window: (Option<Timestamp>, Timestamp), limit: usize, skip: &HashSet<DeliveryId>) -> Vec<Due> {
        let _ = (destination, window, limit, skip);
        Vec::new()
    }
    /// When the next delivery of this destination has its time, looking past those in `skip`.
    pub fn next_due_at(&self, destination: &DestinationId, skip: &HashSet<DeliveryId>) -> Option<Timestamp> {
        let _ = (destination, skip);
        None
    }
    /// Journals that the next attempt of a delivery starts. Nothing may go to the CRM before this returns.
    pub async fn begin(&self, id: DeliveryId, at: Timestamp) -> Result<Begun, StoreError> {
        let _ = (id, at);
        Err(StoreError::Stopped)
    }
    /// Records how an attempt ended and what follows: both or neither. `delivery` is computed by [`Delivery::settle`] inside.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        let _ = settlement;
        Err(StoreError::Stopped)
    }
    /// Carries out what an operator asks for one lead.
    pub async fn order(&self, lead: LeadId, order: Order, now: Timestamp) -> Result<Ordered, StoreError> {
        let _ = (lead, order, now);
        Err(StoreError::Stopped)
    }
    /// Takes the person out of a lead everywhere. Returns when no file of ours holds them any more.
    pub async fn erase(&self, lead: LeadId, now: Timestamp) -> Result<Ordered, StoreError> {
        let _ = (lead, now);
        Err(StoreError::Stopped)
    }
    /// Takes deliveries out of work whose form or destination has left the config; `keep` says of each unsettled one why it must go. Returns how many went.
    pub async fn orphan(&self, keep: &(dyn Fn(&Status, &Delivery) -> Option<Cause> + Send + Sync)) -> Result<usize, StoreError> {
        let _ = keep;
        Err(StoreError::Stopped)
    }
    /// One lead.
    pub async fn lead(&self, id: LeadId) -> Result<Option<StoredLead>, StoreError> {
        let _ = id;
        Err(StoreError::Stopped)
    }
    /// The attempts of one delivery, the oldest first.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        let _ = id;
        Err(StoreError::Stopped)
    }
    /// A page of the list, newest first.
    pub async fn leads(&self, filter: Filter, page: Page) -> Result<LeadPage, StoreError> {
        let _ = (filter, page);
        Err(StoreError::Stopped)
    }
    /// The outbox of one destination in numbers.
    pub fn waiting(&self, destination: &DestinationId) -> Waiting {
        let _ = destination;
        Waiting::default()
    }
    /// How many leads are in this state; only for states that are not final (failed, held, retrying, sending, queued).
    pub fn count(&self, state: State) -> usize {
        let _ = state;
        0
    }
    /// The leads of one form in numbers.
    pub async fn form_count(&self, form: FormId, since: Timestamp) -> Result<FormCount, StoreError> {
        let _ = (form, since);
        Err(StoreError::Stopped)
    }
    /// Fires when new work or new states are visible to the readers.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
    /// Whether a lead could be kept now.
    pub fn can_accept(&self) -> Result<(), StoreError> {
        Err(StoreError::Stopped)
    }
    /// The clock the store dates its records with.
    pub fn clock(&self) -> Clock {
        Clock::system()
    }
}

/// How an attempt ended, for the record.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which delivery.
    pub id: DeliveryId,
    /// The attempt with its outcome, duration and steps.
    pub attempt: Attempt,
    /// What the destination said.
    pub outcome: crate::delivery::Outcome,
    /// The destination's schedule.
    pub schedule: crate::delivery::RetrySchedule,
    /// See [`crate::delivery::SettleRules::paused`].
    pub paused: bool,
    /// See [`crate::delivery::SettleRules::jitter`].
    pub jitter: f64,
    /// The instant of the settle.
    pub now: Timestamp,
}

/// What is left of a lead's contact in hashes: equal phone or e-mail, equal hash.
pub fn contact_hashes(contact: &Contact) -> Vec<u64> {
    let _ = contact;
    Vec::new()
}
