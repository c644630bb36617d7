//! A backup: everything the store holds in one file of the snapshot's format, made while another process may have the store open.
//!
//! It reads the truth and asks nobody. What was answered before it began is on the disk, so it is in the file; what is answered meanwhile may be.
//! The index is not in it, because it is built from the rest; nor are the memory of the alerts and the config.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::store::Settings;
use crate::store::journal::sync_directory;
use crate::store::record::Table;
use crate::store::snapshot::{self, Writer};
use crate::store::start::{Directories, OpenError, SnapshotErrorText};
use crate::store::truth::Whole;

/// The running process may replace what is being read, once a day or after an erasure. More often than this it is no coincidence.
const TRIES: usize = 10;

/// What becomes of a file that has the backup's name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and there is no backup.
    Keep,
    /// The backup takes its place, once it is whole.
    Replace,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Leads, those of erased persons included.
    pub leads: u64,
    /// Records of all kinds.
    pub records: u64,
    /// The length of the file.
    pub bytes: u64,
    /// Groups of the journal that are damaged: leads of these are in an older backup, if anywhere.
    pub missing_groups: u64,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The name is taken.
    #[error("{0} is there already; name another file, or say --overwrite")]
    Exists(PathBuf),
    /// Two at once.
    #[error("another backup is writing {0}; wait for it, or name another file")]
    Busy(PathBuf),
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}; choose a place with room for it")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// What was written reads back as something else.
    #[error("what was written does not read back ({0}); choose another disk")]
    ReadBack(#[source] SnapshotErrorText),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] OpenError),
}

/// Writes a backup of the store of these settings, whole and durable when this returns `Ok`. Only its owner may read the file, for it holds
/// personal data. Blocking.
pub fn backup(settings: &Settings, to: &Path, existing: Existing) -> Result<BackedUp, BackupError> {
    let directories = Directories::existing(settings)?;
    let refuse_existing = || match existing {
        Existing::Keep if to.exists() => Err(BackupError::Exists(to.to_owned())),
        _ => Ok(()),
    };
    refuse_existing()?;
    let unfinished = Unfinished::create(to)?;
    let made = write_again(&directories, &unfinished)?;
    refuse_existing()?;
    unfinished.finish(to)?;
    Ok(made)
}

/// Tries until nothing is replaced under the reading.
fn write_again(
    directories: &Directories,
    unfinished: &Unfinished,
) -> Result<BackedUp, BackupError> {
    let mut missing = 0;
    for _ in 1..TRIES {
        match write(directories, unfinished) {
            // Damage lasts; a group that was half written when it was read does not.
            Ok(made) if made.missing_groups != missing => missing = made.missing_groups,
            Err(BackupError::Store(error)) => {
                tracing::debug!(%error, "the store has changed under the backup, which is begun again");
            }
            done => return done,
        }
    }
    write(directories, unfinished)
}

fn write(directories: &Directories, unfinished: &Unfinished) -> Result<BackedUp, BackupError> {
    let whole = Whole::find(directories)?;
    let last = whole.truth.last_sequence;
    let failed = |source| unfinished.failed(source);
    unfinished.file.set_len(0).map_err(failed)?;
    io::Seek::rewind(&mut &unfinished.file).map_err(failed)?;
    let mut writer = Writer::new(&unfinished.file);
    let (mut leads, mut refused) = (0, None);
    let read = whole.each(directories, last, &mut |record| {
        leads += u64::from(record.table == Table::Lead);
        writer.put(record).map_err(|source| {
            let kind = source.kind();
            refused = Some(source);
            snapshot::failed(&unfinished.path)(kind.into())
        })
    });
    if let Some(source) = refused {
        return Err(failed(source));
    }
    read?;
    let records = writer.end(last + 1).map_err(failed)?;
    unfinished.file.sync_all().map_err(failed)?;
    snapshot::read(&unfinished.path, &mut |_| Ok(()))
        .map_err(|error| BackupError::ReadBack(error.into()))?;
    Ok(BackedUp {
        leads,
        records,
        bytes: unfinished.file.metadata().map_err(failed)?.len(),
        missing_groups: whole.journal.missing,
    })
}

/// The file under the name it has until it is whole. Dropped before, it is removed.
struct Unfinished {
    file: File,
    path: PathBuf,
    is_renamed: bool,
}

impl Unfinished {
    fn create(to: &Path) -> Result<Self, BackupError> {
        let mut name = to.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let failed = |source| BackupError::Write {
            path: path.clone(),
            source,
        };
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(BackupError::Busy(to.to_owned())),
            Err(error) => return Err(failed(error.into())),
        }
        // Between opening and locking another backup may have given the file its final name: it is not ours then.
        let ours = file.metadata().map_err(failed)?.ino();
        if fs::metadata(&path).is_ok_and(|named| named.ino() == ours) {
            Ok(Self {
                file,
                path,
                is_renamed: false,
            })
        } else {
            Err(BackupError::Busy(to.to_owned()))
        }
    }

    fn failed(&self, source: io::Error) -> BackupError {
        BackupError::Write {
            path: self.path.clone(),
            source,
        }
    }

    fn finish(mut self, to: &Path) -> Result<(), BackupError> {
        let failed = |source| BackupError::Write {
            path: to.to_owned(),
            source,
        };
        fs::rename(&self.path, to).map_err(failed)?;
        self.is_renamed = true;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new("."))).map_err(failed)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_renamed {
            drop(fs::remove_file(&self.path));
        }
    }
}
