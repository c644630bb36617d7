//! What is worth an alert.

use jiff::Timestamp;

use crate::alerts::reason::Reason;
use crate::lead::{DestinationId, FormId, LeadId};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// A destination is paused: its leads wait.
    Paused {
        /// Which.
        destination: DestinationId,
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: Reason,
        /// Leads that waited then.
        waiting: usize,
    },
    /// It takes leads again.
    Back {
        /// Which.
        destination: DestinationId,
        /// Since when it had been paused.
        paused_at: Timestamp,
        /// Since when it is back.
        at: Timestamp,
        /// The most leads that were seen waiting.
        waited: usize,
    },
    /// A lead needs a person.
    LeadFailed {
        /// Which.
        lead: LeadId,
        /// Its form.
        form: FormId,
        /// Where it did not arrive.
        destination: DestinationId,
        /// Why.
        reason: Reason,
    },
    /// So many more leads need one; which ones is not known here, but in the admin.
    MoreFailed(u64),
    /// The oldest waiting lead is older than the threshold.
    WaitsLong {
        /// For which destination.
        destination: DestinationId,
        /// When the oldest was received.
        oldest_received_at: Timestamp,
        /// How many wait.
        waiting: usize,
    },
}
