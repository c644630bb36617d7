//! The pages for people: rendered on the server, complete without scripts, in Russian and English.

pub(super) mod actions;
pub(super) mod alerts;
mod banner;
pub(super) mod destinations;
pub(super) mod erasures;
pub(super) mod failures;
mod filter_bar;
pub(super) mod forms;
pub(super) mod frame;
pub(super) mod lead;
pub(super) mod list;
pub(super) mod login;
pub(super) mod preview;
pub(super) mod refusal;
pub(super) mod resend;
mod rows;
mod snippet;
mod timeline;
mod warnings;

/// The sent-leads list.
pub(super) const HOME: &str = "/admin/";

/// Failures by cause.
pub(super) const FAILURES: &str = "/admin/failures";

/// The destinations, and what their checks have found.
const DESTINATIONS: &str = "/admin/destinations";
