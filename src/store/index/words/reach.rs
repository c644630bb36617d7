//! How the files of runs are reached. A small one is deleted when it is merged, and those who still read it must have it open. One that is too
//! large to be merged stays as long as the index: it is opened when it is asked for, or their number would grow with what is stored.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Advice;

use crate::store::index::advise;
use crate::store::index::handles::Handles;
use crate::store::index::users::User;

/// So many large files are open: a million leads have some twenty.
const OPEN: usize = 32;

/// The files of all runs.
pub(super) struct Files {
    handles: Arc<Handles>,
    user: User,
    large: usize,
}

/// The file of one run.
pub(super) struct Reach {
    path: PathBuf,
    how: How,
}

enum How {
    Open(Arc<File>),
    WhenAsked(
        Arc<Handles>,
        u32,
        #[expect(dead_code, reason = "see there")] User,
    ),
}

impl Files {
    /// Runs with so many entries are large.
    pub(super) fn new(user: User, large: usize) -> Self {
        Self {
            handles: Arc::new(Handles::new(OPEN)),
            user,
            large,
        }
    }

    /// The file at a path, of a run with so many entries.
    pub(super) fn reach(&self, path: PathBuf, file: File, entries: usize) -> Reach {
        let how = match number(&path) {
            Some(number) if entries >= self.large => {
                How::WhenAsked(Arc::clone(&self.handles), number, self.user.clone())
            }
            _ => {
                read_as_asked(&file);
                How::Open(Arc::new(file))
            }
        };
        Reach { path, how }
    }
}

impl Reach {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// To read.
    pub(super) fn file(&self) -> io::Result<Arc<File>> {
        match &self.how {
            How::Open(file) => Ok(Arc::clone(file)),
            How::WhenAsked(handles, number, _) => handles.get(*number, || {
                let file = File::open(&self.path)?;
                read_as_asked(&file);
                Ok(file)
            }),
        }
    }
}

/// Of the name of a file.
pub(super) fn number(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// Has the kernel read the pages that are asked for and none beside them: searches come by everywhere.
fn read_as_asked(file: &File) {
    advise(file, (0, 0), Advice::Random);
}
