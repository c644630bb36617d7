//! Behind the door: the parts of an open store, how they are started and stopped, and how a use case reaches them.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::metrics;
use crate::store::applier::{Applier, Work};
use crate::store::committer::{Command, Committer, Reply};
use crate::store::damage::Damage;
use crate::store::disk::Disk;
use crate::store::failures::Failures;
use crate::store::index::Index;
use crate::store::journal::Journal;
use crate::store::live::LiveIndex;
use crate::store::mark::Mark;
use crate::store::outbox::Outbox;
use crate::store::overlay::Overlay;
use crate::store::start::{Directories, OpenError, Started, at, start};
use crate::store::{Settings, StoreError};

/// Commands that may wait for the committer; beyond that their callers wait, so memory is bounded.
const COMMANDS: usize = 1024;

/// Groups that may wait for the applier; beyond that the committer waits.
const GROUPS: usize = 64;

/// The door to what is kept. Cheap to clone.
#[derive(Clone)]
pub struct Store(pub(super) Arc<Room>);

/// What is behind the door.
pub(super) struct Room {
    pub(super) commands: mpsc::Sender<Command>,
    index: LiveIndex,
    pub(super) outbox: Arc<Mutex<Outbox>>,
    pub(super) failures: Failures,
    pub(super) meter: metrics::Journal,
    pub(super) disk: Disk,
    committed: Arc<AtomicU64>,
    pub(super) applied: watch::Receiver<u64>,
    failure: watch::Receiver<Option<Arc<StoreError>>>,
    pub(super) directories: Directories,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held while a snapshot is made: each deletes what it makes superfluous, so two at once would delete each other's.
    pub(super) snapshotting: tokio::sync::Mutex<()>,
    /// Held while something is taken out, the index is built anew, or a snapshot is made for itself: a renewal reads the snapshot and the journal after
    /// it, so nothing may take their place meanwhile.
    pub(super) renewing: tokio::sync::Mutex<()>,
    /// Held open for as long as the store is: the lock goes with the file.
    _lock: File,
    /// After every other one: fields go in this order.
    _last: LastHandle,
}

/// The last handle of sled. When it goes, sled syncs once more and panics if the disk refuses; everything that counts is synced or said to be
/// not by then, so that panic must not decide how the process ends.
struct LastHandle(Option<LiveIndex>);

impl Drop for LastHandle {
    fn drop(&mut self) {
        let last = self.0.take();
        if catch_unwind(AssertUnwindSafe(|| drop(last))).is_err() {
            tracing::error!("the disk refused sled's last sync, which nothing depends on");
        }
    }
}

impl Store {
    /// Opens the data directory, brings the index up to the truth, and starts the threads. Blocking; may take seconds after a crash.
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        let directories = Directories::of(settings);
        let started = start(&directories)?;
        let Started {
            writer,
            last_sequence,
            mark,
            ..
        } = started;
        let index = LiveIndex::new(writer.index().clone(), mark.clone());
        let outbox = Arc::new(Mutex::new(started.outbox));
        let journal =
            Journal::open(&directories.journal, last_sequence).map_err(at(&directories.journal))?;
        let (overlay, failures) = (Arc::new(Overlay::default()), Failures::default());
        let (disk, meter) = (Disk::of(settings), metrics::Journal::default());
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (groups, for_applier) = sync_channel(GROUPS);
        let committed = Arc::new(AtomicU64::new(last_sequence));
        let applied = watch::Sender::new(last_sequence);
        let failure = watch::Sender::new(None);
        let (applied_seen, failure_seen) = (applied.subscribe(), failure.subscribe());
        let committer = Committer {
            journal,
            index: index.clone(),
            overlay: Arc::clone(&overlay),
            disk: disk.clone(),
            applier: groups,
            committed: Arc::clone(&committed),
            failure: failure.clone(),
            clock: Clock::system(),
            meter: meter.clone(),
        };
        let applier = Applier {
            writer,
            index: index.clone(),
            overlay,
            outbox: Arc::clone(&outbox),
            failures: failures.clone(),
            applied,
            failure: failure.clone(),
            mark,
        };
        let threads = threads((committer, inbox), (applier, for_applier), &failure)?;
        Ok(Self(Arc::new(Room {
            commands,
            _last: LastHandle(Some(index.clone())),
            index,
            outbox,
            failures,
            meter,
            disk,
            committed,
            applied: applied_seen,
            failure: failure_seen,
            directories,
            threads: Mutex::new(threads),
            snapshotting: tokio::sync::Mutex::new(()),
            renewing: tokio::sync::Mutex::new(()),
            _lock: started.lock,
        })))
    }

    /// Resolves when the store has failed for good: the process must stop (exit 74) and start anew.
    pub async fn failed(&self) -> Arc<StoreError> {
        let mut failure = self.0.failure.clone();
        loop {
            if let Some(error) = failure.borrow_and_update().clone() {
                return error;
            }
            if failure.changed().await.is_err() {
                // Both threads ended in order: nothing has failed and nothing ever will.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Stops in order: everything accepted is applied and synced, and the mark says so. Later calls answer [`StoreError::Stopped`].
    pub async fn close(&self) -> Result<(), StoreError> {
        // A closed channel means that the threads have ended already; joining them tells how.
        drop(self.0.commands.send(Command::Stop).await);
        self.work(|room| {
            let threads =
                std::mem::take(&mut *room.threads.lock().unwrap_or_else(PoisonError::into_inner));
            for thread in threads {
                thread.join().map_err(|_panic| StoreError::Stopped)?;
            }
            if let Some(error) = room.failure.borrow().as_ref() {
                tracing::error!(%error, "the store had failed; the next start looks at everything");
                return Err(StoreError::Stopped);
            }
            if let Err(error) = room.index().sync() {
                // The kernel tells of what it could not write once: the next sync would succeed.
                room.damage().give_up().map_err(journal_error)?;
                return Err(error);
            }
            let mark = Mark {
                clean: true,
                ..Mark::running(&room.directories.root, *room.applied.borrow())
            };
            room.damage().write_last(mark).map_err(journal_error)
        })
        .await
    }

    /// Waits until the index holds every group that is on the disk now: milliseconds, in a flood some ten of them.
    pub(super) async fn catch_up(&self) -> Result<(), StoreError> {
        let committed = self.0.committed.load(Ordering::Acquire);
        let mut applied = self.0.applied.clone();
        applied
            .wait_for(|applied| *applied >= committed)
            .await
            .map_err(|_ended| StoreError::Stopped)?;
        Ok(())
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, StoreError> {
        // A place first: a future that waits with the command in it would be as large as the largest of them.
        let place = self.0.commands.reserve().await;
        let place = place.map_err(|_closed| StoreError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        place.send(command(reply));
        answer.await.map_err(|_dropped| StoreError::Stopped)?
    }

    /// Reads on a blocking thread: sled is synchronous. Damage that is met is noted.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&Room) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.work(move |room| {
            let generation = room.damage().generation();
            let read = catch_unwind(AssertUnwindSafe(|| reading(room)));
            let read = read.unwrap_or(Err(StoreError::Crashed("reader")));
            room.damage().noting(generation, read)
        })
        .await
    }

    /// The same for what is no reading of the index in use.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Room) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&room)).await;
        done.map_err(|error| match error.is_panic() {
            true => StoreError::Crashed("worker"),
            false => StoreError::Stopped,
        })?
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.0.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// The index in use.
    pub(super) fn index(&self) -> Arc<Index> {
        self.index.now()
    }

    /// What is known of it.
    pub(super) fn damage(&self) -> &Damage {
        self.index.damage()
    }

    /// The outbox, locked.
    pub(super) fn outbox_now(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn journal_error(error: std::io::Error) -> StoreError {
    StoreError::Journal(Arc::new(error))
}

/// Starts the committer and the applier, each with what it is given to do.
fn threads(
    (committer, commands): (Committer, mpsc::Receiver<Command>),
    (applier, works): (Applier, Receiver<Work>),
    failure: &watch::Sender<Option<Arc<StoreError>>>,
) -> Result<Vec<JoinHandle<()>>, OpenError> {
    let committer = spawn("committer", failure.clone(), move || {
        committer.run(commands);
    })?;
    let applier = spawn("applier", failure.clone(), move || {
        applier.run_guarded(&works);
    })?;
    Ok(vec![committer, applier])
}

/// Starts a thread. One that panics is a failure of the store like any other: the process must not live on without it.
fn spawn(
    name: &'static str,
    failure: watch::Sender<Option<Arc<StoreError>>>,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    let guarded = move || {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            failure.send_replace(Some(Arc::new(StoreError::Crashed(name))));
        }
    };
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(guarded);
    spawned.map_err(|source| OpenError::Directory {
        path: std::path::PathBuf::new(),
        source,
    })
}
