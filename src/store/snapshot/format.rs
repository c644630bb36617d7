//! The bytes of a snapshot: a row of frames, written and read a block at a time, so that memory does not grow with the store.
//!
//! Every frame but the last carries LZ4-compressed records. The last one's payload is `end`, the count of records, and the position from which
//! the journal must be replayed over them (not in the first files, where the name alone tells it).

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use crate::store::frame;
use crate::store::record::{Record, decode_payload, encode_payload};
use crate::store::snapshot::SnapshotError;

/// Records are compressed in blocks of about this size: large enough to compress well, small enough to hold in memory.
const BLOCK: usize = 256 << 10;

/// What the payload of the last frame begins with.
const END: &[u8] = b"end";

/// What a whole file said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Contents {
    /// How many records it holds.
    pub(in crate::store) records: u64,
    /// From where the journal must be replayed over it, if it tells.
    pub(in crate::store) position: Option<u64>,
}

/// Writes a snapshot from its first record to its end. What it writes to is not synced by it.
pub(in crate::store) struct Writer<W: Write> {
    to: W,
    waiting: Vec<Record>,
    size: usize,
    blocks: u64,
    records: u64,
}

impl<W: Write> Writer<W> {
    /// A snapshot without records so far.
    pub(in crate::store) fn new(to: W) -> Self {
        Self {
            to,
            waiting: Vec::new(),
            size: 0,
            blocks: 0,
            records: 0,
        }
    }

    /// Adds a record.
    pub(in crate::store) fn put(&mut self, record: Record) -> io::Result<()> {
        self.size += record.key.len() + record.value.as_ref().map_or(0, |value| value.len());
        self.waiting.push(record);
        if self.size >= BLOCK {
            self.block()?;
        }
        Ok(())
    }

    /// Ends it: the journal must be replayed over it from `position` on. A file that was not ended is not whole. Returns how many records it has.
    pub(in crate::store) fn end(mut self, position: u64) -> io::Result<u64> {
        self.block()?;
        let mut payload = END.to_vec();
        payload.extend_from_slice(&self.records.to_le_bytes());
        payload.extend_from_slice(&position.to_le_bytes());
        self.frame(&payload)?;
        self.to.flush()?;
        Ok(self.records)
    }

    fn block(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut payload = Vec::with_capacity(BLOCK);
        encode_payload(&self.waiting, &mut payload);
        self.records += self.waiting.len() as u64;
        self.waiting.clear();
        self.size = 0;
        self.frame(&lz4_flex::compress_prepend_size(&payload))
    }

    fn frame(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::encode(self.blocks, payload, &mut bytes);
        self.blocks += 1;
        self.to.write_all(&bytes)
    }
}

/// Reads a snapshot block by block; an error when it is not whole, which may show at its end only.
pub(in crate::store) fn read(
    path: &Path,
    visit: &mut dyn FnMut(Vec<Record>) -> Result<(), SnapshotError>,
) -> Result<Contents, SnapshotError> {
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
        if frame::is_newer(&bytes) {
            return Err(SnapshotError::Newer(path.to_owned()));
        }
        let sound = frame::decode(&bytes)
            .filter(|sound| sound.sequence == block)
            .ok_or_else(damaged)?;
        if let Some(end) = sound.payload.strip_prefix(END) {
            return read_end(end)
                .filter(|contents| contents.records == seen)
                .ok_or_else(damaged);
        }
        let payload =
            lz4_flex::decompress_size_prepended(sound.payload).map_err(|_corrupt| damaged())?;
        // Its checksum is right, so what cannot be read was not damaged but is not known here.
        let records = decode_payload(&payload)
            .filter(|records| !records.iter().any(Record::is_newer))
            .ok_or_else(|| SnapshotError::Newer(path.to_owned()))?;
        seen += records.len() as u64;
        visit(records)?;
    }
    Err(failed(io::ErrorKind::InvalidData.into()))
}

fn read_end(payload: &[u8]) -> Option<Contents> {
    let (records, rest) = payload.split_first_chunk::<8>()?;
    let position = match rest {
        [] => None,
        rest => Some(u64::from_le_bytes(rest.try_into().ok()?)),
    };
    Some(Contents {
        records: u64::from_le_bytes(*records),
        position,
    })
}

/// The bytes of the next frame; `None` when the file ends inside its header.
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
