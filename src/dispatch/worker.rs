//! One worker per destination, so that a CRM that is down never delays another.
//!
//! The loop: take note of the store's changes, launch what is due while there are slots, then wait for whatever comes first: a change, the end of an
//! attempt, the next due time, the next probe, a new set-up, or the stop. The note is taken before looking, so no wake-up is lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use crate::delivery::DeliveryId;
use crate::dispatch::Target;
use crate::dispatch::attempt::Desk;
use crate::store::{Due, StoreError};

/// How many due deliveries are looked at to fill the slots; only those of busy contacts are passed over.
const LOOK_AHEAD: usize = 64;

/// How far the look goes in all: a thousand leads of one phone must not hide the lead behind them for ever.
const LOOK_AT_MOST: usize = 2_048;

/// What the dispatcher tells a worker.
#[derive(Clone)]
pub(super) enum Assignment {
    /// Work with this.
    Work(Arc<Target>),
    /// Launch nothing more, finish what is under way, end.
    Stop,
}

/// How the task of an attempt ended: recorded or not, or by a panic.
type Ended = Result<(Id, Result<(), StoreError>), JoinError>;

/// The worker of one destination.
pub(super) struct Worker {
    desk: Arc<Desk>,
    assignment: watch::Receiver<Assignment>,
    target: Arc<Target>,
    under_way: JoinSet<Result<(), StoreError>>,
    claims: HashMap<Id, Due>,
    claimed: HashSet<DeliveryId>,
    busy_contacts: HashSet<u64>,
}

impl Worker {
    pub(super) fn new(
        desk: Desk,
        target: Arc<Target>,
        assignment: watch::Receiver<Assignment>,
    ) -> Self {
        Self {
            desk: Arc::new(desk),
            assignment,
            target,
            under_way: JoinSet::new(),
            claims: HashMap::new(),
            claimed: HashSet::new(),
            busy_contacts: HashSet::new(),
        }
    }

    /// Works until it is told to stop; then waits for what is under way. Dropping the future aborts that: it is in doubt at the next start.
    pub(super) async fn run(mut self) {
        let mut changes = self.desk.store.changes();
        loop {
            changes.borrow_and_update();
            let now = self.desk.clock.now();
            self.work(now).await;
            let wake_at = self.wake_at(now);
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { break },
                ended = self.under_way.join_next_with_id(), if !self.under_way.is_empty() => self.release(ended),
                () = self.desk.clock.sleep_until(wake_at.unwrap_or(Timestamp::MAX)), if wake_at.is_some() => {}
                _ = self.assignment.changed() => if !self.reassign() { break },
            }
        }
        while let Some(ended) = self.under_way.join_next_with_id().await {
            self.release(Some(ended));
        }
    }

    /// Takes a new set-up; `false` to stop.
    fn reassign(&mut self) -> bool {
        match self.assignment.borrow_and_update().clone() {
            Assignment::Work(target) => {
                self.target = target;
                self.desk
                    .note(|breaker| breaker.probe_now(self.desk.clock.now()));
                true
            }
            Assignment::Stop => false,
        }
    }

    /// One step: what tests and the loop call.
    async fn work(&mut self, now: Timestamp) {
        let breaker = self.desk.breaker().clone();
        if !breaker.is_paused() {
            // Fresh leads first: those that came since the destination is healthy. Then what waits from before.
            let fresh = breaker.since();
            self.launch((Some(fresh), now));
            self.launch((None, now));
            return;
        }
        let probe_is_due = breaker.next_probe_at().is_some_and(|at| at <= now);
        if probe_is_due && self.under_way.is_empty() && self.desk.probe(&self.target).await {
            self.try_one(now);
        }
    }

    /// The probe of a paused destination succeeded: one lead tells whether it is healthy. With none waiting the probe is enough.
    fn try_one(&mut self, now: Timestamp) {
        let waiting = self.due((None, now), LOOK_AHEAD);
        let ids: Vec<DeliveryId> = waiting.iter().map(|due| due.id).collect();
        let chosen = self.desk.breaker().choose_trial(&ids);
        match waiting.into_iter().find(|due| Some(due.id) == chosen) {
            Some(due) => self.start(due),
            None => self
                .desk
                .note(|breaker| breaker.answered(self.desk.clock.now())),
        }
    }

    fn launch(&mut self, window: (Option<Timestamp>, Timestamp)) {
        let mut passed_over = HashSet::new();
        while self.under_way.len() < self.target.in_flight && passed_over.len() < LOOK_AT_MOST {
            let skip: HashSet<DeliveryId> = self.claimed.union(&passed_over).copied().collect();
            let due = self
                .desk
                .store
                .due(&self.desk.id, window, LOOK_AHEAD, &skip);
            if due.is_empty() {
                return;
            }
            for due in due {
                let is_busy = due
                    .contact_hashes
                    .iter()
                    .any(|contact| self.busy_contacts.contains(contact));
                if is_busy || self.under_way.len() >= self.target.in_flight {
                    passed_over.insert(due.id);
                } else {
                    self.start(due);
                }
            }
        }
    }

    fn due(&self, window: (Option<Timestamp>, Timestamp), limit: usize) -> Vec<Due> {
        self.desk
            .store
            .due(&self.desk.id, window, limit, &self.claimed)
    }

    fn start(&mut self, due: Due) {
        self.claimed.insert(due.id);
        self.busy_contacts.extend(&due.contact_hashes);
        let (desk, target, id) = (Arc::clone(&self.desk), Arc::clone(&self.target), due.id);
        let task = self
            .under_way
            .spawn(async move { desk.attempt(id, &target).await });
        self.claims.insert(task.id(), due);
    }

    fn release(&mut self, ended: Option<Ended>) {
        let (task, trouble) = match ended {
            Some(Ok((task, Ok(())))) => (task, None),
            Some(Ok((task, Err(error)))) => (task, Some(error.to_string())),
            // Without the words of the panic, which may quote what was typed.
            Some(Err(error)) => (error.id(), Some("it was broken off".to_owned())),
            None => return,
        };
        let Some(due) = self.claims.remove(&task) else {
            return;
        };
        for contact in &due.contact_hashes {
            self.busy_contacts.remove(contact);
        }
        if let Some(reason) = trouble {
            // The claim is kept, the contact's other leads go on: the attempt is not settled, so only the next start may take it up, and looks it up first.
            tracing::error!(lead.id = %due.id.lead, reason, "an attempt ended without a record; it is looked up after the next start");
            return;
        }
        self.claimed.remove(&due.id);
    }

    /// What to wait for besides events: a probe, or a time that comes. What is due by now was launched, or waits for a slot or for its contact.
    fn wake_at(&self, now: Timestamp) -> Option<Timestamp> {
        let breaker = self.desk.breaker();
        if breaker.is_paused() {
            // While a trial is under way its end is what to wait for.
            return breaker
                .next_probe_at()
                .filter(|_| self.under_way.is_empty());
        }
        drop(breaker);
        self.desk.store.next_due_after(&self.desk.id, now)
    }
}
