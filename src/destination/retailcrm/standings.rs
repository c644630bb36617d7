//! Where delivered orders stand: asked for in batches, in the words of the account.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::delivery::{Failure, OrderStanding};
use crate::destination::retailcrm::api::{Api, Fault, Steps};

/// How long the names of the statuses count.
const FRESH: Duration = Duration::from_secs(3600);

/// A code without a name makes us ask for the names again, but not more often than this: the account may really have none for it.
const REST: Duration = Duration::from_secs(600);

/// The names of the account's statuses, asked for once an hour and when an unknown code comes up.
pub(super) struct StatusNames {
    clock: Clock,
    known: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    by_code: HashMap<String, String>,
    asked_at: Option<Instant>,
}

impl StatusNames {
    /// Nothing is known yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            known: Mutex::default(),
        }
    }

    /// Sees to it that the codes have names, as far as the account has any. Without an answer the old names do, and the codes speak for themselves.
    async fn refresh<'a>(
        &self,
        api: &Api,
        mut codes: impl Iterator<Item = &'a String>,
        steps: &mut Steps,
    ) {
        let now = self.clock.monotonic();
        let is_stale = {
            let known = self.known();
            let age = known.asked_at.map(|at| now.saturating_duration_since(at));
            let is_missing = codes.any(|code| !known.by_code.contains_key(code));
            age.is_none_or(|age| age >= FRESH || (is_missing && age >= REST))
        };
        if !is_stale {
            return;
        }
        let answer = api.status_names(steps).await;
        let mut known = self.known();
        known.asked_at = Some(now);
        if let Ok(by_code) = answer {
            known.by_code = by_code;
        }
    }

    fn standing(&self, code: &str) -> OrderStanding {
        OrderStanding::Status {
            code: code.to_owned(),
            name: self.known().by_code.get(code).cloned(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Names> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where these orders stand. One that is not shown is looked up in the history, once: what was learnt then is not asked for again as long as
/// the order stays away.
pub(super) async fn ask(
    api: &Api,
    names: &StatusNames,
    orders: &[(u64, Option<OrderStanding>)],
) -> Result<Vec<(u64, OrderStanding)>, Failure> {
    let mut steps = Steps::new();
    let shown = api
        .order_statuses(orders.iter().map(|(id, _)| *id), &mut steps)
        .await
        .map_err(Fault::into_failure)?;
    names.refresh(api, shown.values(), &mut steps).await;
    let mut standings = Vec::with_capacity(orders.len());
    for (id, known) in orders {
        let standing = match (shown.get(id), known) {
            (Some(code), _) => names.standing(code),
            (None, Some(away @ (OrderStanding::Merged { .. } | OrderStanding::Gone))) => {
                away.clone()
            }
            (None, _) => away(api, *id, &mut steps).await?,
        };
        standings.push((*id, standing));
    }
    Ok(standings)
}

/// Why an order is not shown.
async fn away(api: &Api, order: u64, steps: &mut Steps) -> Result<OrderStanding, Failure> {
    match api.merged_into(order, steps).await {
        Ok(Some(into)) => Ok(OrderStanding::Merged { into }),
        // An account that does not let us read its history still does not show the order.
        Ok(None) | Err(Fault::Refused(_) | Fault::Missing { .. }) => Ok(OrderStanding::Gone),
        Err(fault @ Fault::Failed(_)) => Err(fault.into_failure()),
    }
}
