//! Many leads at once: what one request can do for all of them is done by one.
//!
//! ```text
//!  those in doubt: orders looked up, 50 by one request --> there: delivered
//!      | not there: the doubt is cleared
//!  customers: known, found one by one, or made by customers/upload
//!      |
//!  orders/upload --> in: delivered
//!      | unknown: looked up before anything is sent again; what is not there in halves
//!      | a row refused (460), or alone with its trouble --> the single way, which can mend it
//! ```
//!
//! A lead that is not clear after its part of a request goes the single way ([`Attempt::finish`]), so whatever can be mended there is mended for
//! the leads of a batch too. Dropping the future at any point is safe for the same reason as there.

mod customers;
mod halving;
mod uploads;

use std::collections::HashMap;

use futures_util::future::join_all;
use jiff::tz::TimeZone;

use crate::delivery::{Lane, Outcome};
use crate::destination::Report;
use crate::destination::retailcrm::Account;
use crate::destination::retailcrm::api::{Api, Entity, Fault, MOST_ROWS, OrderRecord, Steps};
use crate::destination::retailcrm::batch::uploads::End;
use crate::destination::retailcrm::deliver::Attempt;
use crate::destination::retailcrm::mapping::{CustomerDraft, OrderDraft, order_external_id};
use crate::lead::{Contact, Create};

/// One lead's place in a batch.
struct Place<'a> {
    attempt: Attempt<'a>,
    /// What a new customer would be.
    customer: CustomerDraft,
    progress: Progress,
}

/// How far a lead is.
enum Progress {
    /// It goes on with the others.
    Open,
    /// It goes on by itself.
    Alone,
    /// It is through.
    Ended(Outcome),
}

impl Place<'_> {
    fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Open)
    }

    fn is_alone(&self) -> bool {
        matches!(self.progress, Progress::Alone)
    }
}

/// Runs the attempts to their ends; the reports are in their order.
pub(super) async fn deliver<'a>(
    account: &'a Account,
    lane: Lane,
    attempts: Vec<Attempt<'a>>,
) -> Vec<Report> {
    let api = account.api(lane);
    let mut steps = Steps::new();
    let zone = account.zone.get(api, &mut steps).await;
    let mut places: Vec<Place<'_>> = attempts
        .into_iter()
        .map(|attempt| Place {
            customer: attempt.customer_draft(&zone),
            progress: match attempt.mapping.create {
                Create::Order => Progress::Open,
                // Its customer is looked at before it is changed, one by one.
                Create::Customer => Progress::Alone,
            },
            attempt,
        })
        .collect();
    for place in &mut places {
        place.attempt.is_sparing = true;
    }
    if let Some(first) = places.first_mut() {
        first.attempt.steps = steps;
    }
    look_up(api, &mut places).await;
    for wave in waves(&mut places, Place::is_open) {
        customers::choose(api, wave).await;
    }
    upload(api, &zone, &mut places).await;
    for wave in waves(&mut places, Place::is_alone) {
        join_all(wave.into_iter().map(finish)).await;
    }
    places.into_iter().map(report).collect()
}

async fn finish(place: &mut Place<'_>) {
    place.attempt.customer = Some(place.customer.clone());
    place.progress = Progress::Ended(place.attempt.finish().await);
}

fn report(mut place: Place<'_>) -> Report {
    let progress = std::mem::replace(&mut place.progress, Progress::Open);
    let outcome = match progress {
        Progress::Ended(outcome) => outcome,
        // Nobody is left so; the next attempt would find out.
        Progress::Open | Progress::Alone => Err(uploads::lost()),
    };
    place.attempt.report(outcome)
}

/// Asks once for all orders that may be there from earlier attempts.
async fn look_up(api: &Api, places: &mut [Place<'_>]) {
    let mut in_doubt: Vec<&mut Place<'_>> = places
        .iter_mut()
        .filter(|place| place.is_open() && place.attempt.in_doubt)
        .collect();
    for part in in_doubt.chunks_mut(MOST_ROWS) {
        let ids: Vec<String> = part
            .iter()
            .map(|place| order_external_id(place.attempt.lead.id))
            .collect();
        let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut steps = Steps::new();
        let answer = api.find_all(Entity::Orders, &asked, &mut steps).await;
        let answered = part.iter_mut().zip(&ids).map(|(place, id)| {
            place.attempt.steps.extend(steps.iter().cloned());
            let there = answer.as_ref().map(|there| there.get(id));
            looked_up(place, there)
        });
        join_all(answered).await;
    }
}

/// Takes up what the look-up told of one of them.
async fn looked_up(place: &mut Place<'_>, there: Result<Option<&OrderRecord>, &Fault>) {
    match there {
        Ok(Some(order)) => {
            let delivered = place.attempt.order_met(order).await;
            place.progress = Progress::Ended(Ok(delivered));
        }
        Ok(None) => place.attempt.doubt_cleared = true,
        // Perhaps it was too much at once.
        Err(Fault::Refused(_) | Fault::Missing { .. }) => place.progress = Progress::Alone,
        Err(Fault::Failed(failure)) => {
            place.progress = Progress::Ended(Err(failure.clone()));
        }
    }
}

/// Sends the orders whose customers are chosen.
async fn upload(api: &Api, zone: &TimeZone, places: &mut [Place<'_>]) {
    let mut open: Vec<&mut Place<'_>> = places.iter_mut().filter(|place| place.is_open()).collect();
    if let [only] = open.as_mut_slice() {
        only.progress = Progress::Alone;
        return;
    }
    let mut drafts: Vec<OrderDraft> = Vec::new();
    let mut rows = Vec::new();
    for place in &open {
        let (attempt, customer) = (&place.attempt, place.attempt.chosen.unwrap_or_default());
        let draft = attempt.draft(zone, customer, &place.customer);
        rows.push(uploads::Row {
            external_id: order_external_id(attempt.lead.id),
            record: draft.json(customer.id),
        });
        drafts.push(draft);
    }
    let ends = uploads::run(api, Entity::Orders, &rows).await;
    let ended = open.into_iter().zip(&mut drafts).zip(ends);
    join_all(ended.map(|((place, draft), (end, steps))| async {
        place.attempt.steps.extend(steps);
        settle(place, draft, end).await;
    }))
    .await;
}

/// Draws the line under a lead's part of an upload.
async fn settle(place: &mut Place<'_>, draft: &mut OrderDraft, end: End) {
    let attempt = &mut place.attempt;
    place.progress = match end {
        End::Stored(order) => {
            attempt.save_dropped(&order, draft).await;
            let customer = attempt.chosen.and_then(|chosen| chosen.id);
            Progress::Ended(Ok(attempt.order_delivered(&order, (draft, customer))))
        }
        End::Alone => Progress::Alone,
        End::Failed(failure) => Progress::Ended(Err(failure)),
    };
}

/// The places that fit, in waves: no two of one person in a wave, and of one person in their order.
fn waves<'p, 'a>(
    places: &'p mut [Place<'a>],
    fits: impl Fn(&Place<'a>) -> bool,
) -> Vec<Vec<&'p mut Place<'a>>> {
    let mut waves: Vec<Vec<&'p mut Place<'a>>> = Vec::new();
    let mut taken = HashMap::new();
    for place in places.iter_mut().filter(|place| fits(place)) {
        let wave = wave_of(&place.attempt.lead.contact, &mut taken);
        if waves.len() == wave {
            waves.push(Vec::new());
        }
        if let Some(wave) = waves.get_mut(wave) {
            wave.push(place);
        }
    }
    waves
}

/// The first wave after all those in which this person is; `taken` tells, for a phone or e-mail, the wave after its latest.
fn wave_of(contact: &Contact, taken: &mut HashMap<String, usize>) -> usize {
    let phone = contact.phone.as_ref().map(|phone| phone.e164());
    let email = contact.email.as_ref().map(|email| email.as_str());
    let keys: Vec<&str> = phone.into_iter().chain(email).collect();
    let waves = keys.iter().filter_map(|key| taken.get(*key).copied());
    let wave = waves.max().unwrap_or(0);
    for key in keys {
        taken.insert(key.to_owned(), wave + 1);
    }
    wave
}
