//! Blocks by their keys: sled has where each is, the bytes are in the heap.
//!
//! sled keeps up to seventeen neighbours in one node, which it reads, holds in memory and rewrites as a whole. With blocks of 3 KB in it a node
//! was 50 KB, scattered over a dozen places of its log: most of what reading a lead that nobody had read lately took, and of the memory of a
//! gate that was asked for many (`benches/growth`). What is left to sled is 30 bytes a block, which are soon in memory all together.
//!
//! Blocks are written before sled is told where they are. Where a process dies, sled may have lost its last batches, and what it has then is
//! in the heap all the same: a file is deleted only when sled has written down that nothing is wanted of it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sled::{Batch, IVec};

use crate::store::StoreError;
use crate::store::index::heap::{FULL, Heap, Place, Reader};
use crate::store::index::{at, damaged, keys, rows};

/// What the keys of blocks begin with.
const PREFIXES: [u8; 2] = [keys::PREFIX, rows::PREFIX];

/// A store of few leads does not look for what is not wanted before it has so many files.
const FEW: usize = 4;

/// So many blocks are moved at a time: nothing else is applied meanwhile.
const AT_ONCE: usize = 1024;

/// From one key to another.
pub(super) type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// All blocks. Cheap to clone; one writer.
#[derive(Clone)]
pub(super) struct Blocks {
    db: sled::Db,
    heap: Heap,
    tidying: Arc<Mutex<Tidying>>,
}

/// What is wanted of the files that are to be emptied.
struct Tidying {
    files: BTreeMap<u32, Vec<(IVec, Place)>>,
    /// With so many files they are looked through again.
    look_at: usize,
}

impl Blocks {
    /// Opens the heap in a directory; makes it when it is missing.
    pub(super) fn open(db: &sled::Db, directory: PathBuf) -> Result<Self, StoreError> {
        Self::open_with(db, directory, FULL)
    }

    fn open_with(db: &sled::Db, directory: PathBuf, full: u64) -> Result<Self, StoreError> {
        let heap = Heap::open(directory.clone(), full).map_err(at(&directory))?;
        let nothing = Tidying {
            files: BTreeMap::new(),
            look_at: FEW,
        };
        let blocks = Self {
            db: db.clone(),
            heap,
            tidying: Arc::new(Mutex::new(nothing)),
        };
        // Also because those who ask first would have to wait for sled to read where blocks are.
        *blocks.tidying() = blocks.look()?;
        Ok(blocks)
    }

    fn tidying(&self) -> MutexGuard<'_, Tidying> {
        self.tidying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The block with this key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let reader = self.heap.reader();
        let place = self.db.get(key)?;
        place.map(|place| self.read(&reader, &place)).transpose()
    }

    /// The first block of a range, with its key.
    pub(super) fn first(&self, range: KeyRange) -> Result<Option<(IVec, Vec<u8>)>, StoreError> {
        let reader = self.heap.reader();
        self.entry(&reader, self.db.range(range).next())
    }

    /// The last one.
    pub(super) fn last(&self, range: KeyRange) -> Result<Option<(IVec, Vec<u8>)>, StoreError> {
        let reader = self.heap.reader();
        self.entry(&reader, self.db.range(range).next_back())
    }

    /// The same for those who want the ones before it next: they are mostly before it in the heap too, and the kernel reads ahead by itself
    /// in the other direction only.
    pub(super) fn last_of_many(
        &self,
        range: KeyRange,
    ) -> Result<Option<(IVec, Vec<u8>)>, StoreError> {
        let reader = self.heap.reader();
        let found = self.db.range(range).next_back().transpose()?;
        if let Some(place) = found
            .as_ref()
            .and_then(|(_, place)| Place::from_bytes(place))
        {
            let expected = reader.expect_those_before(place);
            expected.map_err(at(self.heap.directory()))?;
        }
        self.entry(&reader, found.map(Ok))
    }

    /// The first key of a range.
    pub(super) fn first_key(&self, range: KeyRange) -> Result<Option<IVec>, StoreError> {
        Ok(self.db.range(range).keys().next().transpose()?)
    }

    /// All blocks whose keys begin with this, in order. Each is looked for anew, so changes in between are seen.
    pub(super) fn all(
        &self,
        prefix: u8,
    ) -> impl Iterator<Item = Result<(IVec, Vec<u8>), StoreError>> + use<> {
        let blocks = self.clone();
        let mut after = Some(Bound::Included(vec![prefix]));
        std::iter::from_fn(move || {
            let range = (after.take()?, Bound::Excluded(vec![prefix + 1]));
            let found = blocks.first(range).transpose()?;
            after = found
                .as_ref()
                .ok()
                .map(|(key, _)| Bound::Excluded(key.to_vec()));
            Some(found)
        })
    }

    fn entry(
        &self,
        reader: &Reader<'_>,
        found: Option<sled::Result<(IVec, IVec)>>,
    ) -> Result<Option<(IVec, Vec<u8>)>, StoreError> {
        match found.transpose()? {
            Some((key, place)) => Ok(Some((key, self.read(reader, &place)?))),
            None => Ok(None),
        }
    }

    fn read(&self, reader: &Reader<'_>, place: &[u8]) -> Result<Vec<u8>, StoreError> {
        let place = Place::from_bytes(place).ok_or_else(|| damaged("the place of a block"));
        let read = place.and_then(|place| reader.get(place));
        read.map_err(at(self.heap.directory()))
    }

    /// Adds to `batch` that this is the block of a key. Before the batch is applied, [`Blocks::write`].
    pub(super) fn put(
        &self,
        key: &[u8],
        block: &[u8],
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let place = self.heap.add(block).map_err(at(self.heap.directory()))?;
        batch.insert(key, &place.to_bytes());
        Ok(())
    }

    /// Writes the blocks that were put.
    pub(super) fn write(&self) -> Result<(), StoreError> {
        self.heap.write().map_err(at(self.heap.directory()))
    }

    /// Goes on with the emptying of files of which little is wanted, if there are any. To be called after each batch. They are looked for when
    /// there may be half as much again as is wanted.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        let mut tidying = self.tidying();
        if tidying.files.is_empty() && self.heap.files() >= tidying.look_at {
            *tidying = self.look()?;
        }
        let Some(mut file) = tidying.files.first_entry() else {
            return Ok(());
        };
        let left = file.get().len().saturating_sub(AT_ONCE);
        self.move_away(file.get_mut().split_off(left))?;
        if left == 0 {
            // A process that dies must not find a sled that wants something of a file that is gone.
            self.db.flush()?;
            let deleted = self.heap.delete(*file.key());
            deleted.map_err(at(self.heap.directory()))?;
            file.remove();
        }
        Ok(())
    }

    /// What is to be emptied: the files of which less than two thirds are wanted.
    fn look(&self) -> Result<Tidying, StoreError> {
        let full = self.heap.full_files().map_err(at(self.heap.directory()))?;
        let mut wanted: BTreeMap<u32, u64> = full.keys().map(|file| (*file, 0)).collect();
        for place in self.places() {
            let (_, place) = place?;
            *wanted.entry(place.file).or_default() += place.taken();
        }
        let is_little = |(file, length): &(&u32, &u64)| {
            let wanted = wanted.get(*file).copied().unwrap_or_default();
            wanted * 3 < **length * 2
        };
        let little = full.iter().filter(is_little);
        let mut files: BTreeMap<_, _> = little.map(|(file, _)| (*file, Vec::new())).collect();
        let again = (!files.is_empty()).then(|| self.places());
        for place in again.into_iter().flatten() {
            let (key, place) = place?;
            if let Some(blocks) = files.get_mut(&place.file) {
                blocks.push((key, place));
            }
        }
        let length = full.values().sum::<u64>() / (full.len() as u64).max(1);
        let filled = wanted.values().sum::<u64>() / length.max(1);
        Ok(Tidying {
            files,
            look_at: usize::try_from(filled * 3 / 2).unwrap_or(usize::MAX) + FEW,
        })
    }

    fn places(&self) -> impl Iterator<Item = Result<(IVec, Place), StoreError>> {
        let entries = PREFIXES.into_iter();
        let entries = entries.flat_map(|prefix| self.db.scan_prefix([prefix]));
        entries.filter_map(|entry| match entry {
            Ok((key, place)) => Some(Ok((key, Place::from_bytes(&place)?))),
            Err(error) => Some(Err(error.into())),
        })
    }

    fn move_away(&self, blocks: Vec<(IVec, Place)>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (key, place) in blocks {
            let place = place.to_bytes();
            // It may have been written anew since.
            if self.db.get(&key)?.as_deref() == Some(&place) {
                let block = self.read(&self.heap.reader(), &place)?;
                self.put(&key, &block, &mut batch)?;
            }
        }
        self.write()?;
        Ok(self.db.apply_batch(batch)?)
    }
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

    fn key(n: u8) -> Vec<u8> {
        vec![PREFIXES[usize::from(n % 2)], n]
    }

    /// As the writer of the index does. `None` takes a block out.
    fn apply(blocks: &Blocks, changes: &[(u8, Option<Vec<u8>>)]) {
        let mut batch = Batch::default();
        for (n, block) in changes {
            match block {
                Some(block) => blocks.put(&key(*n), block, &mut batch).expect("put"),
                None => batch.remove(key(*n)),
            }
        }
        blocks.write().expect("written");
        blocks.db.apply_batch(batch).expect("applied");
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
            let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
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
            let found = found.map(|block| block.map(|(key, block)| (key.to_vec(), block)));
            prop_assert_eq!(&found.collect::<Result<BTreeMap<_, _>, _>>().expect("read"), &model);
            for n in 0..12 {
                prop_assert_eq!(blocks.get(&key(n)).expect("read"), model.get(&key(n)).cloned());
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
        assert!(blocks.heap.files() <= 10 + FEW, "{}", blocks.heap.files());
        for n in (0..8).chain(100..120) {
            assert_eq!(blocks.get(&key(n)).expect("read"), Some(vec![n; 300]));
        }
    }

    #[test]
    fn whoever_reads_while_files_are_deleted_finds_every_block() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let blocks = open(&db, directory.path());
        apply(&blocks, &[(0, Some(vec![0; 300])), (1, Some(vec![1; 300]))]);
        thread::scope(|scope| {
            let finds = |n| assert_eq!(blocks.get(&key(n)).expect("read"), Some(vec![n; 300]));
            for n in [0, 1] {
                scope.spawn(move || (0..3_000).for_each(|_| finds(n)));
            }
            for n in 0..600_u32 {
                let n = u8::try_from(n % 2).expect("one of two");
                apply(&blocks, &[(n, Some(vec![n; 300]))]);
            }
        });
        assert!(blocks.heap.files() <= 2 * FEW);
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
