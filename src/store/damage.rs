//! Whether the index in use may be gone on with: not after somebody has met damage in it while reading, nor while somebody who is being taken out may
//! be in its files. What the mark says of it while the store is open goes through here, so that no word overtakes another; the applier alone, which
//! ends after an error of its own, takes the short way.
//!
//! A start does not read every block, so damage that it does not meet itself would stay for ever, and the leads behind it unread.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::mark::{Mark, MarkFile};

/// What is known of the index in use. Clones share it.
#[derive(Clone)]
pub(super) struct Damage(Arc<Inner>);

struct Inner {
    mark: MarkFile,
    known: Mutex<Known>,
    /// How often a sound index turned out to be damaged.
    times: watch::Sender<u32>,
}

#[derive(Default)]
struct Known {
    /// Counts up with every index that is put in the place of another.
    generation: u64,
    /// Something in the one in use cannot be read.
    is_met: bool,
    /// Files may hold what was taken out of leads.
    is_removal_owed: bool,
}

/// What is to be done for an index that is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It is trusted.
    Nothing,
    /// A new one.
    NewIndex,
    /// The same, and no other file may hold what was taken out.
    NoTrace,
}

impl Damage {
    /// None so far. A mark that does not trust the index tells of an erasure that was cut short.
    pub(super) fn none(mark: MarkFile) -> Self {
        let is_removal_owed = mark.read().is_some_and(|mark| mark.distrusted);
        Self(Arc::new(Inner {
            mark,
            known: Mutex::new(Known {
                is_removal_owed,
                ..Known::default()
            }),
            times: watch::Sender::new(0),
        }))
    }

    /// Which index is in use: to be asked before it is read.
    pub(super) fn generation(&self) -> u64 {
        self.known().generation
    }

    /// Passes on what a reading of the index of this generation gave, and notes it if that tells of damage. Of one that is out of use it does not count.
    pub(super) fn noting<T>(
        &self,
        generation: u64,
        read: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Err(error) = &read
            && is_damage(error)
        {
            self.meet(generation, error);
        }
        read
    }

    fn meet(&self, generation: u64, error: &StoreError) {
        let mut known = self.known();
        if known.is_met || known.generation != generation {
            return;
        }
        known.is_met = true;
        tracing::error!(%error, "something in the index cannot be read; no lead is lost, and the index is built anew from the snapshot and the journal");
        if let Err(error) = self.0.mark.distrust_index() {
            tracing::error!(%error, "the mark could not be changed; if leadgate ends before the index is built anew, remove the directory sled by hand");
        }
        drop(known);
        self.0.times.send_modify(|times| *times += 1);
    }

    /// Changes when damage is met.
    pub(super) fn times(&self) -> watch::Receiver<u32> {
        self.0.times.subscribe()
    }

    /// Somebody is going to be taken out. Whenever the process ends from here on, the next start does not go on with the index it finds.
    pub(super) fn begin_removal(&self) -> io::Result<()> {
        let mut known = self.known();
        known.is_removal_owed = true;
        self.0.mark.distrust_index().map(drop)
    }

    /// Whether somebody who was taken out may still be in files.
    pub(super) fn is_removal_owed(&self) -> bool {
        self.known().is_removal_owed
    }

    /// What is to be done.
    pub(super) fn need(&self) -> Need {
        let known = self.known();
        match (known.is_removal_owed, known.is_met) {
            (true, _) => Need::NoTrace,
            (false, true) => Need::NewIndex,
            (false, false) => Need::Nothing,
        }
    }

    /// Another index is in use.
    pub(super) fn replaced(&self) {
        let mut known = self.known();
        known.generation += 1;
        known.is_met = false;
    }

    /// Nobody who was taken out is in the index in use or in another file: it is trusted, unless damage was met in it.
    pub(super) fn trust(&self) -> io::Result<()> {
        let mut known = self.known();
        known.is_removal_owed = false;
        if known.is_met {
            return Ok(());
        }
        self.0.mark.trust_index()
    }

    /// Writes the last mark of the process.
    pub(super) fn write_last(&self, mark: Mark) -> io::Result<()> {
        let known = self.known();
        let distrusted = known.is_met || self.0.mark.read().is_some_and(|mark| mark.distrusted);
        self.0.mark.write(&Mark { distrusted, ..mark })
    }

    /// The next start builds it anew, whatever becomes of it.
    pub(super) fn give_up(&self) -> io::Result<()> {
        let _known = self.known();
        self.0.mark.distrust_index().map(drop)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that are not as they were written, or that the disk does not give; sled panics over some.
fn is_damage(error: &StoreError) -> bool {
    matches!(error, StoreError::Index(_) | StoreError::Crashed(_)) && !lacks_means(error)
}

/// What a disk without room says, or a system without memory or with too many open files: nothing of the index itself.
pub(super) fn lacks_means(error: &StoreError) -> bool {
    let StoreError::Index(sled::Error::Io(error)) = error else {
        return false;
    };
    matches!(
        error.kind(),
        ErrorKind::OutOfMemory
            | ErrorKind::Interrupted
            | ErrorKind::ResourceBusy
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
    )
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use super::*;

    /// A running process with a mark that trusts the index.
    fn damage(home: &tempfile::TempDir) -> Damage {
        let mark = MarkFile::new(home.path());
        mark.write(&Mark::default()).expect("written");
        Damage::none(mark)
    }

    fn is_trusted(damage: &Damage) -> bool {
        !damage.0.mark.read().expect("a mark").distrusted
    }

    fn read(damage: &Damage, generation: u64) {
        let spoilt = Error::new(ErrorKind::InvalidData, "a block is damaged");
        let read: Result<(), _> = Err(StoreError::Index(sled::Error::Io(spoilt)));
        assert!(damage.noting(generation, read).is_err());
    }

    fn home() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn what_is_met_is_distrusted_and_told_once_until_another_index_is_in_use() {
        let home = home();
        let damage = damage(&home);
        let times = damage.times();
        assert_eq!(damage.need(), Need::Nothing);
        read(&damage, 0);
        read(&damage, 0);
        assert_eq!((*times.borrow(), damage.need()), (1, Need::NewIndex));
        assert!(!is_trusted(&damage));
        damage.replaced();
        // Somebody had begun with the old one.
        read(&damage, 0);
        assert_eq!((*times.borrow(), damage.need()), (1, Need::Nothing));
        damage.trust().expect("trusted");
        assert!(is_trusted(&damage));
        read(&damage, 1);
        assert_eq!((*times.borrow(), is_trusted(&damage)), (2, false));
    }

    #[test]
    fn a_new_index_that_is_damaged_too_is_not_trusted_for_having_been_built() {
        let home = home();
        let damage = damage(&home);
        read(&damage, 0);
        damage.replaced();
        read(&damage, 1);
        damage.trust().expect("not trusted");
        assert!(!is_trusted(&damage));
        assert_eq!(damage.need(), Need::NewIndex);
    }

    #[test]
    fn whoever_is_taken_out_after_damage_was_met_is_in_no_file_before_all_is_well() {
        let home = home();
        let damage = damage(&home);
        read(&damage, 0);
        damage.begin_removal().expect("begun");
        assert_eq!(damage.need(), Need::NoTrace);
        damage.replaced();
        assert_eq!(damage.need(), Need::NoTrace);
        damage.trust().expect("trusted");
        assert_eq!((damage.need(), is_trusted(&damage)), (Need::Nothing, true));
    }

    #[test]
    fn a_removal_that_took_nobody_out_leaves_damage_as_it_is() {
        let home = home();
        let damage = damage(&home);
        damage.begin_removal().expect("begun");
        damage.trust().expect("nobody was");
        assert_eq!((damage.need(), is_trusted(&damage)), (Need::Nothing, true));
        damage.begin_removal().expect("begun");
        read(&damage, 0);
        damage.trust().expect("nobody was");
        assert_eq!(
            (damage.need(), is_trusted(&damage)),
            (Need::NewIndex, false)
        );
    }

    #[test]
    fn the_last_mark_of_the_process_trusts_no_index_in_which_damage_was_met() {
        let home = home();
        let damage = damage(&home);
        let clean = Mark {
            clean: true,
            ..Mark::default()
        };
        damage.write_last(clean.clone()).expect("written");
        assert!(is_trusted(&damage));
        read(&damage, 0);
        damage.write_last(clean).expect("written");
        assert!(!is_trusted(&damage));
    }

    #[test]
    fn an_erasure_that_an_earlier_process_did_not_finish_is_owed_by_this_one() {
        let home = home();
        damage(&home).begin_removal().expect("begun");
        let next = Damage::none(MarkFile::new(home.path()));
        assert_eq!(next.need(), Need::NoTrace);
    }

    #[test]
    fn a_full_disk_damages_nothing() {
        let home = home();
        let damage = damage(&home);
        let full = Error::new(ErrorKind::StorageFull, "no space left");
        let read: Result<(), _> = Err(StoreError::Index(sled::Error::Io(full)));
        assert!(damage.noting(0, read).is_err());
        assert_eq!(damage.need(), Need::Nothing);
    }
}
