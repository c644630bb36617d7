//! Where blocks are, by their keys, in order: in pages of a scratch file, of which only the first keys are in memory.
//!
//! In memory alone each place took some 50 bytes, 8 MB with a million leads, and a gate must not grow with what is stored. Read from sled, whose
//! packs are read and copied one by one, they slowed a gate that delivered thousands of leads a second to seconds an answer (`benches/soak`).
//!
//! A page that changes is written elsewhere, and all pages of a batch change at once: nobody reads one that is being written.

use std::collections::BTreeMap;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use crate::store::index::heap::Place;
use crate::store::index::packs;
use crate::store::index::scratch::Scratch;

use super::Key;

/// A key and a place.
const ENTRY: usize = 29;

/// A block that is there.
pub(super) type Entry = (Key, Place);

/// What becomes of blocks; `None` takes one out.
pub(super) type Changes = BTreeMap<Key, Option<Place>>;

/// The numbers of pages, by the first keys in them.
type Pages = BTreeMap<Key, usize>;

/// All places. One writer.
pub(super) struct Places {
    scratch: Scratch<ENTRY>,
    /// Held while a page is read, so that it is not given to others meanwhile.
    pages: RwLock<Pages>,
    unused: Mutex<Unused>,
    /// Entries of a full page.
    capacity: usize,
}

/// Changes that nobody sees yet.
pub(super) struct Written {
    /// The first keys of pages that others replace.
    gone: Vec<Key>,
    new: Pages,
}

/// Pages that nobody reads.
#[derive(Default)]
struct Unused {
    numbers: Vec<usize>,
    /// All from here on.
    behind: usize,
}

impl Unused {
    fn take(&mut self) -> usize {
        self.numbers.pop().unwrap_or_else(|| {
            self.behind += 1;
            self.behind - 1
        })
    }
}

impl Places {
    /// None yet, in a file in this directory.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        Self::with_capacity(directory, Scratch::<ENTRY>::CAPACITY)
    }

    fn with_capacity(directory: &Path, capacity: usize) -> io::Result<Self> {
        Ok(Self {
            scratch: Scratch::new(directory, "places", "a page of the places of blocks")?,
            pages: RwLock::default(),
            unused: Mutex::default(),
            capacity,
        })
    }

    /// What the file takes of the disk, in bytes.
    pub(super) fn taken(&self) -> u64 {
        self.scratch.taken()
    }

    /// The place of a block.
    pub(super) fn get(&self, key: Key) -> io::Result<Option<Place>> {
        let found = self.last(Bound::Included(key))?;
        Ok(found
            .filter(|(other, _)| *other == key)
            .map(|(_, place)| place))
    }

    /// The first behind a bound.
    pub(super) fn first(&self, low: Bound<Key>) -> io::Result<Option<Entry>> {
        let pages = self.pages();
        let around = match low {
            Bound::Included(key) | Bound::Excluded(key) => pages.range(..=key).next_back(),
            Bound::Unbounded => None,
        };
        if let Some((_, number)) = around {
            let page = self.scratch.read(*number)?;
            let entries = page.entries();
            let behind = (low, Bound::Unbounded);
            let at = entries.partition_point(|entry| !behind.contains(&decode(entry).0));
            if let Some(entry) = entries.get(at) {
                return Ok(Some(decode(entry)));
            }
        }
        let Some((_, number)) = pages.range((low, Bound::Unbounded)).next() else {
            return Ok(None);
        };
        Ok(self.scratch.read(*number)?.entries().first().map(decode))
    }

    /// The last before a bound.
    pub(super) fn last(&self, high: Bound<Key>) -> io::Result<Option<Entry>> {
        let pages = self.pages();
        let Some((_, number)) = pages.range((Bound::Unbounded, high)).next_back() else {
            return Ok(None);
        };
        let page = self.scratch.read(*number)?;
        let entries = page.entries();
        let before = (Bound::Unbounded, high);
        let count = entries.partition_point(|entry| before.contains(&decode(entry).0));
        let last = count.checked_sub(1).and_then(|at| entries.get(at));
        Ok(last.map(decode))
    }

    /// Shows all of them, in order, to the writer.
    pub(super) fn each(&self, mut show: impl FnMut(Entry)) -> io::Result<()> {
        let numbers: Vec<usize> = self.pages().values().copied().collect();
        for number in numbers {
            let page = self.scratch.read(number)?;
            page.entries().iter().map(decode).for_each(&mut show);
        }
        Ok(())
    }

    /// Makes these the places of blocks, all at once.
    pub(super) fn put_all(&self, changes: Changes) -> io::Result<()> {
        let written = self.write(changes)?;
        self.put(written);
        Ok(())
    }

    /// Writes the pages that are as these changes make them, for [`Places::put`] and before anything else is written.
    pub(super) fn write(&self, changes: Changes) -> io::Result<Written> {
        let mut changes = changes.into_iter().peekable();
        let (mut gone, mut new) = (Vec::new(), Pages::new());
        while let Some((first, _)) = changes.peek() {
            let (page, limit) = self.page_of(first);
            let mut entries: Vec<Entry> = Vec::new();
            if let Some((key, number)) = page {
                entries.extend(self.scratch.read(number)?.entries().iter().map(decode));
                gone.push(key);
            }
            let is_here = |(key, _): &(Key, Option<Place>)| limit.is_none_or(|limit| *key < limit);
            while let Some((key, place)) = changes.next_if(is_here) {
                change(&mut entries, key, place);
            }
            new.extend(self.write_pages(&entries, limit.is_none())?);
        }
        Ok(Written { gone, new })
    }

    /// From now on these are the places.
    pub(super) fn put(&self, Written { gone, new }: Written) {
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<usize> = gone.iter().filter_map(|key| pages.remove(key)).collect();
        pages.extend(new);
        drop(pages);
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        unused.numbers.extend(gone);
    }

    /// The page in which a key is or should be, if there are any, and where the next begins. What comes before all goes into the first.
    fn page_of(&self, key: &Key) -> (Option<(Key, usize)>, Option<Key>) {
        let pages = self.pages();
        let page = pages.range(..=key).next_back().or(pages.iter().next());
        let Some((first, number)) = page else {
            return (None, None);
        };
        let mut behind = pages.range((Bound::Excluded(first), Bound::Unbounded));
        (Some((*first, *number)), behind.next().map(|(key, _)| *key))
    }

    /// Writes entries to pages that nobody reads.
    fn write_pages(&self, entries: &[Entry], is_at_end: bool) -> io::Result<Vec<(Key, usize)>> {
        let size = packs::share(entries.len(), self.capacity, is_at_end);
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let pages = entries.chunks(size).filter_map(|entries| {
            let (first, _) = entries.first()?;
            let number = unused.take();
            let written = self.scratch.write(number, entries.iter().map(encode));
            Some(written.map(|()| (*first, number)))
        });
        pages.collect()
    }

    fn pages(&self) -> RwLockReadGuard<'_, Pages> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of sorted entries.
fn change(entries: &mut Vec<Entry>, key: Key, place: Option<Place>) {
    let at = entries.binary_search_by_key(&key, |(key, _)| *key);
    match (at, place) {
        (Ok(at), Some(place)) => {
            if let Some((_, old)) = entries.get_mut(at) {
                *old = place;
            }
        }
        (Err(at), Some(place)) => entries.insert(at, (key, place)),
        (Ok(at), None) => {
            entries.remove(at);
        }
        (Err(_), None) => {}
    }
}

fn encode((Key(key), place): &Entry) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    for (to, from) in bytes.iter_mut().zip(key.iter().chain(&place.to_bytes())) {
        *to = *from;
    }
    bytes
}

fn decode(entry: &[u8; ENTRY]) -> Entry {
    let (key, place) = entry.split_first_chunk().unwrap_or((&[0; 17], &[]));
    let place = place.first_chunk().copied().unwrap_or_default();
    (Key(*key), Place::from_bytes(place))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    fn key(n: u16) -> Key {
        Key::of(b'a', &n.to_be_bytes())
    }

    fn place(n: u32) -> Place {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        Place::from_bytes(bytes)
    }

    fn places(capacity: usize) -> (tempfile::TempDir, Places) {
        let directory = tempfile::tempdir().expect("directory");
        let places = Places::with_capacity(directory.path(), capacity).expect("a file");
        (directory, places)
    }

    fn changes() -> impl Strategy<Value = Changes> {
        let change = prop_oneof![2 => any::<u32>().prop_map(|n| Some(place(n))), 1 => Just(None)];
        proptest::collection::btree_map((0_u16..40).prop_map(key), change, 0..30)
    }

    fn bounds(n: u16) -> [Bound<Key>; 3] {
        [
            Bound::Included(key(n)),
            Bound::Excluded(key(n)),
            Bound::Unbounded,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn places_are_found_from_either_side_whatever_was_put_and_taken_out(
            groups in proptest::collection::vec(changes(), 0..12),
        ) {
            let (_directory, places) = places(4);
            let mut model = BTreeMap::new();
            for group in groups {
                model.extend(group.clone());
                model.retain(|_, place| place.is_some());
                places.put_all(group).expect("put");
                let entry = |(key, place): (&Key, &Option<Place>)| Some((*key, (*place)?));
                for n in 0..40 {
                    prop_assert_eq!(places.get(key(n)).expect("read"), model.get(&key(n)).copied().flatten());
                    for bound in bounds(n) {
                        let first = model.range((bound, Bound::Unbounded)).next().and_then(entry);
                        prop_assert_eq!(places.first(bound).expect("read"), first);
                        let last = model.range((Bound::Unbounded, bound)).next_back().and_then(entry);
                        prop_assert_eq!(places.last(bound).expect("read"), last);
                    }
                }
                let mut all = Vec::new();
                places.each(|entry| all.push(entry)).expect("read");
                prop_assert_eq!(all, model.iter().filter_map(entry).collect::<Vec<_>>());
                // Each that was given to somebody is either read or not.
                let unused = places.unused.lock().expect("no panic");
                prop_assert_eq!(unused.behind, places.pages().len() + unused.numbers.len());
            }
        }
    }

    #[test]
    fn what_comes_in_order_fills_pages_and_leaves_none_behind_that_nobody_uses() {
        let (_directory, places) = places(10);
        for n in 0..1000 {
            places
                .put_all([(key(n), Some(place(1)))].into())
                .expect("put");
        }
        assert_eq!(places.pages().len(), 100);
        let unused = places.unused.lock().expect("no panic");
        assert!(unused.numbers.len() <= 1, "{:?}", unused.numbers);
    }

    #[test]
    fn whoever_reads_while_places_change_finds_those_that_stay() {
        let (_directory, places) = places(8);
        let all = |n: u32| (0..500).map(|at| (key(at), Some(place(n)))).collect();
        places.put_all(all(0)).expect("put");
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for n in 0..200 {
                    let between = (500..600).filter(|at| at % 3 == n % 3);
                    let mut group: Changes = all(u32::from(n));
                    group.extend(between.map(|at| (key(at), (n % 2 == 0).then(|| place(1)))));
                    places.put_all(group).expect("put");
                }
            });
            while !writer.is_finished() {
                for at in 0..500 {
                    assert!(places.get(key(at)).expect("read").is_some(), "{at}");
                }
            }
        });
    }
}
