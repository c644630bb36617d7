//! When a destination is paused and when it is healthy again: pure decisions.
//!
//! A failure that may be the destination's is followed by a probe. If that fails too, or several leads in a row failed, the destination is
//! paused: its leads wait, and waiting costs them nothing. A pause ends with a probe that succeeds and then one lead that gets an answer;
//! each time another lead, so that a lead that always fails cannot keep the destination shut.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::delivery::{Cause, DeliveryId};
use crate::dispatch::Health;

/// So many different deliveries failing in a row pause a destination whose probe succeeds: reading works there and writing does not.
const FAILURES_IN_A_ROW: usize = 3;

/// The waits between probes; the last one repeats. A pause of a second passes unnoticed, an hour's costs 240 cheap requests.
const PROBE_DELAYS: [u64; 5] = [1, 2, 4, 8, 15];

/// The state of one destination.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    since: Timestamp,
    paused: Option<Pause>,
    failed_in_a_row: HashSet<DeliveryId>,
    /// The lead that was last sent to try a paused destination.
    last_trial: Option<DeliveryId>,
}

#[derive(Clone, Debug)]
struct Pause {
    cause: Cause,
    next_probe_at: Timestamp,
    probes: usize,
}

impl Breaker {
    /// Healthy until proven otherwise.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            paused: None,
            failed_in_a_row: HashSet::new(),
            last_trial: None,
        }
    }

    /// For the admin.
    pub(super) fn health(&self) -> Health {
        match &self.paused {
            None => Health::Healthy { since: self.since },
            Some(pause) => Health::Paused {
                since: self.since,
                cause: pause.cause.clone(),
                next_probe_at: pause.next_probe_at,
            },
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Whether it was paused while an attempt that began then was under way. How that ended is no news: were its failure counted, eight that
    /// fail together would put the next probe off as eight failed probes do; were its answer, the pause would end without a probe.
    pub(super) fn is_paused_since(&self, started_at: Timestamp) -> bool {
        self.is_paused() && self.since >= started_at
    }

    /// When a paused destination is probed next.
    pub(super) fn next_probe_at(&self) -> Option<Timestamp> {
        self.paused.as_ref().map(|pause| pause.next_probe_at)
    }

    /// Since when the destination is as it is.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// The destination answered an attempt properly, be it with a refusal of the lead.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.failed_in_a_row.clear();
        if self.paused.take().is_some() {
            self.since = now;
            self.last_trial = None;
        }
    }

    /// An attempt failed for a reason that may be the destination's, and the probe that followed succeeded.
    pub(super) fn failed_alone(&mut self, id: DeliveryId, cause: &Cause, now: Timestamp) {
        self.failed_in_a_row.insert(id);
        if self.is_paused() || self.failed_in_a_row.len() >= FAILURES_IN_A_ROW {
            self.pause(cause, now);
        }
    }

    /// The destination is in trouble: an attempt and the probe after it failed.
    pub(super) fn pause(&mut self, cause: &Cause, now: Timestamp) {
        self.failed_in_a_row.clear();
        let probes = self.paused.as_ref().map_or(0, |pause| pause.probes);
        if self.paused.is_none() {
            self.since = now;
        }
        self.paused = Some(Pause {
            cause: cause.clone(),
            next_probe_at: now + delay(probes),
            probes: probes + 1,
        });
    }

    /// The lead that was sent to try a paused destination told nothing: it stays paused, and the next probe has its time.
    pub(super) fn trial_lost(&mut self, now: Timestamp) {
        if let Some(cause) = self.paused.as_ref().map(|pause| pause.cause.clone()) {
            self.pause(&cause, now);
        }
    }

    /// Probe at once: the set-up has changed.
    pub(super) fn probe_now(&mut self, now: Timestamp) {
        if let Some(pause) = &mut self.paused {
            pause.next_probe_at = now;
            pause.probes = 0;
        }
    }

    /// Which of the waiting leads is sent to try a paused destination: the first that was not the last one to be sent.
    pub(super) fn choose_trial(&mut self, waiting: &[DeliveryId]) -> Option<DeliveryId> {
        let after_last = self
            .last_trial
            .and_then(|last| waiting.iter().position(|id| *id == last))
            .map_or(0, |at| at + 1);
        let chosen = waiting.get(after_last).or_else(|| waiting.first()).copied();
        self.last_trial = chosen;
        chosen
    }
}

fn delay(probes: usize) -> SignedDuration {
    let last = PROBE_DELAYS.len() - 1;
    let seconds = PROBE_DELAYS.get(probes.min(last)).copied().unwrap_or(1);
    SignedDuration::try_from(Duration::from_secs(seconds)).unwrap_or(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lead::LeadId;

    /// What can happen to a destination, after so many seconds.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Answered,
        FailedAlone(u8),
        Paused,
        TrialLost,
        SetUpChanged,
    }

    fn event() -> impl Strategy<Value = (i64, Event)> {
        let event = prop_oneof![
            Just(Event::Answered),
            (0_u8..5).prop_map(Event::FailedAlone),
            Just(Event::Paused),
            Just(Event::TrialLost),
            Just(Event::SetUpChanged),
        ];
        (0_i64..100, event)
    }

    proptest! {
        #[test]
        fn a_pause_is_probed_within_fifteen_seconds_and_only_an_answer_ends_it(
            events in proptest::collection::vec(event(), 1..60)
        ) {
            let mut now = Timestamp::UNIX_EPOCH;
            let mut breaker = Breaker::new(now);
            let cause = Cause::TimedOut { after_s: 1 };
            let mut alone: HashSet<u8> = HashSet::new();
            for (seconds, event) in events {
                now += SignedDuration::from_secs(seconds);
                let was_paused = breaker.is_paused();
                match event {
                    Event::Answered => breaker.answered(now),
                    Event::FailedAlone(n) => breaker.failed_alone(id(n), &cause, now),
                    Event::Paused => breaker.pause(&cause, now),
                    Event::TrialLost => breaker.trial_lost(now),
                    Event::SetUpChanged => breaker.probe_now(now),
                }
                match event {
                    Event::FailedAlone(n) if !was_paused => drop(alone.insert(n)),
                    Event::FailedAlone(_) | Event::SetUpChanged => {}
                    Event::TrialLost if !was_paused => {}
                    Event::Answered | Event::Paused | Event::TrialLost => alone.clear(),
                }
                let expected = match event {
                    Event::Answered => false,
                    Event::Paused => true,
                    Event::FailedAlone(_) => was_paused || alone.len() >= FAILURES_IN_A_ROW,
                    Event::TrialLost | Event::SetUpChanged => was_paused,
                };
                prop_assert_eq!(breaker.is_paused(), expected);
                if expected && !was_paused {
                    prop_assert_eq!(breaker.since(), now);
                    alone.clear();
                }
                if let Some(probe) = breaker.next_probe_at().filter(|_| !matches!(event, Event::SetUpChanged)) {
                    prop_assert!((now..=now + SignedDuration::from_secs(15)).contains(&probe));
                }
            }
        }

        #[test]
        fn every_waiting_lead_has_its_turn_to_try_a_paused_destination(count in 1_u8..20) {
            let mut breaker = Breaker::new(Timestamp::UNIX_EPOCH);
            let waiting: Vec<DeliveryId> = (0..count).map(id).collect();
            let tried: HashSet<_> = waiting.iter().map(|_| breaker.choose_trial(&waiting)).collect();
            prop_assert_eq!(tried.len(), waiting.len());
        }
    }

    fn id(n: u8) -> DeliveryId {
        DeliveryId {
            lead: LeadId::from_bytes([n; 16]),
            ordinal: 0,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn one_poison_lead_does_not_pause_a_destination_that_answers_probes() {
        let mut breaker = Breaker::new(at(0));
        for n in 0..50 {
            breaker.failed_alone(id(1), &Cause::ServerError { status: 500 }, at(n));
        }
        assert!(!breaker.is_paused());
    }

    #[test]
    fn three_different_leads_failing_in_a_row_pause_it() {
        let mut breaker = Breaker::new(at(0));
        for n in 1..=3 {
            assert!(!breaker.is_paused());
            breaker.failed_alone(id(n), &Cause::ServerError { status: 500 }, at(0));
        }
        assert!(breaker.is_paused());
    }

    #[test]
    fn an_answer_between_failures_starts_the_row_anew() {
        let mut breaker = Breaker::new(at(0));
        for n in 1..=9 {
            breaker.failed_alone(id(n), &Cause::ServerError { status: 500 }, at(0));
            if n % 2 == 0 {
                breaker.answered(at(0));
            }
        }
        assert!(!breaker.is_paused());
    }

    #[test]
    fn probes_come_soon_at_first_and_never_more_than_fifteen_seconds_apart() {
        let mut breaker = Breaker::new(at(0));
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..7 {
            breaker.pause(&Cause::TimedOut { after_s: 10 }, now);
            let next = breaker.next_probe_at().expect("paused");
            waits.push(next.duration_since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(breaker.since(), at(0), "still the same pause");
    }

    #[test]
    fn another_lead_is_sent_each_time_to_try_a_paused_destination() {
        let mut breaker = Breaker::new(at(0));
        let waiting = [id(1), id(2), id(3)];
        let chosen: Vec<_> = (0..4)
            .filter_map(|_| breaker.choose_trial(&waiting))
            .collect();
        assert_eq!(chosen, [id(1), id(2), id(3), id(1)]);
        assert_eq!(breaker.choose_trial(&[]), None);
    }
}
