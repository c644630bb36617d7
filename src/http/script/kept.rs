//! Contents of the script that sites may have pinned, on the disk: an address that never changes must outlive the process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;

use crate::http::script::{Script, VERSIONS_KEPT};

/// A directory with one file for each content, under the name it has in its address.
#[derive(Debug)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// In this directory, which need not be there yet.
    pub(super) fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// What is kept, the newest first. A file that is not what its name says was damaged and is left out: nobody's integrity hash fits it.
    pub(super) fn read(&self) -> Vec<Script> {
        match self.try_read() {
            Ok(scripts) => scripts,
            Err(error) => {
                self.warn(&error, "cannot be read");
                Vec::new()
            }
        }
    }

    /// Keeps one more, as the newest, and deletes the oldest beyond what is kept.
    pub(super) fn add(&self, script: &Script) {
        let added = self.write(script).and_then(|()| self.delete_oldest());
        if let Err(error) = added {
            self.warn(&error, "cannot be written");
        }
    }

    fn warn(&self, error: &io::Error, what: &str) {
        tracing::warn!(
            directory = %self.0.display(),
            %error,
            "the contents of leadgate.js {what}; pages that have pinned an older one become plain forms after a restart"
        );
    }

    fn try_read(&self) -> io::Result<Vec<Script>> {
        let mut scripts = Vec::new();
        for path in newest_first(&self.0)? {
            let script = Script::whole(Bytes::from(fs::read(&path)?));
            if path.ends_with(script.name()) {
                scripts.push(script);
            }
        }
        Ok(scripts)
    }

    fn write(&self, script: &Script) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let partial = self.0.join("next.partial");
        // Not synced: this runs where requests are answered, and a busy disk would hold them up for seconds. What a power cut damages is told by its
        // hash, and left out.
        fs::write(&partial, &script.plain)?;
        fs::rename(&partial, self.0.join(script.name()))
    }

    fn delete_oldest(&self) -> io::Result<()> {
        let mut oldest = newest_first(&self.0)?.into_iter().skip(VERSIONS_KEPT);
        oldest.try_for_each(fs::remove_file)
    }
}

/// The files of a directory; none if it is not there.
fn newest_first(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().extension().is_some_and(|end| end == "js") {
            let written = entry
                .metadata()?
                .modified()
                .unwrap_or(SystemTime::UNIX_EPOCH);
            found.push((written, entry.path()));
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
