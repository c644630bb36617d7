//! Every entry of the runs as one number: for the doctor, who asks of all leads whether they are found by their words.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::index::at;

use super::Runs;
use super::merging::each_entry;
use super::pages::LONGEST;
use super::sizes::count;

/// Which words of which leads the runs have. Eight bytes for each: with five million leads one missing word in a trillion is not noticed.
pub(in crate::store) struct Known {
    hashing: RandomState,
    /// Sorted.
    entries: Vec<u64>,
}

impl Known {
    /// Reads all of these runs; an error tells which file is not sound.
    pub(super) fn of(runs: &Runs, directory: &Path) -> Result<Self, StoreError> {
        let hashing = RandomState::new();
        let mut entries = Vec::with_capacity(count(runs));
        for run in runs {
            // One after another, so that the error has a name.
            let read = each_entry(std::slice::from_ref(run), |word, lead| {
                entries.push(hashing.hash_one((word, lead)));
                Ok(())
            });
            let read = read.and_then(|()| run.check_filter());
            read.map_err(at(run.path().unwrap_or(directory)))?;
        }
        entries.sort_unstable();
        Ok(Self { hashing, entries })
    }

    /// Whether a lead is found by a word, or the word is one that is never entered.
    pub(in crate::store) fn has(&self, word: &str, lead: LeadId) -> bool {
        let entry = self.hashing.hash_one((word.as_bytes(), *lead.as_bytes()));
        word.len() > LONGEST || self.entries.binary_search(&entry).is_ok()
    }
}
