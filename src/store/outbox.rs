//! The outbox: all deliveries not yet settled, in memory, in the order of their time. Rebuilt from sled at a start, then kept by the
//! applier. In memory, because it is read at every wake-up and written at every transition, and 100 000 waiting leads take some 10 MB.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, State};
use crate::lead::{DestinationId, LeadId};
use crate::store::index::{IdRange, StatusChange};
use crate::store::{Due, Status, Waiting};

/// All unsettled deliveries, and the leads in each state that is not final.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    destinations: HashMap<DestinationId, Queue>,
    contact_hashes: HashMap<DeliveryId, Vec<u64>>,
    leads: BTreeMap<State, BTreeSet<LeadId>>,
}

#[derive(Debug, Default)]
struct Queue {
    by_time: BTreeSet<(Timestamp, DeliveryId)>,
    by_age: BTreeSet<DeliveryId>,
}

/// Sorts before every other id.
const FIRST: DeliveryId = DeliveryId {
    lead: LeadId::FIRST,
    ordinal: 0,
};

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
        if let Some(new) = new.filter(|new| !new.state().is_final()) {
            self.leads.entry(new.state()).or_default().insert(new.lead);
        }
    }

    /// All changes of a group, in order.
    pub(super) fn update_all(&mut self, changes: &[StatusChange]) {
        for (old, new) in changes {
            self.update(old.as_ref(), new.as_ref());
        }
    }

    fn remove(&mut self, delivery: &Delivery) {
        if let Some(queue) = self.destinations.get_mut(&delivery.destination) {
            queue.by_time.remove(&(delivery.due_at, delivery.id));
            queue.by_age.remove(&delivery.id);
        }
        self.contact_hashes.remove(&delivery.id);
    }

    fn insert(&mut self, delivery: &Delivery, status: &Status) {
        if !delivery.state.is_unsettled() {
            return;
        }
        let queue = self
            .destinations
            .entry(delivery.destination.clone())
            .or_default();
        queue.by_time.insert((delivery.due_at, delivery.id));
        queue.by_age.insert(delivery.id);
        self.contact_hashes
            .insert(delivery.id, status.contact_hashes.clone());
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
        queue
            .by_time
            .range((from.unwrap_or(Timestamp::MIN), FIRST)..)
            .take_while(|(due_at, _)| *due_at <= until)
            .filter(|(_, id)| !skip.contains(id))
            .take(limit)
            .map(|(due_at, id)| Due {
                id: *id,
                due_at: *due_at,
                contact_hashes: self.contact_hashes.get(id).cloned().unwrap_or_default(),
            })
            .collect()
    }

    /// The earliest time after `after`.
    pub(super) fn next_due_after(
        &self,
        destination: &DestinationId,
        after: Timestamp,
    ) -> Option<Timestamp> {
        let last = DeliveryId {
            lead: LeadId::LAST,
            ordinal: u8::MAX,
        };
        let queue = self.destinations.get(destination)?;
        queue
            .by_time
            .range((after, last)..)
            .next()
            .map(|(due_at, _)| *due_at)
    }

    /// All unsettled deliveries.
    pub(super) fn all(&self) -> Vec<DeliveryId> {
        self.destinations
            .values()
            .flat_map(|queue| queue.by_age.iter().copied())
            .collect()
    }

    /// One destination in numbers. The ids sort by time of receipt, so the first is the oldest.
    pub(super) fn waiting(&self, destination: &DestinationId) -> Waiting {
        let Some(queue) = self.destinations.get(destination) else {
            return Waiting::default();
        };
        let oldest = queue.by_age.first().and_then(|id| id.lead.received_at());
        Waiting {
            count: queue.by_age.len(),
            oldest_received_at: oldest,
        }
    }

    /// How many leads are in this state; it must not be a final one.
    pub(super) fn count(&self, state: State) -> usize {
        self.leads.get(&state).map_or(0, BTreeSet::len)
    }

    /// The leads of a range of ids that are in this state, newest first, at most `limit`; it must not be a final one.
    pub(super) fn leads_in(&self, state: State, (low, high): IdRange, limit: usize) -> Vec<LeadId> {
        let Some(leads) = self.leads.get(&state).filter(|_| low < high) else {
            return Vec::new();
        };
        leads.range(low..high).rev().take(limit).copied().collect()
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
            deliveries: vec![delivery],
        }
    }

    #[test]
    fn deliveries_come_in_the_order_of_their_time_and_only_when_it_has_come() {
        let (mut outbox, shop) = (Outbox::default(), DestinationId::parse("shop").expect("id"));
        let now = Timestamp::UNIX_EPOCH;
        outbox.update(None, Some(&status(1, now + SignedDuration::from_secs(5))));
        outbox.update(None, Some(&status(2, now)));
        let due = |until| -> Vec<u8> {
            let none = HashSet::new();
            outbox
                .due(&shop, (None, until), 9, &none)
                .iter()
                .map(|due| due.id.lead.as_bytes()[0])
                .collect()
        };
        assert_eq!(due(now), [2]);
        assert_eq!(due(now + SignedDuration::from_secs(5)), [2, 1]);
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
