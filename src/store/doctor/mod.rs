//! The doctor: looks at a store that nobody has open, compares snapshot, journal and index with each other, and tells what it found.
//!
//! Snapshot and journal are only read. The index is opened where a start would open it, which is never over one under which something can have been
//! lost; so one that can be compared is left as it was, mark included. One that cannot be used is given up: the mark tells the next start to
//! build it anew. Where the looking is cut short, the mark is that of a process that died.

mod compare;
mod derived;
mod holds;

use std::fs;
use std::path::PathBuf;

use crate::store::Settings;
use crate::store::journal::{self, Scan};
use crate::store::mark::{Mark, MarkFile};
use crate::store::renewal;
use crate::store::snapshot::{self, Snapshot};
use crate::store::start::{self, Directories, OpenError, at};
use crate::store::truth::Whole;

pub use compare::{Differences, IndexFound};
pub use holds::Holds;

/// What was found.
#[derive(Debug)]
pub struct Examination {
    /// The snapshots, the newest first.
    pub snapshots: Vec<SnapshotFound>,
    /// The journal's segments.
    pub journal: JournalFound,
    /// What snapshot and journal hold together; or why `serve` would refuse to start with them.
    pub holds: Result<Holds, OpenError>,
    /// The index beside it.
    pub index: IndexFound,
}

/// One snapshot.
#[derive(Debug)]
pub struct SnapshotFound {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// How many records it holds, or what is wrong with it.
    pub records: Result<u64, String>,
}

/// The journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalFound {
    /// Segments.
    pub files: usize,
    /// The bytes of all of them.
    pub bytes: u64,
    /// The first and the last group; both 0 when there is none.
    pub groups: (u64, u64),
    /// Groups that existed and cannot be read.
    pub missing: u64,
    /// Bytes of a write at the end that nobody was answered for.
    pub torn_bytes: u64,
    /// The segments in which something is missing.
    pub damaged: Vec<PathBuf>,
}

impl Examination {
    /// Whether nothing is damaged. A torn end, and an index that is to be built, are usual after a crash.
    pub fn is_sound(&self) -> bool {
        let index = match &self.index {
            IndexFound::BuiltAtStart | IndexFound::NotCompared => true,
            IndexFound::Unusable(_) => false,
            IndexFound::Compared(differences) => differences.are_none(),
        };
        index && self.truth_is_sound()
    }

    /// The same of snapshots and journal alone, from which the index can be built.
    pub fn truth_is_sound(&self) -> bool {
        let holds = |holds: &Holds| holds.unreadable == 0 && holds.leads == holds.statuses;
        self.snapshots.iter().all(|found| found.records.is_ok())
            && self.journal.missing == 0
            && self.holds.as_ref().is_ok_and(holds)
    }
}

/// Looks at the store of these settings. `Err` only when it cannot be looked at: there is none, a process has it open, or there is too little room
/// to open the index. Blocking; reads everything several times.
pub fn examine(settings: &Settings) -> Result<Examination, OpenError> {
    let directories = Directories::existing(settings)?;
    let _lock = start::lock(&directories.root)?;
    // As a start would: a renewed index may not have its name yet.
    renewal::settle_names(&directories).map_err(at(&directories.root))?;
    let listed = snapshot::list(&directories.snapshots).map_err(at(&directories.snapshots))?;
    let snapshots = listed.into_iter().map(SnapshotFound::of).collect();
    let journal = JournalFound::of(&directories)?;
    let looked_at = Whole::find(&directories).and_then(|whole| {
        let holds = Holds::of(&whole, &directories)?;
        Ok((holds, compare::compare(&directories, &whole)?))
    });
    let (holds, index) = match looked_at {
        Ok((holds, index)) => (Ok(holds), index),
        // Of the store nothing is wrong.
        Err(lacks @ OpenError::Lacks(_)) => return Err(lacks),
        Err(refused) => (Err(refused), IndexFound::NotCompared),
    };
    Ok(Examination {
        snapshots,
        journal,
        holds,
        index,
    })
}

/// Throws the index away and builds it anew from snapshot and journal; nothing else is changed. Blocking.
pub fn rebuild_index(settings: &Settings) -> Result<(), OpenError> {
    let directories = Directories::existing(settings)?;
    let mark = MarkFile::new(&directories.root);
    {
        let _lock = start::lock(&directories.root)?;
        mark.distrust_index().map_err(at(&directories.root))?;
    }
    // Whoever starts now, builds it.
    let started = start::start(&directories)?;
    started.writer.index().sync()?;
    let distrusted = mark.read().is_some_and(|mark| mark.distrusted);
    let clean = Mark {
        clean: true,
        distrusted,
        ..Mark::running(&directories.root, started.last_sequence)
    };
    mark.write(&clean).map_err(at(&directories.root))
}

impl SnapshotFound {
    fn of(snapshot: Snapshot) -> Self {
        let path = snapshot.path;
        let records = match snapshot::read(&path, &mut |_| Ok(())) {
            Ok(contents) => Ok(contents.records),
            Err(error) => Err(error.to_string()),
        };
        Self {
            bytes: fs::metadata(&path).map_or(0, |file| file.len()),
            path,
            records,
        }
    }
}

impl JournalFound {
    fn of(directories: &Directories) -> Result<Self, OpenError> {
        let directory = &directories.journal;
        let files = journal::segments(directory).map_err(at(directory))?.len();
        let bytes = journal::size(directory).map_err(at(directory))?;
        // Where the scan is refused, so is the reading of the whole, which tells why.
        let scan = journal::scan::<OpenError>(directory, u64::MAX, &mut |_, _| Ok(()));
        let Scan {
            first_sequence,
            last_sequence,
            missing,
            torn_bytes,
            damaged,
        } = scan.unwrap_or_default();
        Ok(Self {
            files,
            bytes,
            groups: (first_sequence, last_sequence),
            missing,
            torn_bytes,
            damaged,
        })
    }
}

#[cfg(test)]
mod tests;
