//! Idempotency keys, packed: several that came one after another in one block, and in a scratch file which block each is in ([`table`]).
//!
//! A key is a hash, so an entry for each would make sled touch another cold page for each lead: with 150 000 leads that was a third of the
//! applier's time (`benches/accept`). Nearly every lead brings a key that nobody has sent before, so what is asked most is whether a key is
//! there; the scratch file answers that without sled, from the kernel's page cache in about a microsecond. It takes 32 bytes per key there, and
//! none of our memory, which must not grow with what is stored; a start makes it anew.

mod table;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::store::StoreError;
use crate::store::index::blocks::{self, Blocks};
use crate::store::index::{at, damaged};
use crate::store::record::{Record, RecordValue, Table};

/// What the keys of blocks begin with; the number of the block follows.
pub(super) const PREFIX: u8 = b'K';

/// Keys of a full block: at a low rate the last block is written anew for each lead.
const FULL: usize = 32;

/// So many at most go into the table at once when all do, 24 MB while they are sorted: each of its pages is written for several of them.
const TOGETHER: usize = 1 << 20;

/// As [`crate::store::record::key_of`] makes it.
pub(super) type Key = [u8; 16];

/// The keys of a block with their records, in the order they came.
type Block = Vec<(Key, RecordValue)>;

/// What became of keys; `None` takes one out.
pub(super) type Changed = BTreeMap<Key, Option<RecordValue>>;

/// All keys. Cheap to clone; one writer.
#[derive(Clone)]
pub(super) struct Keys {
    blocks: Blocks,
    places: Arc<Places>,
}

struct Places {
    /// The block of each key. Keys with one beginning are in one block.
    table: table::Table,
    /// Where the table's file is, for errors.
    directory: PathBuf,
    /// The block that takes new keys.
    last: AtomicU32,
}

impl Places {
    /// None yet.
    fn new(directory: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            table: table::Table::new(directory).map_err(at(directory))?,
            directory: directory.to_owned(),
            last: AtomicU32::new(0),
        })
    }

    fn get(&self, key: &Key) -> Result<Option<u32>, StoreError> {
        let place = self.table.get(beginning(key));
        place.map_err(at(&self.directory))
    }

    fn put_all(&self, changes: Vec<(u64, Option<u32>)>) -> Result<(), StoreError> {
        let put = self.table.put_all(changes);
        put.map_err(at(&self.directory))
    }
}

/// What is to be noted once a batch is applied.
pub(super) struct Moves {
    /// The block of each beginning from now on, if there is one.
    blocks: BTreeMap<u64, Option<u32>>,
    last: u32,
}

impl Keys {
    /// Reads which keys there are, and makes the scratch file in this directory.
    pub(super) fn open(blocks: Blocks, directory: &Path) -> Result<Self, StoreError> {
        let places = Places::new(directory)?;
        let mut together = Vec::new();
        for entry in blocks.all(PREFIX) {
            let (key, value) = entry?;
            let number = number(key);
            places.last.store(number, Ordering::Relaxed);
            let block = decode(&value).ok_or_else(damaged_keys)?;
            if together.len() + block.len() > TOGETHER {
                places.put_all(std::mem::take(&mut together))?;
            }
            let begun = block.iter().map(|(key, _)| beginning(key));
            together.extend(begun.map(|begun| (begun, Some(number))));
        }
        places.put_all(together)?;
        Ok(Self {
            blocks,
            places: Arc::new(places),
        })
    }

    /// What the scratch file takes of the disk, in bytes.
    pub(super) fn scratch(&self) -> u64 {
        self.places.table.taken()
    }

    /// The record of a key.
    pub(super) fn get(&self, key: &Key) -> Result<Option<RecordValue>, StoreError> {
        let Some(number) = self.places.get(key)? else {
            return Ok(None);
        };
        let block = self.block(number)?;
        let found = block.into_iter().find(|(other, _)| other == key);
        Ok(found.map(|(_, value)| value))
    }

    /// Every key with its record.
    pub(super) fn all(&self) -> impl Iterator<Item = Result<Record, StoreError>> + use<> {
        self.blocks.all(PREFIX).flat_map(|entry| {
            let block = entry.and_then(|(_, value)| decode(&value).ok_or_else(damaged_keys));
            let (block, error) = match block {
                Ok(block) => (block, None),
                Err(error) => (Block::new(), Some(Err(error))),
            };
            let records = block
                .into_iter()
                .map(|(key, value)| Ok(Record::put(Table::Key, key, value)));
            records.chain(error)
        })
    }

    /// Adds to the next batch of blocks what makes these the stored ones. Once it is applied, tell [`Keys::moved`].
    pub(super) fn put(&self, changed: Changed) -> Result<Moves, StoreError> {
        let mut moves = Moves {
            blocks: BTreeMap::new(),
            last: self.places.last.load(Ordering::Relaxed),
        };
        let mut touched: BTreeMap<u32, Block> = BTreeMap::new();
        for (key, value) in changed {
            let begun = beginning(&key);
            let place = match moves.blocks.get(&begun) {
                Some(moved) => *moved,
                None => self.places.get(&key)?,
            };
            let Some(number) = place.or_else(|| value.as_ref().map(|_new| moves.last)) else {
                continue;
            };
            let block = match touched.entry(number) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.block(number)?),
            };
            block.retain(|(other, _)| *other != key);
            block.extend(value.map(|value| (key, value)));
            let stays = block.iter().any(|(other, _)| beginning(other) == begun);
            moves.blocks.insert(begun, stays.then_some(number));
            if number == moves.last && block.len() >= FULL {
                moves.last += 1;
            }
        }
        for (number, block) in touched {
            match block.is_empty() {
                true => self.blocks.remove(block_key(number)),
                false => self.blocks.put(block_key(number), &encode(&block))?,
            }
        }
        Ok(moves)
    }

    /// The batch is applied.
    pub(super) fn moved(&self, moves: Moves) -> Result<(), StoreError> {
        self.places.last.store(moves.last, Ordering::Relaxed);
        self.places.put_all(moves.blocks.into_iter().collect())
    }

    fn block(&self, number: u32) -> Result<Block, StoreError> {
        match self.blocks.get(block_key(number))? {
            Some(value) => decode(&value).ok_or_else(damaged_keys),
            None => Ok(Block::new()),
        }
    }
}

/// What tells keys apart nearly always, in half the bytes.
fn beginning(key: &Key) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn block_key(number: u32) -> blocks::Key {
    blocks::Key::of(PREFIX, &number.to_be_bytes())
}

fn number(key: blocks::Key) -> u32 {
    let number = key.bytes().first_chunk().copied();
    u32::from_be_bytes(number.unwrap_or_default())
}

fn encode(block: &[(Key, RecordValue)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(160 * block.len());
    for (key, value) in block {
        bytes.extend_from_slice(key);
        let length = u32::try_from(value.len()).unwrap_or(0);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}

/// `None` when it is not what was encoded: a key that were passed over would be forgotten, and its lead come twice.
fn decode(bytes: &[u8]) -> Option<Block> {
    let mut block = Block::with_capacity(FULL);
    let mut rest = bytes;
    while !rest.is_empty() {
        block.push(read_entry(&mut rest)?);
    }
    Some(block)
}

fn damaged_keys() -> StoreError {
    StoreError::Index(sled::Error::Io(damaged("a block of idempotency keys")))
}

fn read_entry(rest: &mut &[u8]) -> Option<(Key, RecordValue)> {
    let (key, tail) = rest.split_first_chunk::<16>()?;
    let (length, mut tail) = tail.split_first_chunk::<4>()?;
    let value = tail.split_off(..u32::from_le_bytes(*length) as usize)?;
    *rest = tail;
    Some((*key, value.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sled::Batch;

    use super::*;
    use crate::store::index::users::Users;

    /// Few beginnings, so that many keys share one.
    fn key(n: u16) -> Key {
        let mut key = [0; 16];
        key[0] = u8::try_from(n % 50).expect("small");
        key[14..].copy_from_slice(&n.to_be_bytes());
        key
    }

    fn changed(group: &BTreeMap<u16, Option<u8>>) -> Changed {
        let value = |value: &Option<u8>| value.map(|n| vec![n; usize::from(n)].into());
        group.iter().map(|(n, v)| (key(*n), value(v))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn keys_read_back_whatever_they_share_and_also_after_a_start(
            groups in proptest::collection::vec(proptest::collection::btree_map(0_u16..300, any::<Option<u8>>(), 0..80), 0..12),
        ) {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            let open = || Blocks::open(&db, directory.path().join("heap"), Users::first().1).expect("a heap");
            let mut keys = Keys::open(open(), directory.path()).expect("empty");
            let mut model = Changed::new();
            for (at, group) in groups.iter().enumerate() {
                if at % 3 == 2 {
                    keys = Keys::open(open(), directory.path()).expect("read");
                }
                let changed = changed(group);
                model.extend(changed.clone());
                let moves = keys.put(changed).expect("put");
                keys.blocks.apply(Batch::default()).expect("applied");
                keys.moved(moves).expect("noted");
            }
            model.retain(|_, value| value.is_some());
            for n in 0..300 {
                prop_assert_eq!(keys.get(&key(n)).expect("read"), model.get(&key(n)).cloned().flatten());
            }
            let all: Changed = keys
                .all()
                .map(|record| record.expect("read"))
                .map(|record| (record.key[..].try_into().expect("a key"), record.value))
                .collect();
            prop_assert_eq!(all, model);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            decode(&bytes);
        }
    }
}
