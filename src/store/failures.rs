//! The feed of deliveries that have just failed: for those who tell people, so that nobody has to search the whole store for them.

use tokio::sync::broadcast;

use crate::delivery::{Cause, DeliveryId, State};
use crate::lead::{DestinationId, FormId};
use crate::store::Status;

/// Failures that a slow reader may be behind; of those beyond it learns the number only.
const REMEMBERED: usize = 1024;

/// A delivery that has become failed, by an attempt or because its form or destination has left the config.
#[derive(Clone, Debug)]
pub struct FailedDelivery {
    /// Which.
    pub id: DeliveryId,
    /// The form of its lead.
    pub form: FormId,
    /// Where it did not arrive.
    pub destination: DestinationId,
    /// Why. Holds the CRM's own words, which may quote what was typed.
    pub cause: Option<Cause>,
}

/// The writing end, held by the applier.
#[derive(Clone, Debug)]
pub(super) struct Failures(broadcast::Sender<FailedDelivery>);

impl Default for Failures {
    fn default() -> Self {
        Self(broadcast::Sender::new(REMEMBERED))
    }
}

impl Failures {
    /// From now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<FailedDelivery> {
        self.0.subscribe()
    }

    /// A lead's status changed from `old` to `new`: tells of every delivery that failed by it.
    pub(super) fn note(&self, old: Option<&Status>, new: Option<&Status>) {
        let Some(new) = new else { return };
        let had_failed = |id: DeliveryId| {
            let mut before = old.into_iter().flat_map(|old| &old.deliveries);
            before.any(|delivery| delivery.id == id && delivery.state == State::Failed)
        };
        for delivery in &new.deliveries {
            if delivery.state == State::Failed && !had_failed(delivery.id) {
                // Without a reader there is nobody to tell.
                drop(self.0.send(FailedDelivery {
                    id: delivery.id,
                    form: new.form.clone(),
                    destination: delivery.destination.clone(),
                    cause: delivery.last_error.clone(),
                }));
            }
        }
    }
}
