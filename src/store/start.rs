//! The start sequence: from whatever the last process left behind to an index that holds everything the journal holds.
//!
//! 1. Lock the directory.
//! 2. Read the mark.
//! 3. Find the newest sound snapshot and the end of the journal; refuse to start when the journal ends before the mark says it did.
//! 4. Write the mark of this process.
//! 5. Open sled if nothing can have been lost under it and it is not behind the oldest journal segment; otherwise build it anew from the
//!    snapshot.
//! 6. Replay the journal from where sled stands.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::index::Index;
use crate::store::journal::{self, Scan};
use crate::store::mark::{Mark, MarkFile, Trust};
use crate::store::record::Record;
use crate::store::snapshot::{self, Snapshot, SnapshotError};
use crate::store::{Settings, StoreError};

/// Why the store cannot be opened. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made, read or written.
    #[error("the data directory {path} cannot be used: {source}; make it writable for leadgate")]
    Directory {
        /// `store.path`, or the file in it.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Another process has it.
    #[error(
        "the data directory {0} is in use by another leadgate; stop that one, or set another store.path"
    )]
    Locked(PathBuf),
    /// Leads that were there are gone.
    #[error(
        "the journal in {path} ends at {found}, but had reached {expected}: files are missing; restore the newest backup, \
         or delete mark.json there to go on without what is lost"
    )]
    JournalCut {
        /// The data directory.
        path: PathBuf,
        /// The last sequence found.
        found: u64,
        /// The sequence the mark tells of.
        expected: u64,
    },
    /// The snapshots and the journal do not meet.
    #[error(
        "the snapshots in {path} end before the journal begins ({journal}): files are missing; restore the newest backup"
    )]
    Gap {
        /// The data directory.
        path: PathBuf,
        /// The first sequence of the journal.
        journal: u64,
    },
    /// The index could not be built.
    #[error("the index cannot be built: {0}")]
    Store(#[from] StoreError),
    /// The snapshot could not be read.
    #[error("the snapshot cannot be used: {0}")]
    Snapshot(#[from] SnapshotErrorText),
}

/// A snapshot's trouble, kept with its source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SnapshotErrorText(#[from] SnapshotError);

impl From<io::Error> for OpenError {
    fn from(source: io::Error) -> Self {
        Self::Directory {
            path: PathBuf::new(),
            source,
        }
    }
}

/// The parts of a data directory.
#[derive(Clone, Debug)]
pub(super) struct Directories {
    pub(super) root: PathBuf,
    pub(super) journal: PathBuf,
    pub(super) snapshots: PathBuf,
    pub(super) index: PathBuf,
}

impl Directories {
    pub(super) fn of(settings: &Settings) -> Self {
        let root = settings.path.clone();
        let (journal, snapshots, index) = (
            root.join("journal"),
            root.join("snapshots"),
            root.join("sled"),
        );
        Self {
            root,
            journal,
            snapshots,
            index,
        }
    }
}

/// A store that is ready to go on.
pub(super) struct Started {
    pub(super) index: Index,
    pub(super) last_sequence: u64,
    pub(super) mark: MarkFile,
    pub(super) lock: File,
}

/// Runs the whole sequence. Blocking.
pub(super) fn start(directories: &Directories) -> Result<Started, OpenError> {
    for directory in [
        &directories.root,
        &directories.journal,
        &directories.snapshots,
    ] {
        fs::create_dir_all(directory).map_err(at(directory))?;
    }
    let lock = lock(&directories.root)?;
    let mark = MarkFile::new(&directories.root);
    let last = mark.read();
    let snapshot = newest_sound(&directories.snapshots)?;
    let end = journal::scan::<io::Error>(&directories.journal, u64::MAX, &mut |_, _| Ok(()))
        .map_err(at(&directories.journal))?;
    report(&end);
    let base = snapshot
        .as_ref()
        .map_or(0, |snapshot| snapshot.position - 1);
    let last_sequence = end.last_sequence.max(base);
    check_whole(
        directories,
        last.as_ref(),
        snapshot.as_ref(),
        &end,
        last_sequence,
    )?;
    journal::sync_last(&directories.journal).map_err(at(&directories.journal))?;
    let now = Mark::running(&directories.root, last_sequence);
    let trust = last.as_ref().map_or(Trust::None, |last| last.trust(&now));
    // Durable before sled is touched: a start that dies half-way must not be taken for a clean stop.
    mark.write(&now).map_err(at(&directories.root))?;
    let oldest = if end.first_sequence == 0 {
        last_sequence + 1
    } else {
        end.first_sequence
    };
    let index = match trusted(directories, trust, oldest, last_sequence) {
        Some(index) => index,
        None => rebuild(directories, snapshot.as_ref())?,
    };
    replay(directories, &index, base)?;
    Ok(Started {
        index,
        last_sequence,
        mark,
        lock,
    })
}

fn at(path: &Path) -> impl Fn(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Directory {
        path: path.clone(),
        source,
    }
}

fn lock(root: &Path) -> Result<File, OpenError> {
    let path = root.join("lock");
    let file = File::create(&path).map_err(at(&path))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked(root.to_owned())),
        Err(error) => Err(at(&path)(error.into())),
    }
}

fn newest_sound(directory: &Path) -> Result<Option<Snapshot>, OpenError> {
    for snapshot in snapshot::list(directory).map_err(at(directory))? {
        match snapshot::read(&snapshot.path, &mut |_| Ok(())) {
            Ok(_) => return Ok(Some(snapshot)),
            Err(error) => {
                tracing::error!(%error, "a snapshot cannot be used; an older one is looked for");
            }
        }
    }
    Ok(None)
}

fn report(end: &Scan) {
    if end.torn_bytes > 0 {
        tracing::warn!(
            bytes = end.torn_bytes,
            "the journal's end was torn; nobody had been answered for it"
        );
    }
    if end.missing > 0 {
        tracing::error!(
            groups = end.missing,
            "the journal is damaged in the middle; leads of these groups may be missing: compare with the newest backup"
        );
    }
}

/// Refuses a start that would silently go on with less than was there.
fn check_whole(
    directories: &Directories,
    last: Option<&Mark>,
    snapshot: Option<&Snapshot>,
    end: &Scan,
    last_sequence: u64,
) -> Result<(), OpenError> {
    let path = || directories.root.clone();
    let expected = last.map_or(0, |last| last.sequence);
    if last_sequence < expected {
        return Err(OpenError::JournalCut {
            path: path(),
            found: last_sequence,
            expected,
        });
    }
    let begins_at = snapshot.map_or(1, |snapshot| snapshot.position);
    if end.first_sequence > begins_at {
        return Err(OpenError::Gap {
            path: path(),
            journal: end.first_sequence,
        });
    }
    Ok(())
}

/// The old index, if nothing can have been lost under it and the journal can bring it up to date.
fn trusted(
    directories: &Directories,
    trust: Trust,
    oldest: u64,
    last_sequence: u64,
) -> Option<Index> {
    if trust == Trust::None || !directories.index.exists() {
        return None;
    }
    if let Err(error) = remove_unfinished_sled_snapshots(&directories.index) {
        tracing::warn!(%error, "the index cannot be prepared; it is built anew");
        return None;
    }
    let opened = Index::open(&directories.index).and_then(|index| Ok((index.applied()?, index)));
    match opened {
        Ok((Some(applied), index)) if applied + 1 >= oldest && applied <= last_sequence => {
            Some(index)
        }
        Ok((applied, _)) => {
            tracing::warn!(
                ?applied,
                oldest,
                last_sequence,
                "the index does not fit the journal; it is built anew"
            );
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the index cannot be opened; it is built anew");
            None
        }
    }
}

/// A kill inside sled's open leaves `snap.*.generating`, which the next open takes for the newest snapshot (sled issues 1527, 1533).
fn remove_unfinished_sled_snapshots(index: &Path) -> io::Result<()> {
    for entry in fs::read_dir(index)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn rebuild(directories: &Directories, snapshot: Option<&Snapshot>) -> Result<Index, OpenError> {
    if directories.index.exists() {
        tracing::info!("the index is built anew from the snapshot and the journal");
        fs::remove_dir_all(&directories.index).map_err(at(&directories.index))?;
    }
    let index = Index::open(&directories.index)?;
    if let Some(snapshot) = snapshot {
        let mut load = |records: Vec<Record>| match index.apply(&records, None) {
            Ok(_) => Ok(()),
            Err(StoreError::Index(error)) => Err(SnapshotError::Index(error)),
            Err(error) => {
                let source = io::Error::other(error);
                Err(SnapshotError::Io {
                    path: snapshot.path.clone(),
                    source,
                })
            }
        };
        snapshot::read(&snapshot.path, &mut load).map_err(SnapshotErrorText)?;
        // Only now: an index without `applied` is one whose building was cut short.
        index.apply(&[], Some(snapshot.position - 1))?;
    }
    Ok(index)
}

fn replay(directories: &Directories, index: &Index, base: u64) -> Result<(), OpenError> {
    let from = index.applied()?.unwrap_or(base) + 1;
    let mut groups = 0_u64;
    journal::scan::<OpenError>(&directories.journal, from, &mut |sequence, records| {
        groups += 1;
        index.apply(&records, Some(sequence))?;
        Ok(())
    })?;
    if groups > 0 {
        tracing::info!(groups, "the journal was replayed into the index");
    }
    Ok(())
}
