//! The outbox: all deliveries not yet settled, in memory, in the order of their time. Rebuilt from sled at a start, then kept by the
//! applier. In memory, because it is read at every wake-up and written at every transition, and 100 000 waiting leads take some 10 MB.

use std::collections::{BTreeMap, BTreeSet, HashSet, btree_set};
use std::iter::Peekable;
use std::ops::RangeBounds;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use crate::delivery::{Delivery, DeliveryId, Lane, State};
use crate::lead::{DestinationId, LeadId};
use crate::store::index::{IdRange, StatusChange};
use crate::store::stretches::Stretches;
use crate::store::{Due, Look, Status, Waiting};

/// All unsettled deliveries, and the leads in each state that is not final.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    destinations: FxHashMap<DestinationId, Queue>,
    leads: BTreeMap<State, BTreeSet<LeadId>>,
    stretches: Stretches,
}

/// What a [`Due`] tells besides the id and the time.
#[derive(Debug)]
struct Details {
    contact_hashes: Vec<u64>,
    attempts: u32,
    retries: u32,
}

/// A place in the order of time.
type Place = (Timestamp, DeliveryId);

#[derive(Debug, Default)]
struct Queue {
    /// Never attempted, by time.
    untried: BTreeSet<Place>,
    /// Attempted, and owed at once all the same, by time: the process ended in the attempt, or somebody or a pause put it back.
    again: BTreeSet<Place>,
    /// Waits for its next attempt, by its time.
    retried: BTreeSet<Place>,
    /// All of them.
    by_age: BTreeMap<DeliveryId, Details>,
}

/// Sorts before every other id.
const FIRST: DeliveryId = DeliveryId {
    lead: LeadId::FIRST,
    ordinal: 0,
};

/// Sorts after every other id.
const LAST: DeliveryId = DeliveryId {
    lead: LeadId::LAST,
    ordinal: u8::MAX,
};

impl Queue {
    fn of_mut(&mut self, delivery: &Delivery) -> &mut BTreeSet<Place> {
        match (delivery.attempts, delivery.state) {
            (0, _) => &mut self.untried,
            (_, State::Retrying) => &mut self.retried,
            _ => &mut self.again,
        }
    }

    /// All kinds together, the earliest first. Only a retry waits for its time. Everything else has the time at which it was put here, and when
    /// that lies ahead the clock has gone back since: a person must not wait for it to come round again.
    fn in_order(&self, untried: impl RangeBounds<Place>, until: Timestamp) -> Merged<'_> {
        Merged([
            self.untried.range(untried).peekable(),
            self.again.range(..).peekable(),
            self.retried.range(..=(until, LAST)).peekable(),
        ])
    }

    /// What is told of these places, in their order.
    fn told<'a>(
        &self,
        places: impl Iterator<Item = &'a Place>,
        skip: &HashSet<DeliveryId>,
        limit: usize,
    ) -> Vec<Due> {
        places
            .filter(|(_, id)| !skip.contains(id))
            .filter_map(|(due_at, id)| {
                let details = self.by_age.get(id)?;
                Some(Due {
                    id: *id,
                    due_at: *due_at,
                    contact_hashes: details.contact_hashes.clone(),
                    attempts: details.attempts,
                    retries: details.retries,
                })
            })
            .take(limit)
            .collect()
    }
}

/// Ordered walks as one.
struct Merged<'a>([Peekable<btree_set::Range<'a, Place>>; 3]);

impl<'a> Iterator for Merged<'a> {
    type Item = &'a Place;

    fn next(&mut self) -> Option<&'a Place> {
        let nexts = self.0.iter_mut().enumerate();
        let first = nexts.filter_map(|(walk, places)| places.peek().map(|place| (*place, walk)));
        let (_, walk) = first.min()?;
        self.0.get_mut(walk)?.next()
    }
}

impl Outbox {
    /// A lead's status changed from `old` to `new`.
    pub(super) fn update(&mut self, old: Option<&Status>, new: Option<&Status>) {
        for delivery in old.into_iter().flat_map(|status| &status.deliveries) {
            self.remove(delivery);
        }
        if let Some(status) = new {
            status
                .deliveries
                .iter()
                .for_each(|delivery| self.insert(delivery, status));
        }
        if let Some(old) = old
            && let Some(leads) = self.leads.get_mut(&old.state())
        {
            leads.remove(&old.lead);
        }
        let Some(new) = new else { return };
        let is_open = !new.state().is_final();
        self.stretches.note(new.lead, is_open);
        if is_open {
            self.leads.entry(new.state()).or_default().insert(new.lead);
        }
    }

    /// At a start, between two leads: those between them were not looked at. None of them is open.
    pub(super) fn pass_over(&mut self) {
        self.stretches.pass_over();
    }

    /// The highest part of a range of ids in which there may be leads in a final state; what of the range is above it has none.
    pub(super) fn final_leads_in(&self, ids: IdRange) -> Option<IdRange> {
        self.stretches.between(ids)
    }

    /// All changes of a group, in order.
    pub(super) fn update_all(&mut self, changes: &[StatusChange]) {
        for (old, new) in changes {
            self.update(old.as_ref(), new.as_deref());
        }
    }

    fn remove(&mut self, delivery: &Delivery) {
        if let Some(queue) = self.destinations.get_mut(&delivery.destination) {
            queue
                .of_mut(delivery)
                .remove(&(delivery.due_at, delivery.id));
            queue.by_age.remove(&delivery.id);
        }
    }

    fn insert(&mut self, delivery: &Delivery, status: &Status) {
        if !delivery.state.is_unsettled() {
            return;
        }
        let queue = self
            .destinations
            .entry(delivery.destination.clone())
            .or_default();
        queue
            .of_mut(delivery)
            .insert((delivery.due_at, delivery.id));
        let details = Details {
            contact_hashes: status.contact_hashes.clone(),
            attempts: delivery.attempts,
            retries: delivery.retries,
        };
        queue.by_age.insert(delivery.id, details);
    }

    /// Deliveries due at or before `until` (and at or after `from`), the earliest first, without those in `skip`.
    pub(super) fn due(
        &self,
        destination: &DestinationId,
        (from, until): (Option<Timestamp>, Timestamp),
        limit: usize,
        skip: &HashSet<DeliveryId>,
    ) -> Vec<Due> {
        let Some(queue) = self.destinations.get(destination) else {
            return Vec::new();
        };
        let from = from.unwrap_or(Timestamp::MIN);
        let places = queue.in_order(.., until);
        queue.told(places.filter(|(due_at, _)| *due_at >= from), skip, limit)
    }

    /// The due deliveries of one lane, the earliest first.
    pub(super) fn in_lane(&self, destination: &DestinationId, look: Look<'_>) -> Vec<Due> {
        let Some(queue) = self.destinations.get(destination) else {
            return Vec::new();
        };
        let fresh_since = (look.fresh_since, FIRST);
        match look.lane {
            // A clock that went back: nothing is fresh.
            Lane::Fresh if look.fresh_since > look.until => Vec::new(),
            Lane::Fresh => {
                let places = queue.untried.range(fresh_since..);
                queue.told(places, look.skip, look.limit)
            }
            Lane::Backlog if look.fresh_since > look.until => {
                queue.told(queue.in_order(.., look.until), look.skip, look.limit)
            }
            Lane::Backlog => {
                let places = queue.in_order(..fresh_since, look.until);
                queue.told(places, look.skip, look.limit)
            }
        }
    }

    /// The earliest time after `after` at which a retry is due.
    pub(super) fn next_due_after(
        &self,
        destination: &DestinationId,
        after: Timestamp,
    ) -> Option<Timestamp> {
        let queue = self.destinations.get(destination)?;
        let mut next = queue.retried.range((after, LAST)..);
        next.next().map(|(due_at, _)| *due_at)
    }

    /// All unsettled deliveries.
    pub(super) fn all(&self) -> Vec<DeliveryId> {
        self.destinations
            .values()
            .flat_map(|queue| queue.by_age.keys().copied())
            .collect()
    }

    /// One destination in numbers. The ids sort by time of receipt, so the first is the oldest.
    pub(super) fn waiting(&self, destination: &DestinationId) -> Waiting {
        let Some(queue) = self.destinations.get(destination) else {
            return Waiting::default();
        };
        let oldest = queue.by_age.first_key_value();
        let oldest = oldest.and_then(|(id, _)| id.lead.received_at());
        Waiting {
            count: queue.by_age.len(),
            oldest_received_at: oldest,
        }
    }

    /// How many leads are in this state; it must not be a final one.
    pub(super) fn count(&self, state: State) -> usize {
        self.leads.get(&state).map_or(0, BTreeSet::len)
    }

    /// The leads of a range of ids that are in one of these states, newest first, at most `limit`; none of them may be a final one.
    pub(super) fn leads_in(
        &self,
        states: &[State],
        (low, high): IdRange,
        limit: usize,
    ) -> Vec<LeadId> {
        if low >= high {
            return Vec::new();
        }
        let of_states = states.iter().filter_map(|state| self.leads.get(state));
        let mut newest: Vec<LeadId> = of_states
            .flat_map(|leads| leads.range(low..high).rev().take(limit).copied())
            .collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        newest.truncate(limit);
        newest
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::lead::{Create, FormId};

    fn status(n: u8, due_at: Timestamp) -> Status {
        let lead = LeadId::from_bytes([n; 16]);
        let shop = DestinationId::parse("shop").expect("id");
        let delivery = Delivery::new(
            DeliveryId { lead, ordinal: 0 },
            (shop, Create::Order),
            due_at,
            false,
        );
        Status {
            lead,
            form: FormId::parse("callback").expect("id"),
            held_reason: None,
            erased_at: None,
            contact_hashes: vec![u64::from(n)],
            deeds: Vec::new(),
            deliveries: vec![delivery],
        }
    }

    #[test]
    fn deliveries_come_in_the_order_of_their_time_and_retries_only_when_it_has_come() {
        let (mut outbox, shop) = (Outbox::default(), DestinationId::parse("shop").expect("id"));
        let now = Timestamp::UNIX_EPOCH;
        let mut retried = status(1, now + SignedDuration::from_secs(5));
        retried.deliveries[0].attempts = 1;
        retried.deliveries[0].state = State::Retrying;
        outbox.update(None, Some(&retried));
        outbox.update(None, Some(&status(2, now)));
        // Received before the clock was set back; the process has ended in an attempt at the second one.
        let ahead = now + SignedDuration::from_hours(1);
        outbox.update(None, Some(&status(3, ahead)));
        let mut broken_off = status(4, ahead);
        broken_off.deliveries[0].attempts = 1;
        broken_off.deliveries[0].state = State::Sending;
        outbox.update(None, Some(&broken_off));
        let due = |until| -> Vec<u8> {
            let none = HashSet::new();
            outbox
                .due(&shop, (None, until), 9, &none)
                .iter()
                .map(|due| due.id.lead.as_bytes()[0])
                .collect()
        };
        assert_eq!(due(now), [2, 3, 4]);
        assert_eq!(due(now + SignedDuration::from_secs(5)), [2, 1, 3, 4]);
    }

    #[test]
    fn what_came_since_and_was_never_tried_is_fresh_and_all_else_is_backlog_the_oldest_first() {
        let (mut outbox, shop) = (Outbox::default(), DestinationId::parse("shop").expect("id"));
        let at = |second| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
        for (n, second) in [(1, 1), (2, 4), (3, 5), (4, 20)] {
            outbox.update(None, Some(&status(n, at(second))));
        }
        for (n, second) in [(5, 3), (6, 6), (7, 20)] {
            let mut retried = status(n, at(second));
            retried.deliveries[0].attempts = 1;
            retried.deliveries[0].state = State::Retrying;
            outbox.update(None, Some(&retried));
        }
        let none = HashSet::new();
        let look = |lane, fresh_since| {
            let (until, limit, skip) = (at(10), 9, &none);
            let look = Look {
                lane,
                fresh_since: at(fresh_since),
                until,
                limit,
                skip,
            };
            let due = outbox.in_lane(&shop, look).into_iter();
            due.map(|due| due.id.lead.as_bytes()[0]).collect::<Vec<_>>()
        };
        // The fourth came before the clock was set back.
        assert_eq!(look(Lane::Fresh, 4), [2, 3, 4]);
        assert_eq!(look(Lane::Backlog, 4), [1, 5, 6]);
        assert_eq!(look(Lane::Fresh, 30), [0; 0]);
        assert_eq!(look(Lane::Backlog, 30), [1, 5, 2, 3, 6, 4]);
    }

    #[test]
    fn a_settled_delivery_is_no_longer_waited_for() {
        let (mut outbox, shop) = (Outbox::default(), DestinationId::parse("shop").expect("id"));
        let old = status(1, Timestamp::UNIX_EPOCH);
        outbox.update(None, Some(&old));
        assert_eq!(outbox.waiting(&shop).count, 1);
        let mut new = old.clone();
        new.deliveries[0].state = State::Delivered;
        outbox.update(Some(&old), Some(&new));
        assert_eq!(outbox.waiting(&shop), Waiting::default());
        assert_eq!(outbox.count(State::Queued), 0);
    }
}
