//! Brings the index up to the truth: opens it, replays what the journal has beyond it, and reads what is still owed.
//!
//! An index that was trusted and yet cannot be opened, does not fit the journal, or fails or panics in any of this (sled does both over
//! damage) is thrown away and built from the snapshot; only if that fails too, the start does.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::delivery::State;
use crate::store::StoreError;
use crate::store::index::Index;
use crate::store::journal;
use crate::store::mark::MarkFile;
use crate::store::outbox::Outbox;
use crate::store::record::Record;
use crate::store::snapshot::{self, Snapshot, SnapshotError};
use crate::store::start::{Directories, OpenError, SnapshotErrorText, Truth, at};

/// An index that holds everything, and what it says is still owed.
type Ready = (Index, Outbox);

/// The old index if it is there and sound, else a new one.
pub(super) fn bring_up(
    directories: &Directories,
    snapshot: Option<&Snapshot>,
    truth: Truth,
    mark: &MarkFile,
) -> Result<Ready, OpenError> {
    if directories.index.exists() {
        match catch_unwind(AssertUnwindSafe(|| open_old(directories, truth))) {
            Ok(Ok(Some(ready))) => return Ok(ready),
            Ok(Ok(None)) => tracing::warn!("the index does not fit the journal; it is built anew"),
            Ok(Err(error)) => tracing::warn!(%error, "the index cannot be used; it is built anew"),
            Err(_panic) => tracing::warn!("sled panicked over the index; it is built anew"),
        }
        // Until the new one is complete nobody may trust what lies there.
        mark.distrust_index().map_err(at(&directories.root))?;
        remove_index(directories)?;
    }
    let index = build(directories, snapshot)?;
    let ready = replay(directories, index, truth)?;
    mark.trust_index().map_err(at(&directories.root))?;
    Ok(ready)
}

/// Throws the index away.
pub(super) fn remove_index(directories: &Directories) -> Result<(), OpenError> {
    if directories.index.exists() {
        tracing::info!("the index is built anew from the snapshot and the journal");
        fs::remove_dir_all(&directories.index).map_err(at(&directories.index))?;
        journal::sync_directory(&directories.root).map_err(at(&directories.root))?;
    }
    Ok(())
}

/// `None` when it is behind the oldest group of the journal, ahead of the newest, or was never complete.
fn open_old(directories: &Directories, truth: Truth) -> Result<Option<Ready>, OpenError> {
    remove_unfinished_sled_snapshots(&directories.index).map_err(at(&directories.index))?;
    let index = Index::open(&directories.index)?;
    let oldest = if truth.first_in_journal == 0 {
        truth.last_sequence + 1
    } else {
        truth.first_in_journal
    };
    match index.applied()? {
        Some(applied) if applied + 1 >= oldest && applied <= truth.last_sequence => {
            replay(directories, index, truth).map(Some)
        }
        _ => Ok(None),
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

fn build(directories: &Directories, snapshot: Option<&Snapshot>) -> Result<Index, OpenError> {
    let index = Index::open(&directories.index)?;
    let Some(snapshot) = snapshot else {
        return Ok(index);
    };
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
    snapshot::read(&snapshot.path, &mut load).map_err(SnapshotErrorText::from)?;
    // Only now: an index without `applied` is one whose building was cut short.
    index.apply(&[], Some(snapshot.position - 1))?;
    Ok(index)
}

fn replay(directories: &Directories, index: Index, truth: Truth) -> Result<Ready, OpenError> {
    let from = index.applied()?.unwrap_or(truth.base) + 1;
    let mut groups = 0_u64;
    journal::scan::<OpenError>(&directories.journal, from, &mut |sequence, records| {
        groups += 1;
        index.apply(&records, Some(sequence))?;
        Ok(())
    })?;
    if groups > 0 {
        tracing::info!(groups, "the journal was replayed into the index");
    }
    let outbox = outbox_of(&index)?;
    Ok((index, outbox))
}

/// Everything that is still owed, and the counts of the states that are not final.
fn outbox_of(index: &Index) -> Result<Outbox, StoreError> {
    let mut outbox = Outbox::default();
    for state in State::ALL
        .into_iter()
        .filter(|state| !matches!(state, State::Delivered | State::Discarded))
    {
        for status in index.statuses_in(state) {
            outbox.update(None, Some(&status?));
        }
    }
    Ok(outbox)
}
