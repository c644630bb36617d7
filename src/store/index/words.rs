//! The words leads are found by, in sorted runs.
//!
//! A lead has four or five words, each as good as random: an entry of sled for each would cost more than everything else about the lead
//! (measured with `benches/accept`). So the words of what is applied together are written as one sorted run, a few blocks. Eight
//! runs of about one size are merged into one, so there are some dozens however many leads there are, and a search asks each run.
//!
//! | key | value |
//! |---|---|
//! | `t`, run | how many entries the run has |
//! | `t`, run, first word, 0, its lead | a block: words in order, each with its leads |
//!
//! Words of a lead that has changed or was erased stay until the index is built anew; whoever searches looks at the lead itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use sled::{Batch, IVec};

use crate::lead::LeadId;
use crate::store::StoreError;

const PREFIX: u8 = b't';

/// A block is closed when it has so many bytes.
const BLOCK: usize = 4096;

/// So many runs of about one size become one.
const FAN: usize = 8;

/// Runs of so many entries and more are not merged any further: a merge holds [`FAN`] times as many in memory, some 20 MB, and nothing else is
/// applied meanwhile.
const LARGE: usize = 25_000;

/// A word of a lead.
pub(super) type Entry = (String, LeadId);

/// The runs there are. Cheap to clone; one writer.
#[derive(Clone, Debug)]
pub(super) struct Words {
    db: sled::Db,
    /// Entries by number of the run. Locked for reading while a search is under way: a merge takes away what it reads.
    runs: Arc<RwLock<BTreeMap<u64, usize>>>,
}

impl Words {
    /// Reads which runs there are.
    pub(super) fn open(db: &sled::Db) -> Result<Self, StoreError> {
        let mut runs = BTreeMap::new();
        let mut from = 0;
        while let Some(entry) = db
            .range((
                Bound::Included(run_key(from)),
                Bound::Excluded(vec![PREFIX + 1]),
            ))
            .next()
        {
            let (key, value) = entry?;
            let Some(run) = key.get(1..9).and_then(|run| run.try_into().ok()) else {
                break;
            };
            let run = u64::from_be_bytes(run);
            let entries = value.as_ref().try_into().map_or(0, u32::from_be_bytes);
            runs.insert(run, entries as usize);
            from = run + 1;
        }
        Ok(Self {
            db: db.clone(),
            runs: Arc::new(RwLock::new(runs)),
        })
    }

    /// Adds to `batch` a run of these entries. Returns its number; once the batch is applied, tell [`Words::added`].
    pub(super) fn add(&self, mut entries: Vec<Entry>, batch: &mut Batch) -> Option<(u64, usize)> {
        if entries.is_empty() {
            return None;
        }
        entries.sort_unstable();
        entries.dedup();
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        let run = runs.last_key_value().map_or(0, |(last, _)| last + 1);
        write_run(run, &entries, batch);
        Some((run, entries.len()))
    }

    /// The batch with this run is applied. Merges runs while there are too many of one size.
    pub(super) fn added(&self, (run, entries): (u64, usize)) -> Result<(), StoreError> {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        runs.insert(run, entries);
        while let Some(merging) = too_many(&runs) {
            let mut batch = Batch::default();
            let mut blocks = Vec::new();
            for run in &merging {
                self.take_out(*run, &mut blocks, &mut batch)?;
            }
            let mut all: Vec<_> = blocks.iter().flat_map(|block| read_block(block)).collect();
            // Stable, because that one makes use of the order that is there.
            all.sort();
            all.dedup();
            let merged = runs.last_key_value().map_or(0, |(last, _)| last + 1);
            write_run(merged, &all, &mut batch);
            self.db.apply_batch(batch)?;
            runs.retain(|run, _| !merging.contains(run));
            runs.insert(merged, all.len());
        }
        Ok(())
    }

    fn take_out(
        &self,
        run: u64,
        blocks: &mut Vec<IVec>,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let run = run_key(run);
        for block in self.db.scan_prefix(&run) {
            let (key, value) = block?;
            if key.len() > run.len() {
                blocks.push(value);
            }
            batch.remove(key);
        }
        Ok(())
    }

    /// The leads that have a word with this beginning; `None` when there are more than `limit`.
    pub(super) fn find(
        &self,
        beginning: &str,
        limit: usize,
    ) -> Result<Option<BTreeSet<LeadId>>, StoreError> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeSet::new();
        for run in runs.keys() {
            self.find_in(*run, beginning, limit, &mut found)?;
            if found.len() > limit {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    fn find_in(
        &self,
        run: u64,
        beginning: &str,
        limit: usize,
        found: &mut BTreeSet<LeadId>,
    ) -> Result<(), StoreError> {
        let run = run_key(run);
        let wanted = [run.as_slice(), beginning.as_bytes()].concat();
        // Words with this beginning may stand in the block before the first whose key has it.
        let before = self
            .db
            .range((
                Bound::Excluded(run.clone()),
                Bound::Excluded(wanted.clone()),
            ))
            .next_back();
        for block in before.into_iter().chain(self.db.scan_prefix(&wanted)) {
            let (key, value) = block?;
            if key.len() == run.len() {
                continue;
            }
            for (word, lead) in read_block(&value) {
                if word.starts_with(beginning) {
                    found.insert(lead);
                }
            }
            if found.len() > limit {
                break;
            }
        }
        Ok(())
    }
}

/// Runs that should be one: so many of about one size.
fn too_many(runs: &BTreeMap<u64, usize>) -> Option<Vec<u64>> {
    let mut by_size: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (run, entries) in runs.iter().filter(|(_, entries)| **entries < LARGE) {
        let size = entries.max(&1).ilog2() / FAN.ilog2();
        by_size.entry(size).or_default().push(*run);
    }
    by_size.into_values().find(|runs| runs.len() >= FAN)
}

fn run_key(run: u64) -> Vec<u8> {
    let mut key = vec![PREFIX];
    key.extend_from_slice(&run.to_be_bytes());
    key
}

/// `entries` are sorted.
fn write_run<W: AsRef<str> + PartialEq>(run: u64, entries: &[(W, LeadId)], batch: &mut Batch) {
    let header = run_key(run);
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut rest = entries;
    while let Some((word, lead)) = rest.first() {
        let word = word.as_ref().as_bytes();
        let key = [header.as_slice(), word, &[0], lead.as_bytes()].concat();
        let mut block = Vec::with_capacity(BLOCK + 256);
        while block.len() < BLOCK
            && let Some((word, _)) = rest.first()
        {
            let most = ((BLOCK.saturating_sub(block.len())) / 16).clamp(1, usize::from(u16::MAX));
            let same = rest
                .iter()
                .take(most)
                .take_while(|(other, _)| other == word);
            let (leads, tail) = rest.split_at(same.count());
            write_word(word.as_ref(), leads, &mut block);
            rest = tail;
        }
        batch.insert(key, block);
    }
    batch.insert(header, &count.to_be_bytes());
}

/// One word and its leads.
fn write_word<W>(word: &str, leads: &[(W, LeadId)], block: &mut Vec<u8>) {
    let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    block.extend_from_slice(&length(word.len()));
    block.extend_from_slice(word.as_bytes());
    block.extend_from_slice(&length(leads.len()));
    for (_, lead) in leads {
        block.extend_from_slice(lead.as_bytes());
    }
}

/// The entries of a block, as far as they can be read: a search that misses something over a damaged page is better than none.
fn read_block(block: &[u8]) -> Vec<(&str, LeadId)> {
    let mut entries = Vec::new();
    let mut rest = block;
    while let Some((word, leads)) = read_word(&mut rest) {
        let leads = leads.iter().map(|lead| LeadId::from_bytes(*lead));
        entries.extend(leads.map(|lead| (word, lead)));
    }
    entries
}

fn read_word<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, &'a [[u8; 16]])> {
    let word = take(rest, 1)?;
    let leads = take(rest, 16)?;
    Some((std::str::from_utf8(word).ok()?, leads.as_chunks().0))
}

/// A length and so many items of `size` bytes.
fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<2>()?;
    *rest = tail;
    rest.split_off(..usize::from(u16::from_be_bytes(*length)) * size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: u32) -> LeadId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        LeadId::from_bytes(bytes)
    }

    fn add(words: &Words, entries: Vec<Entry>) {
        let mut batch = Batch::default();
        let run = words.add(entries, &mut batch);
        words.db.apply_batch(batch).expect("applied");
        if let Some(run) = run {
            words.added(run).expect("added");
        }
    }

    fn count(words: &Words, beginning: &str) -> Option<usize> {
        let found = words.find(beginning, 10_000).expect("found");
        found.map(|found| found.len())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn every_word_is_found_by_each_of_its_beginnings_and_nothing_else_is(
            groups in proptest::collection::vec(proptest::collection::vec(("[а-в]{1,3}", 0_u32..500), 0..40), 0..40),
            beginning in "[а-в]{1,3}",
        ) {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            let words = Words::open(&db).expect("words");
            let mut model = BTreeSet::new();
            for group in groups {
                let group: Vec<Entry> = group.into_iter().map(|(word, n)| (word, id(n))).collect();
                model.extend(group.clone());
                add(&words, group);
            }
            let expected: BTreeSet<LeadId> = model
                .iter()
                .filter(|(word, _)| word.starts_with(&beginning))
                .map(|(_, lead)| *lead)
                .collect();
            let expected = Some(expected);
            prop_assert_eq!(&words.find(&beginning, 10_000).expect("found"), &expected);
            let reopened = Words::open(&db).expect("words");
            prop_assert_eq!(reopened.find(&beginning, 10_000).expect("found"), expected);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            read_block(&bytes);
        }
    }

    #[test]
    fn a_word_that_fills_many_blocks_is_found_whole() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let words = Words::open(&db).expect("words");
        add(
            &words,
            (0..3_000).map(|n| ("иван".to_owned(), id(n))).collect(),
        );
        add(
            &words,
            (0..3_000).map(|n| (format!("петр{n}"), id(n))).collect(),
        );
        assert_eq!(count(&words, "ива"), Some(3_000));
        assert_eq!(count(&words, "петр2999"), Some(1));
    }

    #[test]
    fn a_beginning_that_too_many_have_is_not_found_in_part() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let words = Words::open(&db).expect("words");
        add(
            &words,
            (0..30).map(|n| ("иван".to_owned(), id(n))).collect(),
        );
        assert_eq!(words.find("ив", 29).expect("found"), None);
        assert_eq!(
            words
                .find("ив", 30)
                .expect("found")
                .map(|found| found.len()),
            Some(30)
        );
    }

    #[test]
    fn the_number_of_runs_grows_with_the_logarithm_of_the_leads() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let words = Words::open(&db).expect("words");
        for n in 0..2_000 {
            add(&words, vec![(format!("слово{n}"), id(n))]);
        }
        let runs = words.runs.read().expect("runs").len();
        assert!(runs < 4 * FAN, "{runs}");
        assert_eq!(count(&words, "слово"), Some(2_000));
    }
}
