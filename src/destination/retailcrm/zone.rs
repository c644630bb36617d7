//! The account's time zone: the CRM reads every date in it and names none in its requests (trap 18).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::{TimeZone, offset};

use crate::clock::Clock;
use crate::destination::retailcrm::api::{Api, Steps, annotate};
use crate::lead::Bilingual;

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(3600);

/// How long nobody asks again after a failure, so that leads are not held up by it one after another.
const REST: Duration = Duration::from_secs(60);

/// The zone, asked for once an hour. A lead never fails for it: without an answer the last known zone counts, else Moscow's.
pub(super) struct AccountZone {
    clock: Clock,
    known: Mutex<Known>,
    /// Held by the one who asks.
    asking: tokio::sync::Mutex<()>,
}

struct Known {
    zone: TimeZone,
    /// `None` until somebody has asked.
    ask_again_at: Option<Instant>,
}

impl AccountZone {
    /// Nothing is known yet.
    pub(super) fn new(clock: Clock) -> Self {
        let known = Mutex::new(Known {
            zone: moscow(),
            ask_again_at: None,
        });
        Self {
            clock,
            known,
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The zone to write dates in. At the first time all wait for the one who asks, as a date in a wrong zone stays in the CRM; later the old
    /// answer does until the new one is there.
    pub(super) async fn get(&self, api: &Api, steps: &mut Steps) -> TimeZone {
        if let Some(zone) = self.fresh() {
            return zone;
        }
        let first = self.known().ask_again_at.is_none();
        let asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            Err(_somebody_asks) if !first => return self.known().zone.clone(),
            Err(_somebody_asks) => self.asking.lock().await,
        };
        if let Some(zone) = self.fresh() {
            return zone;
        }
        let answer = api.time_zone(steps).await;
        let told = answer
            .ok()
            .flatten()
            .and_then(|name| TimeZone::get(&name).ok());
        let zone = self.learn(told.as_ref());
        drop(asking);
        if told.is_none() {
            let zone = name(&zone);
            let note = Bilingual::new(
                format!("часовой пояс не сообщён, взят {zone}"),
                format!("time zone not told; using {zone}"),
            );
            annotate(steps, note);
        }
        zone
    }

    /// The zone as far as it is known, and whether the account has told it within the last hour.
    pub(super) fn known_now(&self) -> (TimeZone, bool) {
        let fresh = self.fresh();
        let is_fresh = fresh.is_some();
        (fresh.unwrap_or_else(|| self.known().zone.clone()), is_fresh)
    }

    fn fresh(&self) -> Option<TimeZone> {
        let now = self.clock.monotonic();
        let known = self.known();
        known
            .ask_again_at
            .is_some_and(|at| now < at)
            .then(|| known.zone.clone())
    }

    fn learn(&self, told: Option<&TimeZone>) -> TimeZone {
        let now = self.clock.monotonic();
        let mut known = self.known();
        if let Some(zone) = told {
            known.zone = zone.clone();
        }
        known.ask_again_at = Some(now + if told.is_some() { FRESH } else { REST });
        known.zone.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC+3")
}

/// Most accounts are Russian; the offset stands in on a machine without zone data.
fn moscow() -> TimeZone {
    TimeZone::get("Europe/Moscow").unwrap_or_else(|_no_data| TimeZone::fixed(offset(3)))
}
