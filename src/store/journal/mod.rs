//! The journal: an append-only log of frames, made durable by one fdatasync per group. With the newest snapshot it is the truth.
//!
//! It is a directory of segments named by the sequence of their first frame. The last one is appended to; a segment is
//! deleted only when a newer verified snapshot holds everything in it.

mod reader;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::store::frame;
use crate::store::record::{Record, encode_payload};

pub(super) use reader::{Scan, scan};

/// A segment longer than this is followed by a new one, so that a reader never needs more memory than this, and the start after a kill,
/// which writes the last one anew ([`renew_last`]), has room for it in any sensible reserve.
const SEGMENT_LENGTH: u64 = 4 << 20;

/// The open end of the journal.
pub(super) struct Journal {
    directory: PathBuf,
    file: File,
    length: u64,
    next_sequence: u64,
    buffer: Vec<u8>,
}

/// Why a group could not be appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendError {
    /// Nothing of it is in the journal; the next append may work (the disk was full, say).
    #[error("the journal refused a write: {0}")]
    TakenBack(#[source] io::Error),
    /// The state of the file is unknown (fdatasync failed, or a short write could not be taken back): stop the process. A failed
    /// fdatasync must not be retried, because the kernel may have dropped the pages and marked them clean.
    #[error("the journal cannot be trusted any more: {0}")]
    Broken(#[source] io::Error),
}

impl Journal {
    /// Opens the journal for appending after `last_sequence`, in a new segment: the old ones are never written to again.
    pub(super) fn open(directory: &Path, last_sequence: u64) -> io::Result<Self> {
        let next_sequence = last_sequence + 1;
        let file = create_segment(directory, next_sequence)?;
        Ok(Self {
            directory: directory.to_owned(),
            file,
            length: 0,
            next_sequence,
            buffer: Vec::new(),
        })
    }

    /// Appends one frame of these records and waits until it is on the disk. Returns its sequence.
    pub(super) fn append(&mut self, records: &[Record]) -> Result<u64, AppendError> {
        if self.length >= SEGMENT_LENGTH {
            self.rotate().map_err(AppendError::TakenBack)?;
        }
        let sequence = self.next_sequence;
        self.buffer.clear();
        frame::encode_with(sequence, &mut self.buffer, |out| {
            encode_payload(records, out);
        });
        if let Err(error) = self.file.write_all_at(&self.buffer, self.length) {
            self.file
                .set_len(self.length)
                .map_err(AppendError::Broken)?;
            return Err(AppendError::TakenBack(error));
        }
        self.file.sync_data().map_err(AppendError::Broken)?;
        self.length += self.buffer.len() as u64;
        self.next_sequence += 1;
        self.buffer.shrink_to(1 << 20);
        Ok(sequence)
    }

    /// Begins a new segment and returns the sequence of its first frame. An empty segment stays as it is.
    pub(super) fn rotate(&mut self) -> io::Result<u64> {
        if self.length > 0 {
            self.file = create_segment(&self.directory, self.next_sequence)?;
            self.length = 0;
        }
        Ok(self.next_sequence)
    }
}

fn create_segment(directory: &Path, first_sequence: u64) -> io::Result<File> {
    let path = directory.join(format!("{first_sequence:020}.journal"));
    // A file of this name may be left from a start that was cut short (empty), or hold nothing but damage (kept for people to look at).
    if fs::metadata(&path).is_ok_and(|left| left.len() > 0) {
        fs::rename(&path, path.with_extension("damaged"))?;
    }
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.sync_all()?;
    sync_directory(directory)?;
    Ok(file)
}

/// Writes the last segment anew and syncs it. After the death of a process what it wrote may be readable from the page cache and yet not be
/// on the disk, even after another fsync (a failed one marks its pages clean); and it is going to be built upon.
pub(super) fn renew_last(directory: &Path) -> io::Result<()> {
    for (_, path) in segments(directory)?.iter().rev() {
        let bytes = fs::read(path)?;
        if bytes.is_empty() {
            continue;
        }
        let partial = path.with_extension("partial");
        let mut file = File::create(&partial)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        return sync_directory(directory);
    }
    Ok(())
}

/// Keeps a second name for damaged segments, so that people can look at them after a snapshot has made the first superfluous.
pub(super) fn keep_damaged(paths: &[PathBuf]) -> io::Result<()> {
    for path in paths {
        match fs::hard_link(path, path.with_extension("damaged")) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Deletes the damaged segments that were kept: an erased person may be in them.
pub(super) fn delete_damaged(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "damaged")
        {
            fs::remove_file(path)?;
        }
    }
    sync_directory(directory)
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The segments by the sequence of their first frame, in order.
pub(super) fn segments(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let first = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".journal"))
            .and_then(|digits| digits.parse().ok());
        if let Some(first) = first {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Deletes the segments that hold nothing at or after `position`.
pub(super) fn delete_before(directory: &Path, position: u64) -> io::Result<()> {
    let segments = segments(directory)?;
    for pair in segments.windows(2) {
        if let [(_, path), (next_first, _)] = pair
            && *next_first <= position
        {
            fs::remove_file(path)?;
        }
    }
    sync_directory(directory)
}

/// The bytes all segments take.
pub(super) fn size(directory: &Path) -> io::Result<u64> {
    let mut total = 0;
    for (_, path) in segments(directory)? {
        total += fs::metadata(path)?.len();
    }
    Ok(total)
}
