//! How many submissions are let in: of one address, of one form, and of everything together.
//!
//! Asked in this order, so that one noisy address does not use up what the form's other visitors need. A bucket holds the whole count of
//! its rate and is refilled evenly. Buckets are forgotten when they are full again, and their number is capped: somebody with an
//! IPv6 network to spend must not fill the memory (facts/durability-and-delivery.md, 4.3).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

use crate::clock::Clock;
use crate::http::settings::{Limits, Rate};
use crate::lead::FormId;

/// Above so many addresses further ones share the buckets of the crowd. About 10 MB.
const MOST_ADDRESSES: usize = 100_000;

/// The buckets of the crowd; several, so that one flood does not shut everybody out.
const CROWD_BUCKETS: u64 = 1_024;

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Instant>>;
type Single = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Instant>>;

/// The layered limits. One for the whole process; share it.
#[derive(Debug)]
pub struct Limiter {
    addresses: Keyed<Sender>,
    forms: Keyed<FormId>,
    whole: Single,
    clock: Clock,
    most_addresses: usize,
    /// How often [`Limiter::is_crowded`] was asked, and what it found last.
    asked: AtomicUsize,
    crowded: AtomicBool,
}

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sender {
    /// One IPv4 address, or the /64 of an IPv6 address, which is what one subscriber has.
    Address(IpAddr),
    /// One of the shared buckets.
    Crowd(u64),
}

/// Our clock as governor wants it.
#[derive(Clone, Debug)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Instant;

    fn now(&self) -> Instant {
        self.0.monotonic()
    }
}

impl Limiter {
    /// Empty limits, everybody welcome.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        let ticks = Ticks(clock.clone());
        Self {
            addresses: RateLimiter::new(
                quota(limits.per_address),
                DashMapStateStore::default(),
                ticks.clone(),
            ),
            forms: RateLimiter::new(
                quota(limits.per_form),
                DashMapStateStore::default(),
                ticks.clone(),
            ),
            whole: RateLimiter::new(quota(limits.whole), InMemoryState::default(), ticks),
            clock,
            most_addresses: MOST_ADDRESSES,
            asked: AtomicUsize::new(0),
            crowded: AtomicBool::new(false),
        }
    }

    /// Counts one submission. `Err` is how long to wait before the next one is taken. `form` is a known form: never a name from the
    /// request.
    pub fn admit(&self, form: &FormId, address: Option<IpAddr>) -> Result<(), Duration> {
        if let Some(address) = address {
            self.addresses
                .check_key(&self.sender(address))
                .map_err(|until| self.wait(&until))?;
        }
        self.forms
            .check_key(form)
            .map_err(|until| self.wait(&until))?;
        self.whole.check().map_err(|until| self.wait(&until))
    }

    /// Forgets the buckets that are full again. To be called every half minute or so.
    pub fn forget_idle(&self) {
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        self.count_addresses();
        self.forms.retain_recent();
        self.forms.shrink_to_fit();
    }

    fn wait(&self, until: &NotUntil<Instant>) -> Duration {
        until.wait_time_from(self.clock.monotonic())
    }

    /// Whether there are as many addresses as there may be. To count them takes a lock on every part of the map, which costs more than all the
    /// rest here, so they are counted now and then: there may be a few in a thousand more. Also counted whenever some were forgotten.
    fn is_crowded(&self) -> bool {
        let every = (self.most_addresses / 256).max(1);
        if self
            .asked
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(every)
        {
            self.count_addresses();
        }
        self.crowded.load(Ordering::Relaxed)
    }

    fn count_addresses(&self) {
        let crowded = self.addresses.len() >= self.most_addresses;
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    fn sender(&self, address: IpAddr) -> Sender {
        let address = match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            v4 @ IpAddr::V4(_) => v4,
        };
        if !self.is_crowded() {
            return Sender::Address(address);
        }
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        Sender::Crowd(hasher.finish() % CROWD_BUCKETS)
    }
}

fn quota(rate: Rate) -> Quota {
    let each = (rate.per / rate.count.get()).max(Duration::from_nanos(1));
    Quota::with_period(each)
        .unwrap_or(Quota::per_second(rate.count))
        .allow_burst(rate.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn rate(count: u32) -> Rate {
        Rate {
            count: NonZeroU32::new(count).expect("not 0"),
            per: Duration::from_secs(60),
        }
    }

    fn limiter(per_address: u32, per_form: u32, whole: u32) -> (Limiter, Clock) {
        let clock = Clock::system();
        let limits = Limits {
            per_address: rate(per_address),
            per_form: rate(per_form),
            whole: rate(whole),
        };
        (Limiter::new(limits, clock.clone()), clock)
    }

    fn form(id: &str) -> FormId {
        FormId::parse(id).expect("an id")
    }

    fn from(address: &str) -> Option<IpAddr> {
        address.parse().ok()
    }

    #[test]
    fn a_bucket_empties_and_is_refilled_evenly() {
        let (limiter, clock) = limiter(3, 100, 100);
        for _ in 0..3 {
            assert_eq!(limiter.admit(&form("a"), from("203.0.113.1")), Ok(()));
        }
        let wait = limiter
            .admit(&form("a"), from("203.0.113.1"))
            .expect_err("empty");
        assert!(
            wait > Duration::from_secs(15) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
        assert_eq!(limiter.admit(&form("a"), from("203.0.113.2")), Ok(()));
        clock.advance(wait);
        assert_eq!(limiter.admit(&form("a"), from("203.0.113.1")), Ok(()));
        assert!(limiter.admit(&form("a"), from("203.0.113.1")).is_err());
    }

    #[test]
    fn a_refused_address_takes_nothing_from_its_form() {
        let (limiter, _) = limiter(1, 3, 100);
        for _ in 0..50 {
            let _refused_after_the_first = limiter.admit(&form("a"), from("203.0.113.1"));
        }
        assert_eq!(limiter.admit(&form("a"), from("203.0.113.2")), Ok(()));
        assert_eq!(limiter.admit(&form("a"), from("203.0.113.3")), Ok(()));
        assert!(limiter.admit(&form("a"), from("203.0.113.4")).is_err());
        assert_eq!(limiter.admit(&form("b"), from("203.0.113.5")), Ok(()));
    }

    #[test]
    fn everything_together_has_a_limit_too() {
        let (limiter, _) = limiter(100, 100, 2);
        assert_eq!(limiter.admit(&form("a"), None), Ok(()));
        assert_eq!(limiter.admit(&form("b"), None), Ok(()));
        assert!(limiter.admit(&form("c"), None).is_err());
    }

    #[test]
    fn one_ipv6_subscriber_is_one_sender_and_mapped_ipv4_is_ipv4() {
        let (limiter, _) = limiter(1, 100, 100);
        assert_eq!(limiter.admit(&form("a"), from("2001:db8:1:1::1")), Ok(()));
        assert!(
            limiter
                .admit(&form("a"), from("2001:db8:1:1:ffff::9"))
                .is_err()
        );
        assert_eq!(limiter.admit(&form("a"), from("2001:db8:1:2::1")), Ok(()));
        assert_eq!(limiter.admit(&form("a"), from("203.0.113.1")), Ok(()));
        assert!(
            limiter
                .admit(&form("a"), from("::ffff:203.0.113.1"))
                .is_err()
        );
    }

    #[test]
    fn a_flood_of_addresses_is_capped_and_forgotten() {
        let (mut limiter, clock) = limiter(5, 1_000_000, 1_000_000);
        // The second is counted at every fourth only.
        for (most, uncounted) in [(100, 0), (1_024, 3)] {
            limiter.most_addresses = most;
            for n in 0..20_000_u32 {
                let _maybe = limiter.admit(&form("a"), Some(IpAddr::V4(n.into())));
            }
            let buckets = u64::try_from(limiter.addresses.len()).expect("few");
            let bound = u64::try_from(most + uncounted).expect("few") + CROWD_BUCKETS;
            assert!(buckets <= bound, "{buckets}");
            clock.advance(Duration::from_secs(3_600));
            limiter.forget_idle();
            assert_eq!(limiter.addresses.len(), 0);
            let first = from("203.0.113.1").expect("an address");
            assert_eq!(limiter.sender(first), Sender::Address(first));
        }
    }
}
