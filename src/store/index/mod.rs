//! The index: sled, where everything is read from. It can be thrown away and built again from snapshot and journal at any time.
//!
//! All records and their derived entries live in one tree under a prefix byte, because sled's `Batch` is atomic in one tree only: a
//! group of records, what is derived from them, and the journal position `applied` appear together or not at all.
//!
//! | prefix | key | value |
//! |---|---|---|
//! | `L S A K` | see [`Table`] | the record |
//! | `s` | state, lead id | nothing: the leads in a state |
//! | `f` | form, 0, lead id | nothing: the leads of a form |
//! | `t` | token, 0, lead id | nothing: the words a lead is found by |
//! | `e` | bound at (ms), key | nothing: idempotency keys by age |
//! | `M` | `applied` | the sequence of the last applied group |

mod derived;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sled::IVec;

use crate::delivery::State;
use crate::lead::{FormId, LeadId};
use crate::store::journal::sync_directory;
use crate::store::record::{Record, Table, decode};
use crate::store::{Status, StoreError};

/// sled's page cache. Its default of 1 GiB would be most of a small machine; reads here are by key and mostly recent.
const CACHE: u64 = 24 << 20;

const APPLIED: &[u8] = b"Mapplied";

/// The open index.
#[derive(Clone)]
pub(super) struct Index {
    db: sled::Db,
    path: PathBuf,
}

/// What a group changed that the outbox must know: statuses before and after.
pub(super) type StatusChange = (Option<Status>, Option<Status>);

impl Index {
    /// Opens or makes it. Only for a directory under which nothing can have been lost; see `start`.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let db = sled::Config::default()
            .path(path)
            .cache_capacity(CACHE)
            .open()?;
        Ok(Self {
            db,
            path: path.to_owned(),
        })
    }

    /// The sequence of the last applied group; `None` when nothing was applied, or a rebuild was cut short.
    pub(super) fn applied(&self) -> Result<Option<u64>, StoreError> {
        let bytes = self.db.get(APPLIED)?;
        Ok(bytes
            .and_then(|bytes| bytes.as_ref().try_into().ok())
            .map(u64::from_be_bytes))
    }

    /// Applies a group. With `sequence`, notes that the journal up to there is applied.
    pub(super) fn apply(
        &self,
        records: &[Record],
        sequence: Option<u64>,
    ) -> Result<Vec<StatusChange>, StoreError> {
        let mut batch = sled::Batch::default();
        // What this group has already put, so that a second record for a key sees the first.
        let mut earlier: HashMap<Vec<u8>, Option<&[u8]>> = HashMap::new();
        let mut changes = Vec::new();
        for record in records {
            let key = record.table.key(&record.key);
            let old = match earlier.get(&key) {
                Some(value) => value.map(IVec::from),
                None => self.db.get(&key)?,
            };
            let change = derived::update(record, old.as_deref(), &mut batch)?;
            changes.extend(change);
            match &record.value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
            earlier.insert(key, record.value.as_deref());
        }
        if let Some(sequence) = sequence {
            batch.insert(APPLIED, &sequence.to_be_bytes());
        }
        self.db.apply_batch(batch)?;
        Ok(changes)
    }

    /// The value of one record.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        Ok(self.db.get(table.key(key))?)
    }

    /// The records of a table whose keys begin with `prefix`, in order.
    pub(super) fn records(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Record, sled::Error>> + use<> {
        self.db.scan_prefix(table.key(prefix)).map(move |entry| {
            let (key, value) = entry?;
            Ok(Record::put(
                table,
                key.get(1..).unwrap_or_default(),
                value.to_vec(),
            ))
        })
    }

    /// All leads in `ids`, newest first.
    pub(super) fn leads(
        &self,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<LeadId, StoreError>> + use<> {
        self.ids(&[Table::Status.prefix()], ids)
    }

    /// The leads in one state, newest first.
    pub(super) fn leads_in(
        &self,
        state: State,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<LeadId, StoreError>> + use<> {
        self.ids(&derived::state_prefix(state), ids)
    }

    /// The leads of one form, newest first.
    pub(super) fn leads_of(
        &self,
        form: &FormId,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<LeadId, StoreError>> + use<> {
        self.ids(&derived::form_prefix(form), ids)
    }

    fn ids(
        &self,
        prefix: &[u8],
        (low, high): IdRange,
    ) -> impl Iterator<Item = Result<LeadId, StoreError>> + use<> {
        let key = |id: LeadId| [prefix, id.as_bytes()].concat();
        let length = prefix.len() + 16;
        self.db
            .range(key(low)..key(high))
            .keys()
            .rev()
            .map(|key| Ok(key?))
            .filter_map(move |key: Result<IVec, StoreError>| match key {
                // A form's id can be the beginning of another's; the length tells them apart.
                Ok(key) if key.len() != length => None,
                Ok(key) => lead_at_end(&key).map(Ok),
                Err(error) => Some(Err(error)),
            })
    }

    /// The leads that have a token with this beginning, at most `limit`, in no order.
    pub(super) fn find(&self, token: &str, limit: usize) -> Result<Vec<LeadId>, StoreError> {
        let keys = self
            .db
            .scan_prefix(derived::token_prefix(token))
            .keys()
            .take(limit);
        keys.map(|key| Ok(lead_at_end(&key?)))
            .filter_map(Result::transpose)
            .collect()
    }

    /// The statuses of all leads in a state, for the start.
    pub(super) fn statuses_in(
        &self,
        state: State,
    ) -> impl Iterator<Item = Result<Status, StoreError>> + '_ {
        self.leads_in(state, ALL_IDS).filter_map(|id| {
            let status = id.and_then(|id| self.get(Table::Status, id.as_bytes()));
            status
                .map(|bytes| bytes.map(|bytes| Ok(decode(&bytes)?)))
                .transpose()
                .map(Result::flatten)
        })
    }

    /// Idempotency keys bound before `millis`, at most `limit`.
    pub(super) fn keys_bound_before(
        &self,
        millis: u64,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let range = derived::expiry_key(0, &[])..derived::expiry_key(millis, &[]);
        let keys = self.db.range(range).keys().take(limit);
        keys.map(|key| Ok(key?.get(9..).unwrap_or_default().to_vec()))
            .collect()
    }

    /// Makes everything applied so far durable, for a clean stop: sled's own flush does not fsync.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        sync_tree(&self.path).map_err(|error| StoreError::Index(sled::Error::Io(error)))
    }
}

/// From the first id (included) to the second (not included).
pub(super) type IdRange = (LeadId, LeadId);

/// Every id that can be.
pub(super) const ALL_IDS: IdRange = (LeadId::FIRST, LeadId::LAST);

fn lead_at_end(key: &[u8]) -> Option<LeadId> {
    key.last_chunk::<16>()
        .map(|bytes| LeadId::from_bytes(*bytes))
}

/// Syncs every file under a directory, and the directories.
fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => sync_tree(&path)?,
            Ok(_) => fs::File::open(&path)?.sync_all()?,
            // sled removes a superseded snapshot file of its own between the listing and here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    sync_directory(directory)
}
