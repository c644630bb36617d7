//! A search: the leads that have all the words that are asked for, newest first, from as few runs as possible.
//!
//! A word is looked for in every run whose filter does not deny it, whatever the other words are: those of one lead may be in several
//! runs, because its order number comes later than its contact.

use std::sync::Arc;

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::index::{IdRange, at};

use super::Runs;
use super::run::Run;

/// What a search finds. Runs are asked, and their filters before them, when they are needed: what many leads have is soon found among the newest.
pub(in crate::store::index) struct Hits {
    words: Vec<Word>,
    low: LeadId,
    /// No lead above this one is looked for; `None` at the end.
    bound: Option<LeadId>,
}

impl Iterator for Hits {
    type Item = Result<LeadId, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.next_hit().transpose()?;
        self.bound = found
            .as_ref()
            .ok()
            .filter(|found| **found > self.low)
            .map(|found| found.previous());
        Some(found)
    }
}

impl Hits {
    /// What these runs have for these words.
    pub(super) fn new(runs: &Runs, beginnings: Vec<String>, (low, high): IdRange) -> Self {
        let in_range = runs
            .iter()
            .filter(|run| run.newest >= low && run.oldest < high);
        let mut in_range: Vec<&Arc<Run>> = in_range.collect();
        in_range.sort_unstable_by_key(|run| run.newest);
        let words = beginnings.into_iter().map(|beginning| Word {
            unasked: in_range.iter().copied().cloned().collect(),
            found: Vec::new(),
            beginning,
        });
        Self {
            words: words.collect(),
            low,
            bound: (low < high).then(|| high.previous()),
        }
    }

    /// How many runs were not asked so far, of all beginnings together.
    #[cfg(test)]
    pub(super) fn unasked_runs(&self) -> usize {
        self.words.iter().map(|word| word.unasked.len()).sum()
    }

    /// The newest lead up to the bound that is found by every word.
    fn next_hit(&mut self) -> Result<Option<LeadId>, StoreError> {
        let Some(mut bound) = self.bound.filter(|_| !self.words.is_empty()) else {
            return Ok(None);
        };
        let mut agreed = 0;
        while agreed < self.words.len() {
            agreed = 0;
            for word in &mut self.words {
                let Some(hit) = word.newest_up_to(bound)? else {
                    return Ok(None);
                };
                if hit < bound {
                    bound = hit;
                    break;
                }
                agreed += 1;
            }
        }
        Ok((bound >= self.low).then_some(bound))
    }
}

/// One beginning on its way through the runs.
struct Word {
    beginning: String,
    /// The runs that were not asked yet; that with the newest leads comes last.
    unasked: Runs,
    /// What was found in the others, ascending.
    found: Vec<LeadId>,
}

impl Word {
    /// The newest lead up to a bound, which never rises from call to call.
    fn newest_up_to(&mut self, bound: LeadId) -> Result<Option<LeadId>, StoreError> {
        loop {
            let kept = self.found.partition_point(|found| *found <= bound);
            self.found.truncate(kept);
            let newest = self.found.last().copied();
            match self.unasked.pop_if(|run| newest <= Some(run.newest)) {
                Some(run) if run.oldest > bound || !run.may_have(&self.beginning) => {}
                Some(run) => {
                    let found = run.find(&self.beginning, &mut self.found);
                    found.map_err(at(run.path().unwrap_or("words".as_ref())))?;
                    // Stable, because that makes use of what is in order: each word brings its leads ascending.
                    self.found.sort();
                    self.found.dedup();
                }
                None => return Ok(newest),
            }
        }
    }
}
