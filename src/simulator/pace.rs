//! Requests per second, on two counts: the account's limit (503 above it) and the largest number that ever came
//! within one second, which tells a test whether a client kept its promised pace.

use std::collections::VecDeque;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(1);

/// A sliding second of instants, given as time since the start of the simulator.
#[derive(Debug, Default)]
pub(super) struct Pace {
    admitted: VecDeque<Duration>,
    arrived: VecDeque<Duration>,
    peak: usize,
}

impl Pace {
    /// Counts an arrival, refused or not.
    pub(super) fn arrive(&mut self, at: Duration) {
        forget(&mut self.arrived, at);
        self.arrived.push_back(at);
        self.peak = self.peak.max(self.arrived.len());
    }

    /// Whether one more request is within the limit; it counts only when it is. 0 means no limit.
    pub(super) fn admit(&mut self, at: Duration, per_second: u32) -> bool {
        if per_second == 0 {
            return true;
        }
        forget(&mut self.admitted, at);
        let room = self.admitted.len() < per_second as usize;
        if room {
            self.admitted.push_back(at);
        }
        room
    }

    /// The most arrivals within any one second so far.
    pub(super) fn peak(&self) -> usize {
        self.peak
    }
}

fn forget(instants: &mut VecDeque<Duration>, now: Duration) {
    while instants
        .front()
        .is_some_and(|oldest| now.saturating_sub(*oldest) >= WINDOW)
    {
        instants.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::{prop_assert, proptest};

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_eleventh_request_within_a_second_is_refused_and_the_window_slides() {
        let mut pace = Pace::default();
        assert!((0..10).all(|n| pace.admit(ms(n * 50), 10)));
        assert!(!pace.admit(ms(999), 10));
        assert!(
            pace.admit(ms(1000), 10),
            "the first one has left the window"
        );
        assert!(!pace.admit(ms(1049), 10));
    }

    proptest! {
        #[test]
        fn no_second_ever_holds_more_than_the_limit(steps in vec(0u64..400, 1..200), limit in 1u32..12) {
            let mut pace = Pace::default();
            let mut at = 0;
            let mut admitted: Vec<u64> = Vec::new();
            for step in steps {
                at += step;
                if pace.admit(ms(at), limit) {
                    admitted.push(at);
                }
                let within = admitted.iter().filter(|earlier| at - **earlier < 1000).count();
                prop_assert!(within <= limit as usize);
            }
        }
    }

    #[test]
    fn the_peak_is_of_any_second_and_not_of_a_clock_second() {
        let mut pace = Pace::default();
        for at in [900, 950, 1050, 1100, 1899, 3000] {
            pace.arrive(ms(at));
        }
        assert_eq!(pace.peak(), 5);
    }
}
