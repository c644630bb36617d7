//! Which backups were made of a data directory: an erasure must name those that still hold the person.
//!
//! One small file beside the store, `backups.json`: `[{"path": ..., "made_at": ...}]`, the oldest first. `leadgate backup` adds to it. It is a help
//! for people, not a record of truth: when it cannot be read, no backup is known.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::journal::sync_directory;

/// The name of the file in the data directory.
const FILE: &str = "backups.json";

/// So many are remembered, the newest: ten years of daily ones.
const MOST: usize = 3_650;

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Where it was written, as an absolute path of the machine that made it.
    pub path: PathBuf,
    /// When. It holds everything from before, and perhaps some of what came while it was made.
    pub made_at: Timestamp,
}

/// The backups of one data directory.
#[derive(Clone, Debug)]
pub struct Backups {
    directory: PathBuf,
}

impl Backups {
    /// Those of this data directory.
    pub fn of(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// All that are known, the oldest first. None when the file is missing or cannot be read.
    pub fn list(&self) -> Vec<Backup> {
        let read = fs::read(self.directory.join(FILE)).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// When the newest was made.
    pub fn newest(&self) -> Option<Timestamp> {
        self.list().iter().map(|backup| backup.made_at).max()
    }

    /// Adds one, durably. One that was written over an older one of the same path takes its place.
    pub fn add(&self, backup: Backup) -> io::Result<()> {
        let mut all = self.list();
        all.retain(|known| known.path != backup.path);
        all.push(backup);
        all.drain(..all.len().saturating_sub(MOST));
        let path = self.directory.join(FILE);
        let partial = path.with_extension("partial");
        let mut file = File::create(&partial)?;
        file.write_all(&serde_json::to_vec_pretty(&all)?)?;
        file.sync_all()?;
        fs::rename(&partial, &path)?;
        sync_directory(&self.directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(path: &str, second: i64) -> Backup {
        Backup {
            path: path.into(),
            made_at: Timestamp::from_second(second).expect("an instant"),
        }
    }

    #[test]
    fn backups_are_listed_as_they_were_made_and_one_path_counts_once() {
        let directory = tempfile::tempdir().expect("directory");
        let backups = Backups::of(directory.path());
        assert_eq!(backups.list(), []);
        for (path, second) in [("/b/1", 1), ("/b/2", 2), ("/b/1", 3)] {
            backups.add(backup(path, second)).expect("added");
        }
        assert_eq!(backups.list(), [backup("/b/2", 2), backup("/b/1", 3)]);
        assert_eq!(backups.newest(), Timestamp::from_second(3).ok());
    }

    #[test]
    fn a_file_that_cannot_be_read_tells_of_no_backup() {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(directory.path().join(FILE), b"{not a list").expect("written");
        let backups = Backups::of(directory.path());
        assert_eq!(backups.list(), []);
        backups.add(backup("/b/1", 1)).expect("added");
        assert_eq!(backups.list().len(), 1);
    }
}
