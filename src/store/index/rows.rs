//! Leads with their statuses and attempts, packed: several neighbours in one block.
//!
//! What stands by itself has its price wherever it is looked for (8 µs and some 100 bytes of memory in sled, measured with `benches/accept`),
//! so neighbours share one. A block holds all leads from the first, its key, to the next block's key, compressed. Nearly all new leads go to
//! the last: ids sort by time.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::index::block::{Block, Plain, Row, decode, encode};
use crate::store::index::blocks::{Blocks, Key};
use crate::store::index::heap::Place;
use crate::store::index::{IdRange, damaged};

/// What the keys of blocks begin with.
pub(super) const PREFIX: u8 = b'L';

/// Leads of a fresh block: enough to make places few, few enough that one lead's change writes little.
const FRESH: usize = 8;

/// A block with so many bytes takes no further lead: what a change of one lead writes stays small when leads are large.
const FULL: usize = 64 << 10;

/// Ids come a little out of order, so full blocks grow; beyond this they are cut in two.
const MOST: usize = 32;

/// One lead.
pub(super) fn get(blocks: &Blocks, id: LeadId) -> Result<Option<Row>, StoreError> {
    Looking::in_blocks(blocks).row(id)
}

/// Leads that are looked for one after another: a block that neighbours are in is read and unpacked once.
pub(in crate::store) struct Looking {
    blocks: Blocks,
    known: Option<(Place, Plain)>,
}

impl Looking {
    pub(super) fn in_blocks(blocks: &Blocks) -> Self {
        Self {
            blocks: blocks.clone(),
            known: None,
        }
    }

    /// One lead, as it is now.
    pub(in crate::store) fn row(&mut self, id: LeadId) -> Result<Option<Row>, StoreError> {
        let open = |block: &[u8]| Plain::of(block).ok_or_else(damaged_rows);
        let range = (PREFIX, Bound::Included(*id.as_bytes()));
        match self.blocks.last_or_known(range, &mut self.known, open)? {
            Some(block) => block.find(id).ok_or_else(damaged_rows),
            None => Ok(None),
        }
    }
}

/// The block in whose range an id is.
fn block_of(blocks: &Blocks, id: LeadId) -> Result<Option<(LeadId, Block)>, StoreError> {
    last_block(blocks, Bound::Included(id))
}

/// The last block whose key is before a bound.
fn last_block(
    blocks: &Blocks,
    before: Bound<LeadId>,
) -> Result<Option<(LeadId, Block)>, StoreError> {
    let found = blocks.last(PREFIX, before.map(|id| *id.as_bytes()))?;
    found.map(read_entry).transpose()
}

/// The leads in a range, newest first. Each block is looked for anew, so changes in between are seen and nothing is seen twice.
pub(super) fn newest_first(
    blocks: &Blocks,
    (low, high): IdRange,
) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> + use<> {
    let blocks = blocks.clone();
    let mut before = Some(high);
    let mut rows: Block = Vec::new();
    std::iter::from_fn(move || {
        loop {
            match rows.pop() {
                Some((id, _)) if id < low => before = None,
                Some((id, row)) if id < high => return Some(Ok((id, row))),
                Some(_) => continue,
                None => {}
            }
            rows.clear();
            let bound = before.take().filter(|before| *before > low)?;
            let found = blocks.last_of_many(PREFIX, Bound::Excluded(*bound.as_bytes()));
            match found.and_then(|found| found.map(read_entry).transpose()) {
                Ok(Some((first, block))) => {
                    before = Some(first);
                    rows = block;
                }
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    })
}

/// The leads from this id on, oldest first.
pub(super) fn oldest_first(
    blocks: &Blocks,
    from: LeadId,
) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> + use<> {
    let blocks = blocks.clone();
    let mut after = Some(Bound::Excluded(*from.as_bytes()));
    // The block that a lead is in may begin before it.
    let mut read = last_block(&blocks, Bound::Included(from)).transpose();
    let mut rows = VecDeque::new();
    std::iter::from_fn(move || {
        while rows.is_empty() {
            let read = read.take().or_else(|| {
                let next = blocks.first(PREFIX, after.take()?).transpose()?;
                Some(next.and_then(read_entry))
            });
            match read? {
                Ok((first, block)) => {
                    after = Some(Bound::Excluded(*first.as_bytes()));
                    rows.extend(block.into_iter().filter(|(id, _)| *id >= from));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        rows.pop_front().map(Ok)
    })
}

/// The last block, kept in memory: nearly every new lead goes there, and to read and unpack it for each was a sixth of the applier's time.
pub(super) struct Tail(Option<(LeadId, Block)>);

impl Tail {
    /// Reads it. With one writer it stays what is stored, as long as every change goes through [`put`].
    pub(super) fn read(blocks: &Blocks) -> Result<Self, StoreError> {
        last_block(blocks, Bound::Unbounded).map(Self)
    }

    /// A lead that is stored; an empty row if it is not.
    pub(super) fn row(&self, blocks: &Blocks, id: LeadId) -> Result<Row, StoreError> {
        match &self.0 {
            None => Ok(Row::default()),
            Some((first, block)) if *first <= id => {
                let found = block.binary_search_by_key(&id, |(other, _)| *other);
                let row = found.ok().and_then(|at| block.get(at));
                Ok(row.map(|(_, row)| row.clone()).unwrap_or_default())
            }
            Some(_) => Ok(get(blocks, id)?.unwrap_or_default()),
        }
    }
}

/// Adds to the next batch of `blocks` what makes these rows the stored ones; an empty row is taken out. Returns the tail as it is once the batch is applied;
/// `None` when that has to be read.
pub(super) fn put(
    blocks: &Blocks,
    mut tail: Tail,
    mut changed: BTreeMap<LeadId, Row>,
) -> Result<Option<Tail>, StoreError> {
    let Some((first, block)) = tail.0.take() else {
        return put_at_end(blocks, changed);
    };
    let newest = changed.split_off(&first);
    put_before_end(blocks, changed)?;
    if newest.is_empty() {
        return Ok(Some(Tail(Some((first, block)))));
    }
    // Written again below, unless its first lead is gone.
    blocks.remove(key(first));
    let mut rows: BTreeMap<LeadId, Row> = block.into_iter().collect();
    rows.extend(newest);
    put_at_end(blocks, rows)
}

/// At the end of the table blocks are filled in turn.
fn put_at_end(
    blocks: &Blocks,
    mut rows: BTreeMap<LeadId, Row>,
) -> Result<Option<Tail>, StoreError> {
    rows.retain(|_, row| !row.is_empty());
    let last = write(blocks, rows, FRESH)?;
    let first = last.first().map(|(first, _)| *first);
    Ok(first.map(|first| Tail(Some((first, last)))))
}

/// The same for leads before the last block.
fn put_before_end(blocks: &Blocks, changed: BTreeMap<LeadId, Row>) -> Result<(), StoreError> {
    let mut changed = changed.into_iter().peekable();
    while let Some((id, row)) = changed.next() {
        let (first, block) = match block_of(blocks, id)? {
            Some((first, block)) => (Some(first), block),
            None => (None, Block::new()),
        };
        let limit = next_key(blocks, id)?;
        let mut rows: BTreeMap<LeadId, Row> = block.into_iter().collect();
        rows.insert(id, row);
        while let Some((id, row)) = changed.next_if(|(id, _)| limit.is_none_or(|limit| *id < limit))
        {
            rows.insert(id, row);
        }
        rows.retain(|_, row| !row.is_empty());
        if let Some(first) = first {
            // Written again below, unless its first lead is gone.
            blocks.remove(key(first));
        }
        // A block in the middle is only cut when it has become too large.
        let size = if rows.len() <= MOST { MOST } else { FRESH };
        write(blocks, rows, size)?;
    }
    Ok(())
}

/// The key of the block after the one in whose range an id is.
fn next_key(blocks: &Blocks, id: LeadId) -> Result<Option<LeadId>, StoreError> {
    let next = blocks.first_key(PREFIX, Bound::Excluded(*id.as_bytes()))?;
    Ok(next.map(LeadId::from_bytes))
}

/// Writes the leads of one range in as many blocks of `size` as they need. Returns the last one.
fn write(blocks: &Blocks, rows: BTreeMap<LeadId, Row>, size: usize) -> Result<Block, StoreError> {
    let mut block = Block::with_capacity(size);
    let mut bytes = 0;
    for (id, row) in rows {
        if block.len() == size || bytes >= FULL {
            insert(blocks, &block)?;
            block.clear();
            bytes = 0;
        }
        bytes += row.len();
        block.push((id, row));
    }
    insert(blocks, &block)?;
    Ok(block)
}

fn insert(blocks: &Blocks, block: &[(LeadId, Row)]) -> Result<(), StoreError> {
    match block.first() {
        Some((first, _)) => blocks.put(key(*first), &encode(block)),
        None => Ok(()),
    }
}

fn key(id: LeadId) -> Key {
    Key::of(PREFIX, id.as_bytes())
}

fn id_of(key: Key) -> LeadId {
    LeadId::from_bytes(*key.bytes())
}

fn read_entry((key, value): (Key, Vec<u8>)) -> Result<(LeadId, Block), StoreError> {
    Ok((id_of(key), decode(&value).ok_or_else(damaged_rows)?))
}

fn damaged_rows() -> StoreError {
    StoreError::Index(sled::Error::Io(damaged("a block of leads")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sled::Batch;

    use super::*;
    use crate::store::index::users::Users;

    fn id(n: u16) -> LeadId {
        let mut bytes = [0; 16];
        bytes[6..8].copy_from_slice(&n.to_be_bytes());
        LeadId::from_bytes(bytes)
    }

    fn row(n: u16) -> Row {
        Row {
            lead: (!n.is_multiple_of(7)).then(|| format!("lead {n}").into_bytes().into()),
            status: Some(n.to_be_bytes().as_slice().into()),
            ..Row::default()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn rows_read_back_whatever_the_order_they_came_in(
            groups in proptest::collection::vec(proptest::collection::btree_map(0_u16..400, any::<bool>(), 0..60), 0..12),
            low in 0_u16..400,
            high in 0_u16..400,
        ) {
            let directory = tempfile::tempdir().expect("directory");
            let db = sled::open(directory.path()).expect("sled");
            let blocks = Blocks::open(&db, directory.path().join("heap"), Users::first().1).expect("a heap");
            let mut model = BTreeMap::new();
            let mut tail = Some(Tail::read(&blocks).expect("empty"));
            let mut looking = Looking::in_blocks(&blocks);
            for group in groups {
                let mut changed = BTreeMap::new();
                for (n, stays) in group {
                    let row = if stays { row(n) } else { Row::default() };
                    if stays { model.insert(id(n), row.clone()) } else { model.remove(&id(n)) };
                    changed.insert(id(n), row);
                }
                let kept = tail.take().unwrap_or_else(|| Tail::read(&blocks).expect("read"));
                tail = put(&blocks, kept, changed).expect("put");
                blocks.apply(Batch::default()).expect("applied");
                let kept = tail.get_or_insert_with(|| Tail::read(&blocks).expect("read"));
                for n in 0..400 {
                    prop_assert_eq!(kept.row(&blocks, id(n)).expect("read"), model.get(&id(n)).cloned().unwrap_or_default());
                    prop_assert_eq!(looking.row(id(n)).expect("read"), model.get(&id(n)).cloned());
                }
            }
            let all: Vec<_> = oldest_first(&blocks, LeadId::FIRST).collect::<Result<_, _>>().expect("read");
            prop_assert_eq!(all, model.clone().into_iter().collect::<Vec<_>>());
            let (low, high) = (id(low), id(high));
            let some: Vec<_> = oldest_first(&blocks, low).collect::<Result<_, _>>().expect("read");
            let expected: Vec<_> = model.clone().into_iter().filter(|(id, _)| *id >= low).collect();
            prop_assert_eq!(some, expected);
            let some: Vec<_> = newest_first(&blocks, (low, high)).collect::<Result<_, _>>().expect("read");
            let expected: Vec<_> = model.clone().into_iter().rev().filter(|(id, _)| (low..high).contains(id)).collect();
            prop_assert_eq!(some, expected);
            for n in 0..400 {
                prop_assert_eq!(get(&blocks, id(n)).expect("read"), model.get(&id(n)).cloned());
            }
        }
    }
}
