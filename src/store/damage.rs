//! Damage of the index that somebody meets while reading: from then on it is not trusted, and is built anew at once, or by the next start.
//!
//! A start does not read every block, so damage that it does not meet itself would stay for ever, and the leads behind it unread.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::mark::MarkFile;

/// What was met. Clones share it.
#[derive(Clone)]
pub(super) struct Damage(Arc<Inner>);

struct Inner {
    mark: MarkFile,
    /// The index that is read now is damaged.
    is_met: AtomicBool,
    /// Nothing but damage is the reason why the index is not trusted: nobody was taken out of it.
    is_alone: AtomicBool,
    /// How often a sound index turned out to be damaged.
    times: watch::Sender<u32>,
}

impl Damage {
    /// None so far.
    pub(super) fn none(mark: MarkFile) -> Self {
        Self(Arc::new(Inner {
            mark,
            is_met: AtomicBool::new(false),
            is_alone: AtomicBool::new(false),
            times: watch::Sender::new(0),
        }))
    }

    /// Passes on what a reading of the index gave, and notes it if that tells of damage.
    pub(super) fn noting<T>(&self, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &read
            && is_damage(error)
            && !self.0.is_met.swap(true, Ordering::AcqRel)
        {
            self.meet(error);
        }
        read
    }

    fn meet(&self, error: &StoreError) {
        tracing::error!(%error, "the index is damaged; no lead is lost, and it is built anew from the snapshot and the journal");
        match self.0.mark.distrust_index() {
            Ok(was_trusted) => self.0.is_alone.store(was_trusted, Ordering::Release),
            Err(error) => {
                tracing::error!(%error, "the mark could not be changed; remove the directory sled by hand before the next start");
            }
        }
        self.0.times.send_modify(|times| *times += 1);
    }

    /// Whether the index is not trusted for nothing but damage.
    pub(super) fn is_alone(&self) -> bool {
        self.0.is_alone.load(Ordering::Acquire)
    }

    /// Another index is in use.
    pub(super) fn mended(&self) {
        self.0.is_alone.store(false, Ordering::Release);
        if self.0.is_met.swap(false, Ordering::AcqRel) {
            tracing::info!("the damaged index was replaced by a new one");
        }
    }

    /// Changes when damage is met.
    pub(super) fn times(&self) -> watch::Receiver<u32> {
        self.0.times.subscribe()
    }
}

/// Bytes that are not as they were written, or that the disk does not give. Readers open no files and write nothing, so they can meet little else.
fn is_damage(error: &StoreError) -> bool {
    match error {
        StoreError::Index(sled::Error::Io(error)) => !matches!(
            error.kind(),
            ErrorKind::OutOfMemory | ErrorKind::Interrupted
        ),
        StoreError::Index(_) => true,
        _ => false,
    }
}
