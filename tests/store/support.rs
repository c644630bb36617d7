//! A store in a directory, leads to put into it, and shorthands for what every test does.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use leadgate::delivery::{
    Attempt, AttemptOutcome, Delivered, DeliveryId, Outcome, Receipt, RetrySchedule, State,
};
use leadgate::lead::{Create, DestinationId, Lead, LeadId};
use leadgate::store::{
    Begun, Filter, NewLead, OpenError, Page, Settings, Settled, Settlement, Store,
};

pub(crate) use crate::files::files;
pub(crate) use crate::leads::{lead_at, now};

pub(crate) fn open(path: &Path) -> Store {
    try_open(path).expect("the store opens")
}

pub(crate) fn try_open(path: &Path) -> Result<Store, OpenError> {
    Store::open(&Settings {
        path: path.to_owned(),
        min_free: 0,
    })
}

pub(crate) fn shop() -> DestinationId {
    DestinationId::parse("shop").expect("an id")
}

pub(crate) fn new_lead(lead: Lead) -> NewLead {
    NewLead {
        lead,
        held: None,
        targets: vec![(shop(), Create::Order)],
        key: None,
    }
}

pub(crate) fn ivan() -> Lead {
    lead_at(
        now(),
        &[
            ("name", "Иван Петров"),
            ("phone", "+7 912 345-67-89"),
            ("email", "ivan@example.ru"),
        ],
    )
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub(crate) async fn accept(store: &Store, lead: Lead) -> LeadId {
    store.accept(new_lead(lead)).await.expect("accepted").lead()
}

pub(crate) async fn list(store: &Store, filter: Filter) -> Vec<LeadId> {
    let page = store
        .leads(
            filter,
            Page {
                before: None,
                limit: 100,
            },
        )
        .await
        .expect("listed");
    page.leads.iter().map(|lead| lead.lead.id).collect()
}

pub(crate) fn first(lead: LeadId) -> DeliveryId {
    DeliveryId { lead, ordinal: 0 }
}

pub(crate) fn settlement(
    id: DeliveryId,
    number: u32,
    outcome: Outcome,
    at: Timestamp,
) -> Settlement {
    let attempt = Attempt {
        number,
        started_at: at,
        duration_ms: Some(5),
        outcome: Some(if outcome.is_ok() {
            AttemptOutcome::Delivered
        } else {
            AttemptOutcome::Retry
        }),
        http_status: None,
        error: outcome.as_ref().err().map(|failure| failure.cause.clone()),
        steps: Vec::new(),
    };
    Settlement {
        id,
        attempt,
        outcome,
        schedule: RetrySchedule::default(),
        paused: false,
        jitter: 0.0,
        now: at,
    }
}

pub(crate) fn delivered(number: &str) -> Outcome {
    let receipt = Receipt {
        order_number: Some(number.into()),
        order_id: Some(7),
        ..Receipt::default()
    };
    Ok(Delivered {
        receipt,
        warning: None,
    })
}

pub(crate) async fn begin(store: &Store, id: DeliveryId) -> u32 {
    match store.begin(id, now()).await.expect("begun") {
        Begun::Started { delivery, .. } => delivery.attempts,
        Begun::NotOwed => panic!("not owed"),
    }
}

pub(crate) async fn deliver(store: &Store, lead: LeadId) {
    let number = begin(store, first(lead)).await;
    let settled = store
        .settle(settlement(first(lead), number, delivered("17A"), now()))
        .await
        .expect("settled");
    assert!(matches!(settled, Settled::Recorded(_)));
}

pub(crate) async fn state(store: &Store, lead: LeadId) -> State {
    store
        .lead(lead)
        .await
        .expect("read")
        .expect("there")
        .status
        .state()
}

/// Waits until readers see what was accepted: every reading does.
pub(crate) async fn settle_down(store: &Store) {
    list(store, Filter::default()).await;
}

pub(crate) fn copy_all(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).expect("inside"));
        std::fs::create_dir_all(target.parent().expect("a parent")).expect("made");
        std::fs::copy(path, target).expect("copied");
    }
}
