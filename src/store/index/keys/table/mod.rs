//! Which block each key is in: a table in a scratch file.
//!
//! Linear hashing: a bucket is a page, and one bucket after another is split in two as entries are added, so none of them waits for a table
//! to be moved. The lowest bits of a beginning tell its bucket; it is the beginning of a hash, so they are as good as any.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::store::index::scratch::Scratch;

/// A beginning and the number of a block.
const ENTRY: usize = 12;

/// Entries of a full page.
const CAPACITY: usize = Scratch::<ENTRY>::CAPACITY;

/// What a page holds.
type Entries = Vec<(u64, u32)>;

/// The table. One writer.
pub(super) struct Table {
    scratch: Scratch<ENTRY>,
    /// Pages are read and written in more than one step, so this is held meanwhile.
    state: RwLock<State>,
    /// [`CAPACITY`], but for tests.
    capacity: usize,
}

struct State {
    /// How many there are, at least one. Those behind the last power of two were split from as many at the beginning.
    pages: u64,
    /// How many there are, the surplus included.
    entries: u64,
    /// What found its page full, by its bits in reverse, so that entries of one bucket are neighbours. Empty as chance goes; but whoever
    /// calculates keys that share their lowest bits can fill a page.
    surplus: BTreeMap<u64, u32>,
}

impl State {
    /// The surplus of those whose lowest bits are these, so many.
    fn surplus_of(&self, bucket: u64, bits: u32) -> Entries {
        let first = bucket.reverse_bits();
        let range = self.surplus.range(first..=first | (u64::MAX >> bits));
        let entries = range.map(|(reverse, place)| (reverse.reverse_bits(), *place));
        entries.collect()
    }
}

impl Table {
    /// An empty one, in a file in this directory.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        Self::with_capacity(directory, CAPACITY)
    }

    fn with_capacity(directory: &Path, capacity: usize) -> io::Result<Self> {
        // A key that were forgotten would let its lead come twice.
        let what = "a page of the places of idempotency keys";
        let scratch = Scratch::new(directory, "keys", what)?;
        scratch.write(0, [].into_iter())?;
        Ok(Self {
            scratch,
            state: RwLock::new(State {
                pages: 1,
                entries: 0,
                surplus: BTreeMap::new(),
            }),
            capacity,
        })
    }

    /// What the file takes of the disk, in bytes.
    pub(super) fn taken(&self) -> u64 {
        self.scratch.taken()
    }

    /// The block of a beginning.
    pub(super) fn get(&self, beginning: u64) -> io::Result<Option<u32>> {
        let state = self.state();
        let page = self.scratch.read(page(bucket_of(beginning, state.pages)))?;
        let entries = page.entries();
        if let Ok(at) = entries.binary_search_by_key(&beginning, |entry| decode(entry).0) {
            return Ok(entries.get(at).map(|entry| decode(entry).1));
        }
        Ok(state.surplus.get(&beginning.reverse_bits()).copied())
    }

    /// Makes these the blocks of beginnings; `None` takes one out. Each page is written once, so many together cost less. After an error nothing
    /// more may be put.
    pub(super) fn put_all(&self, mut changes: Vec<(u64, Option<u32>)>) -> io::Result<()> {
        let new = changes.iter().filter(|(_, place)| place.is_some()).count();
        self.grow(new as u64)?;
        let pages = self.state().pages;
        let bucket = |beginning| bucket_of(beginning, pages);
        // Of several changes of one entry the last counts, so they stay in order.
        changes.sort_by_key(|(beginning, _)| bucket(*beginning));
        for together in changes.chunk_by(|(one, _), (other, _)| bucket(*one) == bucket(*other)) {
            self.change(together)?;
        }
        Ok(())
    }

    /// Changes entries of one bucket.
    fn change(&self, changes: &[(u64, Option<u32>)]) -> io::Result<()> {
        let Some((first, _)) = changes.first() else {
            return Ok(());
        };
        let mut state = self.state_mut();
        let bucket = bucket_of(*first, state.pages);
        let mut page = self.read(bucket)?;
        for (beginning, place) in changes {
            let reverse = beginning.reverse_bits();
            let (at, was_there) = match page.binary_search_by_key(beginning, |(other, _)| *other) {
                Ok(at) => {
                    page.remove(at);
                    (at, true)
                }
                Err(at) => (at, state.surplus.remove(&reverse).is_some()),
            };
            state.entries -= u64::from(was_there);
            let Some(place) = *place else { continue };
            state.entries += 1;
            if page.len() < self.capacity {
                page.insert(at, (*beginning, place));
            } else {
                state.surplus.insert(reverse, place);
            }
        }
        self.write(bucket, &page)
    }

    /// Makes room for so many more.
    fn grow(&self, more: u64) -> io::Result<()> {
        let state = self.state();
        // Just before a power of two is reached, the buckets that are split last have twice the average: so of an average of 3/8 of a page they
        // have 3/4, and chance never makes a whole one of that.
        let pages = (state.entries + more) * 8 / (3 * self.capacity as u64) + 1;
        let missing = pages.saturating_sub(state.pages);
        drop(state);
        (0..missing).try_for_each(|_| self.split())
    }

    /// Adds a page: one that there is gives it those of its entries whose next bit is set.
    fn split(&self) -> io::Result<()> {
        let mut state = self.state_mut();
        let (half, added) = (half(state.pages), state.pages);
        let bucket = added - half;
        let mut entries = self.read(bucket)?;
        let surplus = state.surplus_of(bucket, half.trailing_zeros());
        entries.extend(&surplus);
        entries.sort_unstable();
        let (mut moved, mut kept): (Entries, Entries) = entries
            .into_iter()
            .partition(|(beginning, _)| beginning & half != 0);
        let mut left = moved.split_off(moved.len().min(self.capacity));
        left.extend(kept.split_off(kept.len().min(self.capacity)));
        // In this order nothing is missed if one of them fails.
        self.write(added, &moved)?;
        self.write(bucket, &kept)?;
        for (beginning, _) in surplus {
            state.surplus.remove(&beginning.reverse_bits());
        }
        let left = left.iter();
        let left = left.map(|(beginning, place)| (beginning.reverse_bits(), *place));
        state.surplus.extend(left);
        state.pages += 1;
        Ok(())
    }

    fn read(&self, bucket: u64) -> io::Result<Entries> {
        let page = self.scratch.read(page(bucket))?;
        Ok(page.entries().iter().map(decode).collect())
    }

    fn write(&self, bucket: u64, entries: &[(u64, u32)]) -> io::Result<()> {
        self.scratch.write(page(bucket), entries.iter().map(encode))
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last power of two up to this.
fn half(pages: u64) -> u64 {
    1 << pages.ilog2()
}

/// Which of so many pages a beginning belongs to: its lowest bits say it, and one more for those that were split already.
fn bucket_of(beginning: u64, pages: u64) -> u64 {
    let half = half(pages);
    let split = beginning & (2 * half - 1);
    match split < pages {
        true => split,
        false => split - half,
    }
}

/// The page of a bucket.
fn page(bucket: u64) -> usize {
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

fn encode((beginning, place): &(u64, u32)) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    let bytes = beginning.to_le_bytes().into_iter();
    for (to, from) in entry.iter_mut().zip(bytes.chain(place.to_le_bytes())) {
        *to = from;
    }
    entry
}

fn decode(entry: &[u8; ENTRY]) -> (u64, u32) {
    let [a, b, c, d, e, f, g, h, place @ ..] = *entry;
    let beginning = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    (beginning, u32::from_le_bytes(place))
}

#[cfg(test)]
mod tests;
