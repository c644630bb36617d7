//! The words leads are found by, in sorted runs.
//!
//! A lead has four or five words, each as good as random: an entry of sled for each would cost more than everything else about the lead
//! (measured with `benches/accept`). So the words of what is applied together are written as one sorted run, a few blocks. Eight
//! runs of about one size are merged into one, so there are some dozens however many leads there are. A
//! search asks one run after another, those with the newest leads first, until it has a page; it leaves out the runs
//! whose filters say that they have no such word ([`filter`]).
//!
//! | key | value |
//! |---|---|
//! | `t`, run | how many entries the run has, its oldest and its newest lead, the length of its filter; the filter if it is small |
//! | `t`, run, first word, 0, its lead | a block: words in order, each with its leads |
//! | `t`, run, `FF`, number | a piece of a larger filter |
//!
//! Words of a lead that has changed or was erased stay until the index is built anew; whoever searches looks at the lead itself.

mod blocks;
mod filter;
mod hits;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use sled::{Batch, IVec};

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::index::IdRange;

use blocks::{PREFIX, Run, filter_key, is_block, read_block, read_header, run_key, write_run};
use filter::Filter;
use hits::Hits;

/// So many runs of about one size become one.
const FAN: usize = 8;

/// Runs of so many entries and more are not merged any further: a merge has them all in memory, some 20 MB, and nothing else is applied meanwhile.
/// A million leads have some twenty of these, and a search for a short beginning that few leads have asks each.
const LARGE: usize = 1 << 18;

/// A word of a lead.
pub(super) type Entry<'a> = (Cow<'a, str>, LeadId);

/// All runs by their numbers.
type Runs = BTreeMap<u64, Run>;

/// The runs there are. Cheap to clone; one writer.
#[derive(Clone, Debug)]
pub(super) struct Words {
    db: sled::Db,
    /// Locked for reading while a search is under way: a merge takes away what it reads.
    runs: Arc<RwLock<Runs>>,
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
            let Some((mut run, filter)) = read_header(&key, &value) else {
                break;
            };
            if run.filter.bytes().len() != filter {
                run.filter = read_filter(db, run.number, filter)?;
            }
            from = run.number + 1;
            runs.insert(run.number, run);
        }
        Ok(Self {
            db: db.clone(),
            runs: Arc::new(RwLock::new(runs)),
        })
    }

    /// Adds to `batch` a run of these entries. Once the batch is applied, tell [`Words::added`].
    pub(super) fn add(&self, mut entries: Vec<Entry<'_>>, batch: &mut Batch) -> Option<Run> {
        entries.sort_unstable();
        entries.dedup();
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        write_run(next_number(&runs), &entries, batch)
    }

    /// The batch with this run is applied. Merges runs while there are too many of one size.
    pub(super) fn added(&self, run: Run) -> Result<(), StoreError> {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        runs.insert(run.number, run);
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
            let merged = write_run(next_number(&runs), &all, &mut batch);
            self.db.apply_batch(batch)?;
            runs.retain(|run, _| !merging.contains(run));
            runs.extend(merged.map(|run| (run.number, run)));
        }
        Ok(())
    }

    fn take_out(
        &self,
        run: u64,
        blocks: &mut Vec<IVec>,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        for entry in self.db.scan_prefix(run_key(run)) {
            let (key, value) = entry?;
            if is_block(&key) {
                blocks.push(value);
            }
            batch.remove(key);
        }
        Ok(())
    }

    /// The leads in a range that have words with all these beginnings, newest first; none when there is no beginning.
    pub(super) fn find(&self, beginnings: Vec<String>, ids: IdRange) -> Hits<'_> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        Hits::new(&self.db, runs, beginnings, ids)
    }
}

/// The filter of so many bytes that a run has in pieces. One that is not whole is left out: then the run is asked always.
fn read_filter(db: &sled::Db, run: u64, length: usize) -> Result<Filter, StoreError> {
    let pieces = db.scan_prefix(filter_key(run)).values();
    let bytes = pieces.collect::<Result<Vec<IVec>, _>>()?.concat();
    Ok(match bytes.len() == length {
        true => Filter::from_bytes(&bytes),
        false => Filter::default(),
    })
}

/// Runs that should be one: so many of about one size, or so large together.
fn too_many(runs: &Runs) -> Option<Vec<u64>> {
    let mut by_size: BTreeMap<u32, Vec<&Run>> = BTreeMap::new();
    for run in runs.values().filter(|run| run.entries < LARGE) {
        let size = run.entries.max(1).ilog2() / FAN.ilog2();
        by_size.entry(size).or_default().push(run);
    }
    let are_too_many = |runs: &Vec<&Run>| {
        runs.len() >= FAN || runs.iter().map(|run| run.entries).sum::<usize>() >= LARGE
    };
    let found = by_size.into_values().find(are_too_many)?;
    Some(found.into_iter().map(|run| run.number).collect())
}

fn next_number(runs: &Runs) -> u64 {
    runs.last_key_value().map_or(0, |(last, _)| last + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::index::ALL_IDS;

    fn id(n: u32) -> LeadId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        LeadId::from_bytes(bytes)
    }

    fn add(words: &Words, entries: Vec<(String, LeadId)>) {
        let entries = entries.into_iter().map(|(word, lead)| (word.into(), lead));
        let mut batch = Batch::default();
        let run = words.add(entries.collect(), &mut batch);
        words.db.apply_batch(batch).expect("applied");
        if let Some(run) = run {
            words.added(run).expect("added");
        }
    }

    fn find(words: &Words, beginnings: &[&str], ids: IdRange) -> Vec<LeadId> {
        let beginnings = beginnings.iter().map(ToString::to_string).collect();
        let found = words.find(beginnings, ids);
        found.collect::<Result<_, _>>().expect("found")
    }

    fn count(words: &Words, beginning: &str) -> usize {
        find(words, &[beginning], ALL_IDS).len()
    }

    fn email(n: u32) -> String {
        format!("{:05}@mail.example", n * 7_919 % 100_000)
    }

    /// The e-mails of so many leads in each of seven runs, and of eight times as many in an eighth, which was merged.
    fn eight_runs(db: &sled::Db, leads: u32) -> Words {
        let words = Words::open(db).expect("words");
        for run in 0..15 {
            let leads = (run * leads..(run + 1) * leads).map(|n| (email(n), id(n)));
            add(&words, leads.collect());
        }
        assert_eq!(words.runs.read().expect("runs").len(), 8);
        words
    }

    /// How many runs are read for every third of these e-mails, of all together. Each is found.
    fn runs_read(words: &Words, emails: u32) -> usize {
        let asked = (0..emails).step_by(3);
        let read = asked.map(|n| {
            let mut found = words.find(vec![email(n)], ALL_IDS);
            let read = found.unread_runs();
            assert_eq!(found.next().expect("one").expect("read"), id(n));
            assert!(found.next().is_none());
            read
        });
        read.sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn every_word_is_found_by_each_of_its_beginnings_and_nothing_else_is(
            groups in proptest::collection::vec(proptest::collection::vec(("[а-в]{1,3}|[аб]{5,9}|\\+79[12]{4,9}", 0_u32..500), 0..40), 0..40),
            mut beginnings in proptest::collection::vec("[а-в]{1,3}|[аб]{2,7}", 0..3),
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), 1_usize..13), 0..3),
            low in 0_u32..500,
            high in 0_u32..500,
        ) {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            let words = Words::open(&db).expect("words");
            let mut model: BTreeMap<LeadId, Vec<String>> = BTreeMap::new();
            let all: Vec<String> = groups.iter().flatten().map(|(word, _)| word.clone()).collect();
            for (word, letters) in cuts.iter().filter(|_| !all.is_empty()) {
                beginnings.push(word.get(&all).chars().take(*letters).collect());
            }
            for group in groups {
                for (word, n) in &group {
                    model.entry(id(*n)).or_default().push(word.clone());
                }
                add(&words, group.into_iter().map(|(word, n)| (word, id(n))).collect());
            }
            let has = |words: &Vec<String>, beginning: &str| words.iter().any(|word| word.starts_with(beginning));
            let expected: Vec<LeadId> = model
                .iter()
                .rev()
                .filter(|(lead, words)| {
                    let is_inside = (id(low)..id(high)).contains(lead);
                    is_inside && beginnings.iter().all(|beginning| has(words, beginning))
                })
                .filter(|_| !beginnings.is_empty())
                .map(|(lead, _)| *lead)
                .collect();
            let beginnings: Vec<&str> = beginnings.iter().map(String::as_str).collect();
            let ids = (id(low), id(high));
            prop_assert_eq!(&find(&words, &beginnings, ids), &expected);
            let reopened = Words::open(&db).expect("words");
            prop_assert_eq!(find(&reopened, &beginnings, ids), expected);
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
        assert_eq!(count(&words, "ива"), 3_000);
        assert_eq!(count(&words, "петр2999"), 1);
    }

    #[test]
    fn what_many_leads_have_is_read_from_the_newest_runs_only() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let words = Words::open(&db).expect("words");
        for run in 0..7 {
            let leads = (0..100).map(|n| ("иван".to_owned(), id(run * 100 + n)));
            add(&words, leads.collect());
        }
        let mut found = words.find(vec!["ив".to_owned()], ALL_IDS);
        for n in (550..700).rev() {
            assert_eq!(found.next().expect("one").expect("read"), id(n));
        }
        assert_eq!(found.unread_runs(), 5);
    }

    #[test]
    fn what_one_lead_has_is_read_from_one_run_also_after_a_start() {
        for leads in [5, 900] {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            let words = eight_runs(&db, leads);
            for words in [words, Words::open(&db).expect("words")] {
                let asked = 5 * leads as usize;
                let needless = runs_read(&words, 15 * leads) - asked;
                // Of the seven others one in five hundred at most.
                assert!(needless * 500 < asked * 7, "{needless} of {asked}");
            }
        }
    }

    #[test]
    fn a_run_whose_filter_is_not_whole_is_always_read() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let merged = eight_runs(&db, 900)
            .runs
            .read()
            .expect("runs")
            .keys()
            .min()
            .copied();
        let pieces = || db.scan_prefix(filter_key(merged.expect("eight")));
        assert!(pieces().count() > 3);
        let (piece, _) = pieces().nth(1).expect("one").expect("read");
        db.remove(piece).expect("removed");
        let words = Words::open(&db).expect("words");
        assert!(runs_read(&words, 15 * 900) >= 5 * 900 + 5 * 900 * 7 / 15);
    }

    #[test]
    fn merging_leaves_nothing_of_the_merged_runs() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let words = eight_runs(&db, 900);
        let runs = words.runs.read().expect("runs");
        for key in db.scan_prefix([PREFIX]).keys() {
            let key = key.expect("read");
            assert!(runs.keys().any(|run| key.starts_with(&run_key(*run))));
        }
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
        assert_eq!(count(&words, "слово"), 2_000);
    }
}
