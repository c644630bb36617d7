//! A sliding log of send times, and whose turn it is to send: the pure part of the pace.
//!
//! Not a token bucket: one that lets a full second's worth through at once and refills meanwhile sends almost twice the limit in its first second.
//! How the two lanes share the second is decided by [`Shares`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::delivery::{Lane, PerLane, Shares, Turns};

/// One second, and a margin for a CRM whose clock is coarse.
const WINDOW: Duration = Duration::from_millis(1010);

/// Requests travel, the first one on a connection for longest, and what counts is when they arrive: at the latest when they are answered, and we take
/// it that none is under way for longer than this.
const TRAVEL: Duration = Duration::from_millis(200);

/// When requests arrived at the latest, in the order in which they were sent; those that left the window are forgotten.
pub(super) struct SentLog {
    sent: VecDeque<Sent>,
    turns: Turns,
    count: u64,
}

struct Sent {
    number: u64,
    arrived_by: Instant,
    lane: Lane,
}

/// The answer to who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Send now; it is noted under this number.
    Now(u64),
    /// The next request is the other lane's, which waits too.
    OtherFirst,
    /// Not before this instant; ask again then.
    NotBefore(Instant),
}

impl SentLog {
    /// A log whose second is used up at `now`.
    pub(super) fn full(limit: u32, now: Instant) -> Self {
        let spent = |_| Sent {
            number: 0,
            arrived_by: now,
            lane: Lane::Fresh,
        };
        Self {
            sent: (0..limit).map(spent).collect(),
            turns: Turns::default(),
            count: 0,
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
        // Not in the order of the log: one that is answered late leaves late.
        self.sent.retain(|sent| sent.arrived_by + WINDOW > now);
        let mut held = PerLane::<usize>::default();
        for sent in &self.sent {
            *held.of_mut(sent.lane) += 1;
        }
        match self.turns.next(Shares::new(limit as usize), held, wants) {
            Some(next) if next == lane => {
                self.count += 1;
                self.sent.push_back(Sent {
                    number: self.count,
                    arrived_by: now + TRAVEL,
                    lane,
                });
                self.turns.took(lane, wants.backlog);
                Turn::Now(self.count)
            }
            Some(_) => Turn::OtherFirst,
            None => {
                let first = self.sent.iter().map(|sent| sent.arrived_by).min();
                Turn::NotBefore(first.map_or(now, |arrived_by| arrived_by + WINDOW))
            }
        }
    }

    /// The request of this number has been answered, so it has arrived.
    pub(super) fn answered(&mut self, number: u64, now: Instant) {
        let mut sent = self.sent.iter_mut();
        if let Some(sent) = sent.find(|sent| sent.number == number) {
            sent.arrived_by = sent.arrived_by.min(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Clock;

    /// One request as it went: which lane's, when it was wanted, when it was sent, when it arrived.
    #[derive(Clone, Copy, Debug)]
    struct Went {
        lane: Lane,
        wanted: Instant,
        at: Instant,
        arrived: Instant,
    }

    /// A wish: whether it is a fresh one, the milliseconds since the wish before, and those that the request travels and is answered in.
    type Wish = (bool, u64, u64);

    /// Lets requests through one log, each lane in its order, each as soon as the log says so.
    fn run(limit: u32, wishes: &[Wish]) -> Vec<Went> {
        let start = Clock::system().monotonic();
        let mut log = SentLog::full(limit, start);
        let mut queues: PerLane<VecDeque<(Instant, u64)>> = PerLane::default();
        let mut at = start;
        for (is_fresh, gap, travel) in wishes {
            at += Duration::from_millis(*gap);
            let lane = if *is_fresh {
                Lane::Fresh
            } else {
                Lane::Backlog
            };
            queues.of_mut(lane).push_back((at, *travel));
        }
        let (mut now, mut went, mut under_way) = (start, Vec::new(), Vec::new());
        while went.len() < wishes.len() {
            under_way.retain(|(number, answered)| {
                if *answered <= now {
                    log.answered(*number, *answered);
                }
                *answered > now
            });
            let wants = PerLane {
                fresh: queues.fresh.front().is_some_and(|(at, _)| *at <= now),
                backlog: queues.backlog.front().is_some_and(|(at, _)| *at <= now),
            };
            let mut next: Vec<Instant> = under_way.iter().map(|(_, answered)| *answered).collect();
            for queue in [&queues.fresh, &queues.backlog] {
                next.extend(queue.front().map(|(at, _)| *at).filter(|at| *at > now));
            }
            let mut progress = false;
            for lane in [Lane::Backlog, Lane::Fresh] {
                if !wants.of(lane) || progress {
                    continue;
                }
                match log.ask(lane, wants, limit, now) {
                    Turn::Now(number) => {
                        let (wanted, travel) = queues.of_mut(lane).pop_front().expect("it waits");
                        let arrived = now + Duration::from_millis(travel);
                        under_way.push((number, arrived));
                        went.push(Went {
                            lane,
                            wanted,
                            at: now,
                            arrived,
                        });
                        progress = true;
                    }
                    Turn::OtherFirst => {}
                    Turn::NotBefore(at) => next.push(at),
                }
            }
            if !progress {
                now = *next.iter().min().expect("somebody can go some time");
            }
        }
        went
    }

    fn wishes() -> impl Strategy<Value = Vec<Wish>> {
        prop::collection::vec((any::<bool>(), 0_u64..300, 0_u64..200), 1..200)
    }

    /// No second holds more than so many of these arrivals.
    fn fits(mut arrivals: Vec<Instant>, most: usize) -> bool {
        arrivals.sort_unstable();
        arrivals
            .windows(most + 1)
            .all(|window| window[most] - window[0] > Duration::from_secs(1))
    }

    proptest! {
        #[test]
        fn no_second_at_the_crm_holds_more_than_the_limit_however_long_requests_travel(
            limit in 1_u32..20, wishes in wishes()
        ) {
            let went = run(limit, &wishes);
            prop_assert!(fits(went.iter().map(|went| went.arrived).collect(), limit as usize));
        }

        #[test]
        fn a_third_of_every_second_is_never_the_backlogs(limit in 2_u32..20, wishes in wishes()) {
            let most = Shares::new(limit as usize).most(Lane::Backlog);
            let went = run(limit, &wishes);
            let backlog = went.iter().filter(|went| went.lane == Lane::Backlog);
            prop_assert!(fits(backlog.map(|went| went.arrived).collect(), most));
        }

        #[test]
        fn a_fresh_request_waits_only_while_the_second_is_full_or_once_for_the_backlog(
            limit in 1_u32..20, wishes in wishes()
        ) {
            let went = run(limit, &wishes);
            for (place, each) in went.iter().enumerate().skip(limit as usize) {
                if each.lane == Lane::Backlog || each.at == each.wanted {
                    continue;
                }
                // Until then the window was full, or the place before it went to somebody.
                let a_moment_before = each.at - Duration::from_nanos(1);
                let earlier = went[..place].iter();
                let in_window = earlier.filter(|earlier| earlier.arrived + WINDOW > a_moment_before).count();
                prop_assert!(in_window >= limit as usize || went[place - 1].at == each.at, "{:?}", each);
            }
        }

        #[test]
        fn neither_lane_starves(limit in 1_u32..20, wishes in wishes()) {
            let went = run(limit, &wishes);
            let waits = |place: usize, lane: Lane| {
                let now = went[place].at;
                went[place + 1..].iter().any(|later| later.lane == lane && later.wanted <= now)
            };
            let (mut passed_over, mut was_backlog) = (0, false);
            for (place, each) in went.iter().enumerate() {
                let is_fresh = each.lane == Lane::Fresh;
                passed_over = if is_fresh && waits(place, Lane::Backlog) { passed_over + 1 } else { 0 };
                // Four by turns, and as many as fit while the backlog has all that it may have in this second.
                prop_assert!(passed_over <= 4 + limit as usize);
                let overtaken = !is_fresh && was_backlog && waits(place - 1, Lane::Fresh);
                prop_assert!(!overtaken, "two of the backlog in a row while a fresh one waits");
                was_backlog = !is_fresh;
            }
        }
    }
}
