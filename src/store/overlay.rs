//! What is decided and not yet in sled: the committer decides against this first, then against sled.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::store::StoreError;
use crate::store::live::LiveIndex;
use crate::store::record::{Record, RecordKey, RecordValue, Table};

/// Records by their keys. The ids in the keys are ours. Whoever computes enough hashes could make idempotency keys collide, but no
/// more of them are in here than fit into one group.
type Places = FxHashMap<(Table, RecordKey), usize>;

/// What a group of commands decided, in order, and where in it the newest record of each key is.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) records: Vec<Record>,
    newest: Places,
}

impl Decided {
    fn get(&self, key: &(Table, RecordKey)) -> Option<Option<RecordValue>> {
        let record = self.records.get(*self.newest.get(key)?)?;
        Some(record.value.clone())
    }
}

/// Committed groups that the applier has not yet written, the oldest first; shared by the two threads. Each keeps the places it was decided
/// with: to enter every record into one map and to take it out again cost more than to look into several.
#[derive(Debug, Default)]
pub(super) struct Overlay(Mutex<VecDeque<(u64, Arc<Decided>)>>);

impl Overlay {
    /// A group was committed under this sequence.
    pub(super) fn add(&self, sequence: u64, group: Arc<Decided>) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.push_back((sequence, group));
    }

    /// The groups up to this sequence are in sled.
    pub(super) fn remove(&self, sequence: u64) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let written = groups.partition_point(|(other, _)| *other <= sequence);
        // The applier still has them, so nothing is freed under the lock.
        groups.drain(..written);
    }

    fn get(&self, key: &(Table, RecordKey)) -> Option<Option<RecordValue>> {
        let groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.iter().rev().find_map(|(_, group)| group.get(key))
    }
}

/// A new lead, its status and its key; most others decide fewer.
const RECORDS_OF_A_COMMAND: usize = 3;

/// Everything decided so far, as the committer must see it: this group, then the overlay, then sled. In this order, because the
/// applier writes to sled before it takes a record out of the overlay.
pub(super) struct View<'a> {
    overlay: &'a Overlay,
    index: &'a LiveIndex,
    group: Decided,
}

impl<'a> View<'a> {
    /// A view with an empty group, which has room for what so many commands decide.
    pub(super) fn new(overlay: &'a Overlay, index: &'a LiveIndex, commands: usize) -> Self {
        let records = RECORDS_OF_A_COMMAND * commands;
        Self {
            overlay,
            index,
            group: Decided {
                records: Vec::with_capacity(records),
                newest: Places::with_capacity_and_hasher(records, FxBuildHasher),
            },
        }
    }

    /// The value under this key as decided so far.
    pub(super) fn get(
        &self,
        table: Table,
        key: impl Into<RecordKey>,
    ) -> Result<Option<RecordValue>, StoreError> {
        let key = (table, key.into());
        if let Some(value) = self.group.get(&key).or_else(|| self.overlay.get(&key)) {
            return Ok(value);
        }
        // Taken after the look into the overlay: what is no longer there is in the index that is in use now.
        let generation = self.index.damage().generation();
        let read = self.index.now().get(key.0, &key.1);
        self.index.damage().noting(generation, read)
    }

    /// Adds decided records to the group.
    pub(super) fn add(&mut self, records: Vec<Record>) {
        let Decided {
            records: all,
            newest,
        } = &mut self.group;
        for record in records {
            newest.insert((record.table, record.key), all.len());
            all.push(record);
        }
    }

    /// All that was decided.
    pub(super) fn into_group(self) -> Decided {
        self.group
    }
}
