//! What a stored lead would be sent as under the config as it is now, for the page and the API. Asks no CRM.

use std::sync::Arc;

use crate::delivery::{Cause, Conflict, Delivery, State};
use crate::destination::preview::Preview;
use crate::destination::{Claim, LiveDestinations};
use crate::http::admin::reason::Reason;
use crate::lead::Lead;
use crate::store::StoredLead;

/// One delivery, and what a resend of it would send; or why nothing could be sent.
pub(super) struct DeliveryPreview<'a> {
    /// The delivery as it is.
    pub(super) delivery: &'a Delivery,
    /// What would be sent.
    pub(super) preview: Result<Preview, Cause>,
}

/// The previews of a lead's deliveries, in their order. There is nothing to show of an erased lead.
pub(super) fn of<'a>(
    stored: &'a StoredLead,
    live: &LiveDestinations,
) -> Result<Vec<DeliveryPreview<'a>>, Reason> {
    if stored.status.erased_at.is_some() {
        return Err(Reason::Conflict(Conflict {
            state: State::Discarded,
            asked: "previewed",
        }));
    }
    let lead = Arc::new(stored.lead.clone());
    let deliveries = stored.status.deliveries.iter();
    Ok(deliveries
        .map(|delivery| DeliveryPreview {
            delivery,
            preview: preview(&lead, delivery, live),
        })
        .collect())
}

fn preview(
    lead: &Arc<Lead>,
    delivery: &Delivery,
    live: &LiveDestinations,
) -> Result<Preview, Cause> {
    let destination = live
        .get(&delivery.destination)
        .ok_or_else(|| Cause::DestinationGone {
            destination: delivery.destination.to_string(),
        })?;
    // As a resend makes it, where it may be resent; else as it stands.
    let delivery = delivery
        .resend(delivery.due_at)
        .unwrap_or_else(|_conflict| Delivery {
            in_doubt: delivery.is_in_doubt(),
            ..delivery.clone()
        });
    let claim = Claim {
        lead: Arc::clone(lead),
        delivery,
    };
    destination.preview(&claim).map_err(|failure| failure.cause)
}
