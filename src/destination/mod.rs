//! Where leads go: the one trait, and the CRMs behind it. The only user of reqwest.
//!
//! A CRM is a folder with the files `mod`, `settings`, `mapping`, `api`, and one line in [`registry`]. A [`Destination`] knows
//! neither the retry schedule nor the store; it turns one claim into requests and says how that ended.

pub mod client;
pub mod pace;
pub mod registry;
pub mod retailcrm;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::delivery::{Delivery, Failure, Outcome, Step};
use crate::lead::{DestinationId, Lead};

pub use crate::lead::Bilingual;

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

    /// Hands one lead over. When the claim is in doubt, looks it up first and sends nothing that is already there. Dropping the future
    /// leaves the outcome unknown.
    fn deliver<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Report>;

    /// A cheap read that tells whether the destination answers and accepts us.
    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// Compares the config with the account, and remembers of the account what deliveries need to know. Never at the cost of a lead's turn in
    /// the pace. `Err` when the account could not be asked.
    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>>;
}

/// One disagreement between the config and the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where in the config: `destinations[0].site`.
    pub key_path: String,
    /// Whether leads are hurt by it.
    pub severity: Severity,
    /// What is wrong.
    pub message: Bilingual,
    /// What the account has instead, where that helps.
    pub instead: Option<Bilingual>,
    /// How to mend it.
    pub remedy: Bilingual,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// Leads will fail or lose data.
    Problem,
}
