//! Sorted entries of one length, many neighbours packed in one entry of sled.
//!
//! An entry costs sled 8 µs and some 100 bytes of memory whatever it holds, and a node of sled holds at most sixteen. With an entry for each window
//! and each place of a block a million leads took 1.2 million of them, and sled half of the memory of the gate (heaptrack); packed they are some 30 000.
//!
//! A pack stands under the key of its first entry and holds all from there to the next pack's. One writer; readers look for each pack anew.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use sled::{Batch, IVec};

use crate::store::StoreError;
use crate::store::index::damaged;

/// Bytes of a full pack: a change of one entry writes so many to sled's log.
const FULL: usize = 512;

/// All entries whose keys begin with a prefix; `K` bytes follow in each key, and a value has `V` bytes.
#[derive(Clone, Debug)]
pub(super) struct Packs<const K: usize, const V: usize> {
    prefix: Vec<u8>,
}

/// An entry: what follows the prefix in its key, and its value.
pub(super) type Entry<const K: usize, const V: usize> = ([u8; K], [u8; V]);

/// What is looked for, if it is there.
type Found<T> = Result<Option<T>, StoreError>;

/// The entries of a pack, in order, and what sled has it under.
struct Pack<const K: usize, const V: usize> {
    key: IVec,
    entries: Vec<Entry<K, V>>,
}

impl<const K: usize, const V: usize> Packs<K, V> {
    /// Entries of a full pack.
    const MOST: usize = FULL / (K + V);

    /// No other table's keys may begin with this prefix and be of the same length.
    pub(super) fn of(prefix: Vec<u8>) -> Self {
        Self { prefix }
    }

    /// The value of an entry.
    pub(super) fn get(&self, db: &sled::Db, key: [u8; K]) -> Found<[u8; V]> {
        let Some(pack) = self.pack_up_to(db, Bound::Included(key))? else {
            return Ok(None);
        };
        let at = pack.entries.binary_search_by_key(&key, |(key, _)| *key);
        let found = at.ok().and_then(|at| pack.entries.get(at));
        Ok(found.map(|(_, value)| *value))
    }

    /// All entries, in order.
    pub(super) fn oldest_first(
        &self,
        db: &sled::Db,
    ) -> impl Iterator<Item = Result<Entry<K, V>, StoreError>> + use<K, V> {
        let packs = db.scan_prefix(&self.prefix);
        let prefix = self.prefix.len();
        packs.flat_map(move |entry| match entry.map(|entry| read(prefix, entry)) {
            Ok(Ok(pack)) => each(pack.entries, None),
            Ok(Err(error)) => each(Vec::new(), Some(error)),
            Err(error) => each(Vec::new(), Some(error.into())),
        })
    }

    /// The entries from one key to another, both included, the last first. Nothing is told twice, whatever is written meanwhile.
    pub(super) fn newest_first(
        &self,
        db: &sled::Db,
        (low, high): ([u8; K], [u8; K]),
    ) -> impl Iterator<Item = Result<Entry<K, V>, StoreError>> + use<K, V> {
        let (packs, db) = (self.clone(), db.clone());
        let mut before = Some(Bound::Included(high));
        let mut entries: Vec<Entry<K, V>> = Vec::new();
        std::iter::from_fn(move || {
            loop {
                if let Some(entry) = entries.pop() {
                    return (entry.0 >= low).then_some(Ok(entry));
                }
                let bound = before.take()?;
                match packs.pack_up_to(&db, bound).transpose()? {
                    Ok(pack) => {
                        entries = pack.entries;
                        entries.retain(|(key, _)| (Bound::Unbounded, bound).contains(key));
                        before = entries.first().map(|(first, _)| Bound::Excluded(*first));
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// Adds to `batch` what these changes make of the entries; `merge` is given what an entry is and how it changes, and tells what it becomes: none if
    /// it is taken out. One call for all changes that a batch makes.
    pub(super) fn put<C>(
        &self,
        db: &sled::Db,
        changes: impl IntoIterator<Item = ([u8; K], C)>,
        merge: impl Fn(Option<[u8; V]>, C) -> Option<[u8; V]>,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let changes: BTreeMap<[u8; K], C> = changes.into_iter().collect();
        let mut changes = changes.into_iter().peekable();
        while let Some((first, _)) = changes.peek() {
            // What comes before all packs goes into the first.
            let pack = match self.pack_up_to(db, Bound::Included(*first))? {
                Some(pack) => Some(pack),
                None => self.pack_after(db, Bound::Unbounded)?,
            };
            let next = match pack.as_ref().and_then(|pack| pack.entries.first()) {
                Some((first, _)) => self.pack_after(db, Bound::Excluded(*first))?,
                None => None,
            };
            let limit = next.and_then(|pack| Some(pack.entries.first()?.0));
            let mut entries = BTreeMap::new();
            if let Some(pack) = pack {
                entries.extend(pack.entries);
                // Written again below, unless its first entry is another.
                batch.remove(pack.key);
            }
            let is_here = |(key, _): &([u8; K], C)| limit.is_none_or(|limit| *key < limit);
            while let Some((key, change)) = changes.next_if(is_here) {
                match merge(entries.get(&key).copied(), change) {
                    Some(value) => entries.insert(key, value),
                    None => entries.remove(&key),
                };
            }
            self.write(entries.into_iter().collect(), limit.is_none(), batch);
        }
        Ok(())
    }

    fn write(&self, entries: Vec<Entry<K, V>>, is_at_end: bool, batch: &mut Batch) {
        for entries in entries.chunks(share(entries.len(), Self::MOST, is_at_end)) {
            let Some((first, _)) = entries.first() else {
                continue;
            };
            let bytes = entries.iter().flat_map(|(key, value)| [&key[..], value]);
            batch.insert(self.key(first), bytes.collect::<Vec<_>>().concat());
        }
    }

    /// The last pack that begins before a bound: what is there of the entries before it.
    fn pack_up_to(&self, db: &sled::Db, bound: Bound<[u8; K]>) -> Found<Pack<K, V>> {
        let high = match bound {
            Bound::Unbounded => Bound::Included([u8::MAX; K]),
            bound => bound,
        };
        let low = Bound::Included(self.prefix.clone());
        let mut found = db.range((low, high.map(|key| self.key(&key))));
        let found = found.next_back();
        found
            .map(|entry| read(self.prefix.len(), entry?))
            .transpose()
    }

    /// The first pack that begins after a bound.
    fn pack_after(&self, db: &sled::Db, bound: Bound<[u8; K]>) -> Found<Pack<K, V>> {
        let low = match bound {
            Bound::Unbounded => Bound::Included([0; K]),
            bound => bound,
        };
        let high = Bound::Included(self.key(&[u8::MAX; K]));
        let found = db.range((low.map(|key| self.key(&key)), high)).next();
        found
            .map(|entry| read(self.prefix.len(), entry?))
            .transpose()
    }

    fn key(&self, key: &[u8; K]) -> Vec<u8> {
        [&self.prefix[..], key].concat()
    }
}

/// How many entries each gets when so many go to packs of at most `most`, or pages: the last are filled, because what comes next comes behind.
pub(super) fn share(entries: usize, most: usize, is_at_end: bool) -> usize {
    match is_at_end {
        true => most,
        false => entries.div_ceil(entries.div_ceil(most).max(1)).max(1),
    }
}

/// How many entries are in the bytes of a pack.
pub(super) fn entries_in<const K: usize, const V: usize>(pack: &[u8]) -> u64 {
    (pack.len() / (K + V)) as u64
}

/// A pack as sled has it, behind a prefix of so many bytes. What is not as it was written is an error: to pass it over would hide leads.
fn read<const K: usize, const V: usize>(
    prefix: usize,
    (key, value): (IVec, IVec),
) -> Result<Pack<K, V>, StoreError> {
    let entries = value.chunks(K + V).map(|bytes| {
        let (key, value) = bytes.split_first_chunk()?;
        Some((*key, value.try_into().ok()?))
    });
    let entries: Option<Vec<Entry<K, V>>> = entries.collect();
    let entries = entries.filter(|entries| {
        let first = entries.first().map(|(first, _)| &first[..]);
        first.is_some() && first == key.get(prefix..) && entries.is_sorted_by(|a, b| a.0 < b.0)
    });
    match entries {
        Some(entries) => Ok(Pack { key, entries }),
        None => Err(StoreError::Index(sled::Error::Io(damaged(
            "a pack of entries",
        )))),
    }
}

fn each<T>(
    entries: Vec<T>,
    error: Option<StoreError>,
) -> impl Iterator<Item = Result<T, StoreError>> {
    entries.into_iter().map(Ok).chain(error.map(Err))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packs() -> Packs<2, 64> {
        Packs::of(b"t".to_vec())
    }

    /// As many entries as four full packs have, and some.
    fn changes() -> impl Strategy<Value = BTreeMap<[u8; 2], Option<u8>>> {
        let key = (0_u16..40).prop_map(u16::to_be_bytes);
        proptest::collection::btree_map(key, any::<Option<u8>>(), 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn entries_read_back_whatever_was_put_where_and_neighbours_stay_what_they_are(
            groups in proptest::collection::vec(changes(), 0..12),
            low in 0_u16..40,
            high in 0_u16..40,
        ) {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            for key in [&b"s\xFF"[..], b"u", b"u\0"] {
                db.insert(key, b"of somebody else").expect("inserted");
            }
            let packs = packs();
            let mut model: BTreeMap<[u8; 2], [u8; 64]> = BTreeMap::new();
            for group in groups {
                for (key, value) in &group {
                    match value {
                        Some(value) => model.insert(*key, [*value; 64]),
                        None => model.remove(key),
                    };
                }
                let mut batch = Batch::default();
                let put = packs.put(&db, group, |_, new| new.map(|new| [new; 64]), &mut batch);
                put.expect("put");
                db.apply_batch(batch).expect("applied");
                for n in 0_u16..40 {
                    let key = n.to_be_bytes();
                    prop_assert_eq!(packs.get(&db, key).expect("read"), model.get(&key).copied());
                }
            }
            let all = packs.oldest_first(&db).collect::<Result<Vec<_>, _>>().expect("read");
            prop_assert_eq!(&all, &model.clone().into_iter().collect::<Vec<_>>());
            let range = (low.to_be_bytes(), high.to_be_bytes());
            let some = packs.newest_first(&db, range).collect::<Result<Vec<_>, _>>().expect("read");
            let expected = model.into_iter().rev().filter(|(key, _)| *key >= range.0 && *key <= range.1);
            prop_assert_eq!(some, expected.collect::<Vec<_>>());
            prop_assert!(db.scan_prefix("t").count() <= all.len());
        }

        #[test]
        fn any_bytes_are_read_without_panic(key: Vec<u8>, value: Vec<u8>) {
            drop(read::<2, 64>(1, (key.into(), value.into())));
        }
    }

    fn put(db: &sled::Db, keys: impl Iterator<Item = u16>) {
        let changes = keys.map(|n| (n.to_be_bytes(), n));
        let mut batch = Batch::default();
        let merged = packs().put(db, changes, |_, _| Some([7; 64]), &mut batch);
        merged.expect("put");
        db.apply_batch(batch).expect("applied");
    }

    #[test]
    fn what_comes_in_order_fills_packs_and_what_comes_between_does_not_leave_crumbs() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        (0..700)
            .step_by(7)
            .for_each(|n| put(&db, std::iter::once(n)));
        assert_eq!(db.len(), 100_usize.div_ceil(Packs::<2, 64>::MOST));
        put(&db, 0..700);
        assert!(
            db.len() <= 2 * 700_usize.div_ceil(Packs::<2, 64>::MOST),
            "{}",
            db.len()
        );
    }

    #[test]
    fn whoever_reads_while_packs_change_is_told_of_nothing_twice() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        put(&db, 100..200);
        let mut read = packs().newest_first(&db, ([0; 2], [u8::MAX; 2]));
        let mut told: Vec<u16> = Vec::new();
        let mut next = || Some(u16::from_be_bytes(read.next()?.expect("read").0));
        told.extend((0..95).map_while(|_| next()));
        // Into the first pack, half of which was told of.
        put(&db, 90..300);
        told.extend(std::iter::from_fn(next));
        assert!(told.is_sorted_by(|a, b| a > b), "{told:?}");
        assert!(
            told.iter()
                .filter(|n| **n >= 100)
                .eq((100..200).rev().collect::<Vec<_>>().iter())
        );
    }
}
