//! The applier thread: writes committed groups to sled, keeps the outbox, and wakes the readers.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::watch;

use crate::store::committer::Answer;
use crate::store::failures::Failures;
use crate::store::index::IndexWriter;
use crate::store::live::LiveIndex;
use crate::store::outbox::Outbox;
use crate::store::overlay::Overlay;
use crate::store::record::Record;
use crate::store::renewal::Renewal;
use crate::store::{StoreError, mark};

/// Groups that wait are written to sled together, so many at most: neighbours share entries.
const TOGETHER: usize = 32;

/// A committed group on its way to sled.
pub(super) struct Group {
    pub(super) records: Arc<[Record]>,
    pub(super) sequence: u64,
    pub(super) answers: Vec<Answer>,
}

/// What the applier is given, in order.
pub(super) enum Work {
    /// Write these.
    Apply(Group),
    /// Go on with a new index.
    Renew(Box<Renewal>),
}

/// The thread's own things.
pub(super) struct Applier {
    pub(super) writer: IndexWriter,
    /// Where readers find the index that is written.
    pub(super) index: LiveIndex,
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
    fn run(mut self, works: &Receiver<Work>) {
        while let Ok(first) = works.recv() {
            let (together, renewal) = gather(first, works);
            if let Err(error) = self.apply(together) {
                distrust(&self.mark);
                self.failure.send_replace(Some(Arc::new(error)));
                return;
            }
            if let Some(renewal) = renewal {
                self.renew(*renewal);
            }
        }
    }

    /// The same; a panic (sled's) leaves the index distrusted before it goes on.
    pub(super) fn run_guarded(self, works: &Receiver<Work>) {
        let mark = self.mark.clone();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run(works))) {
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

/// The groups that wait, up to the first renewal.
fn gather(first: Work, works: &Receiver<Work>) -> (Vec<Group>, Option<Box<Renewal>>) {
    let mut together = Vec::new();
    // As the committer does: whoever answers visitors goes first.
    thread::yield_now();
    for work in iter::once(first).chain(works.try_iter()) {
        match work {
            Work::Apply(group) => together.push(group),
            Work::Renew(renewal) => return (together, Some(renewal)),
        }
        if together.len() == TOGETHER {
            break;
        }
    }
    (together, None)
}

/// The truth is in the journal: the next start builds a new index from it.
fn distrust(mark: &mark::MarkFile) {
    if let Err(error) = mark.distrust_index() {
        tracing::error!(%error, "the mark could not be changed; remove the directory sled by hand before the next start");
    }
}
