//! Pages of entries in a scratch file: for what is looked up all the time, and would take memory of ours that grows with what is stored.
//!
//! The file is deleted as soon as it is open: it is no part of the index, and goes away with the process. The kernel keeps in memory what is
//! asked for, and takes that memory back when it is short. A page is read in about a microsecond when it has it.
//!
//! Nothing is synced, so nobody is told when the kernel could not write a page and forgot it. Checksums of all pages are in memory, four bytes
//! each: whatever the disk gives that is not what was last written to a page is an error, also what was once written there.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::index::damaged;

/// How many entries there are, then the entries.
const PAGE: usize = 4096;

/// In front of the entries of a page.
const HEAD: usize = 4;

/// No checksum of what the kernel gives where nothing was written: of zeroes it is another.
const NEVER_WRITTEN: u32 = 0;

/// The file; each entry has `N` bytes. Two who share it must see to it themselves that nobody reads a page that is being written.
pub(super) struct Scratch<const N: usize> {
    file: File,
    /// Of every page, once it was written.
    checksums: Mutex<Vec<u32>>,
    /// Of what its pages are, for errors.
    what: &'static str,
}

/// A page that was read.
pub(super) struct Page<const N: usize> {
    bytes: [u8; PAGE],
    count: usize,
}

impl<const N: usize> Scratch<N> {
    /// Entries of a full page.
    pub(super) const CAPACITY: usize = (PAGE - HEAD) / N;

    /// An empty one, in a file of this name in this directory. What a process that was killed has left there is overwritten.
    pub(super) fn new(directory: &Path, name: &str, what: &'static str) -> io::Result<Self> {
        let path = directory.join(name);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(true);
        let file = options.open(&path)?;
        fs::remove_file(path)?;
        Ok(Self {
            file,
            checksums: Mutex::default(),
            what,
        })
    }

    /// What it takes of the disk at the most, in bytes.
    pub(super) fn taken(&self) -> u64 {
        (self.checksums().len() * PAGE) as u64
    }

    /// A page by its number; it must have been written. One that is damaged is an error: what were forgotten with it would not be missed.
    pub(super) fn read(&self, number: usize) -> io::Result<Page<N>> {
        let expected = self.checksums().get(number).copied();
        let mut bytes = [0; PAGE];
        self.file.read_exact_at(&mut bytes, offset(number))?;
        let count = bytes.first_chunk().copied().unwrap_or_default();
        let count = u32::from_le_bytes(count) as usize;
        match expected == Some(crc32c::crc32c(&bytes)) {
            true => Ok(Page { bytes, count }),
            false => Err(damaged(self.what)),
        }
    }

    /// Writes a page as a whole, so that the kernel needs not read what stood there. Of at most [`Self::CAPACITY`] entries.
    pub(super) fn write(
        &self,
        number: usize,
        entries: impl ExactSizeIterator<Item = [u8; N]>,
    ) -> io::Result<()> {
        let mut page = Vec::with_capacity(PAGE);
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        page.extend(count.to_le_bytes());
        page.extend(entries.flatten());
        page.resize(PAGE, 0);
        self.file.write_all_at(&page, offset(number))?;
        let checksum = crc32c::crc32c(&page);
        let mut checksums = self.checksums();
        if checksums.len() <= number {
            checksums.resize(number + 1, NEVER_WRITTEN);
        }
        if let Some(known) = checksums.get_mut(number) {
            *known = checksum;
        }
        Ok(())
    }

    fn checksums(&self) -> MutexGuard<'_, Vec<u32>> {
        let checksums = self.checksums.lock();
        checksums.unwrap_or_else(PoisonError::into_inner)
    }
}

fn offset(number: usize) -> u64 {
    (number * PAGE) as u64
}

impl<const N: usize> Page<N> {
    /// What it holds, in the order it was written.
    pub(super) fn entries(&self) -> &[[u8; N]] {
        let entries = self.bytes.get(HEAD..).unwrap_or_default();
        let (entries, _) = entries.as_chunks();
        entries.get(..self.count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(directory: &Path) -> Scratch<12> {
        Scratch::new(directory, "scratch", "a page of a test").expect("a file")
    }

    #[test]
    fn pages_read_back_full_or_not_as_they_were_written_last() {
        let directory = tempfile::tempdir().expect("directory");
        let scratch = scratch(directory.path());
        assert!(scratch.read(0).is_err(), "never written");
        for (number, count) in [(0, Scratch::<12>::CAPACITY), (1, 5), (0, 340), (3, 0)] {
            let entries = (0..count).map(|n| [u8::try_from(n % 256).expect("a byte"); 12]);
            scratch.write(number, entries.clone()).expect("written");
            let page = scratch.read(number).expect("read");
            assert_eq!(page.entries(), entries.collect::<Vec<_>>());
        }
        assert!(scratch.read(2).is_err(), "passed over");
        assert_eq!(scratch.taken(), 4 * PAGE as u64);
    }

    #[test]
    fn what_a_killed_process_left_is_overwritten_and_nothing_is_left_by_this_one() {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(directory.path().join("scratch"), [1; 3 * PAGE]).expect("written");
        let one = scratch(directory.path());
        assert_eq!(fs::read_dir(directory.path()).expect("read").count(), 0);
        one.write(0, [[1; 12]].into_iter()).expect("written");
        assert_eq!(one.file.metadata().expect("there").len(), PAGE as u64);
        // Another beside it is a file of its own.
        let other = scratch(directory.path());
        other.write(0, [[2; 12]].into_iter()).expect("written");
        assert_eq!(one.read(0).expect("read").entries(), [[1; 12]]);
    }

    #[test]
    fn a_page_that_is_not_what_was_written_last_is_an_error() {
        let directory = tempfile::tempdir().expect("directory");
        let scratch = scratch(directory.path());
        scratch.write(0, [[6; 12]].into_iter()).expect("written");
        let earlier = scratch.read(0).expect("read").bytes;
        scratch.write(0, [[7; 12]].into_iter()).expect("written");
        let sound = scratch.read(0).expect("read").bytes;
        let others = [0, 3, 4, PAGE - 1].map(|at| {
            let mut page = sound;
            page[at] ^= 0x80;
            page
        });
        for page in others.into_iter().chain([earlier, [0; PAGE]]) {
            scratch.file.write_all_at(&page, 0).expect("written");
            let error = scratch.read(0).err().expect("damaged");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains("a page of a test"), "{error}");
        }
        scratch.file.write_all_at(&sound, 0).expect("written");
        assert_eq!(scratch.read(0).expect("read").entries(), [[7; 12]]);
    }
}
