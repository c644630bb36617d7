//! What a failed attempt makes of a delivery, whatever fails in whatever order.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn sending() -> Delivery {
    let id = DeliveryId {
        lead: LeadId::from_bytes([1; 16]),
        ordinal: 0,
    };
    let shop = DestinationId::parse("shop").expect("an id");
    let new = Delivery::new(id, (shop, Create::Order), Timestamp::UNIX_EPOCH, false);
    new.start().expect("queued")
}

/// A failure that is tried again, and what was asked for with it.
fn failure() -> impl Strategy<Value = Failure> {
    let hint = proptest::option::of(1_u64..=300);
    (any::<bool>(), hint).prop_map(|(may_be_there, hint)| {
        let retry_after = hint.map(Duration::from_secs);
        let kind = if may_be_there {
            FailureKind::Unknown { retry_after }
        } else {
            FailureKind::Transient { retry_after }
        };
        Failure::new(kind, Cause::ServerError { status: 503 })
    })
}

/// Whole seconds only, so that a delay is the same in milliseconds.
fn schedule() -> impl Strategy<Value = RetrySchedule> {
    let steps = proptest::collection::vec(1_u64..2_000, 1..6);
    (steps, 1_u64..20_000).prop_map(|(steps, horizon)| {
        let steps: Vec<Duration> = steps.into_iter().map(Duration::from_secs).collect();
        let horizon = Duration::from_secs(horizon).max(steps[0]);
        RetrySchedule::new(steps, horizon).expect("a schedule")
    })
}

/// Until the delivery is due, from the start of all time.
fn due(delivery: &Delivery) -> Duration {
    let span = delivery.due_at.duration_since(Timestamp::UNIX_EPOCH);
    Duration::try_from(span).expect("not before it")
}

proptest! {
    #[test]
    fn a_hint_is_waited_for_whatever_is_known_and_never_past_the_horizon(
        schedule in schedule(),
        failures in proptest::collection::vec(failure(), 1..60),
    ) {
        let mut delivery = sending();
        for failure in failures {
            let rules = SettleRules {
                schedule: &schedule,
                now: Timestamp::UNIX_EPOCH,
                jitter: 0.0,
                paused: false,
            };
            let at = (delivery.retries as usize).min(schedule.steps().len() - 1);
            let step = schedule.steps()[at];
            let left = schedule.give_up_after() - Duration::from_millis(delivery.spent_ms);
            let settled = delivery.settle(delivery.attempts, &Err(failure.clone()), rules);
            let settled = settled.expect("the latest attempt");
            if settled.state == State::Failed {
                prop_assert!(step > left, "given up too soon");
                break;
            }
            let hint = failure.kind.retry_after().unwrap_or(step);
            let longest = (step * 2).max(SECOND * 60);
            let asked = hint.clamp(step, longest).min(left);
            prop_assert_eq!(due(&settled), asked);
            prop_assert!(settled.spent_ms <= schedule.give_up_after().as_millis() as u64);
            let may_be_there = matches!(failure.kind, FailureKind::Unknown { .. });
            prop_assert_eq!(settled.in_doubt, may_be_there || delivery.in_doubt);
            delivery = settled.start().expect("owed");
        }
    }
}

#[test]
fn a_pause_makes_a_hint_free_and_keeps_the_doubt() {
    let retry_after = Some(SECOND * 40);
    let failure = Failure::new(
        FailureKind::Unknown { retry_after },
        Cause::ServerError { status: 503 },
    );
    let rules = SettleRules {
        schedule: &RetrySchedule::default(),
        now: Timestamp::UNIX_EPOCH,
        jitter: 0.5,
        paused: true,
    };
    let settled = sending().settle(1, &Err(failure), rules).expect("latest");
    assert_eq!((settled.state, settled.spent_ms), (State::Queued, 0));
    assert!(settled.in_doubt, "the probe of the pause says when to look");
}
