//! Which leads a list wants, and which page of them.

use jiff::Timestamp;

use crate::delivery::{CauseKey, Delivery, State};
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

/// Which deliveries of a lead an order is for; all must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// In one of these states.
    pub states: Vec<State>,
    /// Owed to this destination.
    pub destination: Option<DestinationId>,
    /// Failed last for this cause, and not delivered since.
    pub cause: Option<CauseKey>,
}

impl Selection {
    /// Whether this is one of them.
    pub(super) fn takes(&self, delivery: &Delivery) -> bool {
        let is_failing = matches!(delivery.state, State::Failed | State::Retrying);
        let last = delivery.last_error.as_ref().filter(|_| is_failing);
        let destination = self.destination.as_ref();
        let cause = self.cause.as_ref();
        self.states.contains(&delivery.state)
            && destination.is_none_or(|destination| *destination == delivery.destination)
            && cause.is_none_or(|cause| last.is_some_and(|last| CauseKey::of(last) == *cause))
    }
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Older than this lead.
    pub before: Option<LeadId>,
    /// At most so many.
    pub limit: usize,
}
