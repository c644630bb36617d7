//! The applier thread: writes committed groups to sled, keeps the outbox, and wakes the readers.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::watch;

use crate::store::committer::Answer;
use crate::store::failures::Failures;
use crate::store::index::IndexWriter;
use crate::store::outbox::Outbox;
use crate::store::overlay::Overlay;
use crate::store::record::Record;
use crate::store::{StoreError, mark};

/// Groups that wait are written to sled together, so many at most: neighbours share entries.
const TOGETHER: usize = 32;

/// A committed group on its way to sled.
pub(super) struct Group {
    pub(super) records: Arc<[Record]>,
    pub(super) sequence: u64,
    pub(super) answers: Vec<Answer>,
}

/// The thread's own things.
pub(super) struct Applier {
    pub(super) writer: IndexWriter,
    pub(super) overlay: Arc<Overlay>,
    pub(super) outbox: Arc<Mutex<Outbox>>,
    pub(super) failures: Failures,
    /// The sequence of the last applied group.
    pub(super) applied: watch::Sender<u64>,
    pub(super) failure: watch::Sender<Option<Arc<StoreError>>>,
    pub(super) mark: mark::MarkFile,
}

impl Applier {
    /// Works until the committer has ended and everything it committed is applied, or sled fails.
    fn run(mut self, groups: &Receiver<Group>) {
        while let Ok(first) = groups.recv() {
            let mut together = vec![first];
            // As the committer does: whoever answers visitors goes first.
            thread::yield_now();
            together.extend(groups.try_iter().take(TOGETHER - 1));
            if let Err(error) = self.apply(together) {
                distrust(&self.mark);
                self.failure.send_replace(Some(Arc::new(error)));
                return;
            }
        }
    }

    /// The same; a panic (sled's) leaves the index distrusted before it goes on.
    pub(super) fn run_guarded(self, groups: &Receiver<Group>) {
        let mark = self.mark.clone();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run(groups))) {
            distrust(&mark);
            resume_unwind(panic);
        }
    }

    fn apply(&mut self, groups: Vec<Group>) -> Result<(), StoreError> {
        let Some(last) = groups.last().map(|group| group.sequence) else {
            return Ok(());
        };
        let records = groups.iter().flat_map(|group| group.records.iter());
        let changes = self.writer.apply(records, Some(last))?;
        self.overlay.remove(&groups);
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.update_all(&changes);
        drop(outbox);
        for (old, new) in &changes {
            self.failures.note(old.as_ref(), new.as_ref());
        }
        let answers = groups.into_iter().flat_map(|group| group.answers);
        answers.for_each(|answer| answer(Ok(())));
        self.applied.send_replace(last);
        Ok(())
    }
}

/// The truth is in the journal: the next start builds a new index from it.
fn distrust(mark: &mark::MarkFile) {
    if let Err(error) = mark.distrust_index() {
        tracing::error!(%error, "the mark could not be changed; remove the directory sled by hand before the next start");
    }
}
