//! What is told of destinations: a pause once, its end once and after it, also over restarts.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{at, id};
use crate::alerts::event::Event;
use crate::alerts::watch::{PROVING, Rules, Sight, Watch};
use crate::delivery::Cause;
use crate::store::Waiting;

const HOUR: Duration = Duration::from_secs(3600);

fn sight(pause: Option<i64>, healthy_since: i64, oldest: Option<i64>) -> Sight {
    Sight {
        id: id("shop"),
        pause: pause.map(|since| (at(since), Cause::RateLimited)),
        healthy_since: at(healthy_since),
        waiting: Waiting {
            count: usize::from(oldest.is_some()),
            oldest_received_at: oldest.map(at),
        },
    }
}

fn rules(now: i64) -> Rules {
    Rules {
        waiting_longer_than: HOUR,
        started_at: at(0),
        now: at(now),
    }
}

fn restarted(watch: &Watch) -> Watch {
    let kept = serde_json::to_string(watch).expect("JSON");
    serde_json::from_str(&kept).expect("what was kept")
}

#[test]
fn a_pause_that_lasts_over_a_restart_is_not_told_again_and_its_end_has_its_beginning() {
    let mut watch = Watch::default();
    let events = watch.look(&[sight(Some(5), 0, Some(4))], rules(10));
    assert!(matches!(events[..], [Event::Paused { .. }]), "{events:?}");
    let mut watch = restarted(&watch);
    // A new process takes it for healthy until its first attempt fails.
    assert_eq!(watch.look(&[sight(None, 0, Some(4))], rules(1)), []);
    assert_eq!(watch.look(&[sight(Some(40), 0, Some(4))], rules(40)), []);
    let events = watch.look(&[sight(None, 500, None)], rules(500));
    assert!(
        matches!(events[..], [Event::Back { paused_at, at: back, .. }] if paused_at == at(5) && back == at(500)),
        "{events:?}"
    );
}

#[test]
fn a_pause_that_ended_with_a_restart_is_told_when_the_destination_has_had_time_to_fail() {
    let mut watch = Watch::default();
    watch.look(&[sight(Some(5), 0, None)], rules(10));
    let mut watch = restarted(&watch);
    let proven = PROVING.as_secs();
    assert_eq!(watch.look(&[sight(None, 0, None)], rules(proven - 1)), []);
    let events = watch.look(&[sight(None, 0, None)], rules(proven));
    assert!(matches!(events[..], [Event::Back { .. }]), "{events:?}");
}

#[test]
fn a_short_recovery_that_nobody_saw_is_still_told() {
    let mut watch = Watch::default();
    watch.look(&[sight(Some(5), 0, None)], rules(10));
    let events = watch.look(&[sight(Some(20), 0, None)], rules(30));
    assert!(
        matches!(events[..], [Event::Back { .. }, Event::Paused { .. }]),
        "{events:?}"
    );
}

#[test]
fn a_lead_that_waits_too_long_is_told_once_until_it_is_gone() {
    let mut watch = Watch::default();
    let mut look = |oldest, now| watch.look(&[sight(None, 0, oldest)], rules(now)).len();
    assert_eq!(look(Some(0), 3600), 0);
    assert_eq!(look(Some(0), 3601), 1);
    assert_eq!(look(Some(0), 90_000), 0);
    assert_eq!(look(Some(10), 90_001), 0, "the next one waits too long too");
    assert_eq!(look(None, 90_002), 0);
    assert_eq!(look(Some(90_003), 99_999), 1);
}

#[test]
fn a_destination_that_left_the_config_is_forgotten() {
    let mut watch = Watch::default();
    watch.look(&[sight(Some(5), 0, Some(0))], rules(4000));
    watch.keep(&[id("another")]);
    assert_eq!(watch, Watch::default());
    assert_eq!(watch.ongoing(), []);
}

#[test]
fn a_destination_of_the_config_that_is_not_seen_yet_is_remembered() {
    let mut watch = Watch::default();
    watch.look(&[sight(Some(5), 0, Some(0))], rules(4000));
    let mut watch = restarted(&watch);
    watch.keep(&[id("shop")]);
    assert_eq!(watch.look(&[], rules(1)), []);
    let events = watch.look(&[sight(Some(8), 0, Some(0))], rules(4001));
    assert_eq!(events, [], "the pause and the long wait were told before");
}

/// What happens to the destination.
#[derive(Clone, Copy, Debug)]
enum Step {
    Pause,
    Recover,
    Restart,
    Look,
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(Step::Pause),
        1 => Just(Step::Recover),
        1 => Just(Step::Restart),
        3 => Just(Step::Look),
        2 => (1_i64..300).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..100)
}

proptest! {
    #[test]
    fn the_end_of_a_pause_is_always_told_after_its_beginning_and_never_twice(steps in steps()) {
        let (mut watch, mut now, mut started, mut pause, mut healthy) = (Watch::default(), 0, 0, None, 0);
        let mut told: Vec<(bool, Timestamp)> = Vec::new();
        for step in steps {
            match step {
                Step::Pass(seconds) => now += seconds,
                Step::Pause => pause = pause.or(Some(now)),
                Step::Recover => {
                    if pause.take().is_some() {
                        healthy = now;
                    }
                }
                Step::Restart => {
                    watch = restarted(&watch);
                    (started, pause, healthy) = (now, None, now);
                }
                Step::Look => {
                    let rules = Rules { waiting_longer_than: HOUR, started_at: at(started), now: at(now) };
                    for event in watch.look(&[sight(pause, healthy, None)], rules) {
                        told.push(match event {
                            Event::Paused { at, .. } => (true, at),
                            Event::Back { paused_at, at, .. } => {
                                prop_assert_eq!(told.last(), Some(&(true, paused_at)));
                                prop_assert!(at >= paused_at);
                                (false, at)
                            }
                            other => panic!("{other:?}"),
                        });
                    }
                }
            }
        }
        for (place, (is_pause, _)) in told.iter().enumerate() {
            prop_assert_eq!(*is_pause, place % 2 == 0, "{:?}", told);
        }
    }
}
