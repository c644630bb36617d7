//! What we owe: the duty to hand one lead to one destination, its legal transitions, and the record of every attempt. Pure.
//!
//! ```text
//!            start            settle: delivered
//!  queued ----------> sending ------------------> delivered --+
//!    ^ ^                | | |  settle: rejected,              | resend
//!    | |   resend       | | +---- out of schedule -> failed --+-------> queued
//!    | +-- retrying <---+ |  settle: retry, unknown
//!    |                    |
//!    +--------------------+  settle: paused (costs nothing)       held --release--> queued, --discard--> discarded
//! ```
//!
//! After a crash a delivery is still `sending`: its attempt was started and never settled, so its outcome is unknown, and
//! the next attempt looks the lead up in the CRM before it sends anything ([`Delivery::is_in_doubt`]).

mod attempt;
mod cause_key;
mod failure;
mod lane;
mod receipt;
mod schedule;
mod warning;

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::lead::{Create, DestinationId, LeadId};

pub use attempt::{Attempt, AttemptOutcome, Step, excerpt};
pub use cause_key::CauseKey;
pub use failure::{Cause, Failure, FailureKind};
pub use lane::{Lane, PerLane, Shares, Turns};
pub use receipt::{OrderStanding, OrderStatus, Receipt};
pub use schedule::{RetrySchedule, ScheduleError};
pub use warning::{Note, Warning};

/// A delivery's id: the lead's, and its place among the lead's deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId {
    /// The lead that is owed.
    pub lead: LeadId,
    /// 0 for the form's first deliver rule, and so on.
    pub ordinal: u8,
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.lead, self.ordinal)
    }
}

/// Where a delivery stands: the words of the API, the pages and the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Needs a person: will not succeed as it is.
    Failed,
    /// Kept back as suspected spam.
    Held,
    /// An attempt failed; the next one has its time.
    Retrying,
    /// An attempt is under way (or was, when the process died).
    Sending,
    /// Waits for its first attempt.
    Queued,
    /// The destination has it.
    Delivered,
    /// Given up by a person, or erased.
    Discarded,
}

impl State {
    /// All states, in the order in which the state of a lead is the first that one of its deliveries has.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Held,
        Self::Retrying,
        Self::Sending,
        Self::Queued,
        Self::Delivered,
        Self::Discarded,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Retrying => "retrying",
            Self::Sending => "sending",
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Discarded => "discarded",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Still owed: it is in the outbox.
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Retrying)
    }

    /// Nothing follows by itself and nobody need look: delivered or given up.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Discarded)
    }

    /// The state of a lead with deliveries in these states; a lead without any is discarded.
    pub fn of_lead(deliveries: impl IntoIterator<Item = Self>) -> Self {
        deliveries.into_iter().min().unwrap_or(Self::Discarded)
    }
}

/// The duty to hand one lead to one destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose duty.
    pub id: DeliveryId,
    /// Where to.
    pub destination: DestinationId,
    /// What is made there.
    pub create: Create,
    /// Where it stands.
    pub state: State,
    /// Attempts started so far; also the number of the latest, which fences a late settle.
    pub attempts: u32,
    /// Retries that the schedule has counted since the delivery was made or resent.
    pub retries: u32,
    /// The sum of the delays of those retries, in milliseconds; compared with `give_up_after`.
    pub spent_ms: u64,
    /// Not before this instant.
    pub due_at: Timestamp,
    /// An order may exist although nobody told us: look it up before anything is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// The destination's ids, once it has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// What has become of the order there, as far as it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_status: Option<OrderStatus>,
    /// What was left out so that the CRM took the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<Warning>,
    /// Why the latest attempt failed, or why the delivery did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Cause>,
}

/// The state does not allow what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {} cannot be {asked}", .state.as_str())]
pub struct Conflict {
    /// The state it is in.
    pub state: State,
    /// What was asked, as a participle.
    pub asked: &'static str,
}

/// How an attempt ended, as the destination tells it.
pub type Outcome = Result<Delivered, Failure>;

/// The destination has the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its ids there.
    pub receipt: Receipt,
    /// What had to be left out, if anything.
    pub warning: Option<Warning>,
}

/// The knowledge a settle needs besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct SettleRules<'a> {
    /// The destination's schedule.
    pub schedule: &'a RetrySchedule,
    /// The instant of the settle.
    pub now: Timestamp,
    /// A random number in `0.0..1.0`, which spreads retries that failed together.
    pub jitter: f64,
    /// The destination is paused by the same trouble: the attempt costs the lead nothing.
    pub paused: bool,
}

impl Delivery {
    /// A new duty, due at once; kept back when the lead is held.
    pub fn new(
        id: DeliveryId,
        target: (DestinationId, Create),
        due_at: Timestamp,
        held: bool,
    ) -> Self {
        let (destination, create) = target;
        Self {
            id,
            destination,
            create,
            state: if held { State::Held } else { State::Queued },
            attempts: 0,
            retries: 0,
            spent_ms: 0,
            due_at,
            in_doubt: false,
            receipt: None,
            order_status: None,
            warning: None,
            last_error: None,
        }
    }

    /// Whether the next attempt must look the lead up before it sends: an earlier outcome is unknown.
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt || self.state == State::Sending
    }

    /// Begins the next attempt; its number is the new `attempts`. From `sending` it takes over after a crash.
    pub fn start(&self) -> Result<Self, Conflict> {
        if !self.state.is_unsettled() {
            return Err(self.conflict("started"));
        }
        Ok(Self {
            state: State::Sending,
            attempts: self.attempts + 1,
            in_doubt: self.is_in_doubt(),
            ..self.clone()
        })
    }

    /// Records how attempt `number` ended. `None` when it is not the latest started attempt: somebody else has settled or restarted it.
    pub fn settle(&self, number: u32, outcome: &Outcome, rules: SettleRules<'_>) -> Option<Self> {
        if self.state != State::Sending || self.attempts != number {
            return None;
        }
        Some(match outcome {
            Ok(delivered) => self.delivered(delivered),
            Err(failure) => self.after(failure, rules),
        })
    }

    fn delivered(&self, delivered: &Delivered) -> Self {
        Self {
            state: State::Delivered,
            in_doubt: false,
            receipt: Some(delivered.receipt.clone()),
            order_status: self.status_of_same_order(&delivered.receipt),
            warning: delivered.warning.clone(),
            last_error: None,
            ..self.clone()
        }
    }

    fn after(&self, failure: &Failure, rules: SettleRules<'_>) -> Self {
        let next = Self {
            in_doubt: failure.leaves_doubt(self.in_doubt),
            last_error: Some(failure.cause.clone()),
            ..self.clone()
        };
        match &failure.kind {
            FailureKind::Rejected => Self {
                state: State::Failed,
                ..next
            },
            FailureKind::Transient { .. }
            | FailureKind::Unknown { .. }
            | FailureKind::Misconfigured
                if rules.paused =>
            {
                next.wait_for_free(rules.now)
            }
            kind @ (FailureKind::Transient { .. }
            | FailureKind::Unknown { .. }
            | FailureKind::Misconfigured) => next.retry(kind.retry_after(), rules),
        }
    }

    /// Back to the outbox at no cost: the destination is in trouble, not the lead.
    fn wait_for_free(self, now: Timestamp) -> Self {
        let state = if self.retries == 0 {
            State::Queued
        } else {
            State::Retrying
        };
        Self {
            state,
            due_at: now,
            ..self
        }
    }

    fn retry(self, retry_after: Option<Duration>, rules: SettleRules<'_>) -> Self {
        let spent = Duration::from_millis(self.spent_ms);
        let Some(delay) = rules
            .schedule
            .next_delay(self.retries, spent, retry_after, rules.jitter)
        else {
            let last = self.last_error.clone().map(Box::new);
            let cause = Cause::GaveUp {
                after_s: spent.as_secs(),
                last,
            };
            return Self {
                state: State::Failed,
                last_error: Some(cause),
                ..self
            };
        };
        let due_at = rules.now + SignedDuration::try_from(delay).unwrap_or(SignedDuration::ZERO);
        let spent_ms = self.spent_ms + u64::try_from(delay.as_millis()).unwrap_or(u64::MAX / 2);
        Self {
            state: State::Retrying,
            retries: self.retries + 1,
            spent_ms,
            due_at,
            ..self
        }
    }

    /// Puts it back to work with a fresh schedule. Whatever the CRM may already hold is looked up first.
    pub fn resend(&self, now: Timestamp) -> Result<Self, Conflict> {
        match self.state {
            State::Failed | State::Delivered | State::Retrying => Ok(Self {
                state: State::Queued,
                retries: 0,
                spent_ms: 0,
                due_at: now,
                in_doubt: self.in_doubt || self.attempts > 0,
                ..self.clone()
            }),
            State::Held | State::Sending | State::Queued | State::Discarded => {
                Err(self.conflict("resent"))
            }
        }
    }

    /// Lets a held delivery go to work.
    pub fn release(&self, now: Timestamp) -> Result<Self, Conflict> {
        match self.state {
            State::Held => Ok(Self {
                state: State::Queued,
                due_at: now,
                ..self.clone()
            }),
            _ => Err(self.conflict("released")),
        }
    }

    /// Gives a held delivery up.
    pub fn discard(&self) -> Result<Self, Conflict> {
        match self.state {
            State::Held => Ok(Self {
                state: State::Discarded,
                ..self.clone()
            }),
            _ => Err(self.conflict("discarded")),
        }
    }

    /// Takes an unsettled delivery out of work because the config no longer names its form or destination.
    pub fn orphan(&self, cause: Cause) -> Result<Self, Conflict> {
        if !self.state.is_unsettled() {
            return Err(self.conflict("taken out of work"));
        }
        Ok(Self {
            state: State::Failed,
            in_doubt: self.is_in_doubt(),
            last_error: Some(cause),
            ..self.clone()
        })
    }

    /// Takes every trace of the person out of it: the texts of the CRM may quote what was typed.
    pub fn erase(&self) -> Self {
        Self {
            state: State::Discarded,
            order_status: None,
            warning: None,
            last_error: None,
            ..self.clone()
        }
    }

    fn conflict(&self, asked: &'static str) -> Conflict {
        Conflict {
            state: self.state,
            asked,
        }
    }
}

#[cfg(test)]
mod tests;
