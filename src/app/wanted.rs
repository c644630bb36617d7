//! Whose deliveries are still wanted: what is owed through a form or to a destination that has left the config must not wait for ever.

use std::collections::HashSet;

use arc_swap::ArcSwap;

use crate::config::Config;
use crate::delivery::{Cause, Delivery, State};
use crate::lead::{DestinationId, Forms};
use crate::store::{Keep, Status, Store, StoreError};

/// The forms and destinations of the config.
pub(super) struct Wanted {
    destinations: HashSet<DestinationId>,
    forms: Forms,
    /// How long leads are kept that nobody owes any more.
    pub(super) keep: Keep,
}

impl Wanted {
    /// Those of this config.
    pub(super) fn of(config: &Config) -> Self {
        let destinations = config
            .destinations
            .iter()
            .map(|settings| settings.id.clone())
            .collect();
        Self {
            destinations,
            forms: config.forms.clone(),
            keep: config.keep,
        }
    }

    /// Why a delivery must go out of work, if it must. One that is being sent is left to end: it may succeed.
    fn why_gone(&self, status: &Status, delivery: &Delivery) -> Option<Cause> {
        if delivery.state == State::Sending {
            return None;
        }
        if !self.destinations.contains(&delivery.destination) {
            return Some(Cause::DestinationGone {
                destination: delivery.destination.to_string(),
            });
        }
        let form = self.forms.get(status.form.as_str());
        let has_rule = form.is_some_and(|form| {
            let mut rules = form.deliver.iter();
            rules.any(|rule| {
                rule.destination == delivery.destination && rule.create == delivery.create
            })
        });
        (!has_rule).then(|| Cause::FormGone {
            form: status.form.to_string(),
        })
    }
}

/// Takes deliveries out of work whose form or destination has left the config; they can be resent when it is back.
pub(super) async fn orphan(store: &Store, wanted: &ArcSwap<Wanted>) -> Result<(), StoreError> {
    let wanted = wanted.load_full();
    let gone = store
        .orphan(move |status, delivery| wanted.why_gone(status, delivery))
        .await?;
    if gone > 0 {
        tracing::warn!(
            deliveries = gone,
            "deliveries whose form or destination has left the config are failed now"
        );
    }
    Ok(())
}
