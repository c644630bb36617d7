//! How much room the disk has: new leads are refused before it is so full that what is there could not be settled.

use std::path::PathBuf;

use crate::store::{Settings, StoreError};

/// The disk under the data directory.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) path: PathBuf,
    pub(super) min_free: u64,
}

impl Disk {
    /// The disk of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            path: settings.path.clone(),
            min_free: settings.min_free,
        }
    }

    /// Whether a new lead may be taken. A disk that cannot be asked counts as having room; the write itself will tell.
    pub(super) fn room_for_leads(&self) -> Result<(), StoreError> {
        self.room_for(0)
    }

    /// Whether so many bytes more leave the reserve untouched.
    pub(super) fn room_for(&self, bytes: u64) -> Result<(), StoreError> {
        let Some(free) = self.free() else {
            return Ok(());
        };
        if free < self.min_free.saturating_add(bytes) {
            return Err(StoreError::DiskFull {
                path: self.path.clone(),
                free,
            });
        }
        Ok(())
    }

    /// The bytes that may still be written; `None` when the disk does not say.
    pub(super) fn free(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.path).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
