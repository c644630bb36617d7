//! What is decided and not yet in sled: the committer decides against this first, then against sled.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::store::StoreError;
use crate::store::index::Index;
use crate::store::record::{Record, Table};

type Values = HashMap<(Table, Vec<u8>), (u64, Option<Vec<u8>>)>;

/// Committed values that the applier has not yet written; shared by the two threads.
#[derive(Debug, Default)]
pub(super) struct Overlay(Mutex<Values>);

impl Overlay {
    /// A group was committed.
    pub(super) fn add(&self, records: &[Record], sequence: u64) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            values.insert(
                (record.table, record.key.clone()),
                (sequence, record.value.clone()),
            );
        }
    }

    /// A group is in sled; values that a later group has replaced stay.
    pub(super) fn remove(&self, records: &[Record], sequence: u64) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            let key = (record.table, record.key.clone());
            if values
                .get(&key)
                .is_some_and(|(newest, _)| *newest == sequence)
            {
                values.remove(&key);
            }
        }
    }

    fn get(&self, key: &(Table, Vec<u8>)) -> Option<Option<Vec<u8>>> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(key).map(|(_, value)| value.clone())
    }
}

/// Everything decided so far, as the committer must see it: this group, then the overlay, then sled. In this order, because the
/// applier writes to sled before it takes a value out of the overlay.
pub(super) struct View<'a> {
    overlay: &'a Overlay,
    index: &'a Index,
    group: Vec<Record>,
    newest: HashMap<(Table, Vec<u8>), usize>,
}

impl<'a> View<'a> {
    /// A view with an empty group.
    pub(super) fn new(overlay: &'a Overlay, index: &'a Index) -> Self {
        Self {
            overlay,
            index,
            group: Vec::new(),
            newest: HashMap::new(),
        }
    }

    /// The value under this key as decided so far.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = (table, key.to_vec());
        if let Some(record) = self.newest.get(&key).and_then(|at| self.group.get(*at)) {
            return Ok(record.value.clone());
        }
        if let Some(value) = self.overlay.get(&key) {
            return Ok(value);
        }
        Ok(self.index.get(key.0, &key.1)?.map(|value| value.to_vec()))
    }

    /// sled itself, for scans over what is already applied.
    pub(super) fn index(&self) -> &Index {
        self.index
    }

    /// Adds decided records to the group.
    pub(super) fn add(&mut self, records: Vec<Record>) {
        for record in records {
            self.newest
                .insert((record.table, record.key.clone()), self.group.len());
            self.group.push(record);
        }
    }

    /// The decided records, in order.
    pub(super) fn into_group(self) -> Vec<Record> {
        self.group
    }
}
