//! The applier thread: writes committed groups to sled, keeps the outbox, and wakes the readers.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::store::committer::Answer;
use crate::store::failures::Failures;
use crate::store::index::IndexWriter;
use crate::store::live::LiveIndex;
use crate::store::outbox::Outbox;
use crate::store::overlay::{Decided, Overlay};
use crate::store::renewal::Renewal;
use crate::store::{StoreError, mark};

/// Groups are written to sled together, so many at most: neighbours share entries.
const TOGETHER: usize = 64;

/// When groups come one right after another, the first waits so long for others, unless somebody waits for it.
const LINGER: Duration = Duration::from_millis(8);

/// A committed group on its way to sled.
pub(super) struct Group {
    pub(super) decided: Arc<Decided>,
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
        let clock = Clock::system();
        let mut idle_since = clock.monotonic();
        while let Ok(first) = works.recv() {
            let now = clock.monotonic();
            let is_flood = now.saturating_duration_since(idle_since) < LINGER;
            let until = if is_flood { now + LINGER } else { now };
            let (together, renewal) = gather(first, (&clock, until), works);
            if let Err(error) = self.apply(together) {
                distrust(&self.mark);
                self.failure.send_replace(Some(Arc::new(error)));
                return;
            }
            if let Some(renewal) = renewal {
                self.renew(*renewal);
            }
            idle_since = clock.monotonic();
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
        let records = groups.iter().flat_map(|group| &group.decided.records);
        let changes = self.writer.apply(records, Some(last))?;
        self.overlay.remove(last);
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.update_all(&changes);
        drop(outbox);
        for (old, new) in &changes {
            self.failures.note(old.as_ref(), new.as_deref());
        }
        let answers = groups.into_iter().flat_map(|group| group.answers);
        answers.for_each(|answer| answer(Ok(())));
        self.applied.send_replace(last);
        Ok(())
    }
}

/// The groups that come until then, or as long as nobody waits for them, up to the first renewal.
fn gather(
    first: Work,
    (clock, until): (&Clock, Instant),
    works: &Receiver<Work>,
) -> (Vec<Group>, Option<Box<Renewal>>) {
    let mut together = Vec::new();
    let mut next = Some(first);
    // As the committer does: whoever answers visitors goes first.
    thread::yield_now();
    let mut is_awaited = false;
    while let Some(work) = next {
        match work {
            Work::Apply(group) => {
                is_awaited |= !group.answers.is_empty();
                together.push(group);
            }
            Work::Renew(renewal) => return (together, Some(renewal)),
        }
        let left = until.saturating_duration_since(clock.monotonic());
        next = match together.len() < TOGETHER {
            true if is_awaited || left.is_zero() => works.try_recv().ok(),
            true => works.recv_timeout(left).ok(),
            false => None,
        };
    }
    (together, None)
}

/// The truth is in the journal: the next start builds a new index from it.
fn distrust(mark: &mark::MarkFile) {
    if let Err(error) = mark.distrust_index() {
        tracing::error!(%error, "the mark could not be changed; remove the directory sled by hand before the next start");
    }
}
