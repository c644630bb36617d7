//! Origins that were refused in the last day, so that an admin sees a page that posts from an address nobody has allowed.
//!
//! Kept in memory and bounded: it is a hint, not a record. An origin names a site, not a person.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::lead::FormId;

/// Different (form, origin) pairs that are remembered; further ones are only counted as refusals.
const MOST_PAIRS: usize = 1_000;

/// The longest origin that is kept; a browser's is far shorter.
const LONGEST_ORIGIN: usize = 200;

/// Refusals of the last day.
#[derive(Debug, Default)]
pub struct RefusedOrigins(Mutex<HashMap<(FormId, String), Refusal>>);

#[derive(Clone, Copy, Debug)]
struct Refusal {
    count: u64,
    last_at: Timestamp,
}

/// One origin that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedOrigin {
    /// The form it wanted to post.
    pub form: FormId,
    /// The `Origin` header, cut at 200 bytes.
    pub origin: String,
    /// How often since it was first seen.
    pub count: u64,
    /// The last time.
    pub last_at: Timestamp,
}

impl RefusedOrigins {
    /// Notes a refusal.
    pub fn record(&self, form: &FormId, origin: &str, now: Timestamp) {
        let origin: String = origin
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST_ORIGIN)
            .collect();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_PAIRS {
            seen.retain(|_, refusal| is_recent(refusal, now));
        }
        let full = seen.len() >= MOST_PAIRS;
        let key = (form.clone(), origin);
        if full && !seen.contains_key(&key) {
            return;
        }
        let refusal = seen.entry(key).or_insert(Refusal {
            count: 0,
            last_at: now,
        });
        refusal.count += 1;
        refusal.last_at = now;
    }

    /// What was refused in the day before `now`, the latest first.
    pub fn last_day(&self, now: Timestamp) -> Vec<RefusedOrigin> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<RefusedOrigin> = seen
            .iter()
            .filter(|(_, refusal)| is_recent(refusal, now))
            .map(|((form, origin), refusal)| RefusedOrigin {
                form: form.clone(),
                origin: origin.clone(),
                count: refusal.count,
                last_at: refusal.last_at,
            })
            .collect();
        list.sort_by_key(|entry| std::cmp::Reverse(entry.last_at));
        list
    }
}

fn is_recent(refusal: &Refusal, now: Timestamp) -> bool {
    now.duration_since(refusal.last_at) < SignedDuration::from_hours(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_forgotten_after_a_day() {
        let refused = RefusedOrigins::default();
        let form = FormId::parse("callback").expect("an id");
        let now = Timestamp::UNIX_EPOCH;
        refused.record(&form, "https://evil.example", now);
        refused.record(&form, "https://evil.example", now);
        assert_eq!(refused.last_day(now)[0].count, 2);
        assert!(
            refused
                .last_day(now + SignedDuration::from_hours(25))
                .is_empty()
        );
    }

    #[test]
    fn a_flood_of_origins_does_not_fill_the_memory() {
        let refused = RefusedOrigins::default();
        let form = FormId::parse("callback").expect("an id");
        for n in 0..5_000 {
            refused.record(
                &form,
                &format!("https://{n}.example"),
                Timestamp::UNIX_EPOCH,
            );
        }
        assert_eq!(refused.last_day(Timestamp::UNIX_EPOCH).len(), MOST_PAIRS);
    }
}
