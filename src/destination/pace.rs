//! How fast we may ask a CRM: never more than so many requests in any one second, and no waiting after a pause.
//!
//! A sliding log of send times, because a token bucket that lets a full second's worth through at once and refills meanwhile sends
//! almost twice the limit in its first second. The limit belongs to a key at an account, so all work for it shares one [`Pace`],
//! also across a reload of the config ([`Paces`]).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use crate::clock::Clock;
use crate::lead::DestinationId;
use crate::secret::Secret;

/// One second and a margin: requests travel, and two that left 1000 ms apart may arrive 990 ms apart.
const WINDOW: Duration = Duration::from_millis(1020);

/// How long a request that nobody waits for keeps out of the others' way; then it takes a turn like anybody, or it would never be sent while a
/// backlog uses up every second.
const PATIENCE_ASIDE: Duration = Duration::from_secs(30);

/// The right to send, given out in the order it is asked for. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Pace(Arc<Shared>);

struct Shared {
    clock: Clock,
    /// Held while waiting for one's turn: tokio's mutex is fair, so nobody overtakes and nobody starves.
    sent: tokio::sync::Mutex<SentLog>,
    rules: Mutex<Rules>,
}

#[derive(Default)]
struct Rules {
    /// Who shares the pace, and how much each of them thinks is permitted. The smallest counts.
    limits: BTreeMap<DestinationId, u32>,
    held_back_until: Option<Instant>,
}

impl Pace {
    /// A pace that counts as used up: the process before us may just have spent the second.
    fn new(clock: &Clock, owner: DestinationId, limit: u32) -> Self {
        let rules = Rules {
            limits: BTreeMap::from([(owner, limit)]),
            held_back_until: None,
        };
        let sent = SentLog::full(limit.max(1), clock.monotonic());
        Self(Arc::new(Shared {
            clock: clock.clone(),
            sent: tokio::sync::Mutex::new(sent),
            rules: Mutex::new(rules),
        }))
    }

    /// Waits for the right to send one request now. Dropping the future gives the turn to the next one and spends nothing.
    pub async fn acquire(&self) {
        let mut sent = self.0.sent.lock().await;
        loop {
            let now = self.0.clock.monotonic();
            let (limit, held_back_until) = self.in_force();
            let at = sent
                .earliest(now, limit)
                .max(held_back_until.unwrap_or(now));
            if at <= now {
                sent.record(now);
                return;
            }
            self.0.clock.sleep(at - now).await;
        }
    }

    /// Waits for the right to send one request that no lead waits for: while half of the second's requests are spent it steps aside, so that
    /// a lead that comes meanwhile finds the other half free.
    pub async fn acquire_aside(&self) {
        let patience_ends = self.0.clock.monotonic() + PATIENCE_ASIDE;
        loop {
            let mut sent = self.0.sent.lock().await;
            let now = self.0.clock.monotonic();
            if now >= patience_ends {
                break;
            }
            let (limit, held_back_until) = self.in_force();
            let at = sent
                .earliest(now, (limit / 2).max(1))
                .max(held_back_until.unwrap_or(now));
            if at <= now {
                sent.record(now);
                return;
            }
            drop(sent);
            self.0.clock.sleep(at - now).await;
        }
        self.acquire().await;
    }

    /// Sends nothing for so long: the CRM asked for it.
    pub fn hold_back(&self, span: Duration) {
        let until = self.0.clock.monotonic() + span;
        let mut rules = self.rules();
        rules.held_back_until = Some(
            rules
                .held_back_until
                .map_or(until, |before| before.max(until)),
        );
    }

    fn in_force(&self) -> (u32, Option<Instant>) {
        let rules = self.rules();
        (
            rules.limits.values().copied().min().unwrap_or(1).max(1),
            rules.held_back_until,
        )
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The paces of all accounts. One value lives as long as the program and is passed to every build of the destinations.
#[derive(Clone, Default)]
pub struct Paces(Arc<Mutex<Vec<Account>>>);

struct Account {
    origin: String,
    key: Secret,
    pace: Pace,
}

impl Paces {
    /// The pace of this key at this account; made at the first asking. `limit` is requests in any one second as `owner` has it, and
    /// replaces what the same owner said before.
    pub fn of(&self, url: &Url, key: &Secret, owner: (&DestinationId, u32), clock: &Clock) -> Pace {
        let origin = url.origin().ascii_serialization();
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, limit) = owner;
        if let Some(account) = accounts
            .iter()
            .find(|account| account.origin == origin && account.key == *key)
        {
            account.pace.rules().limits.insert(id.clone(), limit);
            return account.pace.clone();
        }
        let pace = Pace::new(clock, id.clone(), limit);
        accounts.push(Account {
            origin,
            key: key.clone(),
            pace: pace.clone(),
        });
        pace
    }
}

/// When requests were sent, the oldest first; those that left the window are forgotten.
struct SentLog(VecDeque<Instant>);

impl SentLog {
    fn full(limit: u32, now: Instant) -> Self {
        Self(std::iter::repeat_n(now, limit as usize).collect())
    }

    /// When the next request may be sent at the earliest.
    fn earliest(&self, now: Instant, limit: u32) -> Instant {
        match self.0.len().checked_sub(limit as usize) {
            Some(index) => self
                .0
                .get(index)
                .map_or(now, |sent| (*sent + WINDOW).max(now)),
            None => now,
        }
    }

    fn record(&mut self, now: Instant) {
        while self.0.front().is_some_and(|sent| *sent + WINDOW <= now) {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    fn owner(text: &str) -> DestinationId {
        DestinationId::parse(text).expect("id")
    }

    /// Lets requests that arrive `gaps` milliseconds after each other through one log, each at its earliest time.
    fn run(limit: u32, gaps: &[u64]) -> Vec<(Instant, Instant)> {
        let start = Clock::system().monotonic();
        let mut log = SentLog::full(limit, start);
        let (mut arrived, mut free) = (start, start);
        let mut sent = Vec::new();
        for gap in gaps {
            arrived += Duration::from_millis(*gap);
            let at = log.earliest(arrived.max(free), limit);
            log.record(at);
            free = at;
            sent.push((arrived, at));
        }
        sent
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_limit(limit in 1_u32..20, gaps in prop::collection::vec(0_u64..400, 1..200)) {
            let sent = run(limit, &gaps);
            for window in sent.windows(limit as usize + 1) {
                let (first, last) = (window[0].1, window[limit as usize].1);
                prop_assert!(last - first > Duration::from_secs(1));
            }
        }

        #[test]
        fn nobody_waits_unless_the_second_is_full(limit in 1_u32..20, gaps in prop::collection::vec(0_u64..400, 1..200)) {
            let sent = run(limit, &gaps);
            for (place, (arrived, at)) in sent.iter().enumerate().skip(limit as usize) {
                let full_until = sent[place - limit as usize].1 + WINDOW;
                prop_assert_eq!(*at, (*arrived).max(full_until));
            }
        }
    }

    #[tokio::test]
    async fn the_second_before_the_start_counts_as_spent_and_idleness_is_rewarded() {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 3);
        assert!(
            futures_util::future::poll_immediate(pace.acquire())
                .await
                .is_none(),
            "full at start"
        );
        clock.advance(Duration::from_secs(2));
        for _ in 0..3 {
            assert!(
                futures_util::future::poll_immediate(pace.acquire())
                    .await
                    .is_some()
            );
        }
        assert!(
            futures_util::future::poll_immediate(pace.acquire())
                .await
                .is_none()
        );
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
    async fn holding_back_stops_everybody_for_so_long() {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 9);
        clock.advance(Duration::from_secs(2));
        pace.hold_back(Duration::from_secs(60));
        clock.advance(Duration::from_secs(59));
        assert!(
            futures_util::future::poll_immediate(pace.acquire())
                .await
                .is_none()
        );
        clock.advance(Duration::from_secs(2));
        assert!(
            futures_util::future::poll_immediate(pace.acquire())
                .await
                .is_some()
        );
    }

    #[tokio::test]
    async fn a_request_that_nobody_waits_for_leaves_half_the_second_to_the_leads_but_is_sent_in_the_end()
     {
        let clock = Clock::system();
        let pace = Pace::new(&clock, owner("shop"), 4);
        clock.advance(Duration::from_secs(2));
        let now = |future| futures_util::future::poll_immediate(future);
        for _ in 0..2 {
            assert!(now(pace.acquire_aside().boxed()).await.is_some());
        }
        let mut third = pace.acquire_aside().boxed();
        assert!(
            now(pace.acquire_aside().boxed()).await.is_none(),
            "the rest is the leads'"
        );
        assert!(
            futures_util::future::poll_immediate(third.as_mut())
                .await
                .is_none()
        );
        for _ in 0..2 {
            assert!(now(pace.acquire().boxed()).await.is_some(), "not held up");
        }
        for _ in 0..PATIENCE_ASIDE.as_secs() {
            clock.advance(Duration::from_millis(1021));
            for _ in 0..3 {
                pace.acquire().await;
            }
            let sent = futures_util::future::poll_immediate(third.as_mut()).await;
            if sent.is_some() {
                return;
            }
        }
        panic!("a backlog must not keep it away for ever");
    }

    #[tokio::test]
    async fn destinations_with_one_key_share_one_pace_with_the_smaller_limit() {
        let (clock, paces) = (Clock::system(), Paces::default());
        let url: Url = "https://demo.retailcrm.ru".parse().expect("url");
        let key = Secret::new("k");
        let pace = paces.of(&url, &key, (&owner("a"), 5), &clock);
        let other = paces.of(&url, &key, (&owner("b"), 2), &clock);
        assert_eq!(other.in_force().0, 2);
        clock.advance(Duration::from_secs(2));
        assert!(
            futures_util::future::poll_immediate(pace.acquire())
                .await
                .is_some()
        );
        assert!(
            futures_util::future::poll_immediate(other.acquire())
                .await
                .is_some()
        );
        assert!(
            futures_util::future::poll_immediate(pace.acquire())
                .await
                .is_none()
        );
        assert_eq!(
            paces.of(&url, &key, (&owner("b"), 9), &clock).in_force().0,
            5,
            "a reload may raise it again"
        );
    }
}
