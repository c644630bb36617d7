//! What a worker starts next: pure decisions. Which lane, how many together, and how much at once after a pause.
//!
//! A fresh lead goes first and by itself; together with others only when more have come at once than there are places for. The backlog goes in batches, within a window that begins small when a pause ends and doubles with every
//! batch that went well: a CRM that has just come back is not met by everything that waits (Postfix calls it slow start).

use crate::delivery::{Lane, PerLane, Shares, Turns};

/// So many batches are under way at once: at 0.8 s per answer, enough uploads for the backlog's part of ten requests a second. More would only mean
/// more leads to look up after a crash.
const MOST_BATCHES: usize = 6;

/// The window after a pause. Not one: a lead that hangs would keep all others waiting.
const FIRST_WINDOW: usize = 2;

/// What a destination permits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Attempts under way, a batch being one.
    pub(super) in_flight: usize,
    /// Leads in one batch.
    pub(super) at_once: usize,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnderWay {
    /// Attempts, a batch being one.
    pub(super) attempts: PerLane<usize>,
    /// Leads of the backlog.
    pub(super) backlog_leads: usize,
}

/// What to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Fresh leads.
    Fresh {
        /// So many at most.
        most: usize,
    },
    /// A batch of the backlog.
    Backlog {
        /// With so many leads at most.
        most: usize,
    },
}

/// Whose turn it is, and how far the slow start is.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    turns: Turns,
    window: usize,
}

impl Lanes {
    /// At the beginning of a slow start.
    pub(super) fn new() -> Self {
        Self {
            turns: Turns::default(),
            window: FIRST_WINDOW,
        }
    }

    /// What to start next, if anything may be started of what waits: so many leads at least.
    pub(super) fn next(
        &self,
        limits: Limits,
        under_way: UnderWay,
        waits: PerLane<usize>,
    ) -> Option<Start> {
        let most = limits.at_once.min(self.window).max(1);
        let has_room =
            under_way.backlog_leads == 0 || under_way.backlog_leads + most <= self.window;
        let batches = if limits.at_once > 1 {
            MOST_BATCHES
        } else {
            usize::MAX
        };
        let wants = PerLane {
            fresh: waits.fresh > 0,
            backlog: waits.backlog > 0 && has_room && under_way.attempts.backlog < batches,
        };
        let shares = Shares::new(limits.in_flight);
        match self.turns.next(shares, under_way.attempts, wants)? {
            Lane::Fresh => Some(Start::Fresh {
                most: if waits.fresh > limits.in_flight {
                    limits.at_once
                } else {
                    1
                },
            }),
            Lane::Backlog => Some(Start::Backlog { most }),
        }
    }

    /// Something of a lane was started; `backlog_waits` says whether the backlog waited.
    pub(super) fn started(&mut self, lane: Lane, backlog_waits: bool) {
        self.turns.took(lane, backlog_waits);
    }

    /// A batch went well: the window doubles, up to all batches that may be under way.
    pub(super) fn went_well(&mut self, limits: Limits) {
        let widest = limits.at_once * MOST_BATCHES.max(limits.in_flight / limits.at_once.max(1));
        self.window = (self.window * 2).min(widest.max(FIRST_WINDOW));
    }

    /// The destination was in trouble, or asks for fewer requests: the window halves.
    pub(super) fn went_badly(&mut self) {
        self.window = (self.window / 2).max(FIRST_WINDOW);
    }

    /// A pause has ended.
    pub(super) fn slow_start(&mut self) {
        self.window = FIRST_WINDOW;
    }
}

/// How many leads may go together with one that the schedule has put off so often: what failed together goes in ever smaller batches, until the one
/// that is to blame is by itself.
pub(super) fn most_beside(retries: u32, most: usize) -> usize {
    most.checked_shr(retries).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        in_flight: 16,
        at_once: 50,
    };

    /// What happens at one step of a simulated worker.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        FreshCame,
        FreshEnded,
        BatchEnded { well: bool },
        PauseEnded,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            3 => Just(Event::FreshCame),
            3 => Just(Event::FreshEnded),
            5 => Just(Event::BatchEnded { well: true }),
            1 => Just(Event::BatchEnded { well: false }),
            1 => Just(Event::PauseEnded),
        ]
    }

    /// A worker with an endless backlog.
    struct Worker {
        lanes: Lanes,
        fresh: usize,
        fresh_under_way: usize,
        batches: Vec<usize>,
    }

    impl Worker {
        fn new() -> Self {
            Self {
                lanes: Lanes::new(),
                fresh: 0,
                fresh_under_way: 0,
                batches: Vec::new(),
            }
        }

        fn under_way(&self) -> UnderWay {
            UnderWay {
                attempts: PerLane {
                    fresh: self.fresh_under_way,
                    backlog: self.batches.len(),
                },
                backlog_leads: self.batches.iter().sum(),
            }
        }

        fn meet(&mut self, event: Event) {
            match event {
                Event::FreshCame => self.fresh += 1,
                Event::FreshEnded => {
                    self.fresh_under_way = self.fresh_under_way.saturating_sub(1);
                }
                Event::BatchEnded { well } => {
                    if !self.batches.is_empty() {
                        self.batches.remove(0);
                        if well {
                            self.lanes.went_well(LIMITS);
                        } else {
                            self.lanes.went_badly();
                        }
                    }
                }
                Event::PauseEnded => self.lanes.slow_start(),
            }
        }

        /// Starts all that may be started; in order.
        fn start(&mut self) -> Vec<Start> {
            let mut started = Vec::new();
            loop {
                let waits = PerLane {
                    fresh: self.fresh,
                    backlog: 1,
                };
                let Some(next) = self.lanes.next(LIMITS, self.under_way(), waits) else {
                    return started;
                };
                match next {
                    Start::Fresh { most } => {
                        self.fresh -= most.min(self.fresh);
                        self.fresh_under_way += 1;
                        self.lanes.started(Lane::Fresh, true);
                    }
                    Start::Backlog { most } => {
                        self.batches.push(most);
                        self.lanes.started(Lane::Backlog, true);
                    }
                }
                started.push(next);
            }
        }
    }

    proptest! {
        #[test]
        fn no_lane_starves_and_nothing_is_exceeded(events in prop::collection::vec(event(), 1..300)) {
            let mut worker = Worker::new();
            for event in events {
                worker.meet(event);
                let started = worker.start();
                let under_way = worker.under_way().attempts;
                prop_assert!(under_way.fresh + under_way.backlog <= LIMITS.in_flight);
                prop_assert!(under_way.backlog <= MOST_BATCHES);
                prop_assert!(worker.batches.iter().all(|batch| (1..=LIMITS.at_once).contains(batch)));
                prop_assert!(!worker.batches.is_empty() || under_way.fresh == LIMITS.in_flight);
                // A fresh lead waits only while all places are taken.
                prop_assert!(worker.fresh == 0 || under_way.fresh + under_way.backlog == LIMITS.in_flight);
                let fresh = started.iter().filter(|start| matches!(start, Start::Fresh { .. })).count();
                prop_assert!(fresh <= LIMITS.in_flight);
            }
        }

        #[test]
        fn after_a_pause_the_window_doubles_at_most_and_the_leads_under_way_fit_it(
            outcomes in prop::collection::vec(any::<bool>(), 1..60)
        ) {
            let mut worker = Worker::new();
            worker.start();
            prop_assert_eq!(worker.under_way().backlog_leads, FIRST_WINDOW);
            for well in outcomes {
                let before = worker.lanes.window;
                let under_way = worker.under_way().backlog_leads;
                worker.meet(Event::BatchEnded { well });
                worker.start();
                let now = worker.under_way().backlog_leads;
                prop_assert!(worker.lanes.window <= before * 2);
                // What was under way when the window became smaller may end in peace.
                prop_assert!(now <= worker.lanes.window.max(under_way));
            }
        }

        #[test]
        fn what_failed_together_is_alone_after_few_retries(retries in 0_u32..100, most in 1_usize..60) {
            let beside = most_beside(retries, most);
            prop_assert!((1..=most).contains(&beside));
            prop_assert!(retries < 6 || beside == 1);
        }
    }

    #[test]
    fn a_backlog_reaches_full_batches_after_five_that_went_well() {
        let mut worker = Worker::new();
        let mut batches = Vec::new();
        for _ in 0..6 {
            batches.push(worker.start());
            worker.batches.clear();
            worker.lanes.went_well(LIMITS);
        }
        let first: Vec<_> = batches.iter().map(|started| started[0]).collect();
        assert_eq!(
            first,
            [2, 4, 8, 16, 32, 50].map(|most| Start::Backlog { most })
        );
    }

    #[test]
    fn fresh_leads_go_alone_until_more_wait_than_there_are_places() {
        let next = |fresh| {
            let waits = PerLane { fresh, backlog: 0 };
            Lanes::new().next(LIMITS, UnderWay::default(), waits)
        };
        assert_eq!(next(16), Some(Start::Fresh { most: 1 }));
        assert_eq!(next(17), Some(Start::Fresh { most: 50 }));
    }

    #[test]
    fn with_one_place_the_lanes_take_turns() {
        let limits = Limits {
            in_flight: 1,
            at_once: 50,
        };
        let (mut lanes, mut turns) = (Lanes::new(), Vec::new());
        let waits = PerLane {
            fresh: 1,
            backlog: 1,
        };
        for _ in 0..10 {
            let lane = match lanes.next(limits, UnderWay::default(), waits) {
                Some(Start::Fresh { .. }) => Lane::Fresh,
                _ => Lane::Backlog,
            };
            lanes.started(lane, true);
            turns.push(lane);
        }
        let backlog = turns.iter().filter(|lane| **lane == Lane::Backlog).count();
        assert_eq!(backlog, 2, "every fifth: {turns:?}");
    }
}
