//! Blocks by their keys: the bytes are in the heap, where each is stands in sled and, for all who read, in a scratch file ([`places`]).
//!
//! sled keeps up to sixteen neighbours in one node, which it reads, holds in memory and rewrites as a whole. With blocks of 3 KB in it a node
//! was 50 KB, scattered over a dozen places of its log: most of what reading a lead that nobody had read lately took, and of the memory of a
//! gate that was asked for many (`benches/growth`). A place takes 28 bytes there ([`super::packs`]).
//!
//! Blocks are written before sled is told where they are. Where a process dies, sled may have lost its last batches, and what it has then is
//! in the heap all the same: a file is deleted only when sled has written down that nothing is wanted of it.

mod places;
mod tidying;

use std::io;
use std::mem;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sled::Batch;

use crate::store::StoreError;
use crate::store::index::heap::{FULL, Heap, Piece, Place};
use crate::store::index::packs::Packs;
use crate::store::index::users::User;
use crate::store::index::{at, keys, rows};

use places::{Changes, Places};
use tidying::Tidying;

/// What the keys of blocks begin with.
const PREFIXES: [u8; 2] = [keys::PREFIX, rows::PREFIX];

/// So many places are put together when a start reads all.
const TOGETHER: usize = 1 << 13;

/// A prefix and what follows, with zeroes behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; 17]);

impl Key {
    /// Of at most sixteen bytes.
    pub(super) fn of(prefix: u8, bytes: &[u8]) -> Self {
        let mut key = [0; 17];
        for (to, from) in key.iter_mut().zip([prefix].iter().chain(bytes)) {
            *to = *from;
        }
        Self(key)
    }

    fn prefix(&self) -> u8 {
        let Self([prefix, ..]) = self;
        *prefix
    }

    /// What follows the prefix.
    pub(super) fn bytes(&self) -> &Rest {
        let Self([_, bytes @ ..]) = self;
        bytes
    }
}

/// What follows a prefix.
pub(super) type Rest = [u8; 16];

/// A block with its key.
type Entry = (Key, Vec<u8>);

/// All blocks. Cheap to clone; one writer.
#[derive(Clone)]
pub(super) struct Blocks(Arc<Inner>);

struct Inner {
    db: sled::Db,
    heap: Heap,
    places: Places,
    /// What the next batch makes of blocks.
    changes: Mutex<Changes>,
    tidying: Mutex<Tidying>,
    _user: User,
}

impl Blocks {
    /// Reads where the blocks are, and opens the heap in a directory; makes it when it is missing.
    pub(super) fn open(db: &sled::Db, directory: PathBuf, user: User) -> Result<Self, StoreError> {
        Self::open_with(db, (directory, user), FULL)
    }

    fn open_with(
        db: &sled::Db,
        (directory, user): (PathBuf, User),
        full: u64,
    ) -> Result<Self, StoreError> {
        let blocks = Self::with(db, (directory, user), full)?;
        let Inner { heap, places, .. } = &*blocks.0;
        let mut together = Changes::new();
        for prefix in PREFIXES {
            for entry in packs(prefix).oldest_first(db) {
                let (key, place) = entry?;
                let place = Place::from_bytes(place);
                // A file that is gone is missed by the start and not by a reader.
                heap.check(place).map_err(at(heap.directory()))?;
                together.insert(Key::of(prefix, &key), Some(place));
                if together.len() >= TOGETHER {
                    let put = places.put_all(mem::take(&mut together));
                    put.map_err(at(heap.directory()))?;
                }
            }
        }
        let put = places.put_all(together);
        put.map_err(at(heap.directory()))?;
        Ok(blocks)
    }

    /// The same of an index that has none yet, whatever stands in sled.
    pub(super) fn none(db: &sled::Db, directory: PathBuf, user: User) -> Result<Self, StoreError> {
        Self::with(db, (directory, user), FULL)
    }

    fn with(
        db: &sled::Db,
        (directory, user): (PathBuf, User),
        full: u64,
    ) -> Result<Self, StoreError> {
        let heap = Heap::open(directory.clone(), full).map_err(at(&directory))?;
        let places = Places::new(&directory).map_err(at(&directory))?;
        Ok(Self(Arc::new(Inner {
            db: db.clone(),
            heap,
            places,
            changes: Mutex::default(),
            tidying: Mutex::default(),
            _user: user,
        })))
    }

    /// What the scratch file takes of the disk, in bytes.
    pub(super) fn scratch(&self) -> u64 {
        self.0.places.taken()
    }

    /// The block with this key.
    pub(super) fn get(&self, key: Key) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.find(|places| Ok(places.get(key)?.map(|place| (key, place))))?;
        Ok(self.read(found)?.map(|(_, block)| block))
    }

    /// The first block with this prefix behind a bound.
    pub(super) fn first(
        &self,
        prefix: u8,
        bound: Bound<Rest>,
    ) -> Result<Option<Entry>, StoreError> {
        self.read(self.find(|places| first(places, prefix, bound))?)
    }

    /// The last one before a bound.
    pub(super) fn last(&self, prefix: u8, bound: Bound<Rest>) -> Result<Option<Entry>, StoreError> {
        self.read(self.find_last(prefix, bound)?)
    }

    /// The same for those who want the ones before it next: they are mostly before it in the heap too, and the kernel reads ahead by itself
    /// in the other direction only.
    pub(super) fn last_of_many(
        &self,
        prefix: u8,
        bound: Bound<Rest>,
    ) -> Result<Option<Entry>, StoreError> {
        let found = self.find_last(prefix, bound)?;
        if let Some((_, piece)) = &found {
            piece.expect_those_before();
        }
        self.read(found)
    }

    /// The last one, as `open` makes it of its bytes; one that is known already is not read again. Bytes at one place are always the same.
    pub(super) fn last_or_known<'k, T>(
        &self,
        (prefix, bound): (u8, Bound<Rest>),
        known: &'k mut Option<(Place, T)>,
        open: impl FnOnce(&[u8]) -> Result<T, StoreError>,
    ) -> Result<Option<&'k T>, StoreError> {
        let found = self.find_last(prefix, bound)?;
        let Some(place) = found.as_ref().map(|(_, piece)| piece.place) else {
            return Ok(None);
        };
        if known.as_ref().is_none_or(|(other, _)| *other != place)
            && let Some((_, block)) = self.read(found)?
        {
            *known = Some((place, open(&block)?));
        }
        Ok(known.as_ref().map(|(_, known)| known))
    }

    /// The key of the first block behind a bound.
    pub(super) fn first_key(
        &self,
        prefix: u8,
        bound: Bound<Rest>,
    ) -> Result<Option<Rest>, StoreError> {
        let found = first(&self.0.places, prefix, bound);
        let found = found.map_err(at(self.0.heap.directory()))?;
        Ok(found.map(|(key, _)| *key.bytes()))
    }

    /// All blocks whose keys begin with this, in order. Each is looked for anew, so changes in between are seen.
    pub(super) fn all(
        &self,
        prefix: u8,
    ) -> impl Iterator<Item = Result<Entry, StoreError>> + use<> {
        let blocks = self.clone();
        let mut after = Some(Bound::Unbounded);
        std::iter::from_fn(move || {
            let found = blocks.first(prefix, after.take()?).transpose()?;
            let key = found.as_ref().ok().map(|(key, _)| *key.bytes());
            after = key.map(Bound::Excluded);
            Some(found)
        })
    }

    /// A block that is going to be read, with nothing held: a disk that takes its time for one reader must not stop the others. Here it can only over
    /// a page of places that the kernel has not kept.
    fn find(
        &self,
        find: impl FnOnce(&Places) -> io::Result<Option<places::Entry>>,
    ) -> Result<Option<(Key, Piece)>, StoreError> {
        let Inner { heap, places, .. } = &*self.0;
        // First, so that no file goes away that is wanted by what is found next.
        let files = heap.listing();
        let piece = find(places).and_then(|found| {
            let piece = found.map(|(key, place)| Ok((key, files.piece(place)?)));
            piece.transpose()
        });
        piece.map_err(at(heap.directory()))
    }

    fn find_last(
        &self,
        prefix: u8,
        bound: Bound<Rest>,
    ) -> Result<Option<(Key, Piece)>, StoreError> {
        self.find(|places| last(places, prefix, bound))
    }

    fn read(&self, found: Option<(Key, Piece)>) -> Result<Option<Entry>, StoreError> {
        let read = found.map(|(key, piece)| Ok((key, piece.read(&key.0)?)));
        read.transpose().map_err(at(self.0.heap.directory()))
    }

    /// With the next batch this is the block of a key.
    pub(super) fn put(&self, key: Key, block: &[u8]) -> Result<(), StoreError> {
        let place = self.0.heap.add(&key.0, block);
        let place = place.map_err(at(self.0.heap.directory()))?;
        self.changes().insert(key, Some(place));
        Ok(())
    }

    /// With the next batch there is none.
    pub(super) fn remove(&self, key: Key) {
        self.changes().insert(key, None);
    }

    /// Applies a batch with everything that was put and removed since the last, once the blocks are written.
    pub(super) fn apply(&self, mut batch: Batch) -> Result<(), StoreError> {
        let Inner {
            db, heap, places, ..
        } = &*self.0;
        heap.write().map_err(at(heap.directory()))?;
        let changes = mem::take(&mut *self.changes());
        for prefix in PREFIXES {
            let of_it = changes.range(Key::of(prefix, &[])..Key::of(prefix + 1, &[]));
            let places = of_it.map(|(key, place)| (*key.bytes(), place.map(Place::to_bytes)));
            packs(prefix).put(db, places, |_, place| place, &mut batch)?;
        }
        let written = places.write(changes);
        let written = written.map_err(at(heap.directory()))?;
        db.apply_batch(batch)?;
        places.put(written);
        Ok(())
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        let changes = self.0.changes.lock();
        changes.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the blocks whose keys begin with this are, for a start.
fn packs(prefix: u8) -> Packs<16, 12> {
    Packs::of(vec![prefix])
}

/// The first place with a prefix behind a bound.
fn first(places: &Places, prefix: u8, bound: Bound<Rest>) -> io::Result<Option<places::Entry>> {
    let low = match bound {
        Bound::Unbounded => Bound::Included(Key::of(prefix, &[])),
        bound => bound.map(|rest| Key::of(prefix, &rest)),
    };
    let found = places.first(low)?;
    Ok(found.filter(|(key, _)| key.prefix() == prefix))
}

/// The last place with a prefix before a bound.
fn last(places: &Places, prefix: u8, bound: Bound<Rest>) -> io::Result<Option<places::Entry>> {
    let high = match bound {
        Bound::Unbounded => Bound::Excluded(Key::of(prefix + 1, &[])),
        bound => bound.map(|rest| Key::of(prefix, &rest)),
    };
    let found = places.last(high)?;
    Ok(found.filter(|(key, _)| key.prefix() == prefix))
}

#[cfg(test)]
mod tests;
