//! What is decided and not yet in sled: the committer decides against this first, then against sled.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::store::StoreError;
use crate::store::applier::Group;
use crate::store::live::LiveIndex;
use crate::store::record::{Record, RecordKey, RecordValue, Table};

/// Where a record is: its group's number, the group, its place.
type Place = (u64, Arc<[Record]>, usize);

/// Committed records that the applier has not yet written; shared by the two threads. The ids in the keys are ours. Whoever
/// computes enough hashes could make idempotency keys collide, but no more of them are in here than fit into the applier's queue.
#[derive(Debug, Default)]
pub(super) struct Overlay(Mutex<FxHashMap<(Table, RecordKey), Place>>);

impl Overlay {
    /// A group was committed.
    pub(super) fn add(&self, records: &Arc<[Record]>, sequence: u64) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, record) in records.iter().enumerate() {
            let place = (sequence, Arc::clone(records), at);
            places.insert((record.table, record.key), place);
        }
    }

    /// Groups are in sled; records that a later group has replaced stay.
    pub(super) fn remove(&self, groups: &[Group]) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups {
            for record in group.records.iter() {
                let key = (record.table, record.key);
                if let std::collections::hash_map::Entry::Occupied(entry) = places.entry(key)
                    && entry.get().0 == group.sequence
                {
                    entry.remove();
                }
            }
        }
    }

    fn get(&self, key: &(Table, RecordKey)) -> Option<Option<RecordValue>> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, records, at) = places.get(key)?;
        records.get(*at).map(|record| record.value.clone())
    }
}

/// A new lead, its status and its key; most others decide fewer.
const RECORDS_OF_A_COMMAND: usize = 3;

/// Everything decided so far, as the committer must see it: this group, then the overlay, then sled. In this order, because the
/// applier writes to sled before it takes a record out of the overlay.
pub(super) struct View<'a> {
    overlay: &'a Overlay,
    index: &'a LiveIndex,
    group: Vec<Record>,
    newest: FxHashMap<(Table, RecordKey), usize>,
}

impl<'a> View<'a> {
    /// A view with an empty group, which has room for what so many commands decide.
    pub(super) fn new(overlay: &'a Overlay, index: &'a LiveIndex, commands: usize) -> Self {
        let records = RECORDS_OF_A_COMMAND * commands;
        Self {
            overlay,
            index,
            group: Vec::with_capacity(records),
            newest: FxHashMap::with_capacity_and_hasher(records, FxBuildHasher),
        }
    }

    /// The value under this key as decided so far.
    pub(super) fn get(
        &self,
        table: Table,
        key: impl Into<RecordKey>,
    ) -> Result<Option<RecordValue>, StoreError> {
        let key = (table, key.into());
        if let Some(record) = self.newest.get(&key).and_then(|at| self.group.get(*at)) {
            return Ok(record.value.clone());
        }
        if let Some(value) = self.overlay.get(&key) {
            return Ok(value);
        }
        // Taken after the look into the overlay: what is no longer there is in the index that is in use now.
        self.index.now().get(key.0, &key.1)
    }

    /// Adds decided records to the group.
    pub(super) fn add(&mut self, records: Vec<Record>) {
        for record in records {
            self.newest
                .insert((record.table, record.key), self.group.len());
            self.group.push(record);
        }
    }

    /// The decided records, in order.
    pub(super) fn into_group(self) -> Vec<Record> {
        self.group
    }
}
