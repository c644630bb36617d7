//! Makes guessing passwords slow: after a few wrong ones, a name is not looked at again from the same place for a growing time.
//!
//! By address and name together, so that a stranger cannot lock the owner out. The number of keys is bounded, and they are forgotten.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Wrong passwords that cost no waiting: people mistype.
const FREE: u32 = 3;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(300);
/// After so long without a wrong password all is forgotten.
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// Keys at the most; the one that failed longest ago makes room.
const MOST_KEYS: usize = 10_000;
/// A key keeps only the beginning of a name that somebody sent.
const LONGEST_NAME: usize = 64;

type Key = (Option<IpAddr>, String);

/// Wrong log-ins of the last hour.
#[derive(Debug, Default)]
pub(super) struct Delays(Mutex<HashMap<Key, Failures>>);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_at: Timestamp,
}

impl Delays {
    /// Whether a password may be tried now; if not, how long to wait.
    pub(super) fn check(
        &self,
        address: Option<IpAddr>,
        name: &str,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let seen = self.lock();
        let Some(failures) = seen.get(&key(address, name)) else {
            return Ok(());
        };
        let passed = Duration::try_from(now.duration_since(failures.last_at)).unwrap_or_default();
        match wait_after(failures.count).checked_sub(passed) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(()),
        }
    }

    /// Notes a wrong password.
    pub(super) fn note_failure(&self, address: Option<IpAddr>, name: &str, now: Timestamp) {
        let mut seen = self.lock();
        if seen.len() >= MOST_KEYS {
            make_room(&mut seen, now);
        }
        let failures = seen.entry(key(address, name)).or_insert(Failures {
            count: 0,
            last_at: now,
        });
        if now.duration_since(failures.last_at) > MEMORY {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last_at = now;
    }

    /// Forgets the wrong ones after a right one.
    pub(super) fn forget(&self, address: Option<IpAddr>, name: &str) {
        self.lock().remove(&key(address, name));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(seen: &mut HashMap<Key, Failures>, now: Timestamp) {
    seen.retain(|_, failures| now.duration_since(failures.last_at) <= MEMORY);
    if seen.len() < MOST_KEYS {
        return;
    }
    let oldest = seen
        .iter()
        .min_by_key(|(_, failures)| failures.last_at)
        .map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        seen.remove(&oldest);
    }
}

/// Nothing for the free ones, then 2 s, 4 s, 8 s ... up to [`LONGEST`].
fn wait_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None | Some(0) => Duration::ZERO,
        Some(over) => Duration::from_secs(1 << over.min(20)).min(LONGEST),
    }
}

/// One visitor of IPv6 has a whole /64 to call from.
fn key(address: Option<IpAddr>, name: &str) -> Key {
    let network = address.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    });
    (network, name.chars().take(LONGEST_NAME).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_with_every_wrong_password_and_has_an_end() {
        let waits: Vec<u64> = [1, 3, 4, 5, 6, 40]
            .into_iter()
            .map(|count| wait_after(count).as_secs())
            .collect();
        assert_eq!(waits, [0, 0, 2, 4, 8, 300]);
    }

    #[test]
    fn a_name_is_slowed_only_where_it_was_guessed() {
        let delays = Delays::default();
        let (here, there) = ("2001:db8::1".parse().ok(), "2001:db8:1::1".parse().ok());
        let now = Timestamp::UNIX_EPOCH;
        for _ in 0..4 {
            delays.note_failure(here, "anna", now);
        }
        assert!(delays.check(here, "anna", now).is_err());
        assert!(
            delays
                .check("2001:db8::2".parse().ok(), "anna", now)
                .is_err(),
            "the same /64"
        );
        assert!(delays.check(there, "anna", now).is_ok());
        assert!(delays.check(here, "boris", now).is_ok());
        assert!(
            delays
                .check(here, "anna", now + SignedDuration::from_secs(2))
                .is_ok()
        );
    }

    #[test]
    fn a_flood_of_names_does_not_fill_the_memory() {
        let delays = Delays::default();
        for n in 0..MOST_KEYS + 50 {
            delays.note_failure(None, &n.to_string(), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(delays.lock().len(), MOST_KEYS);
    }
}
