//! How much room the disk has: new leads are refused before it is so full that what is there could not be settled.

use std::path::PathBuf;

use crate::store::StoreError;

/// The disk under the data directory.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) path: PathBuf,
    pub(super) min_free: u64,
}

impl Disk {
    /// Whether a new lead may be taken. A disk that cannot be asked counts as having room; the write itself will tell.
    pub(super) fn room_for_leads(&self) -> Result<(), StoreError> {
        let Ok(disk) = rustix::fs::statvfs(&self.path) else {
            return Ok(());
        };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < self.min_free {
            return Err(StoreError::DiskFull {
                path: self.path.clone(),
                free,
            });
        }
        Ok(())
    }
}
