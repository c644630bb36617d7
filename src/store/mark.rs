//! The mark: a small file that tells the next start whether anything can have been lost under sled.
//!
//! sled may be opened after a clean stop, and after the death of the process alone: same kernel (boot id) and same mount of the directory
//! (statx's unique mount id), because then the page cache has kept every write. In every other case it is built anew.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags};
use serde::{Deserialize, Serialize};

use crate::store::journal::sync_directory;
use crate::store::record;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The kernel's boot id at the last start.
    pub(super) boot_id: String,
    /// The mount the directory was on at the last start; `None` when the kernel does not tell (before Linux 6.8).
    pub(super) mount_id: Option<u64>,
    /// Everything was synced and the process stopped in order.
    pub(super) clean: bool,
    /// sled must be built anew whatever the rest says.
    #[serde(default)]
    pub(super) distrusted: bool,
    /// The journal had reached this sequence: a journal that ends earlier has lost something.
    pub(super) sequence: u64,
    /// The newest version of records that the process knew, and may have written; not in the first files.
    #[serde(default)]
    pub(super) version: u8,
}

/// Whether the index may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The process stopped in order.
    CleanStop,
    /// The process died, the machine and the mount lived on.
    ProcessDied,
    /// The machine may have died, or the directory comes from elsewhere.
    None,
}

/// Where the mark is. Under another name it says that the index must be built anew: renaming needs no room on a full disk.
#[derive(Clone, Debug)]
pub(super) struct MarkFile {
    path: PathBuf,
    distrusted: PathBuf,
}

impl MarkFile {
    /// The mark of this data directory.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            path: directory.join("mark.json"),
            distrusted: directory.join("mark.distrusted.json"),
        }
    }

    /// What the last process wrote; `None` when there is no mark or it cannot be read.
    pub(super) fn read(&self) -> Option<Mark> {
        let read = |path: &Path| serde_json::from_slice(&fs::read(path).ok()?).ok();
        let distrusted = read(&self.distrusted).map(|mark: Mark| Mark {
            distrusted: true,
            ..mark
        });
        distrusted.or_else(|| read(&self.path))
    }

    /// Replaces the mark, durably.
    pub(super) fn write(&self, mark: &Mark) -> io::Result<()> {
        let partial = self.path.with_extension("partial");
        let mut file = File::create(&partial)?;
        file.write_all(&serde_json::to_vec(mark)?)?;
        file.sync_all()?;
        let (kept, other) = if mark.distrusted {
            (&self.distrusted, &self.path)
        } else {
            (&self.path, &self.distrusted)
        };
        fs::rename(&partial, kept)?;
        self.sync()?;
        remove_if_there(other)?;
        self.sync()
    }

    /// Has the next start build the index anew. Tells whether it would not have done so anyway.
    pub(super) fn distrust_index(&self) -> io::Result<bool> {
        let was_trusted = rename_if_there(&self.path, &self.distrusted)?;
        self.sync()?;
        Ok(was_trusted)
    }

    /// The index is complete and belongs to the mark that was written at this start.
    pub(super) fn trust_index(&self) -> io::Result<()> {
        rename_if_there(&self.distrusted, &self.path)?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        self.path.parent().map_or(Ok(()), sync_directory)
    }
}

/// Tells whether it was there; so does the next one.
fn remove_if_there(path: &Path) -> io::Result<bool> {
    unless_missing(fs::remove_file(path))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<bool> {
    unless_missing(fs::rename(from, to))
}

/// Asked of the deed itself: a disk in trouble can say of a file that is there that it is not.
fn unless_missing(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Mark {
    /// The mark of a process that runs now.
    pub(super) fn running(directory: &Path, sequence: u64) -> Self {
        let (boot_id, mount_id) = (boot_id(), mount_id(directory));
        Self {
            boot_id,
            mount_id,
            clean: false,
            distrusted: false,
            sequence,
            version: record::VERSION,
        }
    }

    /// What the mark of the last process (`self`) says to one that starts as `now`.
    pub(super) fn trust(&self, now: &Self) -> Trust {
        let same_machine = !now.boot_id.is_empty() && self.boot_id == now.boot_id;
        let same_mount = now.mount_id.is_some() && self.mount_id == now.mount_id;
        match self {
            Self {
                distrusted: true, ..
            } => Trust::None,
            // Snapshot and journal are then read to their ends, which tells whether there is anything that is not known here.
            _ if self.version > now.version => Trust::None,
            Self { clean: true, .. } => Trust::CleanStop,
            _ if same_machine && same_mount => Trust::ProcessDied,
            _ => Trust::None,
        }
    }
}

/// Changes with every start of the kernel.
fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// `STATX_MNT_ID_UNIQUE` (Linux 6.8): ids that are never given twice, so a remount shows.
const UNIQUE_MOUNT_ID: u32 = 0x4000;

fn mount_id(directory: &Path) -> Option<u64> {
    let wanted = StatxFlags::from_bits_retain(UNIQUE_MOUNT_ID);
    let answer = rustix::fs::statx(CWD, directory, AtFlags::empty(), wanted).ok()?;
    (answer.stx_mask & UNIQUE_MOUNT_ID != 0).then_some(answer.stx_mnt_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(boot_id: &str, mount_id: Option<u64>) -> Mark {
        Mark {
            boot_id: boot_id.into(),
            mount_id,
            ..Mark::default()
        }
    }

    #[test]
    fn the_index_is_trusted_only_when_nothing_can_have_been_lost_under_it() {
        let now = mark("b", Some(1));
        assert_eq!(mark("b", Some(1)).trust(&now), Trust::ProcessDied);
        assert_eq!(mark("a", Some(1)).trust(&now), Trust::None, "another boot");
        assert_eq!(mark("b", Some(2)).trust(&now), Trust::None, "another mount");
        assert_eq!(
            mark("b", None).trust(&mark("b", None)),
            Trust::None,
            "a kernel that does not tell"
        );
        assert_eq!(
            Mark {
                clean: true,
                ..mark("a", Some(9))
            }
            .trust(&now),
            Trust::CleanStop
        );
        assert_eq!(
            Mark {
                clean: true,
                version: 1,
                ..mark("b", Some(1))
            }
            .trust(&now),
            Trust::None,
            "a newer leadgate"
        );
        assert_eq!(
            Mark {
                clean: true,
                distrusted: true,
                ..mark("b", Some(1))
            }
            .trust(&now),
            Trust::None
        );
    }

    #[test]
    fn a_distrusted_mark_keeps_what_it_says_until_it_is_replaced() {
        let directory = tempfile::tempdir().expect("directory");
        let file = MarkFile::new(directory.path());
        file.write(&Mark {
            sequence: 7,
            ..Mark::default()
        })
        .expect("written");
        file.distrust_index().expect("renamed");
        assert_eq!(
            file.read().map(|mark| (mark.sequence, mark.distrusted)),
            Some((7, true))
        );
        file.write(&Mark {
            sequence: 8,
            ..Mark::default()
        })
        .expect("written");
        assert_eq!(
            file.read().map(|mark| (mark.sequence, mark.distrusted)),
            Some((8, false))
        );
    }

    #[test]
    fn a_mark_reads_back_and_a_torn_one_counts_as_none() {
        let directory = tempfile::tempdir().expect("directory");
        let file = MarkFile::new(directory.path());
        let mark = Mark::running(directory.path(), 7);
        file.write(&mark).expect("written");
        assert_eq!(file.read(), Some(mark));
        fs::write(directory.path().join("mark.json"), b"{\"boot").expect("written");
        assert_eq!(file.read(), None);
    }
}
