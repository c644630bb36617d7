//! The truth as one stream: every live record of the newest snapshot and the journal after it, each once, for reading only.
//!
//! It needs no lock, so it can be read while another process has the store open. Snapshots are whole or not there, a journal only grows at its
//! end, and what is deleted meanwhile shows as an error of the reading, which can then be begun again.

use sha2::{Digest, Sha256};

use crate::store::journal::{self, Scan};
use crate::store::mark::MarkFile;
use crate::store::record::Record;
use crate::store::snapshot::{self, Snapshot, SnapshotError};
use crate::store::start::{
    Directories, OpenError, SnapshotErrorText, Truth, check_whole, newest_named, newest_sound,
};

/// What there is to be read.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) snapshot: Option<Snapshot>,
    pub(super) journal: Scan,
    pub(super) truth: Truth,
}

/// Takes what is read, one record after another.
pub(super) type Take<'a> = &'a mut dyn FnMut(Record) -> Result<(), SnapshotError>;

impl Whole {
    /// Looks at everything; an error where a start would be refused.
    pub(super) fn find(directories: &Directories) -> Result<Self, OpenError> {
        let snapshot = newest_sound(&directories.snapshots)?;
        let journal =
            journal::scan::<OpenError>(&directories.journal, u64::MAX, &mut |_, _| Ok(()))?;
        let truth = Truth::of(snapshot.as_ref(), &journal);
        let mark = MarkFile::new(&directories.root).read();
        check_whole(directories, mark.as_ref(), snapshot.as_ref(), truth)?;
        Ok(Self {
            snapshot,
            journal,
            truth,
        })
    }

    /// What is before this position, in a store that is open; `None` when a group of it cannot be read. A snapshot before it that is damaged shows
    /// when it is read.
    pub(super) fn before(
        directories: &Directories,
        position: u64,
    ) -> Result<Option<Self>, OpenError> {
        let snapshot = newest_named(&directories.snapshots)?;
        let base = Truth::of(snapshot.as_ref(), &Scan::default()).base;
        let until = position.saturating_sub(1);
        let mut groups = 0;
        let journal =
            journal::scan::<OpenError>(&directories.journal, base + 1, &mut |group, _| {
                groups += u64::from(group <= until);
                Ok(())
            })?;
        let truth = Truth {
            last_sequence: until,
            ..Truth::of(snapshot.as_ref(), &journal)
        };
        let is_whole = groups == until.saturating_sub(base);
        Ok(is_whole.then_some(Self {
            snapshot,
            journal,
            truth,
        }))
    }

    /// Hands over the records as they stood after group `until`, each key once. Keys that the journal deletes are left out. In memory are 24
    /// bytes for each key in the journal, room for as many, and one block or segment. Tells how many groups of the journal there were.
    pub(super) fn each(
        &self,
        directories: &Directories,
        until: u64,
        take: Take<'_>,
    ) -> Result<u64, OpenError> {
        let mut latest = Latest::default();
        let groups = self.replay(directories, until, &mut |at, record| {
            latest.note(record, at);
            Ok(())
        })?;
        latest.sort();
        if let Some(snapshot) = &self.snapshot {
            let read = snapshot::read(&snapshot.path, &mut |records| {
                let mut kept = records
                    .into_iter()
                    .filter(|record| latest.of(record).is_none());
                kept.try_for_each(&mut *take)
            });
            read.map_err(SnapshotErrorText::from)?;
        }
        let again = self.replay(directories, until, &mut |at, record| {
            if record.value.is_some() && latest.of(record) == Some(at) {
                let record = std::mem::replace(record, Record::delete(record.table, record.key));
                take(record).map_err(SnapshotErrorText::from)?;
            }
            Ok(())
        })?;
        // Records are counted through: with another group among them each would be taken for another.
        match again == groups {
            true => Ok(groups),
            false => Err(self.changed(directories)),
        }
    }

    /// What is read is not what was there a moment ago.
    pub(super) fn changed(&self, directories: &Directories) -> OpenError {
        OpenError::Gap {
            path: directories.root.clone(),
            journal: self.truth.first_in_journal,
        }
    }

    /// Reads the journal after the snapshot, the records counted through. How many groups there were.
    fn replay(
        &self,
        directories: &Directories,
        until: u64,
        visit: &mut dyn FnMut(u64, &mut Record) -> Result<(), OpenError>,
    ) -> Result<u64, OpenError> {
        let from = self.truth.base + 1;
        let (mut groups, mut at) = (0, 0);
        let now = journal::scan::<OpenError>(&directories.journal, from, &mut |group, records| {
            if group > until {
                return Ok(());
            }
            groups += 1;
            for mut record in records {
                visit(at, &mut record)?;
                at += 1;
            }
            Ok(())
        })?;
        // Segments that a newer snapshot has made superfluous since the first reading are gone from the beginning.
        let had_groups = self.truth.last_sequence > self.truth.base;
        if had_groups && !(1..=from).contains(&now.first_sequence) {
            return Err(OpenError::Gap {
                path: directories.root.clone(),
                journal: now.first_sequence,
            });
        }
        Ok(groups)
    }
}

/// So many are not worth sorting.
const FEW: usize = 1 << 12;

/// The place of the latest record of each key: the beginning of the key's SHA-256 with the record's number.
#[derive(Default)]
struct Latest(Vec<([u8; 16], u64)>);

impl Latest {
    /// Whoever delivers writes the status of a lead anew several times, so half of what is there may be of no use when room is to be doubled.
    fn note(&mut self, record: &Record, at: u64) {
        let room = self.0.capacity();
        if self.0.len() == room && room >= FEW {
            self.sort();
            // Else it would soon be full again, and sorted for little.
            if self.0.len() > room / 2 {
                self.0.reserve_exact(2 * room - self.0.len());
            }
        }
        self.0.push((digest(record), at));
    }

    /// To be called before [`Latest::of`].
    fn sort(&mut self) {
        self.0.sort_unstable();
        // The later ones first, because the first of equals is kept.
        self.0.reverse();
        self.0.dedup_by_key(|(key, _)| *key);
        self.0.reverse();
    }

    fn of(&self, record: &Record) -> Option<u64> {
        let key = digest(record);
        let found = self.0.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.0.get(found).map(|(_, at)| *at)
    }
}

fn digest(record: &Record) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update([record.table.prefix()])
        .chain_update(&*record.key)
        .finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::Table;

    #[test]
    fn the_latest_record_of_each_key_is_known_and_those_before_it_take_no_room() {
        let keys = FEW as u64 * 2;
        let record = |n: u64| {
            Record::put(
                Table::Status,
                u128::from(n % keys).to_be_bytes(),
                Vec::new().into(),
            )
        };
        let mut latest = Latest::default();
        for at in 0..20 * keys {
            latest.note(&record(at), at);
        }
        assert!(latest.0.capacity() <= FEW * 4, "{}", latest.0.capacity());
        latest.sort();
        for at in 0..keys {
            assert_eq!(latest.of(&record(at)), Some(19 * keys + at));
        }
        let other = Record::put(Table::Lead, 0_u128.to_be_bytes(), Vec::new().into());
        assert_eq!(latest.of(&other), None);
    }
}
