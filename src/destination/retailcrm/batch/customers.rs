//! Whose orders they are: for every lead of a batch the customer is known, found, or made together with the others'.
//!
//! Leads of one person take turns, so that the second one meets the customer that the first one made.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};

use crate::delivery::Failure;
use crate::destination::retailcrm::api::{Api, Entity, Fault, Steps};
use crate::destination::retailcrm::batch::uploads::{self, End};
use crate::destination::retailcrm::batch::{Place, Progress};
use crate::destination::retailcrm::customer::{Chosen, Found, Made};
use crate::destination::retailcrm::mapping::customer_external_id;
use crate::lead::CustomerMatching;

/// How many searches of one batch are under way at once: at 0.8 s per answer as many as the pace lets through.
const SEARCHES: usize = 8;

/// So many searches may fail before the others of the batch are not tried any more.
const MOST_FAILURES: usize = 3;

/// Chooses the customers of one wave: places of which no two are of one person.
pub(super) async fn choose(api: &Api, mut wave: Vec<&mut Place<'_>>) {
    for place in &mut wave {
        place.attempt.chosen = at_once(place);
    }
    wave.retain(|place| place.attempt.chosen.is_none());
    let troubles = Troubles::default();
    stream::iter(wave.iter_mut())
        .for_each_concurrent(SEARCHES, |place| search(place, &troubles))
        .await;
    wave.retain(|place| place.is_open() && place.attempt.chosen.is_none());
    look_for_own(api, &mut wave).await;
    wave.retain(|place| place.is_open() && place.attempt.chosen.is_none());
    match wave.as_mut_slice() {
        [] => {}
        [only] => make_one(only).await,
        _ => make(api, wave).await,
    }
}

/// What needs no request.
fn at_once(place: &Place<'_>) -> Option<Chosen> {
    let attempt = &place.attempt;
    match attempt.mapping.customer {
        CustomerMatching::None => Some(Chosen::default()),
        CustomerMatching::New => None,
        CustomerMatching::Match => attempt
            .account
            .known
            .customer(&attempt.lead.contact)
            .map(found),
    }
}

async fn search(place: &mut Place<'_>, troubles: &Troubles) {
    let attempt = &mut place.attempt;
    if attempt.mapping.customer != CustomerMatching::Match {
        return;
    }
    if let Some(failure) = troubles.too_many() {
        place.progress = Progress::Ended(Err(failure));
        return;
    }
    match attempt.search().await {
        Ok(Found::Customer(customer)) => attempt.chosen = Some(found(customer.id)),
        Ok(Found::NoCustomer) => attempt.chosen = Some(Chosen::default()),
        Ok(Found::Nobody) => {}
        Err(failure) => {
            troubles.note(&failure);
            place.progress = Progress::Ended(Err(failure));
        }
    }
}

/// An earlier attempt of a lead in doubt may have made its customer.
async fn look_for_own(api: &Api, wave: &mut [&mut Place<'_>]) {
    let mut in_doubt: Vec<_> = wave
        .iter_mut()
        .filter(|place| place.attempt.in_doubt)
        .collect();
    if in_doubt.is_empty() {
        return;
    }
    let ids: Vec<String> = in_doubt
        .iter()
        .map(|place| customer_external_id(place.attempt.lead.id))
        .collect();
    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut steps = Steps::new();
    let answer = api.find_all(Entity::Customers, &asked, &mut steps).await;
    for (place, id) in in_doubt.iter_mut().zip(&ids) {
        place.attempt.steps.extend(steps.iter().cloned());
        match &answer {
            Ok(there) => {
                let own = there.get(id).and_then(|record| record.id);
                place.attempt.chosen = own.map(|id| learnt(place, id));
            }
            // Perhaps it was too much at once.
            Err(Fault::Refused(_) | Fault::Missing { .. }) => place.progress = Progress::Alone,
            Err(Fault::Failed(failure)) => {
                place.progress = Progress::Ended(Err(failure.clone()));
            }
        }
    }
}

async fn make_one(place: &mut Place<'_>) {
    let made = place.attempt.make_customer(&mut place.customer).await;
    match made {
        Ok(Made::Customer(id)) => place.attempt.chosen = Some(learnt(place, id)),
        Ok(Made::Refused(_)) => place.progress = Progress::Alone,
        Err(failure) => place.progress = Progress::Ended(Err(failure)),
    }
}

async fn make(api: &Api, wave: Vec<&mut Place<'_>>) {
    let rows: Vec<uploads::Row> = wave
        .iter()
        .map(|place| uploads::Row {
            external_id: customer_external_id(place.attempt.lead.id),
            record: place.customer.json(),
        })
        .collect();
    let ends = uploads::run(api, Entity::Customers, &rows).await;
    for (place, (end, steps)) in wave.into_iter().zip(ends) {
        place.attempt.steps.extend(steps);
        match end {
            End::Stored(record) => {
                place.attempt.chosen = record.id.map(|id| learnt(place, id));
            }
            End::Alone => place.progress = Progress::Alone,
            End::Failed(failure) => place.progress = Progress::Ended(Err(failure)),
        }
    }
}

fn found(id: u64) -> Chosen {
    Chosen {
        id: Some(id),
        made: false,
    }
}

/// A customer made for this lead; who comes again is known then.
fn learnt(place: &Place<'_>, id: u64) -> Chosen {
    place.attempt.learn_made(id);
    Chosen {
        id: Some(id),
        made: true,
    }
}

/// Counts the searches of a wave that failed.
#[derive(Default)]
struct Troubles {
    count: AtomicUsize,
    latest: std::sync::Mutex<Option<Failure>>,
}

impl Troubles {
    fn note(&self, failure: &Failure) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut latest = self
            .latest
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *latest = Some(failure.clone());
    }

    /// The failure for who need not try any more.
    fn too_many(&self) -> Option<Failure> {
        if self.count.load(Ordering::Relaxed) < MOST_FAILURES {
            return None;
        }
        let latest = self
            .latest
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let failure = latest.clone()?;
        let kind = failure.kind.of_unsent();
        Some(Failure { kind, ..failure })
    }
}
