//! What the end of an attempt says of a paused destination.

use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::{Cause, Delivered, DeliveryId, Failure, FailureKind, Outcome, Receipt};
use crate::destination::{Claim, Report};
use crate::dispatch::desk::Desk;
use crate::dispatch::tests::{Reaction, World, shop};
use crate::store::Begun;

/// A destination that is paused, and nothing under way.
async fn paused(world: &World) -> Desk {
    let (store, clock) = (world.store.clone(), world.clock.clone());
    let desk = Desk::new(shop(), store, clock, world.outlook.clone());
    let trouble = Cause::TimedOut { after_s: 30 };
    desk.note(|breaker| breaker.pause(&trouble, world.clock.now()));
    desk
}

/// When a worker would try one lead: the time of the next probe has come.
fn at_the_next_probe(world: &World, desk: &Desk) -> Timestamp {
    world.clock.advance(Duration::from_secs(2));
    let now = world.clock.now();
    assert!(desk.breaker().next_probe_at().is_some_and(|at| at <= now));
    now
}

/// Deliveries that began together then and end now: so.
async fn end(world: &World, desk: &Desk, started_at: Timestamp, outcomes: Vec<Outcome>) {
    let (mut claims, mut reports) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let lead = world.lead("+79120000001").await;
        let id = DeliveryId { lead, ordinal: 0 };
        let Ok(Begun::Started { lead, delivery }) = world.store.begin(id, started_at).await else {
            panic!("not started");
        };
        let delivery = *delivery;
        claims.push(Claim { lead, delivery });
        let steps = Vec::new();
        reports.push(Report { outcome, steps });
    }
    let reported: Vec<_> = claims.iter().zip(&reports).collect();
    let target = world.target(1, |_| Reaction::Take);
    desk.judge(started_at, &reported, &target).await;
}

fn taken() -> Outcome {
    Ok(Delivered {
        receipt: Receipt::default(),
        warning: None,
    })
}

fn failed(kind: FailureKind, cause: Cause) -> Outcome {
    Err(Failure::new(kind, cause))
}

/// What tells nothing of the destination: it asks for fewer requests.
fn put_off() -> Outcome {
    let kind = FailureKind::Transient { retry_after: None };
    failed(kind, Cause::RateLimited)
}

#[tokio::test]
async fn good_news_of_before_an_outage_does_not_end_it() {
    let world = World::new();
    let before = world.clock.now();
    world.clock.advance(Duration::from_secs(1));
    let desk = paused(&world).await;
    let broken = || {
        let cause = Cause::TimedOut { after_s: 30 };
        failed(FailureKind::Unknown { retry_after: None }, cause)
    };
    end(&world, &desk, before, vec![taken(), taken(), broken()]).await;
    assert!(desk.breaker().is_paused());
    let trial = at_the_next_probe(&world, &desk);
    end(&world, &desk, trial, vec![taken()]).await;
    assert!(!desk.breaker().is_paused());
}

#[tokio::test]
async fn a_trial_that_is_asked_to_come_later_is_not_followed_by_another_at_once() {
    let world = World::new();
    let desk = paused(&world).await;
    let trial = at_the_next_probe(&world, &desk);
    end(&world, &desk, trial, vec![put_off()]).await;
    let breaker = desk.breaker().clone();
    assert!(breaker.is_paused());
    assert!(breaker.next_probe_at().is_some_and(|at| at > trial));
}

#[tokio::test]
async fn what_began_before_an_outage_and_told_nothing_puts_no_probe_off() {
    let world = World::new();
    let before = world.clock.now();
    world.clock.advance(Duration::from_secs(1));
    let desk = paused(&world).await;
    let next = desk.breaker().next_probe_at();
    world.clock.advance(Duration::from_millis(500));
    for _ in 0..8 {
        end(&world, &desk, before, vec![put_off()]).await;
        let ours = failed(FailureKind::Unknown { retry_after: None }, Cause::Internal);
        end(&world, &desk, before, vec![ours]).await;
    }
    assert_eq!(desk.breaker().next_probe_at(), next);
}

#[tokio::test]
async fn a_lead_that_never_was_a_request_is_no_answer_and_another_is_tried_at_once() {
    let world = World::new();
    let desk = paused(&world).await;
    let text = || "gone".to_owned();
    for cause in [
        Cause::FormGone { form: text() },
        Cause::Mapping { detail: text() },
        Cause::DestinationGone {
            destination: text(),
        },
    ] {
        let trial = at_the_next_probe(&world, &desk);
        end(
            &world,
            &desk,
            trial,
            vec![failed(FailureKind::Rejected, cause)],
        )
        .await;
        let breaker = desk.breaker().clone();
        assert!(breaker.is_paused());
        assert!(breaker.next_probe_at().is_some_and(|at| at <= trial));
    }
    let trial = at_the_next_probe(&world, &desk);
    let message = "Errors in the entity".to_owned();
    let errors = Vec::new();
    let refused = Cause::Refused { message, errors };
    end(
        &world,
        &desk,
        trial,
        vec![failed(FailureKind::Rejected, refused)],
    )
    .await;
    assert!(!desk.breaker().is_paused(), "a refusal is an answer");
}
