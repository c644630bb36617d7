//! When the next attempt is, or that there is none: pure arithmetic over the config's list of delays.

use std::time::Duration;

/// The delays between attempts. The last one repeats until their sum passes `give_up_after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    steps: Vec<Duration>,
    give_up_after: Duration,
}

/// Why a list is no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No step.
    #[error("the list is empty; give at least one delay, such as \"10s\"")]
    Empty,
    /// A step of no length: it would hammer the CRM.
    #[error("a delay must be at least 1s")]
    TooShort,
    /// Gives up before the first retry.
    #[error("give_up_after must not be shorter than the first delay")]
    GivesUpAtOnce,
}

/// Retries that failed together are spread over this share of their delay, always later, never earlier.
const SPREAD: f64 = 0.1;

impl RetrySchedule {
    /// A checked schedule.
    pub fn new(steps: Vec<Duration>, give_up_after: Duration) -> Result<Self, ScheduleError> {
        let first = *steps.first().ok_or(ScheduleError::Empty)?;
        if steps.iter().any(|step| *step < Duration::from_secs(1)) {
            return Err(ScheduleError::TooShort);
        }
        if give_up_after < first {
            return Err(ScheduleError::GivesUpAtOnce);
        }
        Ok(Self {
            steps,
            give_up_after,
        })
    }

    /// The delay before the retry after `retries` counted ones, `spent` having been waited in all; `None` when that would pass
    /// `give_up_after`. A hint of the destination can lengthen a step, up to twice itself or a minute, and never beyond what is left. `jitter` is in
    /// `0.0..1.0`.
    pub fn next_delay(
        &self,
        retries: u32,
        spent: Duration,
        hint: Option<Duration>,
        jitter: f64,
    ) -> Option<Duration> {
        let last = self.steps.len().saturating_sub(1);
        let step = *self.steps.get((retries as usize).min(last))?;
        let longest = (step * 2).max(Duration::from_secs(60));
        let base = hint.map_or(step, |hint| hint.clamp(step, longest));
        let delay = base + base.mul_f64(SPREAD * jitter.clamp(0.0, 1.0));
        let left = self.give_up_after.checked_sub(spent)?;
        (step <= left).then_some(delay.min(left))
    }

    /// The longest a lead can be waited for.
    pub fn give_up_after(&self) -> Duration {
        self.give_up_after
    }

    /// The delays as configured.
    pub fn steps(&self) -> &[Duration] {
        &self.steps
    }
}

impl Default for RetrySchedule {
    /// Dense in the first minutes, because a lead is worth most when it is fresh; then hours, for a week.
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        let hours = |n: u64| Duration::from_secs(n * 3600);
        Self {
            steps: vec![
                Duration::from_secs(10),
                Duration::from_secs(30),
                minutes(1),
                minutes(2),
                minutes(5),
                minutes(10),
                minutes(30),
                hours(1),
                hours(2),
                hours(4),
                hours(8),
            ],
            give_up_after: hours(24 * 7),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn schedule() -> impl Strategy<Value = RetrySchedule> {
        let steps = proptest::collection::vec(1_u64..20_000, 1..8);
        (steps, 1_u64..500_000).prop_map(|(steps, horizon)| {
            let steps: Vec<Duration> = steps.into_iter().map(Duration::from_secs).collect();
            let horizon = Duration::from_secs(horizon).max(steps[0]);
            RetrySchedule::new(steps, horizon).expect("a schedule")
        })
    }

    proptest! {
        #[test]
        fn no_retry_is_early_and_their_sum_never_passes_the_horizon(
            schedule in schedule(),
            luck in proptest::collection::vec((0.0..1.0_f64, proptest::option::of(0_u64..100_000)), 1..200),
        ) {
            let mut spent = Duration::ZERO;
            for (retries, (jitter, hint)) in (0_u32..).zip(luck) {
                let hint = hint.map(Duration::from_secs);
                let at = (retries as usize).min(schedule.steps().len() - 1);
                let step = schedule.steps()[at];
                let Some(delay) = schedule.next_delay(retries, spent, hint, jitter) else {
                    prop_assert!(spent + step > schedule.give_up_after(), "given up too soon");
                    break;
                };
                prop_assert!(delay >= step, "early");
                prop_assert!(delay <= (step * 2).max(SECOND * 60).mul_f64(1.0 + SPREAD) + SECOND, "a hint is clamped");
                spent += delay;
                prop_assert!(spent <= schedule.give_up_after(), "past the horizon");
            }
        }
    }
}
