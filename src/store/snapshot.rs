//! Snapshots: all live records in one compressed file. Together with the journal from its position on, a snapshot is the truth.
//!
//! The file is a row of frames. Every frame but the last carries LZ4-compressed records; the last one's payload is
//! `end` and the count of records. It is written under another name, synced, read back, renamed, and the directory synced; so a file
//! with the right name is whole. The same format is a backup.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::store::frame;
use crate::store::journal::sync_directory;
use crate::store::record::{Record, decode_payload, encode_payload};

/// Records are compressed in blocks of about this size: large enough to compress well, small enough to hold in memory.
const BLOCK: usize = 256 << 10;

/// What the payload of the last frame begins with.
const END: &[u8] = b"end";

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
    let path = directory.join(format!("{position:020}.snapshot"));
    let partial = path.with_extension("partial");
    let written = write_partial(&partial, records).and_then(|()| {
        fs::rename(&partial, &path)
            .and_then(|()| sync_directory(directory))
            .map_err(|source| SnapshotError::Io {
                path: path.clone(),
                source,
            })
    });
    if written.is_err() {
        // On a full disk the half of a snapshot is what fills it.
        drop(fs::remove_file(&partial));
    }
    written.map(|()| Snapshot { path, position })
}

fn write_partial(
    partial: &Path,
    records: &mut dyn Iterator<Item = Result<Record, StoreError>>,
) -> Result<(), SnapshotError> {
    let failed = |source| SnapshotError::Io {
        path: partial.to_owned(),
        source,
    };
    let mut file = File::create(partial).map_err(failed)?;
    let mut writer = Writer {
        file: &mut file,
        block: 0,
        records: 0,
    };
    let mut block = Vec::new();
    let mut size = 0;
    for record in records {
        let record = record.map_err(|error| SnapshotError::Index(Box::new(error)))?;
        size += record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        block.push(record);
        if size >= BLOCK {
            writer.block(&block).map_err(failed)?;
            block.clear();
            size = 0;
        }
    }
    writer.block(&block).map_err(failed)?;
    writer.end().map_err(failed)?;
    file.sync_all().map_err(failed)?;
    read(partial, &mut |_| Ok(())).map(|_| ())
}

struct Writer<'a> {
    file: &'a mut File,
    block: u64,
    records: u64,
}

impl Writer<'_> {
    fn block(&mut self, records: &[Record]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut payload = Vec::with_capacity(BLOCK);
        encode_payload(records, &mut payload);
        self.records += records.len() as u64;
        self.frame(&lz4_flex::compress_prepend_size(&payload))
    }

    fn end(&mut self) -> io::Result<()> {
        let mut payload = END.to_vec();
        payload.extend_from_slice(&self.records.to_le_bytes());
        self.frame(&payload)
    }

    fn frame(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::encode(self.block, payload, &mut bytes);
        self.block += 1;
        self.file.write_all(&bytes)
    }
}

/// Reads a snapshot block by block. Returns the count of records; an error when it is not whole.
pub(super) fn read(
    path: &Path,
    visit: &mut dyn FnMut(Vec<Record>) -> Result<(), SnapshotError>,
) -> Result<u64, SnapshotError> {
    let failed = |source| SnapshotError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut seen = 0;
    for block in 0.. {
        let damaged = || SnapshotError::Damaged {
            path: path.to_owned(),
            block,
        };
        let bytes = read_frame(&mut file).map_err(failed)?.ok_or_else(damaged)?;
        let sound = frame::decode(&bytes)
            .filter(|sound| sound.sequence == block)
            .ok_or_else(damaged)?;
        if let Some(count) = sound.payload.strip_prefix(END) {
            let count = count.try_into().map(u64::from_le_bytes).ok();
            return if count == Some(seen) {
                Ok(seen)
            } else {
                Err(damaged())
            };
        }
        let payload =
            lz4_flex::decompress_size_prepended(sound.payload).map_err(|_corrupt| damaged())?;
        let records = decode_payload(&payload).ok_or_else(damaged)?;
        seen += records.len() as u64;
        visit(records)?;
    }
    Ok(seen)
}

/// The bytes of the next frame; `None` when the file ends inside it.
fn read_frame(file: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.by_ref()
        .take(frame::HEADER as u64)
        .read_to_end(&mut bytes)?;
    let Some(length) = bytes
        .get(4..8)
        .and_then(|length| length.try_into().ok())
        .map(u32::from_le_bytes)
    else {
        return Ok(None);
    };
    file.by_ref()
        .take(u64::from(length))
        .read_to_end(&mut bytes)?;
    Ok(Some(bytes))
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

    fn records(count: u32) -> Vec<Record> {
        (0..count)
            .map(|n| Record::put(Table::Lead, n.to_be_bytes(), vec![(n % 250) as u8; 500]))
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
        assert_eq!(count.expect("whole"), 3_000);
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
