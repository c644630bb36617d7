//! Pages of entries in a scratch file: for what is looked up all the time, and would take memory of ours that grows with what is stored.
//!
//! The file is deleted as soon as it is open: it is no part of the index, and goes away with the process. The kernel keeps in memory what is
//! asked for, and takes that memory back when it is short. A page is read in about a microsecond when it has it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::store::index::damaged;

/// A checksum over what follows, how many entries there are, then the entries.
const PAGE: usize = 4096;

/// In front of the entries of a page.
const HEAD: usize = 8;

/// The file; each entry has `N` bytes. Two who share it must see to it themselves that nobody reads a page that is being written.
pub(super) struct Scratch<const N: usize> {
    file: File,
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
        Ok(Self { file, what })
    }

    /// Makes it so many pages long. Those that were never written have no entries.
    pub(super) fn set_pages(&self, pages: u64) -> io::Result<()> {
        self.file.set_len(pages * PAGE as u64)
    }

    /// A page by its number. One that is damaged is an error: what were forgotten with it would not be missed.
    pub(super) fn read(&self, number: u64) -> io::Result<Page<N>> {
        let mut page = Page {
            bytes: [0; PAGE],
            count: 0,
        };
        self.file
            .read_exact_at(&mut page.bytes, number * PAGE as u64)?;
        let [a, b, c, d, rest @ ..] = &page.bytes;
        let checksum = u32::from_le_bytes([*a, *b, *c, *d]);
        let count = rest.first_chunk().copied().unwrap_or_default();
        let count = u32::from_le_bytes(count) as usize;
        let was_never_written = checksum == 0 && count == 0;
        let is_sound = was_never_written || checksum == crc32c::crc32c(rest);
        if !is_sound || count > Self::CAPACITY {
            return Err(damaged(self.what));
        }
        page.count = count;
        Ok(page)
    }

    /// Writes a page as a whole, so that the kernel needs not read what stood there. Of at most [`Self::CAPACITY`] entries.
    pub(super) fn write(
        &self,
        number: u64,
        entries: impl ExactSizeIterator<Item = [u8; N]>,
    ) -> io::Result<()> {
        let mut page = Vec::with_capacity(PAGE);
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        page.extend([0; 4]);
        page.extend(count.to_le_bytes());
        page.extend(entries.flatten());
        page.resize(PAGE, 0);
        if let Some((checksum, rest)) = page.split_first_chunk_mut() {
            *checksum = crc32c::crc32c(rest).to_le_bytes();
        }
        self.file.write_all_at(&page, number * PAGE as u64)
    }
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
    fn pages_read_back_full_or_not_and_those_that_were_never_written_are_empty() {
        let directory = tempfile::tempdir().expect("directory");
        let scratch = scratch(directory.path());
        scratch.set_pages(4).expect("longer");
        for (number, count) in [(1, Scratch::<12>::CAPACITY), (3, 5), (1, 340), (2, 0)] {
            let entries = (0..count).map(|n| [u8::try_from(n % 256).expect("a byte"); 12]);
            scratch.write(number, entries.clone()).expect("written");
            let page = scratch.read(number).expect("read");
            assert_eq!(page.entries(), entries.collect::<Vec<_>>());
        }
        assert!(scratch.read(0).expect("read").entries().is_empty());
        assert!(scratch.read(4).is_err());
    }

    #[test]
    fn what_a_killed_process_left_is_overwritten_and_nothing_is_left_by_this_one() {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(directory.path().join("scratch"), [1; 3 * PAGE]).expect("written");
        let one = scratch(directory.path());
        assert_eq!(fs::read_dir(directory.path()).expect("read").count(), 0);
        one.set_pages(1).expect("longer");
        assert!(one.read(0).expect("read").entries().is_empty());
        // Another beside it is a file of its own.
        let other = scratch(directory.path());
        other.set_pages(1).expect("longer");
        one.write(0, [[1; 12]].into_iter()).expect("written");
        assert!(other.read(0).expect("read").entries().is_empty());
    }

    #[test]
    fn a_page_with_one_other_bit_is_an_error() {
        let directory = tempfile::tempdir().expect("directory");
        let scratch = scratch(directory.path());
        scratch.write(0, [[7; 12]].into_iter()).expect("written");
        let sound = scratch.read(0).expect("read").bytes;
        for at in [0, 4, 7, 9, PAGE - 1] {
            let mut page = sound;
            page[at] ^= 0x80;
            scratch.file.write_all_at(&page, 0).expect("written");
            let error = scratch.read(0).err().expect("damaged");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "at {at}");
            assert!(error.to_string().contains("a page of a test"), "{error}");
        }
    }
}
