//! Which destinations share a [`Pace`]: those with one key at one account, for as long as the config has them so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::clock::Clock;
use crate::destination::pace::Pace;
use crate::lead::DestinationId;
use crate::metrics;
use crate::secret::Secret;

/// The paces of all accounts. One value lives as long as the program and is passed to every build of the destinations.
#[derive(Clone, Default)]
pub struct Paces {
    accounts: Arc<Mutex<Vec<Account>>>,
    requests: metrics::Requests,
}

struct Account {
    origin: String,
    key: Secret,
    pace: Pace,
}

impl Paces {
    /// No account yet; the requests are counted there.
    pub fn counting(requests: metrics::Requests) -> Self {
        Self {
            requests,
            ..Self::default()
        }
    }

    /// Where this destination counts its requests.
    pub fn requests_of(&self, id: &DestinationId) -> metrics::RequestsOf {
        self.requests.of(id.as_str())
    }

    /// The pace of this key at this account; made at the first asking. `limit` is requests in any one second as `owner` has it, and
    /// replaces what the same owner said before, of this account or of another.
    pub fn of(&self, url: &Url, key: &Secret, owner: (&DestinationId, u32), clock: &Clock) -> Pace {
        let origin = url.origin().ascii_serialization();
        let mut accounts = self.accounts();
        let (id, limit) = owner;
        let mut pace = None;
        for account in accounts.iter() {
            if account.origin == origin && account.key == *key {
                account.pace.join(id.clone(), limit);
                pace = Some(account.pace.clone());
            } else {
                account.pace.retain(|other| other != id);
            }
        }
        pace.unwrap_or_else(|| {
            let pace = Pace::new(clock, id.clone(), limit);
            accounts.push(Account {
                origin,
                key: key.clone(),
                pace: pace.clone(),
            });
            pace
        })
    }

    /// Forgets the limits of all but these destinations. Told after every build: one that has left the config must slow down nobody.
    pub fn keep(&self, owners: &[&DestinationId]) {
        for account in self.accounts().iter() {
            account.pace.retain(|owner| owners.contains(&owner));
        }
    }

    fn accounts(&self) -> MutexGuard<'_, Vec<Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::poll_immediate;

    use super::*;

    fn owner(text: &str) -> DestinationId {
        DestinationId::parse(text).expect("id")
    }

    fn account() -> (Url, Secret) {
        let url = "https://demo.retailcrm.ru".parse().expect("url");
        (url, Secret::new("k"))
    }

    async fn goes_at_once(pace: &Pace) -> bool {
        let turn = std::pin::pin!(pace.acquire());
        poll_immediate(turn).await.is_some()
    }

    #[tokio::test]
    async fn destinations_with_one_key_share_one_pace_with_the_smaller_limit() {
        let (clock, paces) = (Clock::system(), Paces::default());
        let (url, key) = account();
        let pace = paces.of(&url, &key, (&owner("a"), 5), &clock);
        let other = paces.of(&url, &key, (&owner("b"), 2), &clock);
        assert_eq!(other.limit(), 2);
        clock.advance(Duration::from_secs(2));
        assert!(goes_at_once(&pace).await);
        assert!(goes_at_once(&other).await);
        assert!(!goes_at_once(&pace).await);
        assert_eq!(
            paces.of(&url, &key, (&owner("b"), 9), &clock).limit(),
            5,
            "a reload may raise it again"
        );
    }

    #[test]
    fn a_destination_that_left_the_config_or_the_account_slows_down_nobody() {
        let (clock, paces) = (Clock::system(), Paces::default());
        let (url, key) = account();
        let pace = paces.of(&url, &key, (&owner("a"), 9), &clock);
        paces.of(&url, &key, (&owner("b"), 2), &clock);
        paces.of(&url, &key, (&owner("c"), 3), &clock);
        paces.keep(&[&owner("a"), &owner("c")]);
        assert_eq!(pace.limit(), 3, "b left the config");
        let another = Secret::new("another");
        paces.of(&url, &another, (&owner("c"), 3), &clock);
        assert_eq!(pace.limit(), 9, "c left the account");
        paces.keep(&[&owner("c")]);
        assert_eq!(pace.limit(), 9, "what is under way goes on as fast");
        paces.of(&url, &key, (&owner("d"), 12), &clock);
        assert_eq!(pace.limit(), 12, "and binds nobody who comes");
    }
}
