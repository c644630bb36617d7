//! Upkeep: snapshots, so that the journal does not grow for ever, and the forgetting of old idempotency keys.

use jiff::{SignedDuration, Timestamp};

use crate::store::committer::{Command, GROUP};
use crate::store::index::Index;
use crate::store::record::{KeyRecord, RecordKey, decode};
use crate::store::room::{Room, journal_error};
use crate::store::snapshot::{Snapshot, SnapshotError};
use crate::store::start::Directories;
use crate::store::truth::Whole;
use crate::store::{Store, StoreError, journal, snapshot};

/// A snapshot is made when the newest is older than this ...
const SNAPSHOT_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// ... or when the journal has grown beyond this and beyond so many of the newest snapshot: it bounds the disk and the time of a start, and a flood
/// is not spent on writing everything again and again.
const LONGEST_JOURNAL: u64 = 256 << 20;
const LONGEST_IN_SNAPSHOTS: u64 = 2;

/// What a round of upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// A snapshot was made.
    pub snapshot: bool,
    /// So many idempotency keys were forgotten.
    pub keys_forgotten: usize,
}

impl Store {
    /// One round, to be called every hour or so, after [`Store::mend`]. `snapshot_at` is when the last snapshot was made, if in this process.
    pub async fn upkeep(
        &self,
        now: Timestamp,
        snapshot_at: Option<Timestamp>,
    ) -> Result<Upkeep, StoreError> {
        let mut done = Upkeep::default();
        self.catch_up().await?;
        let old = self.read(move |room| old_keys(&room.index(), now)).await?;
        for keys in old.chunks(GROUP) {
            let keys = keys.to_vec();
            done.keys_forgotten += self
                .ask(|reply| Command::ForgetKeys(keys, now, reply))
                .await?;
        }
        let size = self
            .work(|room| journal::size(&room.directories.journal).map_err(journal_error))
            .await?;
        let stale = snapshot_at.is_none_or(|at| now.duration_since(at) >= SNAPSHOT_EVERY);
        if stale && size > 0 {
            self.snapshot().await?;
            done.snapshot = true;
        } else {
            done.snapshot = self.shorten_journal().await?;
        }
        Ok(done)
    }

    /// Makes a snapshot if the journal has become too long; tells whether it was. To be called every minute or so.
    pub async fn shorten_journal(&self) -> Result<bool, StoreError> {
        let is_long = self.work(|room| {
            let directories = &room.directories;
            let journal = journal::size(&directories.journal).map_err(journal_error)?;
            let newest = snapshot::newest_size(&directories.snapshots).map_err(journal_error)?;
            Ok(journal > LONGEST_JOURNAL.max(newest.saturating_mul(LONGEST_IN_SNAPSHOTS)))
        });
        let is_long = is_long.await?;
        if is_long {
            self.snapshot().await?;
        }
        Ok(is_long)
    }

    /// Writes a snapshot and deletes what it makes superfluous: older snapshots and the journal before it. The journal is rotated first, so that
    /// what is before the position lies in segments that nobody writes any more.
    pub async fn snapshot(&self) -> Result<(), StoreError> {
        let _turn = self.0.renewing.lock().await;
        self.snapshot_here().await.map(drop)
    }

    /// The same for those who hold `renewing`; tells where it is.
    pub(super) async fn snapshot_here(&self) -> Result<Snapshot, StoreError> {
        let _turn = self.0.snapshotting.lock().await;
        self.work(room_for_snapshot).await?;
        let position = self.ask(Command::Rotate).await?;
        let mut applied = self.0.applied.clone();
        applied
            .wait_for(|applied| applied + 1 >= position)
            .await
            .map_err(|_ended| StoreError::Stopped)?;
        self.work(move |room| {
            let made = write(room, position)?;
            snapshot::delete_older(&room.directories.snapshots, &made).map_err(journal_error)?;
            journal::delete_before(&room.directories.journal, position).map_err(journal_error)?;
            Ok(made)
        })
        .await
    }
}

/// Of the snapshot before it and the journal, whatever the index holds: what the index has lost must not become the truth. Only where the
/// journal or that snapshot has lost something itself the index is asked, which may still have it; not because the disk was in trouble for a moment.
fn write(room: &Room, position: u64) -> Result<Snapshot, StoreError> {
    let Directories { snapshots, .. } = &room.directories;
    match from_truth(&room.directories, position) {
        Ok(Some(made)) => return Ok(made),
        Ok(None) => {
            tracing::warn!(
                "groups of the journal are damaged, so the snapshot is made from the index"
            );
        }
        Err(SnapshotError::Truth(error)) if error.tells_of_a_damaged_snapshot() => {
            tracing::warn!(%error, "the snapshot is made from the index, because the one before it is damaged");
        }
        Err(error) => return Err(journal_error(std::io::Error::other(error))),
    }
    // It holds all effects of the segments before the position. It may also hold some of those after: replaying whole states over them does no harm.
    let generation = room.damage().generation();
    let mut records = room.index().everything();
    let made = snapshot::write(snapshots, position, &mut records).map_err(|error| match error {
        SnapshotError::Index(error) => *error,
        error => journal_error(std::io::Error::other(error)),
    });
    room.damage().noting(generation, made)
}

/// `None` where the journal has lost something.
fn from_truth(directories: &Directories, position: u64) -> Result<Option<Snapshot>, SnapshotError> {
    let truth = |error| SnapshotError::Truth(Box::new(error));
    let Some(whole) = Whole::before(directories, position).map_err(truth)? else {
        return Ok(None);
    };
    let snapshots = &directories.snapshots;
    let made = snapshot::make(snapshots, |writer| {
        let mut put = |record| writer.put(record).map_err(snapshot::failed(snapshots));
        let read = whole.each(directories, position - 1, &mut put);
        let groups = read.map_err(truth)?;
        // What could be read a moment ago.
        if groups < position - 1 - whole.truth.base {
            return Err(truth(whole.changed(directories)));
        }
        Ok(position)
    });
    made.map(Some)
}

/// The idempotency keys that are not needed any more. Found by reading them all: an index by age would cost every lead an entry in sled, for
/// something that is asked once an hour.
fn old_keys(index: &Index, now: Timestamp) -> Result<Vec<RecordKey>, StoreError> {
    let mut old = Vec::new();
    for record in index.keys() {
        let record = record?;
        let bound: KeyRecord = decode(&record.value.unwrap_or_default())?;
        if !bound.is_needed(now) {
            old.push(record.key);
        }
    }
    Ok(old)
}

/// The new snapshot stands beside the old one for a while. It must not eat the reserve that settles need.
fn room_for_snapshot(room: &Room) -> Result<(), StoreError> {
    let directories = &room.directories;
    let before = snapshot::newest_size(&directories.snapshots).map_err(journal_error)?;
    let since = journal::size(&directories.journal).map_err(journal_error)?;
    room.disk.room_for(before.saturating_add(since))
}
