//! Looking after orders that were delivered: their status in the CRM, asked for in batches, less often with age, and always behind the leads.
//!
//! A follower runs beside the worker of its destination and shares nothing with it but the pace. It may be cut off at any point: it only reads in the
//! CRM, and what it learns is written whole.

mod schedule;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::delivery::{Cause, DeliveryId, OrderStanding};
use crate::destination::{Destination, ORDERS_AT_ONCE};
use crate::dispatch::recall::is_of;
use crate::dispatch::{Health, Outlook};
use crate::lead::DestinationId;
use crate::store::{Filter, OrderSeen, Page, Status, Store, StoreError};

use schedule::{Schedule, Window};

/// How long a follower waits before it looks again whether the leads leave it room.
const STEP_BACK: Duration = Duration::from_secs(5);

/// So many due leads are the worker's ordinary business; more of them are a backlog, which comes first.
const ORDINARY: usize = 8;

/// An order to ask after: whose it is, its internal id, and what is known of it.
type Followed = (DeliveryId, u64, Option<OrderStanding>);

/// Up to when the sweeps of each destination went to their end.
type Swept = HashMap<DestinationId, Timestamp>;

/// A destination whose orders are looked after.
pub struct FollowTarget {
    /// The CRM.
    pub destination: Arc<dyn Destination>,
    /// How often the orders of the last day are asked after.
    pub every: Duration,
}

/// All followers.
pub struct Followers {
    store: Store,
    clock: Clock,
    outlook: Outlook,
    running: Mutex<Vec<JoinHandle<()>>>,
    swept: Arc<Mutex<Swept>>,
}

impl Followers {
    /// Nobody is looked after; [`Followers::assign`] begins it.
    pub fn new(store: Store, clock: Clock, outlook: Outlook) -> Self {
        Self {
            store,
            clock,
            outlook,
            running: Mutex::default(),
            swept: Arc::default(),
        }
    }

    /// Looks after the orders of these destinations and of no others. Sweeps keep their times over a new assignment, and one that it cuts off
    /// is begun again.
    pub fn assign(&self, targets: Vec<FollowTarget>) {
        drop(self.replace(Vec::new()));
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        swept.retain(|id, _| targets.iter().any(|target| target.destination.id() == id));
        let followers = targets.into_iter().map(|target| {
            let schedule = Schedule::new(target.every);
            let id = target.destination.id().clone();
            let follower = Follower {
                schedule,
                done: schedule.latest(*swept.entry(id).or_insert(self.clock.now())),
                swept: Arc::clone(&self.swept),
                destination: target.destination,
                store: self.store.clone(),
                clock: self.clock.clone(),
                outlook: self.outlook.clone(),
            };
            tokio::spawn(follower.run())
        });
        drop(self.replace(followers.collect()));
    }

    /// Cuts them all off and waits until they have let go of the store.
    pub async fn stop(&self) {
        for cut_off in self.replace(Vec::new()) {
            // Ended, cut off or broken: in every case it is over.
            drop(cut_off.await);
        }
    }

    fn replace(&self, next: Vec<JoinHandle<()>>) -> Vec<JoinHandle<()>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().for_each(JoinHandle::abort);
        std::mem::replace(&mut running, next)
    }
}

/// One destination's.
struct Follower {
    schedule: Schedule,
    /// The number of the last sweep that went to its end; in the beginning the one before us.
    done: i64,
    /// Where that is kept for the one after us.
    swept: Arc<Mutex<Swept>>,
    destination: Arc<dyn Destination>,
    store: Store,
    clock: Clock,
    outlook: Outlook,
}

/// Why a sweep was broken off.
enum Trouble {
    Store(StoreError),
    Destination(Cause),
}

impl Follower {
    async fn run(mut self) {
        let mut tried = self.done;
        loop {
            // The machine's date may have been set back meanwhile.
            let next = tried.min(self.schedule.latest(self.clock.now())) + 1;
            self.clock.sleep_until(self.schedule.due_at(next)).await;
            let sweep = self.schedule.latest(self.clock.now());
            tried = sweep;
            match self
                .sweep(&self.schedule.windows(self.done.min(sweep - 1), sweep))
                .await
            {
                Ok(news) => {
                    self.went_to_its_end(sweep);
                    tracing::debug!(destination.id = %self.destination.id(), news, "orders asked after");
                }
                Err(Trouble::Store(StoreError::Stopped)) => return,
                Err(Trouble::Store(error)) => {
                    tracing::error!(destination.id = %self.destination.id(), %error, "statuses of orders cannot be kept; the next sweep makes up for it");
                }
                // The words of the CRM may quote what was typed.
                Err(Trouble::Destination(cause)) => {
                    tracing::warn!(destination.id = %self.destination.id(), reason = cause.word(), "orders cannot be asked after; the next sweep makes up for it");
                }
            }
        }
    }

    fn went_to_its_end(&mut self, sweep: i64) {
        self.done = sweep;
        let (id, at) = (self.destination.id().clone(), self.schedule.due_at(sweep));
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        swept.insert(id, at);
    }

    /// Asks after every order of these windows; how many stand elsewhere than was known.
    async fn sweep(&self, windows: &[Window]) -> Result<usize, Trouble> {
        let mut news = 0;
        let mut batch = Vec::with_capacity(ORDERS_AT_ONCE);
        for window in windows {
            let mut before = None;
            loop {
                let page = Page {
                    before,
                    limit: ORDERS_AT_ONCE,
                };
                let leads = self.store.leads(self.filter(*window), page).await;
                let leads = leads.map_err(Trouble::Store)?;
                batch.extend(
                    leads
                        .leads
                        .iter()
                        .flat_map(|lead| self.followed(&lead.status)),
                );
                while batch.len() >= ORDERS_AT_ONCE {
                    let rest = batch.split_off(ORDERS_AT_ONCE);
                    news += self.ask(std::mem::replace(&mut batch, rest)).await?;
                }
                match leads.next {
                    Some(next) => before = Some(next),
                    None => break,
                }
            }
        }
        if !batch.is_empty() {
            news += self.ask(batch).await?;
        }
        Ok(news)
    }

    /// The orders of a lead in the account of this destination.
    fn followed(&self, status: &Status) -> impl Iterator<Item = Followed> {
        let deliveries = status.deliveries.iter();
        let ours = deliveries.filter(|each| is_of(each, &*self.destination));
        ours.filter_map(|delivery| {
            let known = delivery.order_status.clone();
            Some((
                delivery.id,
                delivery.made_order()?,
                known.map(|known| known.standing),
            ))
        })
    }

    fn filter(&self, (from, until): Window) -> Filter {
        Filter {
            destination: Some(self.destination.id().clone()),
            from: Some(from),
            until: Some(until),
            ..Filter::default()
        }
    }

    async fn ask(&self, followed: Vec<Followed>) -> Result<usize, Trouble> {
        while !self.has_room(self.clock.now()) {
            self.clock.sleep(STEP_BACK).await;
        }
        let orders: Vec<_> = followed
            .iter()
            .map(|(_, order, known)| (*order, known.clone()))
            .collect();
        let standings = self.destination.standings(&orders).await;
        let standings = standings.map_err(|failure| Trouble::Destination(failure.cause))?;
        let news: Vec<OrderSeen> = followed
            .iter()
            .filter_map(|(id, order, known)| {
                let (_, standing) = standings.iter().find(|(seen, _)| seen == order)?;
                (known.as_ref() != Some(standing)).then(|| OrderSeen {
                    id: *id,
                    order: *order,
                    standing: standing.clone(),
                })
            })
            .collect();
        if news.is_empty() {
            return Ok(0);
        }
        let noted = self.store.note_orders(news, self.clock.now()).await;
        noted.map_err(Trouble::Store)
    }

    /// Whether the leads leave room: the destination is healthy and there is no backlog. Within that the pace sees to it that no lead waits for us.
    fn has_room(&self, now: Timestamp) -> bool {
        let id = self.destination.id();
        let is_healthy = self
            .outlook
            .destinations()
            .iter()
            .any(|known| known.id == *id && matches!(known.health, Health::Healthy { .. }));
        let due = self
            .store
            .due(id, (None, now), ORDINARY + 1, &HashSet::new());
        is_healthy && due.len() <= ORDINARY
    }
}
