//! Snapshots: all live records in one compressed file. Together with the journal from its position on, a snapshot is the truth.
//!
//! The file is written under another name, synced, read back, renamed, and the directory synced; so a file with the right name is whole. Its
//! bytes are the business of [`format`](mod@format). The same format is a backup.

mod format;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::store::journal::sync_directory;
use crate::store::record::Record;
use crate::store::start::OpenError;

#[cfg(test)]
use format::Contents;
pub(super) use format::{Writer, read};

/// Why a snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// It is not whole.
    #[error("{path} is damaged or cut short at block {block}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which block.
        block: u64,
    },
    /// It is whole and yet not to be read.
    #[error(
        "{0} was written by a newer leadgate; run that version, or restore a backup that this one made"
    )]
    Newer(PathBuf),
    /// A record in it makes no sense.
    #[error("a record cannot be read: {0}")]
    Record(#[from] serde_json::Error),
    /// The snapshot before it or the journal could not be read.
    #[error("{0}")]
    Truth(#[source] Box<OpenError>),
    /// The records could not be read from the index, or not be put into it.
    #[error("the index failed: {0}")]
    Index(#[source] Box<StoreError>),
}

/// A snapshot's file and the journal position from which on the journal must be replayed over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) path: PathBuf,
    pub(super) position: u64,
}

/// Writes a snapshot of these records, verified and durable, for replay from `position` on. One at a time.
pub(super) fn write(
    directory: &Path,
    position: u64,
    records: &mut dyn Iterator<Item = Result<Record, StoreError>>,
) -> Result<Snapshot, SnapshotError> {
    make(directory, |writer| {
        for record in records {
            writer
                .put(record.map_err(|error| SnapshotError::Index(Box::new(error)))?)
                .map_err(failed(directory))?;
        }
        Ok(position)
    })
}

/// Writes a snapshot of what `fill` puts, verified and durable, for replay from the position on that it returns. One at a time.
pub(super) fn make(
    directory: &Path,
    fill: impl FnOnce(&mut Writer<&File>) -> Result<u64, SnapshotError>,
) -> Result<Snapshot, SnapshotError> {
    let partial = directory.join("next.partial");
    let named = write_partial(&partial, fill).and_then(|position| {
        let path = directory.join(format!("{position:020}.snapshot"));
        fs::rename(&partial, &path)
            .and_then(|()| sync_directory(directory))
            .map_err(failed(&path))?;
        Ok(Snapshot { path, position })
    });
    if named.is_err() {
        // On a full disk the half of a snapshot is what fills it.
        drop(fs::remove_file(&partial));
    }
    named
}

fn write_partial(
    partial: &Path,
    fill: impl FnOnce(&mut Writer<&File>) -> Result<u64, SnapshotError>,
) -> Result<u64, SnapshotError> {
    let file = File::create(partial).map_err(failed(partial))?;
    let mut writer = Writer::new(&file);
    let position = fill(&mut writer)?;
    writer.end(position).map_err(failed(partial))?;
    file.sync_all().map_err(failed(partial))?;
    read(partial, &mut |_| Ok(()))?;
    Ok(position)
}

/// The error of this file, or of one in this directory.
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> SnapshotError + use<> {
    let path = path.to_owned();
    move |source| SnapshotError::Io {
        path: path.clone(),
        source,
    }
}

/// All snapshots, the newest first.
pub(super) fn list(directory: &Path) -> io::Result<Vec<Snapshot>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "snapshot")
        {
            let position = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(|stem| stem.parse().ok());
            found.extend(position.map(|position| Snapshot { path, position }));
        }
    }
    found.sort_unstable_by_key(|snapshot| std::cmp::Reverse(snapshot.position));
    Ok(found)
}

/// Removes what writes that were cut short left behind. At a start only: later a partial file may be somebody's work.
pub(super) fn remove_partials(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "partial")
        {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Deletes the snapshots that this one makes superfluous.
pub(super) fn delete_older(directory: &Path, than: &Snapshot) -> io::Result<()> {
    for snapshot in list(directory)?
        .iter()
        .filter(|snapshot| snapshot.position < than.position)
    {
        fs::remove_file(&snapshot.path)?;
    }
    sync_directory(directory)
}

/// The bytes of the newest snapshot: about what the next one will take.
pub(super) fn newest_size(directory: &Path) -> io::Result<u64> {
    list(directory)?
        .first()
        .map_or(Ok(0), |newest| Ok(fs::metadata(&newest.path)?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::Table;

    /// Begins as every value does, with its version.
    fn value(n: u32) -> Vec<u8> {
        let mut value = vec![(n % 250) as u8; 500];
        value[0] = 1;
        value
    }

    fn records(count: u32) -> Vec<Record> {
        (0..count)
            .map(|n| Record::put(Table::Lead, u128::from(n).to_be_bytes(), value(n).into()))
            .collect()
    }

    fn write_some(directory: &Path, count: u32) -> Snapshot {
        write(directory, 7, &mut records(count).into_iter().map(Ok)).expect("written")
    }

    #[test]
    fn a_snapshot_reads_back_what_was_written() {
        let directory = tempfile::tempdir().expect("directory");
        let snapshot = write_some(directory.path(), 3_000);
        let mut seen = Vec::new();
        let count = read(&snapshot.path, &mut |block| {
            seen.extend(block);
            Ok(())
        });
        let expected = Contents {
            records: 3_000,
            position: Some(7),
        };
        assert_eq!(count.expect("whole"), expected);
        assert_eq!(seen, records(3_000));
    }

    #[test]
    fn a_snapshot_cut_anywhere_is_refused() {
        let directory = tempfile::tempdir().expect("directory");
        let snapshot = write_some(directory.path(), 900);
        let bytes = fs::read(&snapshot.path).expect("read");
        for cut in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            fs::write(&snapshot.path, &bytes[..cut]).expect("written");
            assert!(
                read(&snapshot.path, &mut |_| Ok(())).is_err(),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn what_a_cut_write_left_behind_is_removed() {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(
            directory.path().join("00000000000000000009.partial"),
            b"half",
        )
        .expect("written");
        write_some(directory.path(), 1);
        remove_partials(directory.path()).expect("removed");
        assert_eq!(list(directory.path()).expect("listed").len(), 1);
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_newer_snapshot_is_never_deleted_for_an_older_one() {
        let directory = tempfile::tempdir().expect("directory");
        let older = write_some(directory.path(), 1);
        let newer =
            write(directory.path(), 9, &mut records(1).into_iter().map(Ok)).expect("written");
        delete_older(directory.path(), &older).expect("deleted");
        assert_eq!(list(directory.path()).expect("listed"), [newer, older]);
    }
}
