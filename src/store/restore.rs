//! A restore: a backup becomes the first snapshot of an empty store.
//!
//! The backup is older than the CRM: what it says is still owed may have been delivered after it was made. So every delivery that is not
//! settled for good is in doubt from now on, and is looked up before anything is sent.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::record::{Record, Table, decode, encode};
use crate::store::snapshot::{self, SnapshotError};
use crate::store::start::{self, Directories, OpenError, SnapshotErrorText};
use crate::store::{Settings, Status};

/// Where the journal goes on after a snapshot that does not tell. Not at 1: the snapshot's name must say that something had been there.
const UNTOLD: u64 = 2;

/// What was put in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Leads, those of erased persons included.
    pub leads: u64,
    /// Deliveries that are looked up in their CRM before they are sent.
    pub in_doubt: u64,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is a store already.
    #[error(
        "{0} holds a store already, and a restore would replace it; move the directory away, or set another store.path"
    )]
    NotEmpty(PathBuf),
    /// The backup cannot be used. Nothing of it was put in place.
    #[error("the backup cannot be used, and nothing was restored: {0}")]
    Backup(#[source] SnapshotErrorText),
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
}

/// Makes the store of these settings from a backup, which is verified before anything has its final name. The store must be empty. Durable when
/// this returns `Ok`. Blocking.
pub fn restore(settings: &Settings, from: &Path) -> Result<Restored, RestoreError> {
    let directories = Directories::of(settings);
    refuse_a_store(&directories)?;
    // Before the directories are made: a backup that is not there should leave no trace.
    fs::metadata(from).map_err(|source| refused(snapshot::failed(from)(source)))?;
    start::make(&directories)?;
    let _lock = start::lock(&directories.root)?;
    refuse_a_store(&directories)?;
    snapshot::remove_partials(&directories.snapshots).map_err(start::at(&directories.snapshots))?;
    let mut restored = Restored::default();
    let made = snapshot::make(&directories.snapshots, |writer| {
        let contents = snapshot::read(from, &mut |records| {
            for record in records {
                let record = restored.take(record).map_err(SnapshotError::from)?;
                writer
                    .put(record)
                    .map_err(snapshot::failed(&directories.snapshots))?;
            }
            Ok(())
        })?;
        Ok(contents.position.unwrap_or(UNTOLD).max(UNTOLD))
    });
    match made {
        Ok(_) => Ok(restored),
        Err(SnapshotError::Io { path, source }) if path != from => {
            Err(OpenError::Directory { path, source }.into())
        }
        Err(error) => Err(refused(error)),
    }
}

fn refused(error: SnapshotError) -> RestoreError {
    RestoreError::Backup(error.into())
}

impl Restored {
    /// The record as it is restored.
    fn take(&mut self, record: Record) -> Result<Record, serde_json::Error> {
        match (record.table, &record.value) {
            (Table::Status, Some(value)) => {
                let mut status: Status = decode(value)?;
                for delivery in &mut status.deliveries {
                    if !delivery.state.is_final() {
                        delivery.in_doubt = true;
                        self.in_doubt += 1;
                    }
                }
                Ok(Record::put(Table::Status, record.key, encode(&status)?))
            }
            (table, value) => {
                self.leads += u64::from(table == Table::Lead && value.is_some());
                Ok(record)
            }
        }
    }
}

/// Refuses a directory in which a process has ever run, even when no lead came.
fn refuse_a_store(directories: &Directories) -> Result<(), RestoreError> {
    let Directories {
        root,
        journal,
        snapshots,
        index,
        renewed,
    } = directories;
    let holds_files = |directory: &Path| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        // A restore that was cut short leaves a partial file.
        let mut names = entries.map(|entry| PathBuf::from(entry.file_name()));
        names.any(|name| name.extension().is_none_or(|kind| kind != "partial"))
    };
    let marks = ["mark.json", "mark.distrusted.json"];
    if holds_files(journal)
        || holds_files(snapshots)
        || index.exists()
        || renewed.exists()
        || marks.iter().any(|mark| root.join(mark).exists())
    {
        return Err(RestoreError::NotEmpty(root.clone()));
    }
    Ok(())
}
