//! The index: sled and files of ours beside it, where everything is read from. It can be thrown away and built again from snapshot and
//! journal at any time.
//!
//! All records and what is derived from them live in one tree under a prefix byte, because sled's `Batch` is atomic in one tree only:
//! groups of records, what is derived from them, and the journal position `applied` appear together or not at all. What is long is
//! in files of our own, written before: the bytes of blocks ([`blocks`]) and the words leads are found by ([`words`]).
//!
//! | prefix | key | value |
//! |---|---|---|
//! | `L` | ids of first leads | where blocks are: leads with their statuses and attempts ([`rows`]) |
//! | `K` | numbers | where blocks are: idempotency keys with their records ([`keys`]) |
//! | `o x f` | windows of time | where to look for open leads, discarded ones, those of a form ([`windows`]) |
//! | `M` | `applied8` | the sequence of the last applied group |
//!
//! Of `L` and `K` only a start reads: it puts where blocks are, and which block each key is in, into scratch files ([`scratch`]) for all
//! who read later. They have no names, so they show as deleted files that are open, and go away with the process.
//!
//! What an entry costs decides the design: about 8 µs and 100 bytes of memory whatever it holds, so what can share one does ([`packs`]).

mod block;
mod blocks;
mod handles;
mod heap;
mod keys;
mod packs;
mod rows;
mod scratch;
mod users;
mod windows;
mod words;
mod writer;

use std::fs::{self, File};
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Advice;
use rustix::io::Errno;

use crate::delivery::DeliveryId;
use crate::lead::{FormId, LeadId};
use crate::store::StoreError;
use crate::store::journal::sync_directory;
use crate::store::record::{Record, RecordValue, Table};

use blocks::Blocks;
use keys::Keys;
use rows::Looking;
use users::Users;
use words::Words;

pub(super) use block::Row;
pub(super) use windows::{List, Window};
pub(super) use words::Known as KnownWords;
pub(super) use writer::{Found, IndexWriter, StatusChange};

/// sled's page cache. Its default of 1 GiB would be most of a small machine; reads here are by key and mostly recent.
const CACHE: u64 = 8 << 20;

/// Counts up with every change of the layout: an index of another layout has nothing under this key, so it is built anew.
const APPLIED: &[u8] = b"Mapplied8";

/// The open index, for reading.
#[derive(Clone)]
pub(super) struct Index {
    db: sled::Db,
    blocks: Blocks,
    words: Words,
    keys: Keys,
    path: PathBuf,
    users: Users,
    /// sled's file, open for as long as sled has it. sled's flusher only logs a failed fsync, after which the kernel takes the pages for
    /// written; but every handle that was open at the time is told of it at its own next sync.
    witness: Arc<File>,
}

impl Index {
    /// Opens or makes it. Only for a directory under which nothing can have been lost; see `start`.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let db = sled::Config::default()
            .path(path)
            .cache_capacity(CACHE)
            .open()?;
        let witness = File::open(path.join("db")).map_err(sled::Error::Io)?;
        // Else it is empty, or of another layout, or its building was cut short: no lead is read from it.
        let is_whole = db.contains_key(APPLIED)?;
        let (heap, words) = (path.join("heap"), path.join("words"));
        let (users, user) = Users::first();
        let (blocks, words) = match is_whole {
            true => (
                Blocks::open(&db, heap, user.clone())?,
                Words::open(words, user)?,
            ),
            false => (
                Blocks::none(&db, heap, user.clone())?,
                Words::none(words, user)?,
            ),
        };
        Ok(Self {
            users,
            words,
            keys: Keys::open(blocks.clone(), path)?,
            blocks,
            db,
            path: path.to_owned(),
            witness: Arc::new(witness),
        })
    }

    /// Its directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What it takes of the disk that no directory shows: its scratch files, in bytes.
    pub(super) fn scratch(&self) -> u64 {
        self.blocks.scratch() + self.keys.scratch()
    }

    /// Who reads it.
    pub(super) fn users(&self) -> Users {
        self.users.clone()
    }

    /// The sequence of the last applied group; `None` when nothing was applied, or a rebuild was cut short.
    pub(super) fn applied(&self) -> Result<Option<u64>, StoreError> {
        let bytes = self.db.get(APPLIED)?;
        Ok(bytes
            .and_then(|bytes| bytes.as_ref().try_into().ok())
            .map(u64::from_be_bytes))
    }

    /// The value of one record.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<RecordValue>, StoreError> {
        match (table, key.split_first_chunk()) {
            (Table::Key, Some((key, []))) => self.keys.get(key),
            (Table::Key, _) | (_, None) => Ok(None),
            (table, Some((id, place))) => {
                let row = self.row(LeadId::from_bytes(*id))?;
                Ok(row.and_then(|row| row.of(table, place)))
            }
        }
    }

    /// A lead with its status.
    pub(super) fn row(&self, id: LeadId) -> Result<Option<Row>, StoreError> {
        rows::get(&self.blocks, id)
    }

    /// The same for many, one after another.
    pub(super) fn looking(&self) -> Looking {
        Looking::in_blocks(&self.blocks)
    }

    /// The records of all attempts of a delivery, the oldest first.
    pub(super) fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Vec<u8>>, StoreError> {
        let row = self.row(delivery.lead)?.unwrap_or_default();
        let attempts = row.attempts.iter();
        let of_delivery = attempts.filter(|([ordinal, ..], _)| *ordinal == delivery.ordinal);
        Ok(of_delivery.map(|(_, value)| value.to_vec()).collect())
    }

    /// All idempotency keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = Result<Record, StoreError>> + use<> {
        self.keys.all()
    }

    /// Every record there is.
    pub(super) fn everything(&self) -> impl Iterator<Item = Result<Record, StoreError>> + use<> {
        let rows = rows::oldest_first(&self.blocks, LeadId::FIRST).flat_map(|row| {
            let (records, error) = match row {
                Ok((id, row)) => (Some(row.into_records(id)), None),
                Err(error) => (None, Some(Err(error))),
            };
            records.into_iter().flatten().map(Ok).chain(error)
        });
        rows.chain(self.keys())
    }

    /// All leads in `ids`, newest first.
    pub(super) fn rows(
        &self,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> + use<> {
        rows::newest_first(&self.blocks, ids)
    }

    /// The leads in `ids` that were received within a quarter of a second of one of this form: all of the form, and a few others.
    pub(super) fn rows_near_form(
        &self,
        form: &FormId,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> + use<> {
        self.rows_near(&List::Form(form.clone()), ids)
    }

    /// The same for leads that are or were discarded.
    pub(super) fn rows_near_discarded(
        &self,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> + use<> {
        self.rows_near(&List::Discarded, ids)
    }

    fn rows_near(
        &self,
        list: &List,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> + use<> {
        let blocks = self.blocks.clone();
        list.newest_first(&self.db, ids).flat_map(move |window| {
            let (rows, error) = match window {
                Ok((window, _)) => (Some(rows::newest_first(&blocks, window.within(ids))), None),
                Err(error) => (None, Some(Err(error))),
            };
            rows.into_iter().flatten().chain(error)
        })
    }

    /// How many leads of a form there are in a range, to a quarter of a second at its ends.
    pub(super) fn count_of(&self, form: &FormId, ids: IdRange) -> Result<usize, StoreError> {
        List::Form(form.clone())
            .newest_first(&self.db, ids)
            .map(|window| Ok(window?.1 as usize))
            .sum()
    }

    /// The leads in `ids` that have, or had, words with all these beginnings, newest first.
    pub(super) fn find(
        &self,
        beginnings: Vec<String>,
        ids: IdRange,
    ) -> impl Iterator<Item = Result<LeadId, StoreError>> {
        self.words.find(beginnings, ids)
    }

    /// Reads the words leads are found by, and tells which there are or which file is not sound.
    pub(super) fn known_words(&self) -> Result<KnownWords, StoreError> {
        self.words.known()
    }

    /// How many leads of a window a list counts, 0 if it is one that does not count; `None` when the window is not on it.
    pub(super) fn listed(&self, list: &List, window: Window) -> Result<Option<u32>, StoreError> {
        list.entry(&self.db, window)
    }

    /// On how many places of the lists of forms leads are counted.
    pub(super) fn places_of_forms(&self) -> Result<u64, StoreError> {
        windows::places_of_forms(&self.db)
    }

    /// Makes everything applied so far durable, for a clean stop: sled's own flush does not fsync.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        let synced = self.witness.sync_all();
        synced
            .and_then(|()| sync_tree(&self.path))
            .map_err(|error| StoreError::Index(sled::Error::Io(error)))
    }
}

/// From the first id (included) to the second (not included).
pub(super) type IdRange = (LeadId, LeadId);

/// Every id that can be.
pub(super) const ALL_IDS: IdRange = (LeadId::FIRST, LeadId::LAST);

/// Syncs every file under a directory, and the directories.
fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => sync_tree(&path)?,
            Ok(_) => File::open(&path)?.sync_all()?,
            // sled removes a superseded snapshot file of its own between the listing and here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    sync_directory(directory)
}

/// As sled says it of its own files. Whoever meets it has the index built anew.
fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| {
        let text = format!("{}: {error}", path.display());
        let kind = match Errno::from_io_error(&error) {
            // They have no kind of their own, and are not to be taken for damage.
            Some(Errno::MFILE | Errno::NFILE) => io::ErrorKind::ResourceBusy,
            _ => error.kind(),
        };
        StoreError::Index(sled::Error::Io(io::Error::new(kind, text)))
    }
}

/// Tells the kernel what of a file is going to be read, and how. Reading works without, so it need not listen.
fn advise(file: &File, (begin, length): (u64, u64), advice: Advice) {
    if let Err(error) = rustix::fs::fadvise(file, begin, NonZero::new(length), advice) {
        tracing::debug!(%error, "the kernel takes no advice on reading the index");
    }
}

/// Of bytes in the index that are not as they were written.
fn damaged(what: &str) -> io::Error {
    let text = format!(
        "{what} is damaged; the index is built anew by itself, or by `leadgate doctor --rebuild` while the gate is stopped"
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::damage::lacks_means;

    #[test]
    fn too_many_open_files_and_a_full_disk_are_not_taken_for_damage_of_the_index() {
        let says = |error: Errno| at(Path::new("/index"))(error.into());
        for lack in [Errno::MFILE, Errno::NFILE, Errno::NOSPC, Errno::DQUOT] {
            assert!(lacks_means(&says(lack)), "{lack}");
        }
        assert!(!lacks_means(&says(Errno::IO)));
        assert!(says(Errno::MFILE).to_string().contains("/index"));
    }

    #[test]
    fn an_index_of_another_layout_can_be_opened_and_tells_that_nothing_is_applied() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        for key in ["K\0\0\0\0", "L0123456789abcdef", "Mapplied7", "t\0"] {
            db.insert(key, vec![7; 100]).expect("inserted");
        }
        drop(db);
        let index = Index::open(directory.path()).expect("opened");
        assert_eq!(index.applied().expect("read"), None);
    }
}
