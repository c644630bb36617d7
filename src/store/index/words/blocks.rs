//! The bytes of a run of words.

use sled::Batch;

use crate::lead::LeadId;

use super::filter::Filter;

/// What the keys of all runs begin with.
pub(super) const PREFIX: u8 = b't';

/// A block is closed when it has so many bytes. A filter is cut into pieces of so many: up to seventeen entries are one node of sled, and one
/// of more than 128 KiB would become a file of its own, which sled never syncs.
const BLOCK: usize = 4096;

/// Behind the run in the keys of its filter. UTF-8 has no such byte, so they come after all blocks, and no search for a word meets them.
const FILTER: u8 = 0xff;

/// What is known of a run without reading it.
#[derive(Clone, Debug)]
pub(in crate::store::index) struct Run {
    pub(super) number: u64,
    pub(super) entries: usize,
    pub(super) oldest: LeadId,
    pub(super) newest: LeadId,
    pub(super) filter: Filter,
}

/// What the keys of a run begin with.
pub(super) fn run_key(run: u64) -> Vec<u8> {
    let mut key = vec![PREFIX];
    key.extend_from_slice(&run.to_be_bytes());
    key
}

/// What the keys of the pieces of its filter begin with.
pub(super) fn filter_key(run: u64) -> Vec<u8> {
    let mut key = run_key(run);
    key.push(FILTER);
    key
}

/// Whether a key of a run is that of a block.
pub(super) fn is_block(key: &[u8]) -> bool {
    let behind_run = key.get(1 + size_of::<u64>());
    behind_run.is_some_and(|byte| *byte != FILTER)
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
        filter: Filter::of(entries.iter().map(|(word, _)| word.as_ref())),
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
    write_header(&run, batch);
    Some(run)
}

/// What is known of a run. A small filter stands there too: an entry for it would cost more than all its bits.
fn write_header(run: &Run, batch: &mut Batch) {
    let filter = run.filter.bytes();
    let is_small = filter.len() <= BLOCK;
    let (small, large) = filter.split_at(if is_small { filter.len() } else { 0 });
    for (number, piece) in (0_u32..).zip(large.chunks(BLOCK)) {
        let key = [filter_key(run.number).as_slice(), &number.to_be_bytes()].concat();
        batch.insert(key, piece);
    }
    let number = |number| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    let (entries, length) = (number(run.entries), number(filter.len()));
    let (oldest, newest) = (run.oldest.as_bytes(), run.newest.as_bytes());
    let header = [entries.as_slice(), oldest, newest, &length, small].concat();
    batch.insert(run_key(run.number), header);
}

/// The run with this header and how many bytes its filter has; if it does not have them yet, they are in pieces.
pub(super) fn read_header(key: &[u8], value: &[u8]) -> Option<(Run, usize)> {
    let number = u64::from_be_bytes(key.get(1..)?.try_into().ok()?);
    let (entries, rest) = value.split_first_chunk()?;
    let (oldest, rest) = rest.split_first_chunk()?;
    let (newest, rest) = rest.split_first_chunk()?;
    let (filter, small) = rest.split_first_chunk()?;
    let run = Run {
        number,
        entries: u32::from_be_bytes(*entries) as usize,
        oldest: LeadId::from_bytes(*oldest),
        newest: LeadId::from_bytes(*newest),
        filter: Filter::from_bytes(small),
    };
    Some((run, u32::from_be_bytes(*filter) as usize))
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
        fn any_bytes_are_read_without_panic(key: Vec<u8>, bytes: Vec<u8>) {
            read_block(&bytes);
            read_header(&key, &bytes);
            read_header(&run_key(1), &bytes);
            is_block(&key);
        }
    }
}
