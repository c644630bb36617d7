//! Two lanes lead to a destination, and share what there is little of: requests in a second, attempts under way. Pure decisions.
//!
//! A lead is worth most in its first minutes (facts/durability-and-delivery.md, 5.4), so the fresh lane goes first and a part of everything is kept
//! free for it. What waits from an outage must go too: whatever the fresh lane brings, every fifth place that both want is the backlog's.

/// The way a delivery takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A lead that has just come, at its first attempt: goes first, alone.
    Fresh,
    /// What waited for an outage to end or for a start, and every retry: the oldest first, together with others.
    Backlog,
}

/// One thing for each lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerLane<T> {
    /// The fresh lane's.
    pub fresh: T,
    /// The backlog's.
    pub backlog: T,
}

impl<T> PerLane<T> {
    /// The one of this lane.
    pub fn of_mut(&mut self, lane: Lane) -> &mut T {
        match lane {
            Lane::Fresh => &mut self.fresh,
            Lane::Backlog => &mut self.backlog,
        }
    }
}

impl<T: Copy> PerLane<T> {
    /// The one of this lane.
    pub fn of(&self, lane: Lane) -> T {
        match lane {
            Lane::Fresh => self.fresh,
            Lane::Backlog => self.backlog,
        }
    }
}

/// So many places in a row may go to the fresh lane while the backlog waits for one.
const FRESH_IN_A_ROW: usize = 4;

/// Of so many places one is kept for the fresh lane.
const ONE_KEPT_OF: usize = 3;

/// How the two lanes share a number of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    places: usize,
}

impl Shares {
    /// So many places, at least one.
    pub fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
        }
    }

    /// The most places that a lane may hold, the other holding none.
    pub fn most(self, lane: Lane) -> usize {
        let kept = match self.places {
            1 => 0,
            places => (places / ONE_KEPT_OF).max(1),
        };
        match lane {
            Lane::Fresh => self.places,
            Lane::Backlog => self.places - kept,
        }
    }

    /// Which lane gets the next place, if one is free for a lane that wants it. `fresh_in_a_row` counts the places that went to the fresh lane since
    /// the backlog had its last one or stopped waiting.
    pub fn next(
        self,
        held: PerLane<usize>,
        wants: PerLane<bool>,
        fresh_in_a_row: usize,
    ) -> Option<Lane> {
        if held.fresh + held.backlog >= self.places {
            return None;
        }
        let backlog = wants.backlog && held.backlog < self.most(Lane::Backlog);
        if wants.fresh && !(backlog && fresh_in_a_row >= FRESH_IN_A_ROW) {
            return Some(Lane::Fresh);
        }
        backlog.then_some(Lane::Backlog)
    }
}

/// [`Shares`] with the memory of whose turn it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    fresh_in_a_row: usize,
}

impl Turns {
    /// Which lane gets the next place; see [`Shares::next`].
    pub fn next(self, shares: Shares, held: PerLane<usize>, wants: PerLane<bool>) -> Option<Lane> {
        shares.next(held, wants, self.fresh_in_a_row)
    }

    /// A lane took a place; `backlog_waits` says whether the backlog wanted one too.
    pub fn took(&mut self, lane: Lane, backlog_waits: bool) {
        self.fresh_in_a_row = match lane {
            Lane::Fresh if backlog_waits => self.fresh_in_a_row + 1,
            Lane::Fresh | Lane::Backlog => 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens at one step: who wants a place, and which of the holders gives one back.
    type Step = ((bool, bool), (bool, bool));

    /// Lets the steps happen and returns, for each, what was wanted, held before, and given.
    fn run(places: usize, steps: &[Step]) -> Vec<(PerLane<bool>, PerLane<usize>, Option<Lane>)> {
        let (shares, mut turns) = (Shares::new(places), Turns::default());
        let mut held = PerLane::<usize>::default();
        let mut seen = Vec::new();
        for ((fresh, backlog), (fresh_ends, backlog_ends)) in steps {
            held.fresh = held.fresh.saturating_sub(usize::from(*fresh_ends));
            held.backlog = held.backlog.saturating_sub(usize::from(*backlog_ends));
            let wants = PerLane {
                fresh: *fresh,
                backlog: *backlog,
            };
            let given = turns.next(shares, held, wants);
            seen.push((wants, held, given));
            if let Some(lane) = given {
                *held.of_mut(lane) += 1;
                turns.took(lane, wants.backlog);
            }
        }
        seen
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let pair = || (any::<bool>(), any::<bool>());
        prop::collection::vec((pair(), pair()), 1..300)
    }

    proptest! {
        #[test]
        fn no_more_places_are_held_than_there_are(places in 1_usize..20, steps in steps()) {
            for (_, held, given) in run(places, &steps) {
                let now = held.fresh + held.backlog + usize::from(given.is_some());
                prop_assert!(now <= places);
            }
        }

        #[test]
        fn a_part_stays_free_for_the_fresh_lane(places in 2_usize..20, steps in steps()) {
            for (_, held, given) in run(places, &steps) {
                let backlog = held.backlog + usize::from(given == Some(Lane::Backlog));
                prop_assert!(backlog < places, "the backlog holds {} of {}", backlog, places);
            }
        }

        #[test]
        fn only_a_lane_that_wants_a_place_gets_one_and_none_stays_empty_that_fresh_leads_want(
            places in 1_usize..20, steps in steps()
        ) {
            for (wants, held, given) in run(places, &steps) {
                if let Some(lane) = given {
                    prop_assert!(wants.of(lane));
                }
                if wants.fresh && held.fresh + held.backlog < places {
                    prop_assert!(given.is_some());
                }
            }
        }

        #[test]
        fn the_backlog_is_passed_over_four_times_at_most(places in 1_usize..20, steps in steps()) {
            let shares = Shares::new(places);
            let mut passed_over = 0;
            for (wants, held, given) in run(places, &steps) {
                match given {
                    Some(Lane::Fresh) if wants.backlog => passed_over += 1,
                    Some(_) => passed_over = 0,
                    None => {}
                }
                let could = held.backlog < shares.most(Lane::Backlog);
                prop_assert!(passed_over <= FRESH_IN_A_ROW || !could);
            }
        }
    }

    #[test]
    fn a_third_is_kept_for_fresh_leads_and_at_least_one_of_two() {
        let most = |places| Shares::new(places).most(Lane::Backlog);
        assert_eq!([1, 2, 3, 9, 10, 16].map(most), [1, 1, 2, 6, 7, 11]);
    }
}
