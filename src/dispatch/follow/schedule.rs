//! When which orders are asked after: pure arithmetic over the times at which their leads were received.
//!
//! Time is cut into spans as long as `status_poll`, counted from 1970; at the end of each comes a sweep. A sweep asks after the leads of the last
//! day, of every sixteenth span (with the usual 15 minutes) of the week before, and of every ninety-sixth of the month before that: so an
//! order is asked after every 15 minutes, then every 4 hours, then daily, every sweep has about the same to do, and nothing
//! of it need be remembered over a restart.

use std::time::Duration;

use jiff::Timestamp;

/// An age from which orders are asked after less often.
struct Stage {
    until: Duration,
    every: Duration,
}

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

/// Most orders change hands in their first day; a month later they are done, or nobody waits for them.
const STAGES: [Stage; 3] = [
    Stage {
        until: hours(24),
        every: Duration::ZERO,
    },
    Stage {
        until: hours(7 * 24),
        every: hours(4),
    },
    Stage {
        until: hours(30 * 24),
        every: hours(24),
    },
];

/// Leads received from the first instant (included) to the second (not included).
pub(super) type Window = (Timestamp, Timestamp);

/// The sweeps of one destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    span_ms: i64,
}

impl Schedule {
    /// A sweep every so often; a second at least.
    pub(super) fn new(every: Duration) -> Self {
        let span_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX / 4);
        Self {
            span_ms: span_ms.clamp(1_000, i64::MAX / 4),
        }
    }

    /// The number of the latest sweep that is due at this instant.
    pub(super) fn latest(&self, now: Timestamp) -> i64 {
        now.as_millisecond().div_euclid(self.span_ms)
    }

    /// When the sweep with this number is due.
    pub(super) fn due_at(&self, sweep: i64) -> Timestamp {
        sweep
            .checked_mul(self.span_ms)
            .and_then(|at| Timestamp::from_millisecond(at).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// What the sweeps after `done` up to `sweep` ask after, the newest first; no lead stands in two of the windows.
    pub(super) fn windows(&self, done: i64, sweep: i64) -> Vec<Window> {
        let mut windows: Vec<Window> = Vec::new();
        let mut age = 1;
        while let Some(stride) = self.stride(age) {
            let span = sweep - age;
            // Due in one of the sweeps since then: their number has passed a multiple of the stride, counted from the span.
            if (sweep - span).div_euclid(stride) > (done - span).max(0).div_euclid(stride) {
                let (from, until) = (self.due_at(span), self.due_at(span + 1));
                match windows.last_mut().filter(|last| last.0 == until) {
                    Some(last) => last.0 = from,
                    None => windows.push((from, until)),
                }
            }
            age += 1;
        }
        windows
    }

    /// Leads received so many spans ago are asked after in every so manieth sweep; `None` when they are too old.
    fn stride(&self, age: i64) -> Option<i64> {
        let passed = age.checked_mul(self.span_ms)?;
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let mut stages = STAGES.iter().enumerate();
        // With spans longer than a day, the first is asked after nevertheless.
        let (_, stage) = stages
            .find(|(place, stage)| passed <= millis(stage.until) || (*place == 0 && age == 1))?;
        Some((millis(stage.every) / self.span_ms).max(1))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const QUARTER: Duration = Duration::from_secs(900);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).expect("an instant")
    }

    /// The sweeps, among those after each other with these numbers, that ask after a lead received at this instant.
    fn sweeps(schedule: Schedule, received: Timestamp, numbers: std::ops::Range<i64>) -> Vec<i64> {
        numbers
            .filter(|number| {
                let windows = schedule.windows(number - 1, *number);
                windows
                    .iter()
                    .any(|(from, until)| (*from..*until).contains(&received))
            })
            .collect()
    }

    #[test]
    fn an_order_is_asked_after_every_quarter_of_an_hour_then_every_four_hours_then_daily_then_never()
     {
        let schedule = Schedule::new(QUARTER);
        let received = at(1_800_000_000_123);
        let first = schedule.latest(received) + 1;
        let asked = sweeps(schedule, received, first - 50..first + 4_000);
        let ages: Vec<i64> = asked.iter().map(|sweep| sweep - first + 1).collect();
        let day = 96;
        let quarters: Vec<i64> = ages.iter().copied().filter(|age| *age <= day).collect();
        assert_eq!(quarters, (1..=day).collect::<Vec<_>>());
        let week: Vec<i64> = ages
            .iter()
            .copied()
            .filter(|age| *age > day && *age <= 7 * day)
            .collect();
        assert_eq!(week.len(), 36);
        assert!(week.windows(2).all(|pair| pair[1] - pair[0] == 16));
        let month: Vec<i64> = ages.iter().copied().filter(|age| *age > 7 * day).collect();
        assert_eq!(month.len(), 23);
        assert!(month.windows(2).all(|pair| pair[1] - pair[0] == day));
        assert_eq!(ages.last(), Some(&(30 * day)));
    }

    proptest! {
        #[test]
        fn a_young_order_is_asked_after_in_every_sweep_and_none_before_its_lead_came(
            every in 60_u64..7_200, received in 0_i64..4_000_000_000_000, later in 1_i64..12
        ) {
            let schedule = Schedule::new(Duration::from_secs(every));
            let first = schedule.latest(at(received)) + 1;
            prop_assert!(schedule.due_at(first) > at(received));
            let asked = sweeps(schedule, at(received), first - 3..first + later);
            prop_assert_eq!(asked, (first..first + later).collect::<Vec<_>>());
        }

        #[test]
        fn windows_are_apart_newest_first_and_not_older_than_thirty_days(
            every in 60_i64..400_000, at in 1_800_000_000_i64..1_900_000_000, passed in 1_i64..300
        ) {
            let schedule = Schedule::new(Duration::from_secs(every.unsigned_abs()));
            let done = at / every;
            let sweep = done + passed;
            let windows = schedule.windows(done, sweep);
            prop_assert_eq!(windows[0].1, schedule.due_at(sweep));
            for (from, until) in &windows {
                prop_assert!(from < until);
                let age = schedule.due_at(sweep).duration_since(*from);
                prop_assert!(age <= SignedDuration::from_hours(30 * 24).max(SignedDuration::from_secs(every)));
            }
            for pair in windows.windows(2) {
                prop_assert!(pair[1].1 < pair[0].0);
            }
        }

        #[test]
        fn sweeps_that_were_missed_are_made_up_for_in_one(
            every in 300_u64..3_600, done in 2_000_000_i64..2_000_100, passed in 1_i64..40, age in 1_i64..3_000
        ) {
            let schedule = Schedule::new(Duration::from_secs(every));
            let last = done + passed;
            let received = schedule.due_at(last - age);
            let singly = sweeps(schedule, received, done + 1..last + 1);
            let at_once = schedule.windows(done, last);
            let is_asked = at_once.iter().any(|(from, until)| (*from..*until).contains(&received));
            // A lead that passed into a slower stage meanwhile may be left out, or be asked after once more: its spans are counted by the new
            // stage then. Any other is asked after if and only if one of the missed sweeps would have.
            if schedule.stride(age) == schedule.stride((age - passed).max(1)) {
                prop_assert_eq!(is_asked, !singly.is_empty());
            }
            if age * i64::try_from(every).expect("small") <= 86_400 {
                prop_assert!(is_asked);
            }
        }
    }

    #[test]
    fn a_sweep_has_about_as_much_to_do_as_any_other() {
        let schedule = Schedule::new(QUARTER);
        let spans = |sweep: i64| -> i64 {
            let windows = schedule.windows(sweep - 1, sweep);
            windows
                .iter()
                .map(|(from, until)| until.duration_since(*from).as_secs() / 900)
                .sum()
        };
        for sweep in 2_000_000..2_000_200 {
            assert_eq!(spans(sweep), 96 + 36 + 23);
        }
    }
}
