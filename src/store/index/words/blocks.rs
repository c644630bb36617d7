//! The bytes of a run of words.

use sled::Batch;

use crate::lead::LeadId;

/// What the keys of all runs begin with.
pub(super) const PREFIX: u8 = b't';

/// A block is closed when it has so many bytes.
const BLOCK: usize = 4096;

/// What is known of a run without reading it.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::index) struct Run {
    pub(super) number: u64,
    pub(super) entries: usize,
    pub(super) oldest: LeadId,
    pub(super) newest: LeadId,
}

/// What the keys of a run begin with.
pub(super) fn run_key(run: u64) -> Vec<u8> {
    let mut key = vec![PREFIX];
    key.extend_from_slice(&run.to_be_bytes());
    key
}

/// `entries` are sorted. `None` when there are none.
pub(super) fn write_run<W: AsRef<str> + PartialEq>(
    number: u64,
    entries: &[(W, LeadId)],
    batch: &mut Batch,
) -> Option<Run> {
    let leads = || entries.iter().map(|(_, lead)| *lead);
    let run = Run {
        number,
        entries: entries.len(),
        oldest: leads().min()?,
        newest: leads().max()?,
    };
    let header = run_key(number);
    let mut rest = entries;
    while let Some((word, lead)) = rest.first() {
        let word = word.as_ref().as_bytes();
        let key = [header.as_slice(), word, &[0], lead.as_bytes()].concat();
        let mut block = Vec::with_capacity(BLOCK + 256);
        while block.len() < BLOCK
            && let Some((word, _)) = rest.first()
        {
            let most = ((BLOCK.saturating_sub(block.len())) / 16).clamp(1, usize::from(u16::MAX));
            let same = rest
                .iter()
                .take(most)
                .take_while(|(other, _)| other == word);
            let (leads, tail) = rest.split_at(same.count());
            write_word(word.as_ref(), leads, &mut block);
            rest = tail;
        }
        batch.insert(key, block);
    }
    batch.insert(header, header_of(&run));
    Some(run)
}

fn header_of(run: &Run) -> Vec<u8> {
    let entries = u32::try_from(run.entries).unwrap_or(u32::MAX);
    let (oldest, newest) = (run.oldest.as_bytes(), run.newest.as_bytes());
    [entries.to_be_bytes().as_slice(), oldest, newest].concat()
}

pub(super) fn read_header(key: &[u8], value: &[u8]) -> Option<Run> {
    let number = u64::from_be_bytes(key.get(1..)?.try_into().ok()?);
    let (entries, leads) = value.split_first_chunk::<4>()?;
    let [oldest, newest] = *leads.as_chunks::<16>().0 else {
        return None;
    };
    Some(Run {
        number,
        entries: u32::from_be_bytes(*entries) as usize,
        oldest: LeadId::from_bytes(oldest),
        newest: LeadId::from_bytes(newest),
    })
}

/// One word and its leads.
fn write_word<W>(word: &str, leads: &[(W, LeadId)], block: &mut Vec<u8>) {
    let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    block.extend_from_slice(&length(word.len()));
    block.extend_from_slice(word.as_bytes());
    block.extend_from_slice(&length(leads.len()));
    for (_, lead) in leads {
        block.extend_from_slice(lead.as_bytes());
    }
}

/// The entries of a block, as far as they can be read: a search that misses something over a damaged page is better than none.
pub(super) fn read_block(block: &[u8]) -> Vec<(&str, LeadId)> {
    let mut entries = Vec::new();
    let mut rest = block;
    while let Some((word, leads)) = read_word(&mut rest) {
        let leads = leads.iter().map(|lead| LeadId::from_bytes(*lead));
        entries.extend(leads.map(|lead| (word, lead)));
    }
    entries
}

pub(super) fn read_word<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, &'a [[u8; 16]])> {
    let word = take(rest, 1)?;
    let leads = take(rest, 16)?;
    Some((std::str::from_utf8(word).ok()?, leads.as_chunks().0))
}

/// A length and so many items of `size` bytes.
fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<2>()?;
    *rest = tail;
    rest.split_off(..usize::from(u16::from_be_bytes(*length)) * size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            read_block(&bytes);
        }
    }
}
