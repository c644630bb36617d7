//! The task that watches, gathers and sends. It only reads what the others publish, so it never holds up a lead.
//!
//! Each round: look, take the letters whose time has come, write down the state, send. What is sent was written down before, so a crash in between
//! repeats a message under its old id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};

use crate::alerts::board::{Board, ChannelView};
use crate::alerts::channel::{Channel, NotSent};
use crate::alerts::event::Event;
use crate::alerts::gathered::Gathered;
use crate::alerts::lane::Lane;
use crate::alerts::letter::{Desk, Letter};
use crate::alerts::memory::{Memory, MemoryFile};
use crate::alerts::outgoing::{Doubt, Outgoing, new_id};
use crate::alerts::reason::Reason;
use crate::alerts::watch::{Rules, Sight, Watch};
use crate::clock::Clock;
use crate::delivery::Cause;
use crate::dispatch::{DestinationHealth, Health, Outlook};
use crate::lead::{Bilingual, DestinationId};
use crate::store::{FailedDelivery, Store};

/// How often waiting leads are looked at; nothing tells when one has waited too long.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// How long a stop waits for tries under way.
const LAST_MOMENT: Duration = Duration::from_secs(3);

/// What the handle tells the worker.
pub(super) enum Command {
    /// Work with these.
    Assign(Box<Assignment>),
    /// Write down what is known, answer, end.
    Stop(oneshot::Sender<()>),
}

/// The set-up.
pub(super) struct Assignment {
    pub(super) channels: Vec<Arc<Channel>>,
    pub(super) desk: Desk,
    pub(super) digest: Duration,
    pub(super) waiting_longer_than: Duration,
    /// All of the config, told by these alerts.
    pub(super) destinations: Vec<DestinationId>,
}

/// What the worker looks at.
pub(super) struct Sources {
    pub(super) store: Store,
    pub(super) outlook: Outlook,
    pub(super) clock: Clock,
}

/// How a try ended, with the channel's key. A panic leaves the key unknown.
type Ended = Result<(String, Result<(), NotSent>), JoinError>;

/// The task.
pub(super) struct Worker {
    sources: Sources,
    failures: broadcast::Receiver<FailedDelivery>,
    health: watch::Receiver<u64>,
    commands: mpsc::UnboundedReceiver<Command>,
    board: Arc<Board>,
    started_at: Timestamp,
    set_up: Option<Assignment>,
    lanes: Vec<Lane>,
    /// What was kept for channels, until the first set-up says which there are.
    kept: BTreeMap<String, Outgoing>,
    watch: Watch,
    file: MemoryFile,
    sending: JoinSet<(String, Result<(), NotSent>)>,
}

impl Worker {
    /// Follows what happens from now on.
    pub(super) fn new(
        sources: Sources,
        (file, memory): (MemoryFile, Memory),
        commands: mpsc::UnboundedReceiver<Command>,
        board: Arc<Board>,
    ) -> Self {
        Self {
            failures: sources.store.failures(),
            health: sources.outlook.changes(),
            started_at: sources.clock.now(),
            sources,
            commands,
            board,
            set_up: None,
            lanes: Vec::new(),
            kept: memory.channels,
            watch: memory.watch,
            file,
            sending: JoinSet::new(),
        }
    }

    /// Works until it is told to stop.
    pub(super) async fn run(mut self) {
        loop {
            self.health.borrow_and_update();
            let now = self.sources.clock.now();
            self.look(now);
            let letters = self.take(now);
            self.save().await;
            self.send(letters);
            self.publish();
            let wake_at = self.wake_at(now);
            tokio::select! {
                // A new set-up before what happens under it: a form that leaves with a reload fails its leads right afterwards.
                biased;
                command = self.commands.recv() => match command {
                    Some(Command::Assign(assignment)) => self.assign(*assignment),
                    Some(Command::Stop(done)) => return self.stop(done).await,
                    None => return,
                },
                Some(ended) = self.sending.join_next() => self.ended(ended),
                failed = self.failures.recv() => self.failed(failed),
                changed = self.health.changed() => if changed.is_err() { return },
                () = self.sources.clock.sleep_until(wake_at) => {}
            }
        }
    }

    /// Lets what is under way end, for a moment, and notes what happened up to now, so that it is told after the next start.
    async fn stop(mut self, done: oneshot::Sender<()>) {
        let ending = async {
            while let Some(ended) = self.sending.join_next().await {
                self.ended(ended);
            }
        };
        // What is broken off may have arrived; it is sent again under its id.
        drop(tokio::time::timeout(LAST_MOMENT, ending).await);
        self.drain();
        self.look(self.sources.clock.now());
        self.save().await;
        if done.send(()).is_err() {
            tracing::debug!("nobody waits for the end of the alerts");
        }
    }

    fn assign(&mut self, assignment: Assignment) {
        let mut known: BTreeMap<String, Lane> = std::mem::take(&mut self.lanes)
            .into_iter()
            .map(|lane| (lane.key.clone(), lane))
            .collect();
        for channel in &assignment.channels {
            let (key, channel) = (channel.key(), Arc::clone(channel));
            let lane = match known.remove(&key) {
                Some(lane) => Lane { channel, ..lane },
                None => {
                    let outgoing = self.kept.remove(&key).unwrap_or_else(|| self.first(&key));
                    Lane {
                        key,
                        channel,
                        outgoing,
                        trouble: None,
                    }
                }
            };
            self.lanes.push(lane);
        }
        self.kept.clear();
        self.watch.keep(&assignment.destinations);
        self.set_up = Some(assignment);
    }

    /// What a new channel is told first: the pauses that last.
    fn first(&self, key: &str) -> Outgoing {
        tracing::debug!(channel = key, "a new channel for alerts");
        let mut outgoing = Outgoing::default();
        for event in self.watch.ongoing() {
            outgoing.note(Gathered::of(&event));
        }
        outgoing
    }

    fn look(&mut self, now: Timestamp) {
        let Some(set_up) = &self.set_up else { return };
        let rules = Rules {
            waiting_longer_than: set_up.waiting_longer_than,
            started_at: self.started_at,
            now,
        };
        let destinations = self.sources.outlook.destinations();
        // The workers take a new set-up a moment after the alerts do.
        let known = destinations
            .iter()
            .filter(|entry| set_up.destinations.contains(&entry.id));
        let sights: Vec<Sight> = known.map(|entry| self.sight(entry)).collect();
        for event in self.watch.look(&sights, rules) {
            self.note(&event);
        }
    }

    fn sight(&self, entry: &DestinationHealth) -> Sight {
        let (pause, healthy_since) = match &entry.health {
            Health::Healthy { since } => (None, *since),
            Health::Paused { since, cause, .. } => (Some((*since, cause.clone())), *since),
        };
        Sight {
            id: entry.id.clone(),
            pause,
            healthy_since,
            waiting: self.sources.store.waiting(&entry.id),
        }
    }

    fn note(&mut self, event: &Event) {
        for lane in &mut self.lanes {
            lane.outgoing.note(Gathered::of(event));
        }
    }

    /// A lead failed; those that failed with it are taken along.
    fn failed(&mut self, failed: Result<FailedDelivery, RecvError>) {
        match failed {
            Ok(failed) => self.note(&told(&failed)),
            Err(RecvError::Lagged(missed)) => self.note(&Event::MoreFailed(missed)),
            // The store is held by this very worker.
            Err(RecvError::Closed) => {}
        }
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.failures.try_recv() {
                Ok(failed) => self.note(&told(&failed)),
                Err(TryRecvError::Lagged(missed)) => self.note(&Event::MoreFailed(missed)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// The letters whose time has come, with the places of their lanes.
    fn take(&mut self, now: Timestamp) -> Vec<(usize, Letter)> {
        let Some(set_up) = &self.set_up else {
            return Vec::new();
        };
        let mut letters = Vec::new();
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            if !lane.is_open(&self.sources.outlook) {
                continue;
            }
            if let Some(message) = lane.outgoing.take(now, set_up.digest, new_id()) {
                letters.push((place, Letter::alert(&message, &set_up.desk)));
            }
        }
        letters
    }

    fn send(&mut self, letters: Vec<(usize, Letter)>) {
        for (place, letter) in letters {
            let Some(lane) = self.lanes.get(place) else {
                continue;
            };
            let (key, channel) = (lane.key.clone(), Arc::clone(&lane.channel));
            let now = self.sources.clock.now();
            self.sending.spawn(async move {
                let sent = channel.send(&letter, now).await;
                (key, sent)
            });
        }
    }

    fn ended(&mut self, ended: Ended) {
        let now = self.sources.clock.now();
        let (key, sent) = match ended {
            Ok(ended) => ended,
            Err(_broken_off) => return self.broken_off(now),
        };
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.key == key) {
            lane.ended(sent, now);
        }
    }

    /// A try panicked, and it is not known whose: with none under way any more, every lane that thinks otherwise is it.
    fn broken_off(&mut self, now: Timestamp) {
        if self.sending.is_empty() {
            for lane in self
                .lanes
                .iter_mut()
                .filter(|lane| lane.outgoing.is_under_way())
            {
                let error = Bilingual::new(
                    "внутренняя ошибка leadgate; подробности в журнале процесса",
                    "an internal error of leadgate; the process log tells more",
                );
                let (doubt, wish) = (Doubt::MayHaveArrived, None);
                lane.ended(Err(NotSent { doubt, wish, error }), now);
            }
        }
    }

    async fn save(&mut self) {
        if self.lanes.is_empty() {
            return;
        }
        let channels = self.lanes.iter();
        let memory = Memory {
            watch: self.watch.clone(),
            channels: channels
                .map(|lane| (lane.key.clone(), lane.outgoing.clone()))
                .collect(),
        };
        self.file.save(&memory).await;
    }

    /// Tells the admin. A CRM that is paused has its own banner.
    fn publish(&self) {
        if self.set_up.is_none() {
            // The handle has shown the channels of the first set-up, or is about to.
            return;
        }
        let views = self.lanes.iter().map(|lane| ChannelView {
            name: lane.channel.name(),
            last_sent_at: lane.outgoing.sent_at(),
            trouble: lane
                .trouble
                .clone()
                .filter(|_| lane.is_open(&self.sources.outlook)),
        });
        self.board.show(views.collect());
    }

    fn wake_at(&self, now: Timestamp) -> Timestamp {
        let digest = self.set_up.as_ref().map(|set_up| set_up.digest);
        let open = self
            .lanes
            .iter()
            .filter(|lane| lane.is_open(&self.sources.outlook));
        let due = open.filter_map(|lane| lane.outgoing.due_at(digest?));
        due.fold(now + LOOK_EVERY, Timestamp::min)
    }
}

fn told(failed: &FailedDelivery) -> Event {
    Event::LeadFailed {
        lead: failed.id.lead,
        form: failed.form.clone(),
        destination: failed.destination.clone(),
        reason: Reason::of(failed.cause.as_ref().unwrap_or(&Cause::Internal)),
    }
}
