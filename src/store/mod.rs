//! Where leads are kept. A journal and a snapshot hold the truth; everything is read from the index: sled, and beside it files of ours for
//! what is long.
//!
//! [`Store`] is the door: its methods are the use cases, and nothing of sled is in their types. Behind it run two threads:
//!
//! - the **committer** drains the commands, decides them (idempotency, legal transitions), appends the decided records as one frame
//!   to the journal, calls fdatasync once, and only then answers;
//! - the **applier** writes the same records to sled and wakes the readers.
//!
//! Why so: sled's `flush()` does not fsync on Linux, and after a power cut a sled directory can come back empty or hang on open
//! (facts/durability-and-delivery.md, sections 0 and 2). A journal of our own with one fdatasync per group costs nothing and survives it.

//!
//! Without a [`Store`], on the files alone, work [`backup`](fn@backup), [`restore`](fn@restore) and the doctor ([`examine`]).
//!
//! **Records are decided facts**: whole states, never deltas, so replaying one twice does no harm. **Truth = the newest snapshot and the
//! journal after it**; `start` brings sled up to it, or builds it anew when anything can have been lost under it.

mod applier;
mod backup;
mod backups;
mod bring_up;
mod committer;
mod damage;
mod decide;
mod deed;
mod disk;
mod doctor;
mod door;
mod erasure;
mod failures;
mod filter;
mod frame;
mod index;
mod journal;
mod live;
mod mark;
mod measure;
mod outbox;
mod overlay;
mod prepare;
mod purge;
mod query;
mod record;
mod renewal;
mod restore;
mod room;
mod search;
mod snapshot;
mod start;
mod stretches;
mod sweep;
mod truth;
mod upkeep;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::{
    Attempt, Conflict, Delivery, DeliveryId, Lane, OrderStanding, Outcome, RetrySchedule, State,
};
use crate::lead::{Create, DestinationId, FormId, HeldReason, Lead, LeadId};

pub use backup::{BackedUp, BackupError, Existing, backup};
pub use backups::{Backup, Backups};
pub use deed::{Deed, DeedKind, Signature};
pub use doctor::{
    Differences, Examination, Holds, IndexFound, JournalFound, SnapshotFound, examine,
    rebuild_index,
};
pub use erasure::{Erasure, InCrm, Person};
pub use failures::FailedDelivery;
pub use filter::{Filter, Page, Selection};
pub use purge::{Keep, Purged};
pub use restore::{RestoreError, Restored, restore};
pub use room::Store;
pub use start::OpenError;
pub use upkeep::Upkeep;

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
    /// What operators did with it, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<Deed>,
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
    /// See [`Delivery::attempts`].
    pub attempts: u32,
    /// See [`Delivery::retries`].
    pub retries: u32,
}

/// Which of the due deliveries are looked for: those of one lane.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The lane.
    pub lane: Lane,
    /// What has never been attempted and came at or after this instant is fresh; everything else is backlog.
    pub fresh_since: Timestamp,
    /// Due at or before this instant.
    pub until: Timestamp,
    /// At most so many.
    pub limit: usize,
    /// Not these.
    pub skip: &'a HashSet<DeliveryId>,
}

/// What became of the wish to start an attempt.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It is journalled; the delivery is as started (its `attempts` is the attempt's number).
    Started {
        /// The lead.
        lead: Arc<Lead>,
        /// The delivery, started.
        delivery: Box<Delivery>,
    },
    /// It is not unsettled any more, or was erased.
    NotOwed,
}

/// What became of a settle.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// Recorded; the delivery as it now is.
    Recorded(Box<Delivery>),
    /// The attempt is not the latest one; nothing was changed.
    Stale,
}

/// Where the order of a delivery was seen to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSeen {
    /// The delivery that made it.
    pub id: DeliveryId,
    /// Its internal id in the CRM.
    pub order: u64,
    /// Where it stands.
    pub standing: OrderStanding,
}

/// What an operator asks for one lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Put failed, retrying and delivered deliveries back to work.
    Resend,
    /// The same for some of its deliveries only.
    ResendOf(Selection),
    /// Let a held lead go.
    Release,
    /// Give a held lead up.
    Discard,
}

impl From<Order> for DeedKind {
    fn from(order: Order) -> Self {
        match order {
            Order::Resend | Order::ResendOf(_) => Self::Resend,
            Order::Release => Self::Release,
            Order::Discard => Self::Discard,
        }
    }
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
    /// sled failed, or a file beside it.
    #[error("the index cannot be used: {0}")]
    Index(#[from] sled::Error),
    /// A record cannot be read.
    #[error("a stored record cannot be read: {0}")]
    Record(#[from] serde_json::Error),
    /// A thread of the store panicked.
    #[error("the thread {0} of the store panicked")]
    Crashed(&'static str),
    /// The store is stopping or has stopped.
    #[error("the store is stopped")]
    Stopped,
}

/// How an attempt ended, for the record.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which delivery.
    pub id: DeliveryId,
    /// The attempt with its outcome, duration and steps.
    pub attempt: Attempt,
    /// What the destination said.
    pub outcome: Outcome,
    /// The destination's schedule.
    pub schedule: RetrySchedule,
    /// See [`crate::delivery::SettleRules::paused`].
    pub paused: bool,
    /// See [`crate::delivery::SettleRules::jitter`].
    pub jitter: f64,
    /// The instant of the settle.
    pub now: Timestamp,
}
