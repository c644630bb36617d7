//! The index against the truth, record by record, as both stood after the last group that the index has; and what it finds leads by.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::bring_up::remove_unfinished_sled_snapshots;
use crate::store::damage::lacks_means;
use crate::store::index::{Index, Row};
use crate::store::mark::{Mark, MarkFile, Trust};
use crate::store::record::{Record, RecordValue, Table};
use crate::store::start::{Directories, OpenError, at};
use crate::store::truth::Whole;

use super::derived::Derived;

/// So many differences are named; of the others there is a count.
const EXAMPLES: usize = 5;

/// The index, against what snapshot and journal say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexFound {
    /// There is none, or none that a start would go on with: the next start builds it.
    BuiltAtStart,
    /// There is nothing to compare it with.
    NotCompared,
    /// It cannot be read, or is of another time. The next start builds it anew.
    Unusable(String),
    /// It was compared.
    Compared(Differences),
}

/// How an index differs from the truth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Groups that it does not have yet: the next start applies them.
    pub behind: u64,
    /// Records that it has not.
    pub missing: u64,
    /// Records that it has otherwise.
    pub different: u64,
    /// Records that only it has.
    pub extra: u64,
    /// Words that leads have and are not found by, each counted for each lead: a search, and an erasure by phone or e-mail, passes these leads by.
    pub words: u64,
    /// Places on the lists of leads that are open, discarded or of a form that are missing or count other leads than there are: what is still owed for
    /// those of the first is not delivered after a start, and the lists of the panel leave leads out.
    pub places: u64,
    /// Some of what is missing, different or not found, by lead.
    pub examples: Vec<String>,
}

impl Differences {
    /// Whether there is none. To be behind is none: that is usual after a crash.
    pub fn are_none(&self) -> bool {
        self.missing + self.different + self.extra + self.words + self.places == 0
    }

    /// Names one, unless enough are named.
    pub(super) fn note(&mut self, name: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(name());
        }
    }
}

/// Compares. The mark is left as it was found, unless the index is unusable: then it is not to be trusted from now on. An error is one of snapshot
/// and journal.
pub(super) fn compare(directories: &Directories, whole: &Whole) -> Result<IndexFound, OpenError> {
    let root = &directories.root;
    let file = MarkFile::new(root);
    let Some(mark) = file.read() else {
        return Ok(IndexFound::BuiltAtStart);
    };
    let now = Mark::running(root, mark.sequence);
    let trust = mark.trust(&now);
    if trust == Trust::None || !directories.index.exists() {
        return Ok(IndexFound::BuiltAtStart);
    }
    // sled writes when it is opened. Until that is synced, the mark must not say that everything is.
    if trust == Trust::CleanStop {
        file.write(&now).map_err(at(root))?;
    }
    remove_unfinished_sled_snapshots(&directories.index).map_err(at(&directories.index))?;
    let unusable = match catch_unwind(AssertUnwindSafe(|| open_and_compare(directories, whole))) {
        Ok(Ok(Ok(IndexFound::Unusable(why)))) => why,
        Ok(Ok(found)) => {
            if trust == Trust::CleanStop {
                file.write(&mark).map_err(at(root))?;
            }
            return found;
        }
        Ok(Err(error)) if lacks_means(&error) => return Err(OpenError::Lacks(error)),
        Ok(Err(error)) => error.to_string(),
        Err(_panic) => "sled panicked over it".to_owned(),
    };
    // A start reads little of an index: it may meet the damage much later, or never.
    file.distrust_index().map_err(at(root))?;
    Ok(IndexFound::Unusable(unusable))
}

/// The outer error is one of the index; without it, all that sled has written is synced.
fn open_and_compare(
    directories: &Directories,
    whole: &Whole,
) -> Result<Result<IndexFound, OpenError>, StoreError> {
    let index = Index::open(&directories.index)?;
    let found = match index.applied()? {
        None => Ok(IndexFound::BuiltAtStart),
        Some(applied) => compare_open(&index, applied, (directories, whole)),
    };
    if let Err(OpenError::Store(error)) = found {
        return Err(error);
    }
    index.sync()?;
    Ok(found)
}

/// An error of the index is [`OpenError::Store`].
fn compare_open(
    index: &Index,
    applied: u64,
    (directories, whole): (&Directories, &Whole),
) -> Result<IndexFound, OpenError> {
    let (base, last) = (whole.truth.base, whole.truth.last_sequence);
    if applied > last {
        // As a start says it: with an index built anew nobody would know that there was more.
        return Err(OpenError::JournalCut {
            path: directories.root.clone(),
            found: last,
            expected: applied,
        });
    }
    if applied < base {
        let first = whole.truth.first_in_journal;
        return Ok(if (1..=applied + 1).contains(&first) {
            // A start goes on with it. What the truth was at that group cannot be told any more.
            IndexFound::NotCompared
        } else {
            // sled has lost its last batches, as it does where a process is killed.
            IndexFound::BuiltAtStart
        });
    }
    let mut comparison = Comparison {
        index,
        row: None,
        found: 0,
        failed: None,
        differences: Differences {
            behind: last - applied,
            ..Differences::default()
        },
    };
    whole.each(directories, applied, &mut |record| {
        comparison.look_at(&record);
        Ok(())
    })?;
    if let Some(error) = comparison.failed {
        return Err(error.into());
    }
    let mut derived = Derived::of(index, comparison.differences)?;
    let mut all = 0_u64;
    for record in index.everything() {
        derived.look_at(&record?)?;
        all += 1;
    }
    Ok(IndexFound::Compared(Differences {
        extra: all.saturating_sub(comparison.found),
        ..derived.finish()?
    }))
}

/// A comparison under way.
struct Comparison<'a> {
    index: &'a Index,
    /// The latest lead that was looked for: its status and its attempts mostly follow.
    row: Option<(LeadId, Row)>,
    /// Records that the index has, alike or not.
    found: u64,
    /// Why the index cannot be read any further. Kept apart from errors of the truth, which are no reason to build another index from it.
    failed: Option<StoreError>,
    differences: Differences,
}

impl Comparison<'_> {
    fn look_at(&mut self, record: &Record) {
        if self.failed.is_none() {
            self.failed = self.look_for(record).err();
        }
    }

    fn look_for(&mut self, record: &Record) -> Result<(), StoreError> {
        let indexed = self.indexed(record)?;
        self.found += u64::from(indexed.is_some());
        let count = match (&indexed, &record.value) {
            (Some(indexed), Some(value)) if indexed == value => return Ok(()),
            (Some(_), _) => &mut self.differences.different,
            (None, _) => &mut self.differences.missing,
        };
        *count += 1;
        self.differences.note(|| name(record));
        Ok(())
    }

    fn indexed(&mut self, record: &Record) -> Result<Option<RecordValue>, StoreError> {
        let (id, place) = match (record.table, record.key.split_first_chunk()) {
            (Table::Key, _) | (_, None) => return self.index.get(record.table, &record.key),
            (_, Some((id, place))) => (LeadId::from_bytes(*id), place),
        };
        let known = self.row.take_if(|(known, _)| *known == id);
        let row = match known {
            Some((_, row)) => row,
            None => self.index.row(id)?.unwrap_or_default(),
        };
        self.row = Some((id, row.clone()));
        Ok(row.of(record.table, place))
    }
}

/// What people can look for.
fn name(record: &Record) -> String {
    let lead = record.key.first_chunk().copied().map(LeadId::from_bytes);
    match (record.table, lead) {
        (Table::Lead, Some(id)) => format!("lead {id}"),
        (Table::Status, Some(id)) => format!("deliveries of lead {id}"),
        (Table::Attempt, Some(id)) => format!("an attempt of lead {id}"),
        _ => "an idempotency key".to_owned(),
    }
}
