//! What tells without reading a run that no word of it has some beginning: a Bloom filter over beginnings of its words.
//!
//! A phone or an e-mail is in one run of some dozens, and each that is asked costs a cold page. A search is for a beginning, so whole words
//! cannot be what the filter knows: it knows the beginning of each word at every checkpoint, and a search asks for the last checkpoint that it reaches.
//!
//! It stays on the disk, in pages as the words are, and a beginning is in one of them: in memory it would grow with what is stored. Whoever changes
//! what the bytes are made of counts up the layout of the index.

use super::pages::{CHECKSUM, PAGE, close_page};

/// Lengths in bytes at which the beginnings of words are known. A phone such as `+79123456789` has 12, so it is known whole; e-mails that
/// share 16 are few; 6 are three Cyrillic letters, which may be typed for a rare name; 4 are most of an order number. A shorter
/// search would be let through by nearly every run anyway.
const CHECKPOINTS: [usize; 4] = [4, 6, 12, 16];

/// Bits for each different beginning. With [`PROBES`] of them set, one in 1,400 beginnings that are not there is taken for one that is. With 10
/// bits it was one in 120, and with thirty runs every fourth search read a cold page for nothing.
const BITS: usize = 16;

/// Eleven would make the fewest mistakes with so many bits, but each is a cold line of memory whenever a run is written.
const PROBES: u64 = 7;

/// Bits of a page.
const PAGE_BITS: usize = 8 * (PAGE - CHECKSUM);

/// A filter that is being made, or the count of what would be in one.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    beginnings: usize,
    last: Vec<u8>,
    pages: Vec<u8>,
}

impl Gathering {
    /// A filter with room for so many beginnings; more make it let more through.
    pub(super) fn of(beginnings: usize) -> Self {
        let pages = (beginnings * BITS).div_ceil(PAGE_BITS).max(1);
        Self {
            pages: vec![0; pages * PAGE],
            ..Self::default()
        }
    }

    /// Adds a word. In order they cost the fewest bits: a beginning that the word before has too is not counted again.
    pub(super) fn add(&mut self, word: &[u8]) {
        let pairs = word.iter().zip(&self.last);
        let shared = pairs.take_while(|(byte, before)| byte == before).count();
        if shared == word.len() {
            return;
        }
        for (_, hash) in beginnings(word).filter(|(length, _)| *length > shared) {
            self.beginnings += 1;
            self.set(hash);
        }
        self.last.clear();
        self.last.extend_from_slice(word);
    }

    fn set(&mut self, hash: u64) {
        let begin = page_of(hash, self.pages.len() / PAGE) * PAGE;
        let Some(page) = self.pages.get_mut(begin..begin + PAGE) else {
            return;
        };
        for bit in bits(hash) {
            if let Some(byte) = page.get_mut(CHECKSUM + bit / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
    }

    /// How many beginnings there are, and the pages of the filter: none if only they were counted.
    pub(super) fn finish(mut self) -> (usize, Vec<u8>) {
        self.pages.chunks_mut(PAGE).for_each(close_page);
        (self.beginnings, self.pages)
    }
}

/// Where it is seen whether a beginning may be there.
pub(super) struct Probe(u64);

impl Probe {
    /// `None` for what is too short.
    pub(super) fn of(beginning: &str) -> Option<Self> {
        let (_, hash) = beginnings(beginning.as_bytes()).last()?;
        Some(Self(hash))
    }

    /// In which of so many pages.
    pub(super) fn page(&self, pages: usize) -> usize {
        page_of(self.0, pages)
    }

    /// Whether it may be there, given what is behind the checksum of that page. `false` is certain.
    pub(super) fn may_be_in(&self, page: &[u8]) -> bool {
        bits(self.0).all(|bit| {
            let byte = page.get(bit / 8);
            byte.is_none_or(|byte| byte & (1 << (bit % 8)) != 0)
        })
    }
}

/// The length and the hash of each beginning that a filter knows a word by.
///
/// The hash is FNV-1a, which has that of every beginning on its way to the end, with the finishing steps of splitmix64, because FNV
/// leaves its upper bits alike for words that differ in their last byte only. It is the same on every machine and with every compiler.
fn beginnings(word: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    let (mut state, mut done) = (0xcbf2_9ce4_8422_2325_u64, 0);
    CHECKPOINTS.into_iter().map_while(move |length| {
        for byte in word.get(done..length)? {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        done = length;
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some((length, mixed ^ (mixed >> 31)))
    })
}

/// Multiplied, because the bits within the page are told from the upper end of the hash itself.
fn page_of(hash: u64, pages: usize) -> usize {
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((u128::from(mixed) * pages as u128) >> 64) as usize
}

/// The bits of a hash among those of a page: steps from one half of it by the other, each scaled to the number of bits.
fn bits(hash: u64) -> impl Iterator<Item = usize> {
    let step = hash.rotate_left(32) | 1;
    (0..PROBES).map(move |probe| {
        let at = hash.wrapping_add(step.wrapping_mul(probe));
        ((u128::from(at) * PAGE_BITS as u128) >> 64) as usize
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::index::words::pages::open_page;

    /// The pages of a filter that knows these words.
    fn of(words: &[String]) -> Vec<u8> {
        let mut counting = Gathering::default();
        words.iter().for_each(|word| counting.add(word.as_bytes()));
        let (count, none) = counting.finish();
        assert_eq!(none, [0; 0]);
        let mut gathering = Gathering::of(count);
        words.iter().for_each(|word| gathering.add(word.as_bytes()));
        let (again, pages) = gathering.finish();
        assert_eq!(again, count);
        pages
    }

    fn may_have(filter: &[u8], beginning: &str) -> bool {
        Probe::of(beginning).is_none_or(|probe| {
            let page = probe.page(filter.len() / PAGE) * PAGE;
            let page = open_page(&filter[page..page + PAGE]).expect("sound");
            probe.may_be_in(page)
        })
    }

    fn phones(numbers: std::ops::Range<u64>) -> Vec<String> {
        let digits = |number: u64| number * 387_420_489 % 1_000_000_000;
        let mut phones: Vec<String> = numbers
            .map(|number| format!("+79{:09}", digits(number)))
            .collect();
        phones.sort_unstable();
        phones
    }

    proptest! {
        #[test]
        fn no_beginning_of_a_word_is_ever_denied(
            mut words in proptest::collection::vec("[а-в]{0,10}|[+.@a-d0-9]{0,24}|.{0,12}", 0..60),
            is_in_order: bool,
        ) {
            if is_in_order {
                words.sort_unstable();
            }
            let filter = of(&words);
            for word in &words {
                for (at, letter) in word.char_indices() {
                    let beginning = &word[..at + letter.len_utf8()];
                    prop_assert!(may_have(&filter, beginning), "{beginning} of {word}");
                }
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, beginning: String) {
            Probe::of(&beginning).map(|probe| probe.may_be_in(&bytes));
        }
    }

    #[test]
    fn of_what_is_not_there_one_in_a_thousand_is_let_through() {
        for size in [20, 1_000, 50_000] {
            let filter = of(&phones(0..size));
            let others = phones(1_000_000..1_050_000);
            let passed = others.iter().filter(|phone| may_have(&filter, phone));
            let passed = passed.count() as f64 / others.len() as f64;
            assert!(passed < 0.0015, "{passed} with {size}");
        }
    }

    #[test]
    fn what_is_shorter_than_the_first_checkpoint_is_let_through() {
        let filter = of(&["иван".to_owned()]);
        assert!(may_have(&filter, "щ"));
        assert!(may_have(&filter, "щ1"));
        assert!(!may_have(&filter, "щщ"));
    }

    #[test]
    fn a_beginning_that_words_share_is_counted_once() {
        let mut counting = Gathering::default();
        for n in 0..1_000 {
            counting.add(format!("visitor.of.this.{n:03}").as_bytes());
        }
        assert_eq!(counting.finish().0, CHECKPOINTS.len());
    }

    /// A filter on the disk is read by later versions: should this fail, the layout of the index has changed.
    #[test]
    fn the_bytes_are_the_same_in_every_version() {
        let filter = of(&["+79123456789".to_owned()]);
        let set = |(at, byte): (usize, &u8)| (*byte != 0).then_some((at, *byte));
        let set: Vec<(usize, u8)> = filter.iter().enumerate().filter_map(set).collect();
        let expected = [
            (0, 26),
            (1, 10),
            (2, 56),
            (3, 61),
            (484, 32),
            (867, 1),
            (1340, 2),
            (1478, 8),
            (1813, 2),
            (1959, 64),
            (2006, 128),
            (2033, 64),
            (2054, 1),
            (2101, 2),
            (2148, 4),
            (2195, 8),
            (2242, 16),
            (2286, 4),
            (2472, 2),
            (2759, 4),
            (3027, 16),
            (3232, 8),
            (3582, 128),
            (3705, 8),
            (4021, 4),
        ];
        assert_eq!(set, expected);
        let probe = Probe::of("+79123456789").expect("long enough");
        assert_eq!([1, 10, 1_000].map(|pages| probe.page(pages)), [0, 3, 391]);
    }
}
