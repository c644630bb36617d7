//! Where leads go: the one trait, and the CRMs behind it. The only user of reqwest.
//!
//! A CRM is a folder with the files `mod`, `settings`, `mapping`, `api`, and one line in [`registry`]. A [`Destination`] knows
//! neither the retry schedule nor the store; it turns claims into requests and says how that ended for each of them.

pub mod client;
mod live;
pub mod pace;
pub mod paces;
pub mod preview;
pub mod registry;
pub mod retailcrm;
mod sent_log;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use url::Url;

use crate::delivery::{Delivery, Failure, Lane, OrderStanding, Outcome, Receipt, Step};
use crate::lead::{DestinationId, Lead};

pub use crate::lead::Bilingual;
pub use live::LiveDestinations;

use preview::Preview;

/// The most orders that are asked after at once. RetailCRM tells no bound for `orders/statuses`; fifty is its bound for an upload, and so
/// many ids make an address of a kilobyte, which every proxy lets pass.
pub const ORDERS_AT_ONCE: usize = 50;

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

    /// Whether the account that this destination delivers to gave the receipt. The id of a destination may have been given to another account
    /// since, where the same numbers are other orders and other people.
    fn is_ours(&self, receipt: &Receipt) -> bool;

    /// A delivery of the last weeks, told before the first one is handed over, the newest first: what was learnt from it need not be
    /// asked again. Its receipt is ours. There may be nothing to learn.
    fn recall(&self, _lead: &Lead, _delivery: &Delivery) {}

    /// Where these orders stand now, at most [`ORDERS_AT_ONCE`]; each by its internal id, with what is known of it. Its requests come behind
    /// all others: it waits until the pace has room that no lead needs. A CRM whose orders have no status tells of none.
    fn standings<'a>(
        &'a self,
        _orders: &'a [(u64, Option<OrderStanding>)],
    ) -> BoxFuture<'a, Result<Vec<(u64, OrderStanding)>, Failure>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Compares the config with the account, and remembers of the account what deliveries need to know. Never at the cost of a lead's turn in
    /// the pace. `Err` when the account could not be asked.
    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>>;

    /// Shows something to the people who work in the CRM, through the CRM's own notifications, if it has any.
    fn notify<'a>(&'a self, _notice: &'a Notice) -> BoxFuture<'a, Result<(), NotifyError>> {
        async { Err(NotifyError::NotSupported) }.boxed()
    }
}

/// What people in the CRM are to read. Without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it is shown.
    pub tone: Tone,
    /// The text, line by line; plain.
    pub lines: Vec<String>,
    /// Where there is more, and the words of the link.
    pub link: (Url, String),
}

/// How a notice is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Info,
    /// Something is wrong.
    Trouble,
}

/// Why nobody in the CRM was notified.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotifyError {
    /// This CRM has no notifications, or we do not know them.
    #[error("this kind of CRM has no notifications of its own")]
    NotSupported,
    /// It did not take the notice.
    #[error(transparent)]
    Failed(#[from] Failure),
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
