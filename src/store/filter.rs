//! Which leads a list wants, and which page of them.

use jiff::Timestamp;

use crate::delivery::{CauseKey, State};
use crate::lead::{DestinationId, FormId, LeadId};

/// The filters of the list; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The state of the lead is one of these; empty means any.
    pub states: Vec<State>,
    /// Received through this form.
    pub form: Option<FormId>,
    /// Owed to this destination.
    pub destination: Option<DestinationId>,
    /// A phone (any spelling), an e-mail, the start of any word of the name, a lead id or an order number.
    pub text: Option<String>,
    /// One of its deliveries (the one to `destination`, if that is given) failed last for this cause.
    pub cause: Option<CauseKey>,
    /// Received at or after.
    pub from: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Older than this lead.
    pub before: Option<LeadId>,
    /// At most so many.
    pub limit: usize,
}
