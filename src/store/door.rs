//! The door: every use case of the store, for async callers.

use std::collections::HashSet;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use crate::delivery::{Attempt, Cause, Delivery, DeliveryId, State};
use crate::lead::{DestinationId, FormId, Lead, LeadId};
use crate::store::applier::Applier;
use crate::store::committer::{Command, Committer, Reply};
use crate::store::decide::Verdict;
use crate::store::disk::Disk;
use crate::store::index::{ALL_IDS, Index};
use crate::store::journal::Journal;
use crate::store::mark::{Mark, MarkFile};
use crate::store::outbox::Outbox;
use crate::store::overlay::Overlay;
use crate::store::prepare::prepare;
use crate::store::record::{Table, attempt_prefix, decode};
use crate::store::start::{Directories, OpenError, Started, start};
use crate::store::{
    Accepted, Begun, Due, Filter, FormCount, LeadPage, NewLead, Order, Ordered, Page, Settings,
    Settled, Settlement, Status, StoreError, StoredLead, Waiting, query,
};

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
    pub(super) index: Index,
    outbox: Arc<Mutex<Outbox>>,
    disk: Disk,
    committed: Arc<AtomicU64>,
    pub(super) applied: watch::Receiver<u64>,
    failure: watch::Receiver<Option<Arc<StoreError>>>,
    pub(super) directories: Directories,
    pub(super) mark: MarkFile,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held open for as long as the store is: the lock goes with the file.
    _lock: File,
}

impl Store {
    /// Opens the data directory, brings the index up to the truth, and starts the threads. Blocking; may take seconds after a crash.
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        let directories = Directories::of(settings);
        let Started {
            index,
            last_sequence,
            mark,
            lock,
        } = start(&directories)?;
        let outbox = Arc::new(Mutex::new(outbox_of(&index)?));
        let journal = Journal::open(&directories.journal, last_sequence).map_err(|source| {
            OpenError::Directory {
                path: directories.journal.clone(),
                source,
            }
        })?;
        let overlay = Arc::new(Overlay::default());
        let disk = Disk {
            path: directories.root.clone(),
            min_free: settings.min_free,
        };
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
        };
        let applier = Applier {
            index: index.clone(),
            overlay,
            outbox: Arc::clone(&outbox),
            applied,
            failure,
            mark: mark.clone(),
        };
        let committer = spawn("committer", move || committer.run(inbox))?;
        let applier = spawn("applier", move || applier.run(&for_applier))?;
        Ok(Self(Arc::new(Room {
            commands,
            index,
            outbox,
            disk,
            committed,
            applied: applied_seen,
            failure: failure_seen,
            directories,
            mark,
            threads: Mutex::new(vec![committer, applier]),
            _lock: lock,
        })))
    }

    /// Keeps a lead with what is owed for it. When this returns `Ok`, it is on the disk.
    pub async fn accept(&self, new: NewLead) -> Result<Accepted, StoreError> {
        let prepared = Box::new(prepare(new)?);
        self.ask(|reply| Command::Accept(prepared, reply)).await
    }

    /// Deliveries of one destination due at or before the window's end, the earliest first, without those in `skip`. The window's
    /// beginning, if given, leaves out those due earlier.
    pub fn due(
        &self,
        destination: &DestinationId,
        window: (Option<Timestamp>, Timestamp),
        limit: usize,
        skip: &HashSet<DeliveryId>,
    ) -> Vec<Due> {
        self.outbox().due(destination, window, limit, skip)
    }

    /// When, after `after`, the next delivery of this destination has its time.
    pub fn next_due_after(
        &self,
        destination: &DestinationId,
        after: Timestamp,
    ) -> Option<Timestamp> {
        self.outbox().next_due_after(destination, after)
    }

    /// Journals that the next attempt of a delivery starts. Nothing may go to the CRM before this returns.
    pub async fn begin(&self, id: DeliveryId, at: Timestamp) -> Result<Begun, StoreError> {
        let Some(delivery) = self.ask(|reply| Command::Begin(id, at, reply)).await? else {
            return Ok(Begun::NotOwed);
        };
        self.catch_up().await?;
        let lead = self
            .read(move |room| room.index.get(Table::Lead, id.lead.as_bytes()))
            .await?;
        match lead {
            Some(bytes) => Ok(Begun::Started {
                lead: Arc::new(decode::<Lead>(&bytes)?),
                delivery: Box::new(delivery),
            }),
            None => Ok(Begun::NotOwed),
        }
    }

    /// Records how an attempt ended and what follows: both or neither. Returns when readers see it.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        let settlement = Box::new(settlement);
        self.ask(|reply| Command::Settle(settlement, reply)).await
    }

    /// Carries out what an operator asks for one lead.
    pub async fn order(
        &self,
        lead: LeadId,
        order: Order,
        now: Timestamp,
    ) -> Result<Ordered, StoreError> {
        let verdict = self
            .ask(|reply| Command::Order(lead, order, now, reply))
            .await?;
        self.ordered(lead, verdict).await
    }

    /// Takes the person out of a lead everywhere, and gives up what is still owed for it. Returns when no journal or snapshot holds
    /// them any more; sled's own old pages go at the next start, which builds it anew.
    pub async fn erase(&self, lead: LeadId, now: Timestamp) -> Result<Ordered, StoreError> {
        let verdict = self.ask(|reply| Command::Erase(lead, now, reply)).await?;
        if matches!(verdict, Verdict::Done) {
            self.snapshot().await?;
            let mark = self.0.mark.clone();
            self.read(move |_| mark.distrust_index().map_err(journal_error))
                .await?;
        }
        self.ordered(lead, verdict).await
    }

    async fn ordered(&self, lead: LeadId, verdict: Verdict) -> Result<Ordered, StoreError> {
        match verdict {
            Verdict::Done => Ok(self
                .lead(lead)
                .await?
                .map_or(Ordered::Unknown, |lead| Ordered::Done(Box::new(lead)))),
            Verdict::Conflict(conflict) => Ok(Ordered::Conflict(conflict)),
            Verdict::Unknown => Ok(Ordered::Unknown),
        }
    }

    /// Takes deliveries out of work whose form or destination has left the config: `judge` says of each unsettled one why it must go,
    /// if it must. Returns how many went.
    pub async fn orphan(
        &self,
        judge: impl Fn(&Status, &Delivery) -> Option<Cause> + Send + 'static,
    ) -> Result<usize, StoreError> {
        let unsettled = self.outbox().all();
        let gone = self.read(move |room| {
            let mut gone = Vec::new();
            for id in unsettled {
                let Some(bytes) = room.index.get(Table::Status, id.lead.as_bytes())? else {
                    continue;
                };
                let status: Status = decode(&bytes)?;
                let delivery = status.deliveries.iter().find(|delivery| delivery.id == id);
                let cause = delivery.and_then(|delivery| judge(&status, delivery));
                gone.extend(cause.map(|cause| (id, cause)));
            }
            Ok(gone)
        });
        let gone = gone.await?;
        if gone.is_empty() {
            return Ok(0);
        }
        self.ask(|reply| Command::Orphan(gone, reply)).await
    }

    /// One lead. Like all reading: sees every lead that has been answered before the call.
    pub async fn lead(&self, id: LeadId) -> Result<Option<StoredLead>, StoreError> {
        self.catch_up().await?;
        self.read(move |room| query::lead(&room.index, id)).await
    }

    /// The attempts of one delivery, the oldest first.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.catch_up().await?;
        self.read(move |room| {
            let records = room.index.records(Table::Attempt, &attempt_prefix(id));
            records
                .map(|record| Ok(decode(&record?.value.unwrap_or_default())?))
                .collect()
        })
        .await
    }

    /// A page of the list, newest first.
    pub async fn leads(&self, filter: Filter, page: Page) -> Result<LeadPage, StoreError> {
        self.catch_up().await?;
        self.read(move |room| query::leads(&room.index, &filter, page))
            .await
    }

    /// The outbox of one destination in numbers.
    pub fn waiting(&self, destination: &DestinationId) -> Waiting {
        self.outbox().waiting(destination)
    }

    /// How many leads are in this state; only for states that are not final (failed, held, retrying, sending, queued).
    pub fn count(&self, state: State) -> usize {
        self.outbox().leads_in(state)
    }

    /// The leads of one form in numbers.
    pub async fn form_count(
        &self,
        form: FormId,
        since: Timestamp,
    ) -> Result<FormCount, StoreError> {
        self.catch_up().await?;
        self.read(move |room| {
            let newest = room.index.leads_of(&form, ALL_IDS).next().transpose()?;
            let recent = room
                .index
                .leads_of(&form, (LeadId::floor(since), LeadId::LAST));
            let leads_since = recent
                .map(|id| id.map(|_| 1))
                .sum::<Result<usize, StoreError>>()?;
            Ok(FormCount {
                leads_since,
                last_lead_at: newest.and_then(|id| id.received_at()),
            })
        })
        .await
    }

    /// Fires when new work or new states are visible to the readers.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.applied.clone()
    }

    /// Whether a lead could be kept now.
    pub fn can_accept(&self) -> Result<(), StoreError> {
        if self.0.commands.is_closed() {
            return Err(StoreError::Stopped);
        }
        self.0.disk.room_for_leads()
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
        self.read(|room| {
            let threads =
                std::mem::take(&mut *room.threads.lock().unwrap_or_else(PoisonError::into_inner));
            for thread in threads {
                thread.join().map_err(|_panic| StoreError::Stopped)?;
            }
            if let Some(error) = room.failure.borrow().as_ref() {
                tracing::error!(%error, "the store had failed; the next start looks at everything");
                return Err(StoreError::Stopped);
            }
            room.index.sync()?;
            let sequence = *room.applied.borrow();
            let distrusted = room.mark.read().is_some_and(|mark| mark.distrusted);
            let mark = Mark {
                clean: true,
                distrusted,
                ..Mark::running(&room.directories.root, sequence)
            };
            room.mark.write(&mark).map_err(journal_error)
        })
        .await
    }

    /// Waits until the index holds every group that is on the disk now: a few milliseconds at most.
    async fn catch_up(&self) -> Result<(), StoreError> {
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
        let (reply, answer) = oneshot::channel();
        self.0
            .commands
            .send(command(reply))
            .await
            .map_err(|_closed| StoreError::Stopped)?;
        answer.await.map_err(|_dropped| StoreError::Stopped)?
    }

    /// Reads on a blocking thread: sled is synchronous.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&Room) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || reading(&room))
            .await
            .map_err(|_panic| StoreError::Stopped)?
    }

    fn outbox(&self) -> std::sync::MutexGuard<'_, Outbox> {
        self.0.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that is still owed, and the counts of the states that are not final.
fn outbox_of(index: &Index) -> Result<Outbox, StoreError> {
    let mut outbox = Outbox::default();
    for state in State::ALL
        .into_iter()
        .filter(|state| !matches!(state, State::Delivered | State::Discarded))
    {
        for status in index.statuses_in(state) {
            outbox.update(None, Some(&status?));
        }
    }
    Ok(outbox)
}

pub(super) fn journal_error(error: std::io::Error) -> StoreError {
    StoreError::Journal(Arc::new(error))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|source| OpenError::Directory {
        path: std::path::PathBuf::new(),
        source,
    })
}
