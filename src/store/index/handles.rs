//! Open files, at most so many: with a file open for each there is, their number would grow with what is stored.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files by their numbers, those that were asked for lately. To open one takes a few microseconds, to close one too.
pub(super) struct Handles {
    most: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    /// Each with the turn at which it was last asked for.
    files: BTreeMap<u32, (u64, Arc<File>)>,
    turn: u64,
}

impl Handles {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            used: Mutex::default(),
        }
    }

    /// A file that is open, or that `open` opens. Nobody waits for that.
    pub(super) fn get(
        &self,
        number: u32,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Arc<File>> {
        if let Some(file) = self.used().find(number) {
            return Ok(file);
        }
        let file = Arc::new(open()?);
        let closed = self.used().add(number, Arc::clone(&file), self.most);
        // Here, where nothing is locked.
        drop(closed);
        Ok(file)
    }

    /// Closes a file, once those who read it have done so.
    pub(super) fn close(&self, number: u32) {
        let closed = self.used().files.remove(&number);
        drop(closed);
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn find(&mut self, number: u32) -> Option<Arc<File>> {
        self.turn += 1;
        let (turn, file) = self.files.get_mut(&number)?;
        *turn = self.turn;
        Some(Arc::clone(file))
    }

    /// Returns one that there is no room for any more.
    fn add(&mut self, number: u32, file: Arc<File>, most: usize) -> Option<Arc<File>> {
        let other = self.files.insert(number, (self.turn, file));
        if self.files.len() <= most {
            return other.map(|(_, file)| file);
        }
        let turns = self
            .files
            .iter()
            .map(|(number, (turn, _))| (*turn, *number));
        let (_, longest_ago) = turns.min()?;
        self.files.remove(&longest_ago).map(|(_, file)| file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_were_asked_for_lately_are_open_and_no_more_than_allowed() {
        let most = 10;
        let handles = Handles::new(10);
        let opened = Mutex::new(Vec::new());
        let get = |number| {
            let open = || {
                opened.lock().expect("no panic").push(number);
                File::open("/dev/null")
            };
            handles.get(number, open).expect("opened");
        };
        (0..most).for_each(get);
        // The first is used again, so the second goes.
        [0, most, 0, 1].into_iter().for_each(get);
        handles.close(0);
        get(0);
        let expected = (0..most).chain([most, 1, 0]).collect::<Vec<_>>();
        assert_eq!(*opened.lock().expect("no panic"), expected);
        assert_eq!(handles.used().files.len(), 10);
        assert!(
            handles
                .get(9_999, || Err(io::ErrorKind::NotFound.into()))
                .is_err()
        );
    }
}
