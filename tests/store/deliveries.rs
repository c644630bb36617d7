//! What is owed, from the acceptance of a lead to the end of its delivery.

use std::collections::HashSet;

use leadgate::delivery::{Cause, Failure, FailureKind, State};
use leadgate::lead::{HeldReason, Lead};
use leadgate::store::{Begun, NewLead, Order, Ordered, Settled};

use crate::support::{
    accept, begin, deliver, delivered, first, ivan, later, new_lead, now, open, settle_down,
    settlement, shop, state,
};

#[tokio::test]
async fn an_accepted_lead_is_due_at_once_and_can_be_read_back() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let mut changes = store.changes();
    let id = accept(&store, ivan()).await;
    changes.changed().await.expect("woken");
    let due = store.due(&shop(), (None, now()), 10, &HashSet::new());
    assert_eq!(
        due.iter().map(|due| due.id).collect::<Vec<_>>(),
        [first(id)]
    );
    assert_eq!(
        store.lead(id).await.expect("read").expect("there").lead,
        Lead { id, ..ivan() }
    );
    assert_eq!(store.waiting(&shop()).count, 1);
}

#[tokio::test]
async fn a_held_lead_is_owed_nothing_until_it_is_released() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let held = NewLead {
        held: Some(HeldReason::Honeypot),
        ..new_lead(ivan())
    };
    let id = store.accept(held).await.expect("accepted").lead();
    settle_down(&store).await;
    assert_eq!(
        (
            state(&store, id).await,
            store.waiting(&shop()).count,
            store.count(State::Held)
        ),
        (State::Held, 0, 1)
    );
    assert!(matches!(
        store.order(id, Order::Resend, now()).await,
        Ok(Ordered::Conflict(_))
    ));
    assert!(matches!(
        store.order(id, Order::Release, now()).await,
        Ok(Ordered::Done(_))
    ));
    assert_eq!(
        (state(&store, id).await, store.waiting(&shop()).count),
        (State::Queued, 1)
    );
    assert!(matches!(
        store.order(id, Order::Discard, now()).await,
        Ok(Ordered::Conflict(_))
    ));
}

#[tokio::test]
async fn a_started_attempt_that_a_crash_cut_short_is_in_doubt() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    begin(&store, first(id)).await;
    store.close().await.expect("closed");
    drop(store);
    let store = open(directory.path());
    assert_eq!(state(&store, id).await, State::Sending);
    assert_eq!(
        store.due(&shop(), (None, now()), 10, &HashSet::new()).len(),
        1,
        "it is taken up again"
    );
    let Ok(Begun::Started { delivery, .. }) = store.begin(first(id), now()).await else {
        panic!("not started")
    };
    assert_eq!((delivery.attempts, delivery.in_doubt), (2, true));
    let stale = store
        .settle(settlement(first(id), 1, delivered("1A"), now()))
        .await
        .expect("answered");
    assert_eq!(
        stale,
        Settled::Stale,
        "the attempt of the dead process cannot settle any more"
    );
}

#[tokio::test]
async fn a_failed_attempt_waits_for_its_time_and_a_settled_one_has_its_record() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    let number = begin(&store, first(id)).await;
    let failure = Failure::new(
        FailureKind::Unknown { retry_after: None },
        Cause::TimedOut { after_s: 30 },
    );
    store
        .settle(settlement(first(id), number, Err(failure), now()))
        .await
        .expect("settled");
    assert_eq!(state(&store, id).await, State::Retrying);
    let due = |at| store.due(&shop(), (None, at), 10, &HashSet::new()).len();
    assert_eq!((due(later(9)), due(later(10))), (0, 1));
    assert_eq!(store.next_due_after(&shop(), now()), Some(later(10)));
    let attempts = store.attempts(first(id)).await.expect("read");
    assert_eq!(attempts[0].error, Some(Cause::TimedOut { after_s: 30 }));
}

#[tokio::test]
async fn a_resend_of_a_delivered_lead_looks_it_up_first() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    deliver(&store, id).await;
    store
        .order(id, Order::Resend, now())
        .await
        .expect("ordered");
    let Ok(Begun::Started { delivery, .. }) = store.begin(first(id), now()).await else {
        panic!("not started")
    };
    assert!(delivery.in_doubt);
}

#[tokio::test]
async fn deliveries_whose_destination_is_gone_become_failed_and_can_be_resent() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    settle_down(&store).await;
    let gone = store
        .orphan(|_, delivery| {
            Some(Cause::DestinationGone {
                destination: delivery.destination.to_string(),
            })
        })
        .await
        .expect("orphaned");
    assert_eq!((gone, state(&store, id).await), (1, State::Failed));
    assert!(matches!(
        store.order(id, Order::Resend, now()).await,
        Ok(Ordered::Done(_))
    ));
}
