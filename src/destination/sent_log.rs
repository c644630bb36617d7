//! A sliding log of send times, and whose turn it is to send: the pure part of the pace.
//!
//! Not a token bucket: one that lets a full second's worth through at once and refills meanwhile sends almost twice the limit in its first second.
//! How the two lanes share the second is decided by [`Shares`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::delivery::{Lane, PerLane, Shares, Turns};

/// One second and a margin: requests travel, and two that left 1000 ms apart may arrive 990 ms apart.
const WINDOW: Duration = Duration::from_millis(1020);

/// When requests were sent, the oldest first; those that left the window are forgotten.
pub(super) struct SentLog {
    sent: VecDeque<(Instant, Lane)>,
    turns: Turns,
}

/// The answer to who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Send now; it is noted.
    Now,
    /// The next request is the other lane's, which waits too.
    OtherFirst,
    /// Not before this instant; ask again then.
    NotBefore(Instant),
}

impl SentLog {
    /// A log whose second is used up at `now`.
    pub(super) fn full(limit: u32, now: Instant) -> Self {
        Self {
            sent: std::iter::repeat_n((now, Lane::Fresh), limit as usize).collect(),
            turns: Turns::default(),
        }
    }

    /// May this lane send one request now? `wants` says which lanes wait for a request, this one among them; `limit` is requests in any one second.
    pub(super) fn ask(
        &mut self,
        lane: Lane,
        wants: PerLane<bool>,
        limit: u32,
        now: Instant,
    ) -> Turn {
        while self.sent.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            self.sent.pop_front();
        }
        let mut held = PerLane::<usize>::default();
        for (_, lane) in &self.sent {
            *held.of_mut(*lane) += 1;
        }
        match self.turns.next(Shares::new(limit as usize), held, wants) {
            Some(next) if next == lane => {
                self.sent.push_back((now, lane));
                self.turns.took(lane, wants.backlog);
                Turn::Now
            }
            Some(_) => Turn::OtherFirst,
            None => Turn::NotBefore(self.sent.front().map_or(now, |(at, _)| *at + WINDOW)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Clock;

    /// One request as it went: which lane's, when it was wanted, when it was sent.
    #[derive(Clone, Copy, Debug)]
    struct Sent {
        lane: Lane,
        wanted: Instant,
        at: Instant,
    }

    /// Lets requests through one log, each lane in its order, each as soon as the log says so. `wishes` are a lane and the milliseconds since the wish
    /// before.
    fn run(limit: u32, wishes: &[(bool, u64)]) -> Vec<Sent> {
        let start = Clock::system().monotonic();
        let mut log = SentLog::full(limit, start);
        let mut queues: PerLane<VecDeque<Instant>> = PerLane::default();
        let mut at = start;
        for (is_fresh, gap) in wishes {
            at += Duration::from_millis(*gap);
            let lane = if *is_fresh {
                Lane::Fresh
            } else {
                Lane::Backlog
            };
            queues.of_mut(lane).push_back(at);
        }
        let (mut now, mut sent) = (start, Vec::new());
        while sent.len() < wishes.len() {
            let waits =
                |queue: &VecDeque<Instant>| queue.front().is_some_and(|wanted| *wanted <= now);
            let wants = PerLane {
                fresh: waits(&queues.fresh),
                backlog: waits(&queues.backlog),
            };
            let (mut next, mut progress) = (Vec::new(), false);
            for lane in [Lane::Backlog, Lane::Fresh] {
                if !wants.of(lane) {
                    next.extend(queues.of_mut(lane).front().copied());
                    continue;
                }
                match log.ask(lane, wants, limit, now) {
                    Turn::Now => {
                        let wanted = queues.of_mut(lane).pop_front().expect("it waits");
                        sent.push(Sent {
                            lane,
                            wanted,
                            at: now,
                        });
                        progress = true;
                        break;
                    }
                    Turn::OtherFirst => {}
                    Turn::NotBefore(at) => next.push(at),
                }
            }
            if !progress {
                now = *next.iter().min().expect("somebody can go some time");
            }
        }
        sent
    }

    fn wishes() -> impl Strategy<Value = Vec<(bool, u64)>> {
        prop::collection::vec((any::<bool>(), 0_u64..300), 1..200)
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_limit(limit in 1_u32..20, wishes in wishes()) {
            let sent = run(limit, &wishes);
            for window in sent.windows(limit as usize + 1) {
                let (first, last) = (window[0].at, window[limit as usize].at);
                prop_assert!(last - first > Duration::from_secs(1));
            }
        }

        #[test]
        fn a_third_of_every_second_is_never_the_backlogs(limit in 2_u32..20, wishes in wishes()) {
            let most = Shares::new(limit as usize).most(Lane::Backlog);
            let sent = run(limit, &wishes);
            let backlog: Vec<_> = sent.iter().filter(|sent| sent.lane == Lane::Backlog).collect();
            for window in backlog.windows(most + 1) {
                prop_assert!(window[most].at - window[0].at > Duration::from_secs(1));
            }
        }

        #[test]
        fn a_fresh_request_waits_only_while_the_second_is_full_or_once_for_the_backlog(
            limit in 1_u32..20, wishes in wishes()
        ) {
            let sent = run(limit, &wishes);
            let full_at_start = sent.len().min(limit as usize);
            for (place, each) in sent.iter().enumerate().skip(full_at_start) {
                if each.lane == Lane::Backlog || each.at == each.wanted {
                    continue;
                }
                // Until then either the window was full or the place before it went to somebody.
                let since = sent[place - limit as usize].at + WINDOW;
                let before = sent[place - 1].at;
                prop_assert!(each.at == since.max(each.wanted) || each.at == before, "{:?}", each);
            }
        }

        #[test]
        fn neither_lane_starves(limit in 1_u32..20, wishes in wishes()) {
            let sent = run(limit, &wishes);
            let mut passed_over = 0;
            for (place, each) in sent.iter().enumerate() {
                let later = sent.iter().skip(place + 1);
                let backlog_waits = each.lane == Lane::Fresh && later.clone()
                    .any(|later| later.lane == Lane::Backlog && later.wanted <= each.at);
                passed_over = if backlog_waits { passed_over + 1 } else { 0 };
                let fresh_waits = each.lane == Lane::Backlog && later
                    .take(1).any(|next| next.lane == Lane::Backlog && sent.iter().skip(place + 1)
                        .any(|later| later.lane == Lane::Fresh && later.wanted <= each.at));
                prop_assert!(!fresh_waits, "two of the backlog in a row while a fresh one waits");
                // Four by turns, and as many as fit while the backlog has all that it may have in this second.
                prop_assert!(passed_over <= 4 + limit as usize);
            }
        }
    }
}
