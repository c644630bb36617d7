//! A store on a directory, and the few things that the tests do to it.

use std::collections::HashSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use leadgate::delivery::{
    Attempt, AttemptOutcome, Delivered, DeliveryId, Outcome, Receipt, RetrySchedule,
};
use leadgate::lead::{Create, DestinationId, Lead, LeadId};
use leadgate::store::{
    Begun, Filter, NewLead, OpenError, Page, Settings, Settled, Settlement, Store, StoredLead,
};

pub(crate) use crate::leads::{lead_at, now};

pub(crate) fn settings(path: &Path) -> Settings {
    Settings {
        path: path.to_owned(),
        min_free: 0,
    }
}

pub(crate) fn try_open(path: &Path) -> Result<Store, OpenError> {
    Store::open(&settings(path))
}

pub(crate) fn open(path: &Path) -> Store {
    try_open(path).expect("the store opens")
}

/// Stops in order; the directory can be opened again.
pub(crate) async fn close(store: Store) {
    store.close().await.expect("closed");
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub(crate) fn shop() -> DestinationId {
    DestinationId::parse("shop").expect("an id")
}

/// A lead that is like no other but in its form.
pub(crate) fn lead(number: i64) -> Lead {
    let phone = format!("+7912{number:07}");
    let name = format!("Иван {number}");
    lead_at(later(number), &[("name", &name), ("phone", &phone)])
}

pub(crate) fn new_lead(lead: Lead) -> NewLead {
    NewLead {
        lead,
        held: None,
        targets: vec![(shop(), Create::Order)],
        key: None,
    }
}

pub(crate) async fn accept(store: &Store, lead: Lead) -> LeadId {
    store.accept(new_lead(lead)).await.expect("accepted").lead()
}

pub(crate) fn first(lead: LeadId) -> DeliveryId {
    DeliveryId { lead, ordinal: 0 }
}

/// Starts the next attempt; `None` when it is not owed.
pub(crate) async fn begin(store: &Store, id: DeliveryId) -> Option<u32> {
    match store.begin(id, now()).await.expect("answered") {
        Begun::Started { delivery, .. } => Some(delivery.attempts),
        Begun::NotOwed => None,
    }
}

pub(crate) async fn settle(
    store: &Store,
    id: DeliveryId,
    (number, paused): (u32, bool),
    outcome: Outcome,
) -> Settled {
    let settlement = Settlement {
        id,
        attempt: attempt(number, &outcome),
        outcome,
        schedule: RetrySchedule::default(),
        paused,
        jitter: 0.0,
        now: now(),
    };
    store.settle(settlement).await.expect("answered")
}

/// The record of an attempt that ended like this.
pub(crate) fn attempt(number: u32, outcome: &Outcome) -> Attempt {
    Attempt {
        number,
        started_at: now(),
        duration_ms: Some(5),
        outcome: Some(match outcome {
            Ok(_) => AttemptOutcome::Delivered,
            Err(_) => AttemptOutcome::Retry,
        }),
        http_status: Some(201),
        error: outcome.as_ref().err().map(|failure| failure.cause.clone()),
        steps: Vec::new(),
    }
}

pub(crate) fn delivered(order: u64) -> Outcome {
    Ok(Delivered {
        receipt: Receipt {
            order_id: Some(order),
            order_number: Some(format!("{order}A")),
            ..Receipt::default()
        },
        warning: None,
    })
}

pub(crate) async fn deliver(store: &Store, lead: LeadId) {
    let number = begin(store, first(lead)).await.expect("owed");
    let settled = settle(store, first(lead), (number, false), delivered(7)).await;
    assert!(matches!(settled, Settled::Recorded(_)));
}

/// Every lead, oldest first, by the list as people see it.
pub(crate) async fn everything(store: &Store) -> Vec<StoredLead> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: 100 };
        let page = store.leads(Filter::default(), page).await.expect("listed");
        all.extend(page.leads);
        before = page.next;
        if before.is_none() {
            all.reverse();
            return all;
        }
    }
}

/// What is owed to the shop at any time.
pub(crate) fn owed(store: &Store) -> HashSet<DeliveryId> {
    let due = store.due(&shop(), (None, Timestamp::MAX), 1_000, &HashSet::new());
    due.into_iter().map(|due| due.id).collect()
}

/// How many cases a property is tried with, unless `LEADGATE_CASES` says otherwise.
pub(crate) fn cases(usual: u32) -> proptest::test_runner::Config {
    let told = std::env::var_os("LEADGATE_CASES");
    let told = told.map(|cases| cases.to_str().and_then(|text| text.parse().ok()));
    proptest::test_runner::Config {
        cases: told.map_or(usual, |cases| cases.expect("a number")),
        max_shrink_iters: 200,
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}
