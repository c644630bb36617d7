//! What tells without reading a run that no word of it has some beginning: a Bloom filter over beginnings of its words.
//!
//! A phone or an e-mail is in one run of some dozens, and each that is asked costs a cold page. A search is for a beginning, so whole words
//! cannot be what the filter knows: it knows the beginning of each word at every checkpoint, and a search asks for the last checkpoint that it reaches.
//!
//! The bytes are on the disk: whoever changes what they are made of counts up the layout of the index.

use std::sync::Arc;

/// Lengths in bytes at which the beginnings of words are known. A phone such as `+79123456789` has 12, so it is known whole; e-mails that
/// share 16 are few; 6 are three Cyrillic letters, which may be typed for a rare name; 4 are most of an order number. A shorter
/// search would be let through by nearly every run anyway.
const CHECKPOINTS: [usize; 4] = [4, 6, 12, 16];

/// Bits for each different beginning. With [`PROBES`] of them set, one in 1,400 beginnings that are not there is taken for one that is. With 10
/// bits it was one in 120, and with thirty runs every fourth search read a cold page for nothing. Filters of any length are read alike.
const BITS: usize = 16;

/// Eleven would make the fewest mistakes with so many bits, but each is a cold line of memory whenever a run is written.
const PROBES: u64 = 7;

/// The beginnings of the words of a run. Cheap to clone; without any bytes it lets everything through.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter(Arc<[u8]>);

/// A filter that is being made.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    hashes: Vec<u64>,
    last: Vec<u8>,
}

impl Gathering {
    /// Adds a word. In order they cost the fewest bits: a beginning that the word before has too is not counted again.
    pub(super) fn add(&mut self, word: &[u8]) {
        let pairs = word.iter().zip(&self.last);
        let shared = pairs.take_while(|(byte, before)| byte == before).count();
        if shared < word.len() {
            let new = beginnings(word).filter(|(length, _)| *length > shared);
            self.hashes.extend(new.map(|(_, hash)| hash));
            self.last.clear();
            self.last.extend_from_slice(word);
        }
    }

    /// The filter of all words.
    pub(super) fn finish(self) -> Filter {
        let length = (self.hashes.len() * BITS).div_ceil(8);
        let mut bytes = vec![0; length];
        for place in self
            .hashes
            .into_iter()
            .flat_map(|hash| places(hash, length))
        {
            if let Some(byte) = bytes.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
        Filter(bytes.into())
    }
}

impl Filter {
    /// The one with these bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Its bytes, for [`Filter::from_bytes`].
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there may be a word with this beginning. `false` is certain.
    pub(super) fn may_have(&self, beginning: &str) -> bool {
        let Some((_, hash)) = beginnings(beginning.as_bytes()).last() else {
            return true;
        };
        let has = |place: usize| {
            let byte = self.0.get(place / 8);
            byte.is_none_or(|byte| byte & (1 << (place % 8)) != 0)
        };
        places(hash, self.0.len()).all(has)
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

/// The bits of a hash among those of so many bytes: steps from one half of it by the other, each scaled to the number of bits.
fn places(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let (bits, step) = (bytes as u128 * 8, hash.rotate_left(32) | 1);
    (0..PROBES).map(move |probe| {
        let at = hash.wrapping_add(step.wrapping_mul(probe));
        ((u128::from(at) * bits) >> 64) as usize
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(words: &[String]) -> Filter {
        let mut gathering = Gathering::default();
        words.iter().for_each(|word| gathering.add(word.as_bytes()));
        gathering.finish()
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
            let read = Filter::from_bytes(filter.bytes());
            for word in &words {
                for (at, letter) in word.char_indices() {
                    let beginning = &word[..at + letter.len_utf8()];
                    prop_assert!(filter.may_have(beginning), "{beginning} of {word}");
                    prop_assert!(read.may_have(beginning), "{beginning} of {word}, read");
                }
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, beginning: String) {
            Filter::from_bytes(&bytes).may_have(&beginning);
        }
    }

    #[test]
    fn of_what_is_not_there_one_in_a_thousand_is_let_through() {
        for size in [20, 1_000, 50_000] {
            let filter = of(&phones(0..size));
            let others = phones(1_000_000..1_050_000);
            let passed = others.iter().filter(|phone| filter.may_have(phone));
            let passed = passed.count() as f64 / others.len() as f64;
            assert!(passed < 0.0015, "{passed} with {size}");
        }
    }

    #[test]
    fn what_is_shorter_than_the_first_checkpoint_is_let_through() {
        let filter = of(&["иван".to_owned()]);
        assert!(filter.may_have("щ"));
        assert!(filter.may_have("щ1"));
        assert!(!filter.may_have("щщ"));
    }

    #[test]
    fn without_bytes_everything_is_let_through() {
        assert!(Filter::default().may_have("+79123456789"));
    }

    #[test]
    fn a_beginning_that_words_share_is_counted_once() {
        let alike = (0..1_000).map(|n| format!("visitor.of.this.{n:03}"));
        let alike: Vec<String> = alike.collect();
        let bits = CHECKPOINTS.len() * BITS;
        assert_eq!(of(&alike).bytes().len(), bits.div_ceil(8));
    }

    /// A filter on the disk is read by later versions: should this fail, the layout of the index has changed.
    #[test]
    fn the_bytes_are_the_same_in_every_version() {
        let words = ["+79123456789".to_owned(), "иван".to_owned()];
        let with_ten_bits = [200, 12, 20, 255, 162, 154, 205];
        let with_sixteen = [48, 138, 1, 20, 232, 159, 33, 173, 40, 195];
        for bytes in [with_ten_bits.as_slice(), &with_sixteen] {
            let filter = Filter::from_bytes(bytes);
            assert!(words.iter().all(|word| filter.may_have(word)));
            assert!(!filter.may_have("+79123456780"));
        }
        assert_eq!(of(&words).bytes(), with_sixteen);
    }
}
