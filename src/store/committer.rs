//! The committer thread: decides commands in groups and makes each group durable with one fdatasync before anybody is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::delivery::{Cause, Delivery, DeliveryId};
use crate::lead::LeadId;
use crate::metrics;
use crate::store::applier::{Group, Work};
use crate::store::decide::{self, Decision, Verdict};
use crate::store::disk::Disk;
use crate::store::journal::{AppendError, Journal};
use crate::store::live::LiveIndex;
use crate::store::overlay::{Decided, Overlay, View};
use crate::store::prepare::Prepared;
use crate::store::purge;
use crate::store::record::RecordKey;
use crate::store::renewal::Renewal;
use crate::store::{
    Accepted, Keep, Order, OrderSeen, Purged, Settled, Settlement, Signature, StoreError,
};

/// The most commands in one group: enough for every connection of a busy minute, few enough to keep the wait short.
pub(super) const GROUP: usize = 256;

/// Where a command's answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the committer is asked.
pub(super) enum Command {
    Accept(Box<Prepared>, Reply<Accepted>),
    Begin(DeliveryId, Timestamp, Reply<Option<Delivery>>),
    BeginAll(Vec<DeliveryId>, Timestamp, Reply<Vec<Option<Delivery>>>),
    Settle(Box<Settlement>, Reply<Settled>),
    SettleAll(Vec<Settlement>, Reply<Vec<Settled>>),
    Order(LeadId, Order, Signature, Reply<Verdict>),
    Erase(LeadId, Signature, Reply<Verdict>),
    Orphan(Vec<(DeliveryId, Cause)>, Reply<usize>),
    NoteOrders(Vec<OrderSeen>, Timestamp, Reply<usize>),
    ForgetKeys(Vec<RecordKey>, Timestamp, Reply<usize>),
    Purge(Vec<LeadId>, (Keep, Timestamp), Reply<Purged>),
    /// Begin a new journal segment; answers its first sequence.
    Rotate(Reply<u64>),
    /// Have the applier put a new index in the place of the old one.
    Renew(Box<Renewal>),
    /// Answer what came before, then end.
    Stop,
}

/// Tells a command's caller how it ended; called once.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// When a caller is answered.
enum When {
    /// As soon as it is on the disk.
    Committed,
    /// When readers see it too.
    Applied,
}

/// The thread's own things.
pub(super) struct Committer {
    pub(super) journal: Journal,
    pub(super) index: LiveIndex,
    pub(super) overlay: Arc<Overlay>,
    pub(super) disk: Disk,
    pub(super) applier: SyncSender<Work>,
    /// The sequence of the last group on the disk; readers wait until it is applied, so that they see what has been answered.
    pub(super) committed: Arc<AtomicU64>,
    pub(super) failure: watch::Sender<Option<Arc<StoreError>>>,
    pub(super) clock: Clock,
    pub(super) meter: metrics::Journal,
}

/// Whether the disk has room for the leads of a group.
#[derive(PartialEq, Eq)]
enum Room {
    NotAsked,
    Enough,
}

/// Whether the thread goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Continue,
    End,
}

impl Committer {
    /// Works until it is told to stop, every sender is gone, or the journal is broken.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut group = Vec::with_capacity(GROUP);
        while let Some(first) = commands.blocking_recv() {
            group.push(first);
            // When nothing else wants the core this returns at once. Under load those who are about to ask get their turn first, so that groups
            // grow with the load: one fdatasync and one wake-up of the applier for more leads.
            thread::yield_now();
            while group.len() < GROUP
                && let Ok(next) = commands.try_recv()
            {
                group.push(next);
            }
            if self.commit(&mut group) == Next::End {
                return;
            }
        }
    }

    fn commit(&mut self, commands: &mut Vec<Command>) -> Next {
        let mut answers = Vec::with_capacity(commands.len());
        let mut next = Next::Continue;
        let overlay = Arc::clone(&self.overlay);
        let index = self.index.clone();
        let mut view = View::new(&overlay, &index, commands.len());
        let mut room = Room::NotAsked;
        for command in commands.drain(..) {
            match command {
                Command::Stop => next = Next::End,
                // On its own: the position must be known at once. What is in this group goes into the new segment.
                Command::Rotate(reply) => send(reply, self.rotate()),
                // The applier has reported why it ended, if it did.
                Command::Renew(renewal) => drop(self.applier.send(Work::Renew(renewal))),
                command => answers.extend(self.decide(command, &mut view, &mut room)),
            }
        }
        if self.write(view.into_group(), answers) == Next::End {
            Next::End
        } else {
            next
        }
    }

    fn rotate(&mut self) -> Result<u64, StoreError> {
        self.journal
            .rotate()
            .map_err(|error| StoreError::Journal(Arc::new(error)))
    }

    fn decide(
        &self,
        command: Command,
        view: &mut View<'_>,
        room: &mut Room,
    ) -> Option<(When, Answer)> {
        match command {
            Command::Accept(new, reply) => {
                let decision = self
                    .room_for_leads(room)
                    .and_then(|()| decide::accept(*new, view));
                decided(decision, reply, When::Committed, view)
            }
            Command::Begin(id, at, reply) => {
                let decision = decide::begin(id, at, view);
                decided(decision, reply, When::Committed, view)
            }
            Command::Settle(settlement, reply) => {
                let decision = decide::settle(&settlement, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::BeginAll(ids, at, reply) => {
                let decision = decide::begin_all(&ids, at, view);
                decided(decision, reply, When::Committed, view)
            }
            Command::SettleAll(settlements, reply) => {
                let decision = decide::settle_all(&settlements, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::Order(lead, order, signature, reply) => {
                let decision = decide::order(lead, order, &signature, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::Erase(lead, signature, reply) => {
                let decision = decide::erase(lead, &signature, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::Orphan(gone, reply) => {
                let decision = decide::orphan(&gone, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::NoteOrders(seen, now, reply) => {
                let decision = decide::note_orders(&seen, now, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::ForgetKeys(keys, now, reply) => {
                let decision = decide::forget_keys(keys, now, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::Purge(leads, rules, reply) => {
                let decision = purge::purge(&leads, rules, view);
                decided(decision, reply, When::Applied, view)
            }
            Command::Rotate(_) | Command::Renew(_) | Command::Stop => None,
        }
    }

    /// The disk is asked once for a group: what one group takes is nothing beside the reserve.
    fn room_for_leads(&self, room: &mut Room) -> Result<(), StoreError> {
        if *room == Room::Enough {
            return Ok(());
        }
        self.disk.room_for_leads()?;
        *room = Room::Enough;
        Ok(())
    }

    /// Appends the group, hands it to the applier, and answers.
    fn write(&mut self, decided: Decided, answers: Vec<(When, Answer)>) -> Next {
        if decided.records.is_empty() {
            // Nothing was decided now. A repeated submission's first one is on the disk: groups are written one after another.
            answers.into_iter().for_each(|(_, answer)| answer(Ok(())));
            return Next::Continue;
        }
        let began = self.clock.monotonic();
        let sequence = match self.journal.append(&decided.records) {
            Ok(sequence) => sequence,
            Err(AppendError::TakenBack(error)) => {
                tracing::error!(%error, "the journal refused a write; it was taken back and its callers are told to come again");
                refuse(answers, &Arc::new(error));
                return Next::Continue;
            }
            Err(AppendError::Broken(error)) => return self.broken(answers, error),
        };
        let took = self.clock.monotonic().saturating_duration_since(began);
        self.meter.wrote(answers.len(), took);
        let decided = Arc::new(decided);
        self.overlay.add(sequence, Arc::clone(&decided));
        self.committed.store(sequence, Ordering::Release);
        let (committed, applied): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|(when, _)| matches!(when, When::Committed));
        committed.into_iter().for_each(|(_, answer)| answer(Ok(())));
        let applied = applied.into_iter().map(|(_, answer)| answer).collect();
        let group = Group {
            decided,
            sequence,
            answers: applied,
        };
        match self.applier.send(Work::Apply(group)) {
            Ok(()) => Next::Continue,
            // The applier has reported why it ended.
            Err(_ended) => Next::End,
        }
    }

    fn broken(&self, answers: Vec<(When, Answer)>, error: std::io::Error) -> Next {
        let error = Arc::new(error);
        refuse(answers, &error);
        self.failure
            .send_replace(Some(Arc::new(StoreError::Journal(error))));
        Next::End
    }
}

fn refuse(answers: Vec<(When, Answer)>, error: &Arc<std::io::Error>) {
    for (_, answer) in answers {
        answer(Err(StoreError::Journal(Arc::clone(error))));
    }
}

/// Adds what was decided to the group. A caller whose decision failed is answered at once, the others when the group is written.
fn decided<T: Send + 'static>(
    decision: Decision<T>,
    reply: Reply<T>,
    when: When,
    view: &mut View<'_>,
) -> Option<(When, Answer)> {
    match decision {
        Ok((value, records)) => {
            view.add(records);
            let answer: Answer = Box::new(move |written| send(reply, written.map(|()| value)));
            Some((when, answer))
        }
        Err(error) => {
            send(reply, Err(error));
            None
        }
    }
}

fn send<T>(reply: Reply<T>, answer: Result<T, StoreError>) {
    // A caller that has gone away (a visitor who closed the page) needs no answer.
    drop(reply.send(answer));
}
