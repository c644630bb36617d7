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

use crate::store::index::{advise, damaged};

/// A file that has so many bytes takes no more, unless that is less than one in [`MANY`] of all there are.
pub(super) const FULL: u64 = 8 << 20;

/// Files are open as long as they are there. Beyond so many full ones each next is as large as one in so many of all, so that their number grows
/// with the logarithm of what there is: 10 million leads have some 200.
const MANY: u64 = 64;

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

type Files = BTreeMap<u32, Arc<File>>;

/// The files. One writer.
pub(super) struct Heap {
    directory: PathBuf,
    full: u64,
    files: RwLock<Files>,
    end: Mutex<End>,
}

/// Where the next piece goes.
#[derive(Default)]
struct End {
    file: u32,
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
pub(super) struct Listing<'a>(RwLockReadGuard<'a, Files>);

/// A piece that is going to be read. Its file may be deleted meanwhile.
pub(super) struct Piece {
    file: Arc<File>,
    pub(super) place: Place,
}

impl Heap {
    /// Opens what is in a directory; makes it when it is missing. A file takes no more once it has `full` bytes ([`FULL`]).
    pub(super) fn open(directory: PathBuf, full: u64) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let mut files = Files::new();
        let mut end = End::default();
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(number) = name.and_then(|name| name.parse().ok()) else {
                continue;
            };
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            let written = file.metadata()?.len();
            end.total += written;
            if number >= end.file {
                (end.file, end.written) = (number, written);
            }
            files.insert(number, Arc::new(file));
        }
        Ok(Self {
            directory,
            full,
            files: RwLock::new(files),
            end: Mutex::new(end),
        })
    }

    /// For reading.
    pub(super) fn listing(&self) -> Listing<'_> {
        Listing(self.files.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where this will be once [`Heap::write`] has been called. Whoever reads it must name the same owner.
    pub(super) fn add(&self, owner: &[u8], piece: &[u8]) -> io::Result<Place> {
        let mut end = self.end();
        if end.next() >= self.limit(&end) {
            self.write_to(&mut end)?;
            end.file += 1;
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
        let open = self.listing().0.get(&number).cloned();
        let file = match open {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                let options = options.create(true).truncate(true).read(true).write(true);
                let file = Arc::new(options.open(self.path(number))?);
                self.files_mut(|files| files.insert(number, Arc::clone(&file)));
                file
            }
        };
        file.write_all_at(&end.waiting, end.written)?;
        end.written = end.next();
        end.total += end.waiting.len() as u64;
        end.waiting.clear();
        end.waiting.shrink_to(ROOM);
        Ok(())
    }

    /// How long the files are that nothing is added to any more, by their numbers.
    pub(super) fn full_files(&self) -> io::Result<BTreeMap<u32, u64>> {
        let last = self.end().file;
        let listing = self.listing();
        let full = listing.0.iter().filter(|(number, _)| **number != last);
        full.map(|(number, file)| Ok((*number, file.metadata()?.len())))
            .collect()
    }

    /// How long all files are together, and at which length a file takes no more.
    pub(super) fn size(&self) -> (u64, u64) {
        let end = self.end();
        (end.total, self.limit(&end))
    }

    fn limit(&self, end: &End) -> u64 {
        self.full.max(end.total / MANY).min(LONGEST)
    }

    /// Tells which of these is not in a file that is there: something has been taken away.
    pub(super) fn check<'p>(&self, mut places: impl Iterator<Item = &'p Place>) -> io::Result<()> {
        let mut lengths = BTreeMap::new();
        for (number, file) in &*self.listing().0 {
            lengths.insert(*number, file.metadata()?.len());
        }
        let is_there = |place: &Place| {
            let length = lengths.get(&place.file).copied().unwrap_or_default();
            u64::from(place.offset) + place.taken() <= length
        };
        match places.find(|place| !is_there(place)) {
            Some(place) => Err(place.damaged()),
            None => Ok(()),
        }
    }

    /// Has the kernel read all of a file, which is going to be asked for.
    pub(super) fn expect(&self, number: u32) {
        if let Some(file) = self.listing().0.get(&number) {
            advise(file, (0, 0), Advice::WillNeed);
        }
    }

    /// Deletes a file that nobody will ask for again. Those who are about to read a piece of it have it open.
    pub(super) fn delete(&self, number: u32) -> io::Result<()> {
        let file = self.files_mut(|files| files.remove(&number));
        let length = file.map_or(Ok(0), |file| file.metadata().map(|file| file.len()))?;
        let mut end = self.end();
        end.total = end.total.saturating_sub(length);
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
        match self.0.get(&place.file) {
            Some(file) => Ok(Piece {
                file: Arc::clone(file),
                place,
            }),
            None => Err(place.damaged()),
        }
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
