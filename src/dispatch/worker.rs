//! One worker per destination, so that a CRM that is down never delays another.
//!
//! The loop: take note of the store's changes, launch what is due while there are slots, then wait for whatever comes first: a change, the end of an
//! attempt, the next due time, the next probe, a new set-up, or the stop. The note is taken before looking, so no wake-up is lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use crate::delivery::{DeliveryId, Lane, PerLane};
use crate::dispatch::Target;
use crate::dispatch::attempt::Went;
use crate::dispatch::desk::Desk;
use crate::dispatch::lanes::{Lanes, Limits, Start, UnderWay, most_beside};
use crate::store::{Due, Look, StoreError};

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
type Ended = Result<(Id, Result<Went, StoreError>), JoinError>;

/// Deliveries that are attempted together.
struct Claimed {
    lane: Lane,
    dues: Vec<Due>,
}

/// The worker of one destination.
pub(super) struct Worker {
    desk: Arc<Desk>,
    assignment: watch::Receiver<Assignment>,
    target: Arc<Target>,
    lanes: Lanes,
    /// Since when the destination is as it is; another value after a pause tells of its end.
    since: Timestamp,
    under_way: JoinSet<Result<Went, StoreError>>,
    claims: HashMap<Id, Claimed>,
    claimed: HashSet<DeliveryId>,
    busy_contacts: HashSet<u64>,
}

impl Worker {
    pub(super) fn new(
        desk: Desk,
        target: Arc<Target>,
        assignment: watch::Receiver<Assignment>,
    ) -> Self {
        let since = desk.breaker().since();
        Self {
            lanes: Lanes::new(),
            since,
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
            if self.since != breaker.since() {
                self.since = breaker.since();
                self.lanes.slow_start();
            }
            self.launch(now);
            return;
        }
        let probe_is_due = breaker.next_probe_at().is_some_and(|at| at <= now);
        if probe_is_due && self.under_way.is_empty() && self.desk.probe(&self.target).await {
            self.try_one(now);
        }
    }

    /// The probe of a paused destination succeeded: one lead tells whether it is healthy. With none waiting the probe is enough.
    fn try_one(&mut self, now: Timestamp) {
        let (id, store) = (&self.desk.id, &self.desk.store);
        let waiting = store.due(id, (None, now), LOOK_AHEAD, &self.claimed);
        let ids: Vec<DeliveryId> = waiting.iter().map(|due| due.id).collect();
        let chosen = self.desk.breaker().choose_trial(&ids);
        match waiting.into_iter().find(|due| Some(due.id) == chosen) {
            Some(due) => self.start(Lane::Backlog, vec![due]),
            None => self
                .desk
                .note(|breaker| breaker.answered(self.desk.clock.now())),
        }
    }

    /// Starts what may be started. Fresh are the leads that came since the destination is healthy.
    fn launch(&mut self, now: Timestamp) {
        let limits = self.limits();
        while self.under_way.len() < limits.in_flight {
            let mut fresh = self.gather(Lane::Fresh, now, limits.at_once.max(limits.in_flight + 1));
            let mut backlog = self.gather(Lane::Backlog, now, 1);
            let waits = PerLane {
                fresh: fresh.len(),
                backlog: backlog.len(),
            };
            let (lane, dues) = match self.lanes.next(limits, self.count(), waits) {
                None => return,
                Some(Start::Fresh { most }) => {
                    fresh.truncate(most);
                    (Lane::Fresh, fresh)
                }
                Some(Start::Backlog { most }) => {
                    if most > 1 {
                        backlog = self.gather(Lane::Backlog, now, most);
                    }
                    (Lane::Backlog, backlog)
                }
            };
            self.lanes.started(lane, waits.backlog > 0);
            self.start(lane, dues);
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            in_flight: self.target.in_flight,
            at_once: self.target.destination.most_at_once(),
        }
    }

    fn count(&self) -> UnderWay {
        let mut under_way = UnderWay::default();
        for claimed in self.claims.values() {
            *under_way.attempts.of_mut(claimed.lane) += 1;
            if claimed.lane == Lane::Backlog {
                under_way.backlog_leads += claimed.dues.len();
            }
        }
        under_way
    }

    /// The first deliveries of a lane that may go together, the earliest first: none of a contact that is under way.
    fn gather(&self, lane: Lane, until: Timestamp, most: usize) -> Vec<Due> {
        let mut together: Vec<Due> = Vec::new();
        let (wanted, mut most, mut skip) = (most, most, self.claimed.clone());
        let looked_at_most = skip.len() + LOOK_AT_MOST;
        while together.len() < most && skip.len() < looked_at_most {
            let look = Look {
                lane,
                fresh_since: self.since,
                until,
                limit: LOOK_AHEAD.min(most * 2),
                skip: &skip,
            };
            let found = self.desk.store.due_in_lane(&self.desk.id, look);
            if found.is_empty() {
                break;
            }
            for due in found {
                skip.insert(due.id);
                let beside = most.min(most_beside(due.retries, wanted));
                if together.len() < beside && !self.is_busy(&due) {
                    most = beside;
                    together.push(due);
                }
            }
        }
        together
    }

    fn is_busy(&self, due: &Due) -> bool {
        let mut contacts = due.contact_hashes.iter();
        contacts.any(|contact| self.busy_contacts.contains(contact))
    }

    fn start(&mut self, lane: Lane, dues: Vec<Due>) {
        for due in &dues {
            self.claimed.insert(due.id);
            self.busy_contacts.extend(&due.contact_hashes);
        }
        let (desk, target) = (Arc::clone(&self.desk), Arc::clone(&self.target));
        let ids: Vec<DeliveryId> = dues.iter().map(|due| due.id).collect();
        let task = self
            .under_way
            .spawn(async move { desk.attempt(ids, lane, &target).await });
        self.claims.insert(task.id(), Claimed { lane, dues });
    }

    fn release(&mut self, ended: Option<Ended>) {
        let (task, end) = match ended {
            Some(Ok((task, Ok(went)))) => (task, Ok(went)),
            Some(Ok((task, Err(error)))) => (task, Err(error.to_string())),
            // Without the words of the panic, which may quote what was typed.
            Some(Err(error)) => (error.id(), Err("it was broken off".to_owned())),
            None => return,
        };
        let Some(Claimed { lane, dues }) = self.claims.remove(&task) else {
            return;
        };
        // Contacts of deliveries that go together may be the same; none is in another attempt.
        for contact in dues.iter().flat_map(|due| &due.contact_hashes) {
            self.busy_contacts.remove(contact);
        }
        match (end, lane) {
            (Ok(Went::Well), Lane::Backlog) => self.lanes.went_well(self.limits()),
            (Ok(Went::Well), Lane::Fresh) => {}
            (Ok(Went::Badly), _) => self.lanes.went_badly(),
            (Err(reason), _) => return stuck(&dues, &reason),
        }
        for due in &dues {
            self.claimed.remove(&due.id);
        }
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

/// The claims are kept, the contacts' other leads go on: the attempts are not settled, so only the next start may take them up, and looks them up
/// first.
fn stuck(dues: &[Due], reason: &str) {
    for due in dues {
        tracing::error!(lead.id = %due.id.lead, reason, "an attempt ended without a record; it is looked up after the next start");
    }
}
