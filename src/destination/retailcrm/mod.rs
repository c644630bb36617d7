//! RetailCRM (API v5): a lead becomes a customer and an order with custom fields.

mod settings;

use futures_util::future::BoxFuture;

pub use settings::Settings;

use crate::clock::Clock;
use crate::delivery::Failure;
use crate::destination::registry::MappingProblem;
use crate::destination::{Claim, Destination, Finding, Report};
use crate::lead::{DeliverRule, DestinationId, Forms};

/// One RetailCRM account.
pub struct RetailCrm {
    id: DestinationId,
}

impl RetailCrm {
    /// Builds the client; `index` is its place in the config, for key paths.
    pub fn new(id: DestinationId, index: usize, settings: &Settings, forms: &Forms, clock: Clock) -> Self {
        let _ = (index, settings, forms, clock);
        Self { id }
    }
}

/// Checks the mapping of one rule.
pub fn check_rule(rule: &DeliverRule) -> Vec<MappingProblem> {
    let _ = rule;
    Vec::new()
}

impl Destination for RetailCrm {
    fn id(&self) -> &DestinationId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "retailcrm"
    }

    fn deliver<'a>(&'a self, _claim: &'a Claim) -> BoxFuture<'a, Report> {
        unimplemented!()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        unimplemented!()
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>> {
        unimplemented!()
    }
}
