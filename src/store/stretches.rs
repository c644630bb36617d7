//! Where the list need not look for settled leads: stretches of ids in which every lead is open.
//!
//! After an outage 100 000 leads may wait above the newest delivered one; whoever asks for delivered ones must not read past all of them. Kept
//! beside the outbox, which hears of every lead; a stretch may be shorter than it could be, never longer.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::lead::LeadId;
use crate::store::index::IdRange;

/// Stretches that do not touch each other.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    /// The last lead of each by its first: nothing between them is settled.
    ends: BTreeMap<LeadId, LeadId>,
    /// The newest lead heard of.
    newest: Option<LeadId>,
}

impl Stretches {
    /// This lead is there, and is open or settled.
    pub(super) fn note(&mut self, lead: LeadId, is_open: bool) {
        let before = self.newest;
        self.newest = before.max(Some(lead));
        let is_newest = before.is_none_or(|before| before < lead);
        match (is_newest, is_open) {
            (true, true) => match self.ends.last_entry() {
                // Only when nothing else was heard of since.
                Some(mut last) if Some(*last.get()) == before => *last.get_mut() = lead,
                _ => drop(self.ends.insert(lead, lead)),
            },
            (true, false) | (false, true) => {}
            (false, false) => self.cut_at(lead),
        }
    }

    /// What follows is not all that there is: leads were passed over. Those are older than the last that is told of.
    pub(super) fn pass_over(&mut self) {
        // No lead has this id, so the next one does not follow on the last stretch.
        self.newest = self.newest.map(LeadId::next);
    }

    fn cut_at(&mut self, lead: LeadId) {
        let Some((first, last)) = self.around(lead) else {
            return;
        };
        self.ends.remove(&first);
        if first < lead {
            self.ends.insert(first, lead.previous());
        }
        if lead < last {
            self.ends.insert(lead.next(), last);
        }
    }

    /// The stretch in which an id is.
    fn around(&self, id: LeadId) -> Option<(LeadId, LeadId)> {
        let (first, last) = self.ends.range(..=id).next_back()?;
        (*last >= id).then_some((*first, *last))
    }

    /// The highest part of a range of ids in which there may be settled leads. What of the range is above it has none.
    pub(super) fn between(&self, (low, high): IdRange) -> Option<IdRange> {
        let mut high = high;
        while low < high
            && let Some((first, _)) = self.around(high.previous())
        {
            high = first;
        }
        let below = (Bound::Unbounded, Bound::Excluded(high));
        let next = self.ends.range(below).next_back();
        let low = next.map_or(low, |(_, last)| low.max(last.next()));
        (low < high).then_some((low, high))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(n: u32) -> LeadId {
        LeadId::from_bytes(u128::from(n).to_be_bytes())
    }

    /// All ids of a range that the stretches do not take out.
    fn left(stretches: &Stretches, low: u32, high: u32) -> Vec<LeadId> {
        let mut left = Vec::new();
        let mut high = id(high);
        while let Some((from, to)) = stretches.between((id(low), high)) {
            assert!(from < to && to <= high && from >= id(low));
            let range = (0..300).map(id).filter(|id| (from..to).contains(id));
            left.extend(range.rev());
            high = from;
        }
        left
    }

    #[test]
    fn the_leads_of_an_outage_are_one_stretch_whatever_lies_below() {
        let mut stretches = Stretches::default();
        (0..50).for_each(|n| stretches.note(id(n), false));
        (50..250).for_each(|n| stretches.note(id(n), true));
        assert_eq!(
            stretches.between((id(0), id(300))),
            Some((id(250), id(300)))
        );
        assert_eq!(stretches.between((id(0), id(250))), Some((id(0), id(50))));
        stretches.note(id(100), false);
        assert_eq!(
            stretches.between((id(0), id(250))),
            Some((id(100), id(101)))
        );
        assert_eq!(stretches.between((id(0), id(100))), Some((id(0), id(50))));
    }

    proptest! {
        #[test]
        fn no_settled_lead_is_ever_in_a_stretch_and_every_id_outside_is_looked_at_once(
            told in proptest::collection::vec((0_u32..300, prop::option::weighted(0.9, any::<bool>())), 0..200),
            (low, high) in (0_u32..300, 0_u32..300),
        ) {
            let mut stretches = Stretches::default();
            let mut model = BTreeMap::new();
            let mut newest = 0;
            for (n, is_open) in told {
                match is_open {
                    Some(is_open) => {
                        stretches.note(id(n), is_open);
                        model.insert(id(n), is_open);
                        newest = newest.max(n);
                    }
                    // Leads that were not told of are settled, and so is the newest.
                    None => {
                        stretches.pass_over();
                        stretches.note(id(newest + 3), false);
                        model.extend((newest + 1..=newest + 3).map(|n| (id(n), false)));
                        newest += 3;
                    }
                }
            }
            let left = left(&stretches, low, high);
            prop_assert!(left.is_sorted_by(|a, b| a > b));
            for (lead, is_open) in model.range(id(low)..id(high.max(low))) {
                prop_assert!(*is_open || left.contains(lead), "{lead:?}");
            }
        }
    }
}
