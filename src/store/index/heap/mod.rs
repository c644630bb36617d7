//! Bytes in files of our own, only ever added to. A file that holds little that is still wanted is emptied and deleted ([`super::blocks`]).
//!
//! Before each piece stands a CRC32C over its owner's name and itself, so that neither damaged bytes nor those of somebody else pass for it.
//! What is written is not synced: where the machine may have died, the index is built anew.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::num::TryFromIntError;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use rustix::fs::Advice;

use crate::store::index::handles::Handles;
use crate::store::index::{advise, damaged};

/// A file that has so many bytes takes no more, unless that is less than one in [`MANY`] of all there are.
pub(super) const FULL: u64 = 8 << 20;

/// Beyond so many full files each next is as large as one in so many of all, so that their number grows with the logarithm of what there is:
/// 10 million leads have some 200.
const MANY: u64 = 64;

/// So many files are open for readers: with a million leads most of them.
const OPEN: usize = 128;

/// No file is longer than this and a few pieces, however many there are: places have 32 bits.
const LONGEST: u64 = 1 << 31;

/// So much is read at once for those who want one piece after another.
const AHEAD: u64 = 64 << 10;

/// In front of each piece.
const CHECKSUM: usize = 4;

/// So much room is kept for what is to be written.
const ROOM: usize = 1 << 20;

/// Where a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of its file.
    pub(super) file: u32,
    offset: u32,
    /// Of the piece alone.
    length: u32,
}

impl Place {
    /// For sled.
    pub(super) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        for (bytes, number) in
            bytes
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip([self.file, self.offset, self.length])
        {
            *bytes = number.to_le_bytes();
        }
        bytes
    }

    /// The place with these bytes.
    pub(super) fn from_bytes(bytes: [u8; 12]) -> Self {
        let number = |at: usize| {
            let number = bytes.get(at..).and_then(|rest| rest.first_chunk());
            number.map_or(0, |number| u32::from_le_bytes(*number))
        };
        Self {
            file: number(0),
            offset: number(4),
            length: number(8),
        }
    }

    /// What it takes of its file.
    pub(super) fn taken(self) -> u64 {
        u64::from(self.length) + CHECKSUM as u64
    }

    fn damaged(self) -> io::Error {
        let Self { file, offset, .. } = self;
        damaged(&format!("the block at {offset} of file {file:08}"))
    }
}

/// How long each is; of the last that is not known here.
type Files = BTreeMap<u32, u64>;

/// The files. One writer.
pub(super) struct Heap {
    directory: PathBuf,
    full: u64,
    files: RwLock<Files>,
    handles: Handles,
    end: Mutex<End>,
}

/// Where the next piece goes.
#[derive(Default)]
struct End {
    file: u32,
    /// To write there, once something was.
    out: Option<File>,
    /// How long the file is.
    written: u64,
    /// What is to be written there.
    waiting: Vec<u8>,
    /// How long all files are together.
    total: u64,
}

impl End {
    /// Where in the file the next piece begins.
    fn next(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }
}

/// Which files there are, as long as this is held.
pub(super) struct Listing<'a> {
    heap: &'a Heap,
    files: RwLockReadGuard<'a, Files>,
}

/// A piece that is going to be read. Its file may be deleted meanwhile.
pub(super) struct Piece {
    file: Arc<File>,
    pub(super) place: Place,
}

impl Heap {
    /// Looks at what is in a directory; makes it when it is missing. A file takes no more once it has `full` bytes ([`FULL`]).
    pub(super) fn open(directory: PathBuf, full: u64) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let mut files = Files::new();
        let mut end = End::default();
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let written = entry.metadata()?.len();
            end.total += written;
            if number >= end.file {
                (end.file, end.written) = (number, written);
            }
            files.insert(number, written);
        }
        Ok(Self {
            directory,
            full,
            files: RwLock::new(files),
            handles: Handles::new(OPEN),
            end: Mutex::new(end),
        })
    }

    /// For reading.
    pub(super) fn listing(&self) -> Listing<'_> {
        Listing {
            heap: self,
            files: self.files.read().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Where this will be once [`Heap::write`] has been called. Whoever reads it must name the same owner.
    pub(super) fn add(&self, owner: &[u8], piece: &[u8]) -> io::Result<Place> {
        let mut end = self.end();
        if end.next() >= self.limit(&end) {
            self.write_to(&mut end)?;
            let (number, length) = (end.file, end.written);
            self.files_mut(|files| files.insert(number, length));
            end.file += 1;
            end.out = None;
            end.written = 0;
        }
        let place = Place {
            file: end.file,
            offset: u32::try_from(end.next()).map_err(too_long)?,
            length: u32::try_from(piece.len()).map_err(too_long)?,
        };
        end.waiting.extend(checksum(owner, piece));
        end.waiting.extend_from_slice(piece);
        Ok(place)
    }

    /// Writes what was added. After an error nothing more may be added.
    pub(super) fn write(&self) -> io::Result<()> {
        self.write_to(&mut self.end())
    }

    fn write_to(&self, end: &mut End) -> io::Result<()> {
        if end.waiting.is_empty() {
            return Ok(());
        }
        let number = end.file;
        let is_new = !self.listing().files.contains_key(&number);
        let file = match end.out.take() {
            Some(file) if !is_new => file,
            _ => {
                let mut options = OpenOptions::new();
                let options = options.write(true).create(is_new).truncate(is_new);
                options.open(self.path(number))?
            }
        };
        file.write_all_at(&end.waiting, end.written)?;
        end.out = Some(file);
        if is_new {
            self.files_mut(|files| files.insert(number, 0));
        }
        end.written = end.next();
        end.total += end.waiting.len() as u64;
        end.waiting.clear();
        end.waiting.shrink_to(ROOM);
        Ok(())
    }

    /// How long the files are that nothing is added to any more, by their numbers.
    pub(super) fn full_files(&self) -> BTreeMap<u32, u64> {
        let last = self.end().file;
        let mut full = self.listing().files.clone();
        full.remove(&last);
        full
    }

    /// How long all files are together, and at which length a file takes no more.
    pub(super) fn size(&self) -> (u64, u64) {
        let end = self.end();
        (end.total, self.limit(&end))
    }

    fn limit(&self, end: &End) -> u64 {
        self.full.max(end.total / MANY).min(LONGEST)
    }

    /// An error when this is not in a file that is there: something has been taken away. For a heap that was just opened.
    pub(super) fn check(&self, place: Place) -> io::Result<()> {
        let length = self.listing().files.get(&place.file).copied();
        match u64::from(place.offset) + place.taken() <= length.unwrap_or_default() {
            true => Ok(()),
            false => Err(place.damaged()),
        }
    }

    /// Has the kernel read all of a file, which is going to be asked for.
    pub(super) fn expect(&self, number: u32) {
        if let Ok(file) = self.listing().open(number) {
            advise(&file, (0, 0), Advice::WillNeed);
        }
    }

    /// Deletes a file that nobody will ask for again. Those who are about to read a piece of it have it open.
    pub(super) fn delete(&self, number: u32) -> io::Result<()> {
        let length = self.files_mut(|files| files.remove(&number));
        self.handles.close(number);
        let mut end = self.end();
        end.total = end.total.saturating_sub(length.unwrap_or_default());
        drop(end);
        fs::remove_file(self.path(number))
    }

    fn path(&self, number: u32) -> PathBuf {
        self.directory.join(format!("{number:08}"))
    }

    /// Where it is.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files_mut<T>(&self, change: impl FnOnce(&mut Files) -> T) -> T {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut files)
    }
}

impl Listing<'_> {
    /// What is at a place.
    pub(super) fn piece(&self, place: Place) -> io::Result<Piece> {
        let file = match self.files.contains_key(&place.file) {
            true => self.open(place.file)?,
            false => return Err(place.damaged()),
        };
        Ok(Piece { file, place })
    }

    fn open(&self, number: u32) -> io::Result<Arc<File>> {
        let Heap { handles, .. } = self.heap;
        handles.get(number, || File::open(self.heap.path(number)))
    }
}

impl Piece {
    /// Has the kernel read what is before it in its file, which is going to be asked for.
    pub(super) fn expect_those_before(&self) {
        let begin = u64::from(self.place.offset).saturating_sub(AHEAD);
        advise(&self.file, (begin, AHEAD), Advice::WillNeed);
    }

    /// Its bytes, if it is this owner's.
    pub(super) fn read(&self, owner: &[u8]) -> io::Result<Vec<u8>> {
        let place = self.place;
        let mut bytes = vec![0; CHECKSUM + place.length as usize];
        self.file
            .read_exact_at(&mut bytes, u64::from(place.offset))?;
        let found = bytes.first_chunk().copied();
        bytes.drain(..CHECKSUM);
        match found == Some(checksum(owner, &bytes)) {
            true => Ok(bytes),
            false => Err(place.damaged()),
        }
    }
}

fn checksum(owner: &[u8], piece: &[u8]) -> [u8; CHECKSUM] {
    crc32c::crc32c_append(crc32c::crc32c(owner), piece).to_le_bytes()
}

fn too_long(error: TryFromIntError) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, error)
}

#[cfg(test)]
mod tests;
