//! Brings the index up to the truth: opens it, replays what the journal has beyond it, and reads what is still owed.
//!
//! An index that was trusted and yet cannot be opened, does not fit the journal, or fails or panics in any of this (sled does both over
//! damage) is thrown away and built from the snapshot; only if that fails too, the start does.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::store::damage::lacks_means;
use crate::store::index::{Found, Index, IndexWriter, StatusChange};
use crate::store::journal;
use crate::store::mark::MarkFile;
use crate::store::outbox::Outbox;
use crate::store::record::Record;
use crate::store::snapshot::{self, Snapshot, SnapshotError};
use crate::store::start::{Directories, OpenError, SnapshotErrorText, Truth, at};

/// So many records are applied together: sled's work is per entry, and neighbours share entries.
const TOGETHER: usize = 4096;

/// An index that holds everything, and what it says is still owed.
type Ready = (IndexWriter, Outbox);

/// The newest snapshot, once it was read and found sound, and the truth as it follows from that one.
type Sound<'a> = &'a dyn Fn() -> Result<(Option<Snapshot>, Truth), OpenError>;

/// The old index if it is there and sound, else a new one.
pub(super) fn bring_up(
    directories: &Directories,
    truth: Truth,
    sound: Sound<'_>,
    mark: &MarkFile,
) -> Result<Ready, OpenError> {
    if is_there(&directories.index)? {
        match catch_unwind(AssertUnwindSafe(|| open_old(directories, truth))) {
            Ok(Ok(Some(ready))) => return settle_trust(directories, ready, mark),
            Ok(Ok(None)) => tracing::warn!("the index does not fit the journal; it is built anew"),
            Ok(Err(cut @ OpenError::JournalCut { .. })) => return Err(cut),
            // To build it anew would take more of what is missing.
            Ok(Err(OpenError::Store(error))) if lacks_means(&error) => {
                return Err(OpenError::Lacks(error));
            }
            Ok(Err(error)) => tracing::warn!(%error, "the index cannot be used; it is built anew"),
            Err(_panic) => tracing::warn!("sled panicked over the index; it is built anew"),
        }
        // Until the new one is complete nobody may trust what lies there.
        mark.distrust_index().map_err(at(&directories.root))?;
        remove_index(directories)?;
    }
    let (snapshot, truth) = sound()?;
    let ready = replay(directories, build(directories, snapshot.as_ref())?, truth)?;
    mark.trust_index().map_err(at(&directories.root))?;
    settle_trust(directories, ready, mark)
}

/// An erasure that was cut short leaves the person in the snapshot or the journal, and so in what is built from them. The next upkeep writes a
/// snapshot without; the start after it builds the index from that.
fn settle_trust(
    directories: &Directories,
    ready: Ready,
    mark: &MarkFile,
) -> Result<Ready, OpenError> {
    if ready.0.has_stale_words() {
        mark.distrust_index().map_err(at(&directories.root))?;
    }
    Ok(ready)
}

/// Throws the index away.
pub(super) fn remove_index(directories: &Directories) -> Result<(), OpenError> {
    if is_there(&directories.index)? {
        tracing::info!("the index is built anew from the snapshot and the journal");
        fs::remove_dir_all(&directories.index).map_err(at(&directories.index))?;
        journal::sync_directory(&directories.root).map_err(at(&directories.root))?;
    }
    Ok(())
}

/// A disk that cannot tell ends the start: an index that is there and not to be trusted must not be overlooked.
fn is_there(index: &Path) -> Result<bool, OpenError> {
    index.try_exists().map_err(at(index))
}

/// `None` when it is behind the oldest group of the journal, or was never complete. An index that can be trusted and is ahead of the journal has
/// leads that the journal has lost.
fn open_old(directories: &Directories, truth: Truth) -> Result<Option<Ready>, OpenError> {
    remove_unfinished_sled_snapshots(&directories.index).map_err(at(&directories.index))?;
    let index = Index::open(&directories.index)?;
    let oldest = if truth.first_in_journal == 0 {
        truth.last_sequence + 1
    } else {
        truth.first_in_journal
    };
    match index.applied()? {
        Some(applied) if applied > truth.last_sequence => Err(OpenError::JournalCut {
            path: directories.root.clone(),
            found: truth.last_sequence,
            expected: applied,
        }),
        Some(applied) if applied + 1 >= oldest => {
            let mut outbox = Outbox::default();
            let writer = IndexWriter::new(index, |found| match found {
                Found::Lead(status) => outbox.update(None, Some(&status)),
                Found::PassedOver => outbox.pass_over(),
            })?;
            replay(directories, (writer, outbox), truth).map(Some)
        }
        _ => Ok(None),
    }
}

/// A kill inside sled's open leaves `snap.*.generating`, which the next open takes for the newest snapshot (sled issues 1527, 1533).
pub(super) fn remove_unfinished_sled_snapshots(index: &Path) -> io::Result<()> {
    for entry in fs::read_dir(index)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A new index from the snapshot, and what is owed by it.
fn build(directories: &Directories, snapshot: Option<&Snapshot>) -> Result<Ready, OpenError> {
    let mut outbox = Outbox::default();
    let mut note = |changes: &[StatusChange]| outbox.update_all(changes);
    let writer = build_index(directories, snapshot, &mut note)?;
    Ok((writer, outbox))
}

/// A new index from the snapshot; `note` is told of every status in it.
pub(super) fn build_index(
    directories: &Directories,
    snapshot: Option<&Snapshot>,
    note: &mut dyn FnMut(&[StatusChange]),
) -> Result<IndexWriter, OpenError> {
    let mut writer = IndexWriter::empty(Index::open(&directories.index)?);
    let Some(snapshot) = snapshot else {
        return Ok(writer);
    };
    let mut waiting = Vec::new();
    let mut load = |records: Vec<Record>| {
        waiting.extend(records);
        if waiting.len() >= TOGETHER {
            let changes = writer
                .apply(&waiting, None)
                .map_err(|error| SnapshotError::Index(Box::new(error)))?;
            note(&changes);
            waiting.clear();
        }
        Ok(())
    };
    snapshot::read(&snapshot.path, &mut load).map_err(SnapshotErrorText::from)?;
    // Only now: an index without `applied` is one whose building was cut short.
    note(&writer.apply(&waiting, Some(snapshot.position - 1))?);
    Ok(writer)
}

fn replay(
    directories: &Directories,
    (mut writer, mut outbox): Ready,
    truth: Truth,
) -> Result<Ready, OpenError> {
    let from = writer.index().applied()?.unwrap_or(truth.base) + 1;
    let mut groups = 0_u64;
    let mut last = None;
    let mut waiting = Vec::new();
    let mut apply = |waiting: &mut Vec<Record>, last| -> Result<(), OpenError> {
        outbox.update_all(&writer.apply(waiting.iter(), last)?);
        waiting.clear();
        Ok(())
    };
    journal::scan::<OpenError>(&directories.journal, from, &mut |sequence, records| {
        groups += 1;
        last = Some(sequence);
        waiting.extend(records);
        if waiting.len() >= TOGETHER {
            apply(&mut waiting, last)?;
        }
        Ok(())
    })?;
    apply(&mut waiting, last)?;
    if groups > 0 {
        tracing::info!(groups, "the journal was replayed into the index");
    }
    Ok((writer, outbox))
}

/// Applies what the journal has beyond the index, up to this sequence and not beyond: what follows is applied by others.
pub(super) fn catch_up(
    writer: &mut IndexWriter,
    journal: &Path,
    until: u64,
) -> Result<(), OpenError> {
    let from = writer.index().applied()?.map_or(0, |applied| applied + 1);
    let mut waiting = Vec::new();
    let mut last = None;
    let scan = journal::scan::<OpenError>(journal, from, &mut |sequence, records| {
        if sequence > until {
            return Ok(());
        }
        last = Some(sequence);
        waiting.extend(records);
        if waiting.len() >= TOGETHER {
            writer.apply(&waiting, last)?;
            waiting.clear();
        }
        Ok(())
    })?;
    // A newer snapshot has taken the beginning away.
    if until >= from && !(1..=from).contains(&scan.first_sequence) {
        return Err(OpenError::Gap {
            path: journal.to_owned(),
            journal: scan.first_sequence,
        });
    }
    if last.is_some() {
        writer.apply(&waiting, last)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::Journal;
    use crate::store::query::tests::lead;
    use crate::store::record::{Table, encode};

    #[test]
    fn an_index_that_the_journal_does_not_reach_back_to_is_not_gone_on_with() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("journal");
        fs::create_dir(&directory).expect("made");
        let mut journal = Journal::open(&directory, 0).expect("opened");
        let record = |n| {
            let lead = lead(n, "Анна");
            Record::put(Table::Lead, lead.id, encode(&lead).expect("JSON"))
        };
        for n in 1..=4 {
            journal.append(&[record(n)]).expect("appended");
            journal.rotate().expect("rotated");
        }
        let index = Index::open(&home.path().join("sled")).expect("an index");
        let mut writer = IndexWriter::empty(index);
        writer.apply(&[record(1)], Some(1)).expect("applied");
        catch_up(&mut writer, &directory, 2).expect("the next is there");
        // As a snapshot does that is made meanwhile.
        journal::delete_before(&directory, 4).expect("deleted");
        let gap = catch_up(&mut writer, &directory, 4).expect_err("group 3 is gone");
        assert!(matches!(gap, OpenError::Gap { journal: 4, .. }), "{gap}");
        assert_eq!(writer.index().applied().expect("read"), Some(2));
    }
}
