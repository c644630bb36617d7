//! The delivering side: one worker per destination; lanes, pause and probe. Beside it [`Followers`] look after what was delivered.
//!
//! ```text
//!  store (wake-up, due) -> worker: claim -> attempt: begin -> destination.deliver -> judge -> settle -> store
//! ```
//! Claims live in memory: one process delivers. "Attempt n started" is journalled before the first byte goes out, so after a crash the next attempt
//! looks the lead up first.

mod attempt;
mod breaker;
mod checks;
mod desk;
mod follow;
mod health;
mod lanes;
mod recall;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::delivery::RetrySchedule;
use crate::destination::Destination;
use crate::dispatch::desk::Desk;
use crate::dispatch::worker::{Assignment, Worker};
use crate::lead::DestinationId;
use crate::metrics;
use crate::store::Store;

pub use checks::{Checked, Checks};
pub use follow::{FollowTarget, Followers};
pub use health::{DestinationHealth, Health, Outlook};
pub use recall::recall;

/// A destination with the rules of its deliveries.
pub struct Target {
    /// The CRM.
    pub destination: Arc<dyn Destination>,
    /// The delays between attempts.
    pub retry: RetrySchedule,
    /// How many attempts may be under way at once.
    pub in_flight: usize,
}

/// All workers.
pub struct Dispatcher {
    store: Store,
    clock: Clock,
    outlook: Outlook,
    meter: metrics::Dispatch,
    workers: Mutex<HashMap<DestinationId, Running>>,
}

struct Running {
    assignment: watch::Sender<Assignment>,
    task: JoinHandle<()>,
}

impl Dispatcher {
    /// A dispatcher without workers; [`Dispatcher::assign`] makes them.
    pub fn new(store: Store, clock: Clock, outlook: Outlook) -> Self {
        Self {
            store,
            clock,
            outlook,
            meter: metrics::Dispatch::default(),
            workers: Mutex::new(HashMap::new()),
        }
    }

    /// The same, counting attempts and what comes of them.
    pub fn counting(self, meter: metrics::Dispatch) -> Self {
        Self { meter, ..self }
    }

    /// Makes these the destinations: new ones get a worker, known ones their new set-up (and a probe at once if they are paused), and
    /// the workers of those that are gone stop.
    pub async fn assign(&self, targets: Vec<Target>) {
        let mut workers = self.workers.lock().await;
        let before = self.outlook.destinations();
        let now = self.clock.now();
        self.outlook.reset(
            targets
                .iter()
                .map(|target| outlook_of(target, &before, now))
                .collect(),
        );
        let mut gone: HashMap<_, _> = std::mem::take(&mut *workers);
        for target in targets {
            let (id, target) = (target.destination.id().clone(), Arc::new(target));
            let running = match gone.remove(&id) {
                Some(running) => {
                    running.assignment.send_replace(Assignment::Work(target));
                    running
                }
                None => self.start(id.clone(), target),
            };
            workers.insert(id, running);
        }
        for running in gone.into_values() {
            running.assignment.send_replace(Assignment::Stop);
        }
    }

    fn start(&self, id: DestinationId, target: Arc<Target>) -> Running {
        let (assignment, orders) = watch::channel(Assignment::Work(Arc::clone(&target)));
        let desk = Desk::new(
            id,
            self.store.clone(),
            self.clock.clone(),
            self.outlook.clone(),
        )
        .counting(self.meter.clone());
        Running {
            assignment,
            task: tokio::spawn(Worker::new(desk, target, orders).run()),
        }
    }

    /// Stops all workers: nothing new is started, what is under way is finished. When the caller drops this future at its deadline, call
    /// [`Dispatcher::abort`].
    pub async fn stop(&self) {
        let mut workers = self.workers.lock().await;
        for running in workers.values() {
            running.assignment.send_replace(Assignment::Stop);
        }
        for (id, running) in workers.iter_mut() {
            if (&mut running.task).await.is_err() {
                tracing::error!(destination.id = %id, "a worker ended unexpectedly");
            }
        }
        workers.clear();
    }

    /// Drops what is still under way; those deliveries are in doubt at the next start.
    pub async fn abort(&self) {
        for running in self.workers.lock().await.values() {
            running.task.abort();
        }
    }
}

fn outlook_of(
    target: &Target,
    before: &[DestinationHealth],
    now: jiff::Timestamp,
) -> DestinationHealth {
    let id = target.destination.id().clone();
    let known = before
        .iter()
        .find(|known| known.id == id)
        .map(|known| known.health.clone());
    let health = known.unwrap_or(Health::Healthy { since: now });
    DestinationHealth {
        id,
        kind: target.destination.kind(),
        health,
    }
}

#[cfg(test)]
mod tests;
