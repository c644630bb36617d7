//! Which files of words there are: one that somebody took away would leave leads unfound without a word.
//!
//! Written anew whenever a file was added, and before those are deleted that it replaces: what is listed is there, whenever the process dies. A
//! file that is not listed yet holds words that are elsewhere too.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::store::index::damaged;

use super::Runs;

/// The file with their names, one a line.
pub(super) struct Listing {
    path: PathBuf,
}

impl Listing {
    /// The one of this directory.
    pub(super) fn of(directory: &Path) -> Self {
        Self {
            path: directory.join("listing"),
        }
    }

    /// Makes it that of these runs and of the files named beside them. Not synced: where the machine may have died, the index is built anew.
    pub(super) fn write(&self, runs: &Runs, others: &[&str]) -> io::Result<()> {
        let names = runs
            .iter()
            .filter_map(|run| run.path()?.file_name()?.to_str());
        let names: Vec<&str> = others.iter().copied().chain(names).collect();
        let next = self.path.with_extension("next");
        fs::write(&next, names.join("\n"))?;
        fs::rename(&next, &self.path)
    }

    /// Finds every file there, or tells which is not; a listing that is not there itself is one.
    pub(super) fn check(&self) -> io::Result<()> {
        let names = match fs::read_to_string(&self.path) {
            Ok(names) => names,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(gone("listing")),
            Err(error) => return Err(error),
        };
        for name in names.lines() {
            if !self.path.with_file_name(name).try_exists()? {
                return Err(gone(name));
            }
        }
        Ok(())
    }
}

fn gone(name: &str) -> io::Error {
    damaged(&format!("{name} is gone, so the index"))
}
