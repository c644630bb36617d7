//! What alerts must know after a restart: what has been told, and what has not left yet. One small JSON file beside the store.
//!
//! It holds no personal data and is not worth a backup: without it a pause that lasts is told once more, and alerts that had not left are lost;
//! the leads themselves are in the store. So a file that cannot be read or written is told in the log and stops nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::alerts::outgoing::Outgoing;
use crate::alerts::watch::Watch;

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// What has been told.
    #[serde(default)]
    pub(super) watch: Watch,
    /// What is on its way, by the name of the channel.
    #[serde(default)]
    pub(super) channels: BTreeMap<String, Outgoing>,
}

/// Where it is kept.
#[derive(Debug)]
pub(super) struct MemoryFile {
    path: PathBuf,
    written: String,
}

impl MemoryFile {
    /// Reads what was kept; nothing when there is no file.
    pub(super) fn open(path: PathBuf) -> (Self, Memory) {
        let memory = match read(&path) {
            Ok(memory) => memory,
            Err(error) => {
                tracing::warn!(%error, file = %path.display(), "what was told before the restart cannot be read; a pause may be told again");
                Memory::default()
            }
        };
        let written = String::new();
        (Self { path, written }, memory)
    }

    /// Writes it, if it is new. Returns when it is on the disk.
    pub(super) async fn save(&mut self, memory: &Memory) {
        let text = match serde_json::to_string(memory) {
            Ok(text) if text != self.written => text,
            Ok(_same) => return,
            Err(error) => {
                return tracing::error!(%error, "the state of alerts cannot be written as JSON");
            }
        };
        let (path, bytes) = (self.path.clone(), text.clone());
        let written = tokio::task::spawn_blocking(move || write(&path, &bytes)).await;
        match written.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            Ok(()) => self.written = text,
            Err(error) => {
                tracing::warn!(%error, file = %self.path.display(), "the state of alerts cannot be kept; a restart now may repeat or lose some");
            }
        }
    }
}

fn read(path: &Path) -> io::Result<Memory> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Memory::default()),
        Err(error) => Err(error),
    }
}

/// Beside it first, so that a crash leaves the old one or the new one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_read_back_and_a_damaged_file_stops_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("alerts.json");
        let (mut file, memory) = MemoryFile::open(path.clone());
        assert_eq!(memory, Memory::default());
        let mut kept = Memory::default();
        kept.channels
            .insert("email".to_owned(), Outgoing::default());
        file.save(&kept).await;
        assert_eq!(MemoryFile::open(path.clone()).1, kept);
        fs::write(&path, "{").expect("written");
        assert_eq!(MemoryFile::open(path).1, Memory::default());
    }
}
