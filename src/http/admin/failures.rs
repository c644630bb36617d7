//! Failed and retrying leads grouped by cause, for the page and the API. Only statuses are read, one at a time, and only the groups are kept:
//! a hundred thousand failures take no more memory than a hundred.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::delivery::{Cause, CauseKey, State};
use crate::http::admin::reason::Reason;
use crate::store::{Filter, Status, Store};

/// So many leads are looked at, the newest first.
const MOST_LEADS: usize = 100_000;

/// So many groups are told apart. A cause that is another in every lead must not fill the memory.
const MOST_GROUPS: usize = 200;

/// Leads that fail for the same cause.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// What they have in common.
    pub(super) key: CauseKey,
    /// How many are failed.
    pub(super) failed: usize,
    /// How many wait for a retry.
    pub(super) retrying: usize,
    /// Ids of their forms.
    pub(super) forms: BTreeSet<String>,
    /// Ids of the destinations that refuse them.
    pub(super) destinations: BTreeSet<String>,
    /// When the oldest of them was received.
    pub(super) oldest: Timestamp,
    /// When the newest was.
    pub(super) newest: Timestamp,
    /// The cause of the newest, in the CRM's words.
    pub(super) example: Cause,
}

impl Group {
    /// How many leads.
    pub(super) fn leads(&self) -> usize {
        self.failed + self.retrying
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// The largest first.
    pub(super) groups: Vec<Group>,
    /// How many leads were looked at.
    pub(super) looked_at: usize,
    /// There were more leads, or more causes, than are told.
    pub(super) cut_off: bool,
}

/// Groups what fails now.
pub(super) async fn find(store: &Store) -> Result<Failures, Reason> {
    let filter = Filter {
        states: vec![State::Failed, State::Retrying],
        ..Filter::default()
    };
    let (found, more) = store
        .fold(filter, MOST_LEADS, Found::default(), Found::add)
        .await?;
    let mut groups: Vec<Group> = found.groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse((group.leads(), group.newest)));
    Ok(Failures {
        groups,
        looked_at: found.looked_at,
        cut_off: more || found.overflowed,
    })
}

#[derive(Default)]
struct Found {
    groups: BTreeMap<CauseKey, Group>,
    looked_at: usize,
    overflowed: bool,
}

impl Found {
    /// Counts a lead, once in each group that one of its deliveries belongs to.
    fn add(&mut self, status: &Status) {
        self.looked_at += 1;
        let failing = status
            .deliveries
            .iter()
            .filter(|delivery| matches!(delivery.state, State::Failed | State::Retrying));
        let mut counted = BTreeSet::new();
        for delivery in failing {
            let Some(cause) = &delivery.last_error else {
                continue;
            };
            let key = CauseKey::of(cause);
            let is_full = self.groups.len() >= MOST_GROUPS;
            if is_full && !self.groups.contains_key(&key) {
                self.overflowed = true;
                continue;
            }
            let received_at = status.lead.received_at().unwrap_or_default();
            let group = self.groups.entry(key.clone()).or_insert_with(|| Group {
                key: key.clone(),
                failed: 0,
                retrying: 0,
                forms: BTreeSet::new(),
                destinations: BTreeSet::new(),
                oldest: received_at,
                newest: received_at,
                example: cause.clone(),
            });
            group.destinations.insert(delivery.destination.to_string());
            if counted.insert(key) {
                group.count(status, received_at);
            }
        }
    }
}

impl Group {
    fn count(&mut self, status: &Status, received_at: Timestamp) {
        match status.state() {
            State::Failed => self.failed += 1,
            _ => self.retrying += 1,
        }
        self.forms.insert(status.form.to_string());
        self.oldest = self.oldest.min(received_at);
        self.newest = self.newest.max(received_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Delivery, DeliveryId};
    use crate::lead::{Create, DestinationId, FormId, LeadId};

    fn status(form: &str, causes: &[Cause]) -> Status {
        let at: Timestamp = "2026-11-21T07:32:00Z".parse().expect("an instant");
        let lead = LeadId::mint(at);
        let failed = |(ordinal, cause): (usize, &Cause)| {
            let id = DeliveryId {
                lead,
                ordinal: u8::try_from(ordinal).expect("few"),
            };
            let shop = DestinationId::parse("shop").expect("an id");
            Delivery {
                state: State::Failed,
                last_error: Some(cause.clone()),
                ..Delivery::new(id, (shop, Create::Order), at, false)
            }
        };
        Status {
            lead,
            form: FormId::parse(form).expect("an id"),
            held_reason: None,
            erased_at: None,
            contact_hashes: Vec::new(),
            deeds: Vec::new(),
            deliveries: causes.iter().enumerate().map(failed).collect(),
        }
    }

    #[test]
    fn a_lead_that_fails_twice_for_one_cause_is_counted_once() {
        let mut found = Found::default();
        let denied = |message: &str| Cause::AccessDenied {
            message: message.to_owned(),
        };
        found.add(&status("callback", &[denied("a"), denied("b")]));
        found.add(&status("quiz", &[denied("c"), Cause::RateLimited]));
        let counts: Vec<_> = found
            .groups
            .values()
            .map(|group| (group.key.to_string(), group.leads(), group.forms.len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("access_denied".to_owned(), 2, 2),
                ("rate_limited".to_owned(), 1, 1)
            ]
        );
    }

    #[test]
    fn a_cause_that_is_another_in_every_lead_does_not_fill_the_memory() {
        let mut found = Found::default();
        for number in 0..MOST_GROUPS + 5 {
            let form = format!("f{number}");
            found.add(&status("callback", &[Cause::FormGone { form }]));
        }
        assert_eq!(found.groups.len(), MOST_GROUPS);
        assert!(found.overflowed);
        assert_eq!(found.looked_at, MOST_GROUPS + 5);
    }
}
