//! How fast we may ask a CRM: never more than so many requests in any one second, and no waiting after a pause.
//!
//! The limit belongs to a key at an account, so all work for it shares one [`Pace`], also across a reload of the config (`paces`). Of a lane
//! requests go in the order in which they were asked for; between the lanes the log of the second decides (`sent_log`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::delivery::{Lane, PerLane};
use crate::destination::sent_log::{SentLog, Turn};
use crate::lead::DestinationId;

/// The right to send, for one lane. Cheap to clone; clones share the second, whatever their lane.
#[derive(Clone)]
pub struct Pace {
    shared: Arc<Shared>,
    lane: Lane,
}

struct Shared {
    clock: Clock,
    /// Held by the first of a lane while it waits: tokio's mutex is fair, so nobody overtakes within a lane.
    first: PerLane<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
    /// Fires when the first of the other lane should ask again.
    changed: watch::Sender<()>,
}

struct State {
    sent: SentLog,
    /// How many of each lane wait.
    waiting: PerLane<usize>,
    /// Who shares the pace, and how much each of them thinks is permitted. The smallest counts.
    limits: BTreeMap<DestinationId, u32>,
    /// What the last one to leave thought: it may still have something under way.
    left: u32,
    held_back_until: Option<Instant>,
}

impl Pace {
    /// A pace that counts as used up: the process before us may just have spent the second.
    pub(super) fn new(clock: &Clock, owner: DestinationId, limit: u32) -> Self {
        let state = State {
            sent: SentLog::full(limit.max(1), clock.monotonic()),
            waiting: PerLane::default(),
            limits: BTreeMap::from([(owner, limit)]),
            left: limit,
            held_back_until: None,
        };
        let shared = Shared {
            clock: clock.clone(),
            first: PerLane::default(),
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        };
        Self {
            shared: Arc::new(shared),
            lane: Lane::Fresh,
        }
    }

    /// This owner shares it from now on, with this limit.
    pub(super) fn join(&self, owner: DestinationId, limit: u32) {
        self.shared.state().limits.insert(owner, limit);
    }

    /// Only owners of whom this is true share it any longer.
    pub(super) fn retain(&self, stays: impl Fn(&DestinationId) -> bool) {
        let mut state = self.shared.state();
        state.left = state.limit();
        state.limits.retain(|owner, _| stays(owner));
    }

    /// How many requests are permitted in any one second.
    #[cfg(test)]
    pub(super) fn limit(&self) -> u32 {
        self.shared.state().limit()
    }

    /// The same pace for the work of a lane.
    pub fn for_lane(&self, lane: Lane) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            lane,
        }
    }

    /// Waits for the right to send one request now. Dropping the future gives the turn to the next one and spends nothing.
    pub async fn acquire(&self) -> Permit {
        let shared = &self.shared;
        let _waiting = Waiting::new(shared, self.lane);
        let first = match self.lane {
            Lane::Fresh => &shared.first.fresh,
            Lane::Backlog => &shared.first.backlog,
        };
        let _first = first.lock().await;
        self.turn(|state, now| state.ask(self.lane, now)).await
    }

    /// Waits until one request can be sent that nobody else will miss: nobody waits for a turn, and half of the second stays free for
    /// leads. For errands that can wait for ever, such as looking after orders.
    pub async fn acquire_spare(&self) -> Permit {
        self.turn(State::ask_spare).await
    }

    /// Asks again whenever the answer may have changed, until it is yes.
    async fn turn(&self, ask: impl Fn(&mut State, Instant) -> Turn) -> Permit {
        let shared = &self.shared;
        let mut changed = shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let now = shared.clock.monotonic();
            let turn = ask(&mut shared.state(), now);
            match turn {
                Turn::Now(number) => {
                    return Permit {
                        shared: Arc::clone(shared),
                        number,
                    };
                }
                Turn::OtherFirst => drop(changed.changed().await),
                Turn::NotBefore(at) => tokio::select! {
                    () = shared.clock.sleep(at.saturating_duration_since(now)) => {}
                    _ = changed.changed() => {}
                },
            }
        }
    }

    /// Sends nothing for so long: the CRM asked for it.
    pub fn hold_back(&self, span: Duration) {
        let until = self.shared.clock.monotonic() + span;
        let mut state = self.shared.state();
        let before = state.held_back_until.unwrap_or(until);
        state.held_back_until = Some(before.max(until));
    }
}

/// The right to send one request.
pub struct Permit {
    shared: Arc<Shared>,
    number: u64,
}

impl Permit {
    /// The answer is there, or it is known that none comes: the request has arrived by now. Not told, it is taken to travel for a while.
    pub fn answered(self) {
        let now = self.shared.clock.monotonic();
        self.shared.state().sent.answered(self.number, now);
        self.shared.changed.send_replace(());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ask(&mut self, lane: Lane, now: Instant) -> Turn {
        if let Some(until) = self.held_back_until.filter(|until| *until > now) {
            return Turn::NotBefore(until);
        }
        let wants = PerLane {
            fresh: self.waiting.fresh > 0,
            backlog: self.waiting.backlog > 0,
        };
        let limit = self.limit();
        self.sent.ask(lane, wants, limit, now)
    }

    /// The same for an errand: only when nobody waits, and half of the second stays free.
    fn ask_spare(&mut self, now: Instant) -> Turn {
        if let Some(until) = self.held_back_until.filter(|until| *until > now) {
            return Turn::NotBefore(until);
        }
        if self.waiting.fresh > 0 || self.waiting.backlog > 0 {
            return Turn::OtherFirst;
        }
        let most = self.limit().div_ceil(2);
        self.sent.ask_spare(most as usize, now)
    }

    fn limit(&self) -> u32 {
        let smallest = self.limits.values().copied().min();
        smallest.unwrap_or(self.left).max(1)
    }
}

/// One that waits for its turn; counted for as long as it does.
struct Waiting<'a> {
    shared: &'a Shared,
    lane: Lane,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared, lane: Lane) -> Self {
        *shared.state().waiting.of_mut(lane) += 1;
        Self { shared, lane }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.shared.state().waiting.of_mut(self.lane) -= 1;
        self.shared.changed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(text: &str) -> DestinationId {
        DestinationId::parse(text).expect("id")
    }

    async fn goes_at_once(turn: impl Future<Output = Permit>) -> bool {
        let turn = std::pin::pin!(turn);
        futures_util::future::poll_immediate(turn).await.is_some()
    }

    #[tokio::test]
    async fn the_second_before_the_start_counts_as_spent_and_idleness_is_rewarded() {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 3);
        assert!(!goes_at_once(pace.acquire()).await, "full at start");
        clock.advance(Duration::from_secs(2));
        for _ in 0..3 {
            assert!(goes_at_once(pace.acquire()).await);
        }
        assert!(!goes_at_once(pace.acquire()).await);
    }

    #[tokio::test]
    async fn a_dropped_wait_spends_nothing_and_the_order_is_kept() {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 1);
        let mut first = Box::pin(pace.acquire());
        let mut second = Box::pin(pace.acquire());
        assert!(
            futures_util::future::poll_immediate(first.as_mut())
                .await
                .is_none()
        );
        assert!(
            futures_util::future::poll_immediate(second.as_mut())
                .await
                .is_none()
        );
        clock.advance(Duration::from_secs(2));
        assert!(
            futures_util::future::poll_immediate(second.as_mut())
                .await
                .is_none(),
            "not before the first"
        );
        drop(first);
        assert!(
            futures_util::future::poll_immediate(second.as_mut())
                .await
                .is_some()
        );
    }

    #[tokio::test]
    async fn an_errand_leaves_half_of_the_second_free_and_waits_behind_everybody() {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 4);
        assert!(!goes_at_once(pace.acquire_spare()).await, "full at start");
        clock.advance(Duration::from_secs(2));
        assert!(goes_at_once(pace.acquire_spare()).await);
        assert!(goes_at_once(pace.acquire_spare()).await);
        assert!(!goes_at_once(pace.acquire_spare()).await, "half is spent");
        assert!(goes_at_once(pace.acquire()).await, "the rest is for leads");
        assert!(goes_at_once(pace.acquire()).await);
        let mut lead = Box::pin(pace.acquire());
        assert!(!goes_at_once(lead.as_mut()).await);
        clock.advance(Duration::from_secs(2));
        assert!(!goes_at_once(pace.acquire_spare()).await, "a lead waits");
        assert!(goes_at_once(lead.as_mut()).await);
        drop(lead);
        assert!(goes_at_once(pace.acquire_spare()).await);
    }

    #[tokio::test]
    async fn holding_back_stops_everybody_for_so_long() {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 9);
        clock.advance(Duration::from_secs(2));
        pace.hold_back(Duration::from_secs(60));
        clock.advance(Duration::from_secs(59));
        assert!(!goes_at_once(pace.acquire()).await);
        clock.advance(Duration::from_secs(2));
        assert!(goes_at_once(pace.acquire()).await);
    }

    #[tokio::test]
    async fn a_fresh_request_overtakes_the_backlog_and_finds_a_part_of_the_second_free() {
        let clock = Clock::system();
        let fresh = Pace::new(&clock, owner("shop"), 6);
        let backlog = fresh.for_lane(Lane::Backlog);
        clock.advance(Duration::from_secs(2));
        let now = |pace: Pace| async move { goes_at_once(pace.acquire()).await };
        for _ in 0..4 {
            assert!(now(backlog.clone()).await);
        }
        let mut waits = Box::pin(backlog.acquire());
        assert!(
            futures_util::future::poll_immediate(waits.as_mut())
                .await
                .is_none(),
            "two of six are kept"
        );
        assert!(now(fresh.clone()).await && now(fresh.clone()).await);
        assert!(!now(fresh.clone()).await, "six of six");
        let mut first = Box::pin(fresh.acquire());
        assert!(
            futures_util::future::poll_immediate(first.as_mut())
                .await
                .is_none()
        );
        clock.advance(Duration::from_secs(2));
        assert!(
            futures_util::future::poll_immediate(waits.as_mut())
                .await
                .is_none(),
            "the fresh one goes first"
        );
        assert!(futures_util::future::poll_immediate(first).await.is_some());
        assert!(futures_util::future::poll_immediate(waits).await.is_some());
    }
}
