//! The bytes of words with their leads: one after another, and in pages that are read one at a time.
//!
//! A page has the size of the kernel's, so that a search which is the first to come by some place reads 4 KiB from the disk and not more.
//! It begins with a CRC32C over the rest; what is left over at its end is zero.

use std::io::{self, Write};
use std::ops::Range;

use crate::lead::LeadId;

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;

/// Bytes of a word at most: it must fit into a page with a lead. The store cuts words at 64 letters, which are 256 bytes.
pub(super) const LONGEST: usize = 1024;

/// In front of a page: its checksum.
pub(super) const CHECKSUM: usize = 4;

/// Around the leads of a word: the lengths of both.
const LENGTHS: usize = 4;

/// Writes these entries behind one another, each word once for those of its leads that follow.
pub(super) fn write_entries<W: AsRef<str>>(mut entries: &[(W, LeadId)], out: &mut Vec<u8>) {
    while let Some((word, _)) = entries.first() {
        let word = word.as_ref();
        let most = entries.iter().take(usize::from(u16::MAX));
        let same = most.take_while(|(other, _)| other.as_ref() == word);
        let (leads, others) = entries.split_at(same.count());
        out.extend_from_slice(&length(word.len()));
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(&length(leads.len()));
        for (_, lead) in leads {
            out.extend_from_slice(lead.as_bytes());
        }
        entries = others;
    }
}

fn length(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

/// The words that were written so, each with its leads, up to the end or to zeroes.
pub(super) fn read_entries(bytes: &[u8]) -> impl Iterator<Item = (&str, &[[u8; 16]])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let word = take(&mut rest, 1)?;
        let (leads, _) = take(&mut rest, 16)?.as_chunks();
        Some((std::str::from_utf8(word).ok()?, leads)).filter(|_| !leads.is_empty())
    })
}

/// A length and so many items of `size` bytes.
fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk()?;
    *rest = tail;
    rest.split_off(..usize::from(u16::from_le_bytes(*length)) * size)
}

/// Writes entries in pages. They come in order, and their words are not longer than [`LONGEST`].
pub(super) struct PageWriter<W> {
    out: W,
    page: Vec<u8>,
    fences: Fences,
    /// The last entry.
    word: Vec<u8>,
    lead: Option<[u8; 16]>,
    /// Where in the page the number of the word's leads is.
    count: usize,
}

impl<W: Write> PageWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            page: Vec::with_capacity(PAGE),
            fences: Fences::default(),
            word: Vec::new(),
            lead: None,
            count: 0,
        }
    }

    /// Adds an entry; `false` when it is the same as the last one.
    pub(super) fn push(&mut self, word: &[u8], lead: [u8; 16]) -> io::Result<bool> {
        let is_same = self.lead.is_some() && self.word == word;
        if is_same && self.lead == Some(lead) {
            return Ok(false);
        }
        if !(is_same && self.count_one_more()) {
            self.begin(word)?;
        }
        self.page.extend_from_slice(&lead);
        self.lead = Some(lead);
        Ok(true)
    }

    /// If there is room in the page.
    fn count_one_more(&mut self) -> bool {
        let is_room = self.page.len() + 16 <= PAGE;
        let count = self.page.get_mut(self.count..);
        match count.and_then(|count| count.first_chunk_mut()) {
            Some(count) if is_room => {
                *count = (u16::from_le_bytes(*count) + 1).to_le_bytes();
                true
            }
            _ => false,
        }
    }

    /// A word with one lead, which is to be added; in a page of its own if need be.
    fn begin(&mut self, word: &[u8]) -> io::Result<()> {
        if self.page.is_empty() || self.page.len() + LENGTHS + word.len() + 16 > PAGE {
            self.close()?;
            self.fences.push(&shortest_between(&self.word, word));
            self.page.extend_from_slice(&[0; CHECKSUM]);
        }
        self.page.extend_from_slice(&length(word.len()));
        self.page.extend_from_slice(word);
        self.count = self.page.len();
        self.page.extend_from_slice(&length(1));
        self.word.clear();
        self.word.extend_from_slice(word);
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        self.page.resize(PAGE, 0);
        close_page(&mut self.page);
        self.out.write_all(&self.page)?;
        self.page.clear();
        Ok(())
    }

    /// Where it was written to, and what is where.
    pub(super) fn finish(mut self) -> io::Result<(W, Fences)> {
        self.close()?;
        self.fences.bytes.shrink_to_fit();
        self.fences.ends.shrink_to_fit();
        Ok((self.out, self.fences))
    }
}

/// Puts its checksum in front of a page.
pub(super) fn close_page(page: &mut [u8]) {
    if let Some((checksum, rest)) = page.split_first_chunk_mut() {
        *checksum = crc32c::crc32c(rest).to_le_bytes();
    }
}

/// What is in a page; `None` when it is damaged.
pub(super) fn open_page(page: &[u8]) -> Option<&[u8]> {
    let (checksum, entries) = page.split_first_chunk()?;
    (u32::from_le_bytes(*checksum) == crc32c::crc32c(entries)).then_some(entries)
}

/// The shortest bytes above `last` that are a beginning of `first`. When they are one word, what comes right after it: a search for that word
/// must look at both pages.
fn shortest_between(last: &[u8], first: &[u8]) -> Vec<u8> {
    let pairs = first.iter().zip(last);
    let shared = pairs.take_while(|(a, b)| a == b).count();
    match first.get(..=shared) {
        Some(beginning) => beginning.to_vec(),
        None => [first, &[0]].concat(),
    }
}

/// What stands between the pages of a run: all words of the pages before it are below the fence of a page. In memory as long as the run is
/// there, some 15 bytes a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fences {
    bytes: Vec<u8>,
    /// Where in the bytes each ends.
    ends: Vec<u32>,
}

impl Fences {
    fn push(&mut self, fence: &[u8]) {
        self.bytes.extend_from_slice(fence);
        self.ends
            .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> usize {
        self.ends.len()
    }

    /// The pages in which words with this beginning may be.
    pub(super) fn of(&self, beginning: &str) -> Range<usize> {
        let beginning = beginning.as_bytes();
        let first = self.count(|fence| fence <= beginning).saturating_sub(1);
        first..self.count(|fence| fence <= beginning || fence.starts_with(beginning))
    }

    /// How many fences are so, if those that are stand before all that are not.
    fn count(&self, is_so: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.pages());
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_so(self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn get(&self, page: usize) -> &[u8] {
        let end = |page: usize| self.ends.get(page).copied().unwrap_or_default() as usize;
        let begin = page.checked_sub(1).map_or(0, end);
        self.bytes.get(begin..end(page)).unwrap_or_default()
    }

    /// Appends its bytes, for [`Fences::read`].
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for page in 0..self.pages() {
            let fence = self.get(page);
            let length = u16::try_from(fence.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(fence);
        }
    }

    /// The fences with these bytes.
    pub(super) fn read(mut bytes: &[u8]) -> Self {
        let mut fences = Self::default();
        while let Some(fence) = take(&mut bytes, 1) {
            fences.push(fence);
        }
        fences.bytes.shrink_to_fit();
        fences.ends.shrink_to_fit();
        fences
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pages(entries: &[(String, LeadId)]) -> (Vec<u8>, Fences) {
        let mut writer = PageWriter::new(Vec::new());
        for (word, lead) in entries {
            let is_new = writer.push(word.as_bytes(), *lead.as_bytes());
            assert!(is_new.expect("memory"));
            let is_new = writer.push(word.as_bytes(), *lead.as_bytes());
            assert!(!is_new.expect("memory"));
        }
        let (bytes, fences) = writer.finish().expect("memory");
        assert_eq!(bytes.len(), fences.pages() * PAGE);
        (bytes, fences)
    }

    fn read(page: &[u8]) -> Vec<(String, LeadId)> {
        let words = read_entries(open_page(page).expect("sound"));
        let entry = |word: &str, lead: &[u8; 16]| (word.to_owned(), LeadId::from_bytes(*lead));
        words
            .flat_map(|(word, leads)| leads.iter().map(move |lead| entry(word, lead)))
            .collect()
    }

    fn id(n: u32) -> LeadId {
        LeadId::from_bytes(u128::from(n).to_be_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn pages_hold_all_entries_in_order_and_fences_tell_where_each_beginning_is(
            words in proptest::collection::vec(("[аб]{1,3}|[а-в]{0,60}", 1_u32..400), 0..40),
            beginnings in proptest::collection::vec("[аб]{0,4}", 1..10),
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), 1_usize..60), 1..10),
        ) {
            let mut entries: Vec<_> = words
                .iter()
                .flat_map(|(word, leads)| (0..*leads).map(|n| (word.clone(), id(n))))
                .collect();
            entries.sort();
            entries.dedup();
            let (bytes, fences) = pages(&entries);
            let read: Vec<Vec<_>> = bytes.chunks(PAGE).map(read).collect();
            prop_assert_eq!(read.concat(), entries);
            let cuts = cuts.iter().filter(|_| !words.is_empty());
            let cuts = cuts.map(|(at, letters)| at.get(&words).0.chars().take(*letters).collect());
            for beginning in beginnings.into_iter().chain(cuts) {
                let beginning: String = beginning;
                let told = fences.of(&beginning);
                for (number, page) in read.iter().enumerate() {
                    let is_there = page.iter().any(|(word, _)| word.starts_with(&beginning));
                    prop_assert!(!is_there || told.contains(&number), "{beginning} in {number}, not {told:?}");
                }
            }
            let mut written = Vec::new();
            fences.write(&mut written);
            prop_assert_eq!(Fences::read(&written), fences);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, beginning: String) {
            read_entries(&bytes).count();
            open_page(&bytes);
            Fences::read(&bytes).of(&beginning);
        }
    }

    #[test]
    fn a_word_that_is_in_one_page_is_looked_for_in_that_one_only() {
        let phones = (0..10_000).map(|n| (format!("+7912{n:07}"), id(n)));
        let phones: Vec<_> = phones.collect();
        let (_, fences) = pages(&phones);
        assert!(fences.pages() > 50);
        for (phone, _) in &phones {
            assert_eq!(fences.of(phone).len(), 1, "{phone}");
        }
    }

    #[test]
    fn a_page_with_one_other_bit_is_damaged() {
        let (mut page, _) = pages(&[("иван".to_owned(), id(7))]);
        assert!(open_page(&page).is_some());
        page[100] ^= 1;
        assert!(open_page(&page).is_none());
    }
}
