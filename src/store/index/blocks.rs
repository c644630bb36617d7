//! Blocks by their keys: the bytes are in the heap, where each is stands in sled and, for all who read, in memory.
//!
//! sled keeps up to seventeen neighbours in one node, which it reads, holds in memory and rewrites as a whole. With blocks of 3 KB in it a node
//! was 50 KB, scattered over a dozen places of its log: most of what reading a lead that nobody had read lately took, and of the memory of a
//! gate that was asked for many (`benches/growth`). A place takes 12 bytes there, and some 50 here: 6 MB with a million leads.
//!
//! Blocks are written before sled is told where they are. Where a process dies, sled may have lost its last batches, and what it has then is
//! in the heap all the same: a file is deleted only when sled has written down that nothing is wanted of it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use sled::Batch;

use crate::store::StoreError;
use crate::store::index::heap::{FULL, Heap, Place, Reader};
use crate::store::index::{at, keys, rows};

/// What the keys of blocks begin with.
const PREFIXES: [u8; 2] = [keys::PREFIX, rows::PREFIX];

/// So many files may be of no use, however little is wanted: to look for what is wanted takes a while, and the last file is never emptied.
const FEW: u64 = 4;

/// So many blocks are moved at a time: nothing else is applied meanwhile.
const AT_ONCE: usize = 256;

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

    /// What follows the prefix.
    pub(super) fn bytes(&self) -> &[u8; 16] {
        let Self([_, bytes @ ..]) = self;
        bytes
    }
}

/// From one key to another.
pub(super) type KeyRange = (Bound<Key>, Bound<Key>);

/// A block with its key.
type Entry = (Key, Vec<u8>);

type Places = BTreeMap<Key, Place>;

/// All blocks. Cheap to clone; one writer.
#[derive(Clone)]
pub(super) struct Blocks(Arc<Inner>);

struct Inner {
    db: sled::Db,
    heap: Heap,
    places: RwLock<Places>,
    /// What a batch is about that was not applied yet; `None` takes a block out.
    changes: Mutex<Vec<(Key, Option<Place>)>>,
    tidying: Mutex<Tidying>,
}

/// What is wanted of the files that are to be emptied.
#[derive(Default)]
struct Tidying {
    files: BTreeMap<u32, Vec<(Key, Place)>>,
    /// With so many bytes they are looked through again.
    look_at: u64,
}

impl Blocks {
    /// Reads where the blocks are, and opens the heap in a directory; makes it when it is missing.
    pub(super) fn open(db: &sled::Db, directory: PathBuf) -> Result<Self, StoreError> {
        Self::open_with(db, directory, FULL)
    }

    fn open_with(db: &sled::Db, directory: PathBuf, full: u64) -> Result<Self, StoreError> {
        let entries = PREFIXES.iter().flat_map(|prefix| db.scan_prefix([*prefix]));
        let mut places = Places::new();
        for entry in entries {
            let (key, place) = entry?;
            let key = key.as_ref().try_into().ok().map(Key);
            places.extend(key.zip(Place::from_bytes(&place)));
        }
        Self::with(places, db, directory, full)
    }

    /// The same of an index that has none yet, whatever stands in sled.
    pub(super) fn none(db: &sled::Db, directory: PathBuf) -> Result<Self, StoreError> {
        Self::with(Places::new(), db, directory, FULL)
    }

    fn with(
        places: Places,
        db: &sled::Db,
        directory: PathBuf,
        full: u64,
    ) -> Result<Self, StoreError> {
        let heap = Heap::open(directory.clone(), full).map_err(at(&directory))?;
        Ok(Self(Arc::new(Inner {
            db: db.clone(),
            heap,
            places: RwLock::new(places),
            changes: Mutex::default(),
            tidying: Mutex::default(),
        })))
    }

    /// The block with this key.
    pub(super) fn get(&self, key: Key) -> Result<Option<Vec<u8>>, StoreError> {
        // First, so that no file goes away that is wanted by what is read next.
        let reader = self.0.heap.reader();
        let place = self.places().get(&key).copied();
        let read = place.map(|place| reader.get(place));
        read.transpose().map_err(at(self.0.heap.directory()))
    }

    /// The first block of a range.
    pub(super) fn first(&self, range: KeyRange) -> Result<Option<Entry>, StoreError> {
        let reader = self.0.heap.reader();
        let found = in_range(&self.places(), range).next();
        self.entry(&reader, found)
    }

    /// The last one.
    pub(super) fn last(&self, range: KeyRange) -> Result<Option<Entry>, StoreError> {
        let reader = self.0.heap.reader();
        let found = in_range(&self.places(), range).next_back();
        self.entry(&reader, found)
    }

    /// The same for those who want the ones before it next: they are mostly before it in the heap too, and the kernel reads ahead by itself
    /// in the other direction only.
    pub(super) fn last_of_many(&self, range: KeyRange) -> Result<Option<Entry>, StoreError> {
        let reader = self.0.heap.reader();
        let found = in_range(&self.places(), range).next_back();
        if let Some((_, place)) = found {
            reader.expect_those_before(place);
        }
        self.entry(&reader, found)
    }

    /// The first key of a range.
    pub(super) fn first_key(&self, range: KeyRange) -> Option<Key> {
        let found = in_range(&self.places(), range).next();
        found.map(|(key, _)| key)
    }

    /// All blocks whose keys begin with this, in order. Each is looked for anew, so changes in between are seen.
    pub(super) fn all(
        &self,
        prefix: u8,
    ) -> impl Iterator<Item = Result<Entry, StoreError>> + use<> {
        let blocks = self.clone();
        let mut after = Some(Bound::Included(Key::of(prefix, &[])));
        std::iter::from_fn(move || {
            let range = (after.take()?, Bound::Excluded(Key::of(prefix + 1, &[])));
            let found = blocks.first(range).transpose()?;
            after = found.as_ref().ok().map(|(key, _)| Bound::Excluded(*key));
            Some(found)
        })
    }

    fn entry(
        &self,
        reader: &Reader<'_>,
        found: Option<(Key, Place)>,
    ) -> Result<Option<Entry>, StoreError> {
        let read = found.map(|(key, place)| Ok((key, reader.get(place)?)));
        read.transpose().map_err(at(self.0.heap.directory()))
    }

    /// Adds to `batch` that this is the block of a key.
    pub(super) fn put(&self, key: Key, block: &[u8], batch: &mut Batch) -> Result<(), StoreError> {
        let place = self.0.heap.add(block);
        let place = place.map_err(at(self.0.heap.directory()))?;
        batch.insert(&key.0, &place.to_bytes());
        self.changes().push((key, Some(place)));
        Ok(())
    }

    /// Adds to `batch` that there is none.
    pub(super) fn remove(&self, key: Key, batch: &mut Batch) {
        batch.remove(&key.0);
        self.changes().push((key, None));
    }

    /// Applies a batch, once the blocks that it is about are written.
    pub(super) fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let written = self.0.heap.write();
        written.map_err(at(self.0.heap.directory()))?;
        self.0.db.apply_batch(batch)?;
        let places = self.0.places.write();
        let mut places = places.unwrap_or_else(PoisonError::into_inner);
        for (key, place) in self.changes().drain(..) {
            match place {
                Some(place) => places.insert(key, place),
                None => places.remove(&key),
            };
        }
        Ok(())
    }

    /// Goes on with the emptying of files of which little is wanted, if there are any. To be called after each batch. They are looked for when
    /// there may be half as much again as is wanted.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        let Inner { heap, tidying, .. } = &*self.0;
        let mut tidying = tidying.lock().unwrap_or_else(PoisonError::into_inner);
        let (total, file) = heap.size();
        if tidying.files.is_empty() && total >= tidying.look_at.max(FEW * file) {
            *tidying = self.look()?;
            tidying.files.keys().for_each(|file| heap.expect(*file));
        }
        let Some(mut file) = tidying.files.first_entry() else {
            return Ok(());
        };
        let left = file.get().len().saturating_sub(AT_ONCE);
        self.move_away(file.get_mut().split_off(left))?;
        if left == 0 {
            // A process that dies must not find a sled that wants something of a file that is gone.
            self.0.db.flush()?;
            let deleted = heap.delete(*file.key());
            deleted.map_err(at(heap.directory()))?;
            file.remove();
        }
        Ok(())
    }

    /// What is to be emptied: the files of which less than two thirds are wanted.
    fn look(&self) -> Result<Tidying, StoreError> {
        let heap = &self.0.heap;
        let full = heap.full_files().map_err(at(heap.directory()))?;
        let mut wanted: BTreeMap<u32, u64> = full.keys().map(|file| (*file, 0)).collect();
        let places = self.places();
        for place in places.values() {
            *wanted.entry(place.file).or_default() += place.taken();
        }
        let is_little = |(file, length): &(&u32, &u64)| {
            let wanted = wanted.get(*file).copied().unwrap_or_default();
            wanted * 3 < **length * 2
        };
        let little = full.iter().filter(is_little);
        let mut files: BTreeMap<_, _> = little.map(|(file, _)| (*file, Vec::new())).collect();
        for (key, place) in &*places {
            if let Some(blocks) = files.get_mut(&place.file) {
                blocks.push((*key, *place));
            }
        }
        let (_, file) = heap.size();
        Ok(Tidying {
            files,
            look_at: wanted.values().sum::<u64>() * 3 / 2 + FEW * file,
        })
    }

    fn move_away(&self, blocks: Vec<(Key, Place)>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (key, place) in blocks {
            // It may have been written anew since.
            let is_there = self.places().get(&key) == Some(&place);
            if is_there && let Some(block) = self.get(key)? {
                self.put(key, &block, &mut batch)?;
            }
        }
        self.apply(batch)
    }

    fn places(&self) -> RwLockReadGuard<'_, Places> {
        let places = self.0.places.read();
        places.unwrap_or_else(PoisonError::into_inner)
    }

    fn changes(&self) -> MutexGuard<'_, Vec<(Key, Option<Place>)>> {
        let changes = self.0.changes.lock();
        changes.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The places of a range; none of one that ends before it begins.
fn in_range(
    places: &Places,
    (low, high): KeyRange,
) -> impl DoubleEndedIterator<Item = (Key, Place)> {
    let is_empty = match (&low, &high) {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Included(high) | Bound::Excluded(high),
        ) => low >= high,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    };
    let found = (!is_empty).then(|| places.range((low, high)));
    let found = found.into_iter().flatten();
    found.map(|(key, place)| (*key, *place))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    fn open(db: &sled::Db, directory: &Path) -> Blocks {
        Blocks::open_with(db, directory.join("heap"), 2_000).expect("a heap")
    }

    fn key(n: u8) -> Key {
        Key::of(PREFIXES[usize::from(n % 2)], &[n])
    }

    /// As the writer of the index does. `None` takes a block out.
    fn apply(blocks: &Blocks, changes: &[(u8, Option<Vec<u8>>)]) {
        let mut batch = Batch::default();
        for (n, block) in changes {
            match block {
                Some(block) => blocks.put(key(*n), block, &mut batch).expect("put"),
                None => blocks.remove(key(*n), &mut batch),
            }
        }
        blocks.apply(batch).expect("applied");
        blocks.tidy().expect("tidied");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn blocks_read_back_whatever_was_tidied_and_also_after_a_start(
            groups in proptest::collection::vec(proptest::collection::vec((0_u8..12, prop::option::weighted(0.9, 0_usize..400)), 1..8), 1..120),
        ) {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            let mut blocks = open(&db, directory.path());
            let mut model: BTreeMap<Key, Vec<u8>> = BTreeMap::new();
            for (at, group) in groups.iter().enumerate() {
                if at % 31 == 30 {
                    blocks = open(&db, directory.path());
                }
                let block = |length: usize| vec![u8::try_from(at).expect("few"); length];
                let changes: Vec<_> = group.iter().map(|(n, length)| (*n, length.map(block))).collect();
                for (n, block) in &changes {
                    match block {
                        Some(block) => model.insert(key(*n), block.clone()),
                        None => model.remove(&key(*n)),
                    };
                }
                apply(&blocks, &changes);
            }
            let found = PREFIXES.into_iter().flat_map(|prefix| blocks.all(prefix));
            prop_assert_eq!(&found.collect::<Result<BTreeMap<_, _>, _>>().expect("read"), &model);
            for n in 0..12 {
                prop_assert_eq!(blocks.get(key(n)).expect("read"), model.get(&key(n)).cloned());
            }
        }
    }

    #[test]
    fn blocks_that_are_written_again_and_again_take_no_more_room_for_it() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let blocks = open(&db, directory.path());
        // One that stays in each file, so that none is empty by itself.
        for n in 0..2_000_u32 {
            let kept = (n % 100 == 0).then_some(100 + u8::try_from(n / 100).expect("few"));
            let changing = u8::try_from(n % 8).expect("few");
            let changes = kept.into_iter().chain([changing]);
            let changes = changes.map(|n| (n, Some(vec![n; 300])));
            apply(&blocks, &changes.collect::<Vec<_>>());
        }
        // 28 blocks are 9 KB; 620 KB were written.
        let (total, file) = blocks.0.heap.size();
        assert!(total <= 2 * 9_000 + (FEW + 1) * file, "{total}");
        for n in (0..8).chain(100..120) {
            assert_eq!(blocks.get(key(n)).expect("read"), Some(vec![n; 300]));
        }
    }

    #[test]
    fn it_is_tidied_also_when_a_start_found_a_single_file() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        apply(&open(&db, directory.path()), &[(0, Some(vec![0; 300]))]);
        let blocks = open(&db, directory.path());
        for n in 0..500_u32 {
            let n = u8::try_from(n % 3).expect("one of three");
            apply(&blocks, &[(n, Some(vec![n; 300]))]);
        }
        let (total, file) = blocks.0.heap.size();
        assert!(total <= (FEW + 2) * file, "{total}");
    }

    #[test]
    fn whoever_reads_while_files_are_deleted_finds_every_block() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let blocks = open(&db, directory.path());
        apply(&blocks, &[(0, Some(vec![0; 300])), (1, Some(vec![1; 300]))]);
        thread::scope(|scope| {
            let finds = |n| assert_eq!(blocks.get(key(n)).expect("read"), Some(vec![n; 300]));
            for n in [0, 1] {
                scope.spawn(move || (0..3_000).for_each(|_| finds(n)));
            }
            for n in 0..600_u32 {
                let n = u8::try_from(n % 2).expect("one of two");
                apply(&blocks, &[(n, Some(vec![n; 300]))]);
            }
        });
        let (total, file) = blocks.0.heap.size();
        assert!(total <= 2 * FEW * file, "{total}");
    }

    #[test]
    fn sled_as_it_was_before_a_file_was_deleted_is_never_what_a_start_finds() {
        let directory = tempfile::tempdir().expect("directory");
        let (sled, left) = (directory.path().join("sled"), directory.path().join("left"));
        // Nothing is written down but what is asked for.
        let config = || sled::Config::default().flush_every_ms(None);
        let db = config().path(&sled).open().expect("sled");
        let blocks = open(&db, directory.path());
        let first = directory.path().join("heap/00000000");
        for n in 0..200_u8 {
            apply(&blocks, &[(n % 5, Some(vec![n; 300]))]);
            if n > 20 && !first.exists() {
                break;
            }
        }
        assert!(!first.exists());
        // A process that dies here leaves this.
        std::fs::create_dir(&left).expect("made");
        for name in ["conf", "db"] {
            std::fs::copy(sled.join(name), left.join(name)).expect("copied");
        }
        let db = config().path(&left).open().expect("sled");
        let blocks = open(&db, directory.path());
        let found = PREFIXES.into_iter().flat_map(|prefix| blocks.all(prefix));
        let found = found.collect::<Result<Vec<_>, _>>();
        assert_eq!(found.expect("read").len(), 5);
    }
}
