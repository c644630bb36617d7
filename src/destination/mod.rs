//! Where leads go: the one trait, and the CRMs behind it. The only user of reqwest.
//!
//! A CRM is a folder with the files `mod`, `settings`, `mapping`, `api`, and one line in [`registry`]. A [`Destination`] knows
//! neither the retry schedule nor the store; it turns claims into requests and says how that ended for each of them.

pub mod client;
mod live;
pub mod pace;
pub mod preview;
pub mod registry;
pub mod retailcrm;
mod sent_log;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::delivery::{Delivery, Failure, Lane, Outcome, Step};
use crate::lead::{DestinationId, Lead};

pub use crate::lead::Bilingual;
pub use live::LiveDestinations;

use preview::Preview;

/// A worker's temporary right to a delivery, with all that an attempt needs.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The lead.
    pub lead: Arc<Lead>,
    /// The delivery as started: its `attempts` is the number of this attempt, its `in_doubt` says whether to look up first.
    pub delivery: Delivery,
}

/// How an attempt ended, and the requests it was made of.
#[derive(Clone, Debug)]
pub struct Report {
    /// What became of it.
    pub outcome: Outcome,
    /// Its requests, in order, masked.
    pub steps: Vec<Step>,
}

/// One configured CRM account.
pub trait Destination: Send + Sync {
    /// Its id in the config.
    fn id(&self) -> &DestinationId;

    /// The word of `kind` in the config.
    fn kind(&self) -> &'static str;

    /// Hands leads over, together where that saves requests: as much of the pace as this lane has. A claim that is in doubt is looked up first, and
    /// nothing is sent of what is already there. Whatever one lead meets, the others go on. The reports are in the order of the claims; dropping
    /// the future leaves all outcomes unknown.
    fn deliver<'a>(&'a self, lane: Lane, claims: &'a [Claim]) -> BoxFuture<'a, Vec<Report>>;

    /// How many claims it takes at once with profit.
    fn most_at_once(&self) -> usize;

    /// What an attempt of this claim would send now. No request is made; `Err` when the config no longer delivers the lead here.
    fn preview(&self, claim: &Claim) -> Result<Preview, Failure>;

    /// A cheap read that tells whether the destination answers and accepts us.
    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// Compares the config with the account. `Err` when the account could not be asked.
    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>>;
}

/// One disagreement between the config and the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where in the config: `destinations[0].site`.
    pub key_path: String,
    /// Whether leads are hurt by it.
    pub severity: Severity,
    /// What is wrong and how to mend it.
    pub message: Bilingual,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// Leads will fail or lose data.
    Problem,
}
