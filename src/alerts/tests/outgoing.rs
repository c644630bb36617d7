//! One channel under any course of events and troubles: never more than one message in a digest, never a try too early, nothing lost.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{at, back, failed, paused};
use crate::alerts::event::Event;
use crate::alerts::gathered::{Gathered, Now};
use crate::alerts::outgoing::{Doubt, Message, Outgoing};
use crate::delivery::Cause;

const DIGEST: Duration = Duration::from_secs(600);

/// What happens next in a test.
#[derive(Clone, Debug)]
enum Step {
    /// So many seconds pass.
    Pass(i64),
    /// A lead fails with one of a hundred statuses.
    Fail(u16),
    /// The destination is paused, or back.
    Turn,
    /// The process ends and starts again.
    Restart,
}

/// How a try ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Sent,
    NotSent,
    /// The receiver has it, and nobody tells us.
    SentUntold,
    NotSentUntold,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_i64..900).prop_map(Step::Pass),
        4 => (0_u16..100).prop_map(Step::Fail),
        2 => Just(Step::Turn),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..120)
}

fn ends() -> impl Strategy<Value = Vec<End>> {
    let end = prop_oneof![
        2 => Just(End::Sent),
        1 => Just(End::NotSent),
        1 => Just(End::SentUntold),
        1 => Just(End::NotSentUntold),
    ];
    prop::collection::vec(end, 0..40)
}

/// A channel whose tries end as the test says, and then always well; what arrives is kept by id, as a receiver does that knows repeats.
struct Run {
    outgoing: Outgoing,
    now: i64,
    ends: std::vec::IntoIter<End>,
    arrived: BTreeMap<Uuid, Message>,
    sent_at: Vec<i64>,
    /// The end of the wait after the last failure, as it was announced.
    not_before: i64,
    ids: u128,
}

impl Run {
    fn new(ends: Vec<End>) -> Self {
        Self {
            outgoing: Outgoing::default(),
            now: 0,
            ends: ends.into_iter(),
            arrived: BTreeMap::new(),
            sent_at: Vec::new(),
            not_before: 0,
            ids: 0,
        }
    }

    fn note(&mut self, event: &Event) {
        self.outgoing.note(Gathered::of(event));
    }

    /// Does what is due.
    fn work(&mut self) {
        self.ids += 1;
        let (now, id) = (at(self.now), Uuid::from_u128(self.ids));
        let Some(message) = self.outgoing.take(now, DIGEST, id) else {
            return;
        };
        assert!(self.now >= self.not_before, "tried too early");
        assert_eq!(self.outgoing.due_at(DIGEST), None, "two tries at once");
        let end = self.ends.next().unwrap_or(End::Sent);
        if matches!(end, End::Sent | End::SentUntold) {
            let before = self.arrived.insert(message.id, message.clone());
            assert!(
                before.is_none_or(|before| before == message),
                "one id, two contents"
            );
        }
        let doubt = match end {
            End::Sent => {
                self.outgoing.sent(now);
                self.sent_at.push(self.now);
                return;
            }
            End::NotSent => Doubt::None,
            End::SentUntold | End::NotSentUntold => Doubt::MayHaveArrived,
        };
        let wait = self.outgoing.failed(now, doubt, None);
        self.not_before = self.now + i64::try_from(wait.as_secs()).expect("short");
    }

    fn restart(&mut self) {
        let kept = serde_json::to_string(&self.outgoing).expect("JSON");
        self.outgoing = serde_json::from_str(&kept).expect("what was kept");
    }

    /// Lets everything leave; bounded.
    fn drain(&mut self) {
        for _ in 0..200 {
            let Some(due) = self.outgoing.due_at(DIGEST) else {
                return;
            };
            let wait = due.max(at(self.now)).duration_since(at(self.now));
            self.now += wait.as_secs() + 1;
            self.work();
        }
        panic!("something never leaves: {:?}", self.outgoing);
    }
}

proptest! {
    #[test]
    fn one_message_in_a_digest_no_try_too_early_nothing_lost(steps in steps(), ends in ends()) {
        let mut run = Run::new(ends);
        let (mut failures, mut pauses, mut backs, mut paused_at) = (0, 0, 0, None);
        for step in steps {
            match step {
                Step::Pass(seconds) => run.now += seconds,
                Step::Fail(status) => {
                    failures += 1;
                    run.note(&failed(1, &Cause::ServerError { status }));
                }
                Step::Turn => match paused_at.take() {
                    None => {
                        paused_at = Some(run.now);
                        pauses += 1;
                        run.note(&paused(run.now));
                    }
                    Some(since) => {
                        backs += 1;
                        run.note(&back(since, run.now, 3));
                    }
                },
                Step::Restart => run.restart(),
            }
            run.work();
        }
        run.drain();
        for pair in run.sent_at.windows(2) {
            prop_assert!(pair[1] - pair[0] >= 600, "{:?}", run.sent_at);
        }
        let told = |count: fn(&Gathered) -> u64| -> u64 { run.arrived.values().map(|message| count(&message.gathered)).sum() };
        prop_assert_eq!(told(Gathered::failures), failures);
        prop_assert_eq!(told(|told| told.destinations.values().map(|course| course.pauses).sum()), pauses);
        prop_assert_eq!(told(|told| told.destinations.values().map(|course| course.backs).sum()), backs);
        let mut messages: Vec<&Message> = run.arrived.values().collect();
        messages.sort_by_key(|message| message.at);
        let last = messages.iter().rev().find_map(|message| message.gathered.destinations.values().next());
        if let Some(course) = last {
            prop_assert_eq!(matches!(course.now, Now::Paused { .. }), paused_at.is_some());
        }
        // In the order of composing, the end of a pause never comes before its beginning.
        let (mut begun, mut ended) = (0, 0);
        for course in messages.iter().flat_map(|message| message.gathered.destinations.values()) {
            begun += course.pauses;
            ended += course.backs;
            prop_assert!(ended <= begun);
        }
    }

    #[test]
    fn what_happens_after_a_quiet_digest_leaves_at_once(quiet in 600_i64..100_000) {
        let mut run = Run::new(Vec::new());
        run.note(&paused(0));
        run.work();
        prop_assert_eq!(&run.sent_at, &[0]);
        run.now = quiet;
        run.note(&back(0, quiet, 2));
        run.work();
        prop_assert_eq!(&run.sent_at, &[0, quiet]);
    }
}

#[test]
fn five_hundred_failures_are_one_alert_and_one_digest_of_bounded_length() {
    let mut run = Run::new(Vec::new());
    for n in 0..500 {
        run.note(&failed(1, &Cause::ServerError { status: n }));
        run.work();
    }
    run.drain();
    let messages: Vec<&Message> = run.arrived.values().collect();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].gathered.failures(), 1);
    assert_eq!(messages[1].gathered.failures(), 499);
    assert_eq!(
        messages[1].gathered.failed.len(),
        40,
        "causes beyond that are counted together"
    );
}

#[test]
fn waits_between_tries_grow_and_a_receivers_wish_is_heard_within_reason() {
    let mut outgoing = Outgoing::default();
    let waits: Vec<u64> = (0..8)
        .map(|_| outgoing.failed(at(0), Doubt::None, None).as_secs())
        .collect();
    assert_eq!(waits, [10, 30, 60, 120, 300, 600, 600, 600]);
    let mut outgoing = Outgoing::default();
    let mut wish = |seconds| {
        let wish = Some(Duration::from_secs(seconds));
        outgoing.failed(at(0), Doubt::None, wish).as_secs()
    };
    assert_eq!([wish(5), wish(900), wish(86_400)], [10, 900, 3600]);
}

fn take(outgoing: &mut Outgoing, seconds: i64, id: u128) -> Message {
    let taken = outgoing.take(at(seconds), DIGEST, Uuid::from_u128(id));
    taken.expect("due")
}

#[test]
fn a_message_in_doubt_is_sent_again_as_it_was_whatever_happens_meanwhile() {
    let mut outgoing = Outgoing::default();
    outgoing.note(Gathered::of(&paused(0)));
    let first = take(&mut outgoing, 0, 1);
    outgoing.failed(at(0), Doubt::MayHaveArrived, None);
    outgoing.note(Gathered::of(&back(0, 5, 2)));
    assert_eq!(take(&mut outgoing, 10, 2), first);
    outgoing.failed(at(10), Doubt::None, None);
    assert_eq!(
        take(&mut outgoing, 40, 3),
        first,
        "the first try may have arrived"
    );
}

#[test]
fn a_message_that_certainly_did_not_leave_takes_the_news_along() {
    let mut outgoing = Outgoing::default();
    outgoing.note(Gathered::of(&paused(0)));
    take(&mut outgoing, 0, 1);
    outgoing.failed(at(0), Doubt::None, None);
    outgoing.note(Gathered::of(&back(0, 5, 2)));
    let second = take(&mut outgoing, 10, 2);
    assert_eq!(second.id, Uuid::from_u128(2));
    let course = second.gathered.destinations.values().next().expect("shop");
    assert_eq!((course.pauses, course.backs), (1, 1));
    assert!(matches!(course.now, Now::Back { .. }));
}

#[test]
fn a_date_that_is_set_back_does_not_silence_alerts() {
    let mut outgoing = Outgoing::default();
    outgoing.note(Gathered::of(&paused(0)));
    let year = SignedDuration::from_hours(24 * 365);
    let wrong: Timestamp = at(0) + year;
    assert!(outgoing.take(wrong, DIGEST, Uuid::nil()).is_some());
    outgoing.sent(wrong);
    outgoing.note(Gathered::of(&back(0, 5, 2)));
    assert_eq!(outgoing.take(at(10), DIGEST, Uuid::nil()), None);
    assert!(outgoing.take(at(610), DIGEST, Uuid::nil()).is_some());
}
