//! A search: the leads that have all the words that are asked for, newest first, from as few runs as possible.
//!
//! A word is looked for in every run whose filter does not deny it, whatever the other words are: those of one lead may be in several
//! runs, because its order number comes later than its contact.

use std::ops::Bound;
use std::sync::RwLockReadGuard;

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::index::IdRange;

use super::Runs;
use super::blocks::{Run, is_block, read_word, run_key};

/// What a search finds. Runs are read when they are needed: what many leads have is soon found among the newest.
pub(in crate::store::index) struct Hits<'a> {
    words: Vec<Word>,
    db: &'a sled::Db,
    low: LeadId,
    /// No lead above this one is looked for; `None` at the end.
    bound: Option<LeadId>,
    /// No run may be merged away meanwhile.
    _runs: RwLockReadGuard<'a, Runs>,
}

impl Iterator for Hits<'_> {
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

impl<'a> Hits<'a> {
    /// What these runs have for these words.
    pub(super) fn new(
        db: &'a sled::Db,
        runs: RwLockReadGuard<'a, Runs>,
        beginnings: Vec<String>,
        (low, high): IdRange,
    ) -> Self {
        let in_range = runs
            .values()
            .filter(|run| run.newest >= low && run.oldest < high);
        let mut in_range: Vec<&Run> = in_range.collect();
        in_range.sort_unstable_by_key(|run| run.newest);
        let words = beginnings.into_iter().map(|beginning| {
            let runs = in_range.iter().copied();
            let unread = runs.filter(|run| run.filter.may_have(&beginning));
            Word {
                unread: unread.cloned().collect(),
                found: Vec::new(),
                beginning,
            }
        });
        Self {
            words: words.collect(),
            db,
            low,
            bound: (low < high).then(|| high.previous()),
            _runs: runs,
        }
    }

    /// How many runs were not read so far, of all beginnings together.
    #[cfg(test)]
    pub(super) fn unread_runs(&self) -> usize {
        self.words.iter().map(|word| word.unread.len()).sum()
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
                let Some(hit) = word.newest_up_to(bound, self.db)? else {
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
    /// The runs that may have it and were not read yet; that with the newest leads comes last.
    unread: Vec<Run>,
    /// What was found in the others, ascending.
    found: Vec<LeadId>,
}

impl Word {
    /// The newest lead up to a bound, which never rises from call to call.
    fn newest_up_to(&mut self, bound: LeadId, db: &sled::Db) -> Result<Option<LeadId>, StoreError> {
        loop {
            let kept = self.found.partition_point(|found| *found <= bound);
            self.found.truncate(kept);
            let newest = self.found.last().copied();
            match self.unread.pop_if(|run| newest <= Some(run.newest)) {
                Some(run) if run.oldest > bound => {}
                Some(run) => {
                    find_in(run.number, &self.beginning, db, &mut self.found)?;
                    self.found.sort_unstable();
                    self.found.dedup();
                }
                None => return Ok(newest),
            }
        }
    }
}

/// Adds the leads of a run that have a word with this beginning.
fn find_in(
    run: u64,
    beginning: &str,
    db: &sled::Db,
    found: &mut Vec<LeadId>,
) -> Result<(), StoreError> {
    let run = run_key(run);
    let wanted = [run.as_slice(), beginning.as_bytes()].concat();
    // Words with this beginning may stand in the block before the first whose key has it.
    let before = db
        .range((
            Bound::Excluded(run.clone()),
            Bound::Excluded(wanted.clone()),
        ))
        .next_back();
    for block in before.into_iter().chain(db.scan_prefix(&wanted)) {
        let (key, value) = block?;
        if !is_block(&key) {
            continue;
        }
        let mut rest: &[u8] = &value;
        while let Some((word, leads)) = read_word(&mut rest) {
            if word.starts_with(beginning) {
                found.extend(leads.iter().map(|lead| LeadId::from_bytes(*lead)));
            } else if word > beginning {
                // To look for a further block would read a cold page to learn that there is none.
                return Ok(());
            }
        }
    }
    Ok(())
}
