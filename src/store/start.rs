//! The start sequence: from whatever the last process left behind to an index that holds everything the journal holds.
//!
//! 1. Lock the directory.
//! 2. Read the mark.
//! 3. Find the newest snapshot and the end of the journal; refuse to start when the journal ends before the mark says it did. The snapshot is
//!    read only when an index must be built from it.
//! 4. Remove sled if anything can have been lost under it, then write the mark of this process.
//! 5. Bring the index up to the truth (`bring_up`).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::bring_up;
use crate::store::index::IndexWriter;
use crate::store::journal::{self, Scan};
use crate::store::mark::{Mark, MarkFile, Trust};
use crate::store::outbox::Outbox;
use crate::store::renewal;
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
    /// Nothing is there to be looked at.
    #[error("{0} holds no store; set store.path to the data directory")]
    NoStore(PathBuf),
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
    /// A segment of the journal is whole and yet not to be read.
    #[error(
        "{0} was written by a newer leadgate; run that version, or restore a backup that this one made"
    )]
    Newer(PathBuf),
    /// There is an index, and too little room on the disk, memory or open files to use it.
    #[error(
        "{0}; no lead is lost, and the index is left as it is: make room on the disk, or raise the limit of memory or open files, and start again"
    )]
    Lacks(#[source] StoreError),
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

impl OpenError {
    /// Whether a snapshot is not what was written, wherever that was met.
    pub(super) fn tells_of_a_damaged_snapshot(&self) -> bool {
        matches!(
            self,
            Self::Snapshot(SnapshotErrorText(SnapshotError::Damaged { .. }))
        )
    }
}

/// The parts of a data directory.
#[derive(Clone, Debug)]
pub(super) struct Directories {
    pub(super) root: PathBuf,
    pub(super) journal: PathBuf,
    pub(super) snapshots: PathBuf,
    pub(super) index: PathBuf,
    /// Where a renewal builds the next index; a start makes `index` of it.
    pub(super) renewed: PathBuf,
}

impl Directories {
    pub(super) fn of(settings: &Settings) -> Self {
        let root = settings.path.clone();
        let [journal, snapshots, index, renewed] =
            ["journal", "snapshots", "sled", "sled.renewed"].map(|name| root.join(name));
        Self {
            root,
            journal,
            snapshots,
            index,
            renewed,
        }
    }
}

impl Directories {
    /// Those of a store that is there.
    pub(super) fn existing(settings: &Settings) -> Result<Self, OpenError> {
        let directories = Self::of(settings);
        if directories.journal.is_dir() && directories.snapshots.is_dir() {
            Ok(directories)
        } else {
            Err(OpenError::NoStore(directories.root))
        }
    }
}

/// What snapshot and journal hold together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truth {
    /// The last sequence that the snapshot stands for; 0 without one.
    pub(super) base: u64,
    /// The last sequence there is.
    pub(super) last_sequence: u64,
    /// The first sequence in the journal; 0 when it is empty.
    pub(super) first_in_journal: u64,
}

impl Truth {
    /// The truth of this snapshot and the journal as it was read.
    pub(super) fn of(snapshot: Option<&Snapshot>, journal: &Scan) -> Self {
        let base = snapshot.map_or(0, |snapshot| snapshot.position.saturating_sub(1));
        Self {
            base,
            last_sequence: journal.last_sequence.max(base),
            first_in_journal: journal.first_sequence,
        }
    }
}

/// A store that is ready to go on.
pub(super) struct Started {
    pub(super) writer: IndexWriter,
    pub(super) outbox: Outbox,
    pub(super) last_sequence: u64,
    pub(super) mark: MarkFile,
    pub(super) lock: File,
}

/// Runs the whole sequence. Blocking.
pub(super) fn start(directories: &Directories) -> Result<Started, OpenError> {
    make(directories)?;
    let lock = lock(&directories.root)?;
    renewal::settle_names(directories).map_err(at(&directories.root))?;
    let mark = MarkFile::new(&directories.root);
    let last = mark.read();
    snapshot::remove_partials(&directories.snapshots).map_err(at(&directories.snapshots))?;
    let end = journal::scan::<OpenError>(&directories.journal, u64::MAX, &mut |_, _| Ok(()))?;
    report(&end);
    journal::keep_damaged(&end.damaged).map_err(at(&directories.journal))?;
    let look = |newest: fn(&Path) -> Result<Option<Snapshot>, OpenError>| {
        let snapshot = newest(&directories.snapshots)?;
        let truth = Truth::of(snapshot.as_ref(), &end);
        check_whole(directories, last.as_ref(), snapshot.as_ref(), truth)?;
        Ok((snapshot, truth))
    };
    let (_, truth) = look(newest_named)?;
    let now = Mark::running(&directories.root, truth.last_sequence);
    let trust = last.as_ref().map_or(Trust::None, |last| last.trust(&now));
    let sound = (trust == Trust::None)
        .then(|| look(newest_sound))
        .transpose()?;
    if trust != Trust::CleanStop {
        journal::renew_last(&directories.journal).map_err(at(&directories.journal))?;
    }
    if trust == Trust::None {
        // Before the mark: a start that dies in between must find nothing that looks trustworthy.
        bring_up::remove_index(directories)?;
    }
    // Durable before sled is touched: a start that dies half-way must not be taken for a clean stop.
    mark.write(&now).map_err(at(&directories.root))?;
    let sound = || sound.clone().map_or_else(|| look(newest_sound), Ok);
    let (writer, outbox) = bring_up::bring_up(directories, truth, &sound, &mark)?;
    Ok(Started {
        writer,
        outbox,
        last_sequence: truth.last_sequence,
        mark,
        lock,
    })
}

/// Makes the directories that are missing, and their names durable: a first lead must not vanish with the directory it is in.
pub(super) fn make(directories: &Directories) -> Result<(), OpenError> {
    let Directories {
        root,
        journal,
        snapshots,
        ..
    } = directories;
    let mut missing: Vec<&Path> = root
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .collect();
    missing.reverse();
    for directory in [root, journal, snapshots] {
        fs::create_dir_all(directory).map_err(at(directory))?;
    }
    for made in missing {
        let parent = made
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        journal::sync_directory(parent).map_err(at(parent))?;
    }
    journal::sync_directory(root).map_err(at(root))
}

pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Directory {
        path: path.clone(),
        source,
    }
}

pub(super) fn lock(root: &Path) -> Result<File, OpenError> {
    let path = root.join("lock");
    let file = File::create(&path).map_err(at(&path))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked(root.to_owned())),
        Err(error) => Err(at(&path)(error.into())),
    }
}

/// By its name. Whoever has a sound index needs no more of it, and a large one takes a second to read.
pub(super) fn newest_named(directory: &Path) -> Result<Option<Snapshot>, OpenError> {
    let mut found = snapshot::list(directory).map_err(at(directory))?;
    Ok((!found.is_empty()).then(|| found.swap_remove(0)))
}

pub(super) fn newest_sound(directory: &Path) -> Result<Option<Snapshot>, OpenError> {
    for snapshot in snapshot::list(directory).map_err(at(directory))? {
        match snapshot::read(&snapshot.path, &mut |_| Ok(())) {
            Ok(_) => return Ok(Some(snapshot)),
            // An older one would do, but not together with the journal after this one.
            Err(newer @ SnapshotError::Newer(_)) => {
                return Err(SnapshotErrorText::from(newer).into());
            }
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
            "the journal is damaged in the middle; leads of these groups may be missing: compare with the newest backup. The damaged files are kept"
        );
    }
}

/// Refuses a start that would silently go on with less than was there. What had been reached is told by the mark and by the names of
/// snapshots and segments, which outlive their contents.
pub(super) fn check_whole(
    directories: &Directories,
    last: Option<&Mark>,
    snapshot: Option<&Snapshot>,
    truth: Truth,
) -> Result<(), OpenError> {
    let path = || directories.root.clone();
    let snapshots = snapshot::list(&directories.snapshots).map_err(at(&directories.snapshots))?;
    let segments = journal::segments(&directories.journal).map_err(at(&directories.journal))?;
    let named = snapshots
        .first()
        .map(|newest| newest.position)
        .max(segments.last().map(|(first, _)| *first));
    let expected = last
        .map_or(0, |last| last.sequence)
        .max(named.unwrap_or(1).saturating_sub(1));
    if truth.last_sequence < expected {
        return Err(OpenError::JournalCut {
            path: path(),
            found: truth.last_sequence,
            expected,
        });
    }
    let begins_at = snapshot.map_or(1, |snapshot| snapshot.position);
    if truth.first_in_journal > begins_at {
        return Err(OpenError::Gap {
            path: path(),
            journal: truth.first_in_journal,
        });
    }
    Ok(())
}
