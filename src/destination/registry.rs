//! The one list of CRMs: from the `kind` of a config block to the thing behind the trait.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::delivery::RetrySchedule;
use crate::destination::paces::Paces;
use crate::destination::{Destination, retailcrm};
use crate::lead::{DeliverRule, DestinationId, Forms};

/// One `[[destinations]]`: what every kind has, and the kind's own part.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its id, unique.
    pub id: DestinationId,
    /// The delays between attempts.
    pub retry: RetrySchedule,
    /// How many attempts may be under way at once.
    pub in_flight: usize,
    /// How often orders of the last day are asked after; older ones less often. `None`: never.
    pub status_poll: Option<Duration>,
    /// Its own notifications are a way of the alerts.
    pub shows_alerts: bool,
    /// The kind's own settings.
    pub kind: KindSettings,
}

/// The settings of one kind of CRM.
#[derive(Clone, Debug)]
pub enum KindSettings {
    /// `kind = "retailcrm"`.
    RetailCrm(retailcrm::Settings),
}

/// How many attempts of one destination are under way at once unless the config says otherwise. At nine requests a second and 0.8 s per answer
/// 7.2 requests are under way (Little's law); twice as many attempts keep the pace full and let customers gather into one upload. With
/// eight, 100 new people took 44 s in `benches/drain`, with the pace idle a tenth of the time.
pub const DEFAULT_IN_FLIGHT: usize = 16;

/// The time-out of a request unless the config says otherwise, as the CRM's own modules have it.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A mistake in a form's mapping, found when the config is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingProblem {
    /// The key path below the deliver block: `order.customFields.city`.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Checks a deliver rule against what the kind of its destination understands; all mistakes at once.
pub fn check_rule(kind: &KindSettings, rule: &DeliverRule) -> Vec<MappingProblem> {
    match kind {
        KindSettings::RetailCrm(_) => retailcrm::check_rule(rule),
    }
}

/// Makes the destination; `index` is its place in the config. What [`check_rule`] complains of is left out; the config reader has refused
/// it before. `around` is what all destinations share; the same [`Paces`] must be passed at every reload, or a reload would forget how much
/// of the second is spent.
pub fn build(
    settings: &Settings,
    index: usize,
    forms: &Forms,
    around: (&Clock, &Paces),
) -> Arc<dyn Destination> {
    match &settings.kind {
        KindSettings::RetailCrm(own) => {
            let crm = retailcrm::RetailCrm::new(settings.id.clone(), index, own, forms, around);
            Arc::new(crm.showing_alerts(settings.shows_alerts))
        }
    }
}
