//! What the data directory takes and has left, for those who watch it.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::metrics::{self, StoreSeen};
use crate::store::room::{Room, journal_error};
use crate::store::{Backups, Store, StoreError, journal, snapshot};

impl Store {
    /// What the journal has counted since the store was opened.
    pub fn meter(&self) -> &metrics::Journal {
        &self.0.meter
    }

    /// The data directory at this instant.
    pub async fn measure(&self) -> Result<StoreSeen, StoreError> {
        let accepts = self.can_accept().is_ok();
        self.read(move |room| measure(room, accepts)).await
    }
}

fn measure(room: &Room, accepts: bool) -> Result<StoreSeen, StoreError> {
    let newest = snapshot::list(&room.directories.snapshots).map_err(journal_error)?;
    // Gone again when a newer one was made between the listing and here; the next look sees that.
    let newest = newest.first().and_then(|newest| made(&newest.path));
    let backup = Backups::of(&room.directories.root).newest();
    Ok(StoreSeen {
        accepts,
        free: room.disk.free(),
        reserve: room.disk.min_free,
        journal: journal::size(&room.directories.journal).map_err(journal_error)?,
        snapshot: newest.map_or(0, |(bytes, _)| bytes),
        snapshot_at: newest.map_or(0.0, |(_, at)| at),
        backup_at: backup.map_or(0.0, seconds),
    })
}

/// The bytes of a file and when it was written.
fn made(path: &Path) -> Option<(u64, f64)> {
    let metadata = fs::metadata(path).ok()?;
    let at = Timestamp::try_from(metadata.modified().ok()?).ok()?;
    Some((metadata.len(), seconds(at)))
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
