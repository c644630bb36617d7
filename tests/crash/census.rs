//! Looks through everything a gate and its CRM hold, after every end and once more when nothing is owed any more.

use std::collections::{BTreeMap, BTreeSet};

use leadgate::simulator::SimulatedCrm;
use serde_json::{Map, Value};

use crate::acks::Answered;
use crate::client::Client;
use crate::load::Visit;

/// What the looks so far have seen, so that each lead is read in full when it is new and when it is settled, and not at every start.
#[derive(Default)]
pub(crate) struct Census {
    read: BTreeSet<(String, String)>,
    /// Whose erasure was answered.
    erased: BTreeSet<String>,
}

impl Census {
    /// An operator was told that this lead's person is erased.
    pub(crate) fn note_erased(&mut self, lead: &str) {
        self.erased.insert(lead.to_owned());
    }

    /// How many were.
    pub(crate) fn erased(&self) -> usize {
        self.erased.len()
    }

    /// Every answered lead exists and is unchanged; lead and delivery are there together; nothing is settled without its attempt; nobody
    /// erased is back; no order is in the CRM twice.
    pub(crate) async fn look(&mut self, client: &Client, answered: &Answered, crm: &SimulatedCrm) {
        let leads: BTreeMap<String, Value> = client
            .leads()
            .await
            .into_iter()
            .map(|lead| (text(&lead["id"]), lead))
            .collect();
        for lead in leads.values() {
            assert_eq!(deliveries(lead).len(), 1, "without its delivery: {lead}");
        }
        for (id, of_id) in answered {
            assert_eq!(of_id.len(), 1, "{id} became {of_id:?}");
            for lead in of_id {
                let Some(found) = leads.get(lead) else {
                    let is_there = client.has_lead(lead).await;
                    panic!(
                        "{id} was answered with {lead}, which is not listed; there at all: {is_there}"
                    );
                };
                self.is_unchanged(id, found);
                self.read_in_full(id, found, client).await;
            }
        }
        orders_once(crm);
    }

    fn is_unchanged(&self, id: &str, lead: &Value) {
        let is_erased = self.erased.contains(&text(&lead["id"]));
        if is_erased {
            assert_eq!(lead["state"], "discarded", "{id} was erased and is back");
            assert!(lead["phone"].is_null(), "{id} was erased and is back");
        }
        let Some(visit) = Visit::of_id(id) else {
            return;
        };
        assert_eq!(lead["phone"], visit.phone, "{id} has changed");
        assert_eq!(lead["name"], visit.name, "{id} has changed");
        let delivery = &deliveries(lead)[0];
        let state = text(&delivery["state"]);
        assert!(
            ["queued", "sending", "retrying", "delivered"].contains(&state.as_str()),
            "{id}: {delivery}"
        );
        if state == "delivered" {
            assert_ne!(delivery["attempts"], 0, "{id} without an attempt");
            assert!(delivery["order_id"].is_number(), "{id} without its order");
        }
    }

    /// Its fields, and that a settled delivery has the attempt that settled it.
    async fn read_in_full(&mut self, id: &str, lead: &Value, client: &Client) {
        let Some(visit) = Visit::of_id(id) else {
            return;
        };
        let lead_id = text(&lead["id"]);
        let key = (lead_id.clone(), text(&lead["state"]));
        if !self.read.insert(key) {
            return;
        }
        let full = client.admin(&format!("leads/{lead_id}")).await;
        let empty = Map::new();
        let fields = full["fields"].as_object().unwrap_or(&empty);
        assert_eq!(fields.get("comment"), Some(&visit.comment.into()), "{full}");
        let delivery = &deliveries(&full)[0];
        if lead["state"] == "delivered" {
            let log = delivery["attempt_log"].as_array().expect("a log");
            let delivered = log.iter().filter(|one| one["outcome"] == "delivered");
            assert_eq!(delivered.count(), 1, "{id} settled without its attempt");
            let attempts = delivery["attempts"].as_u64();
            assert_eq!(attempts, Some(log.len() as u64), "{id}: {delivery}");
        }
    }

    /// Nothing is owed any more: every answered lead is in the CRM exactly once, and nothing else is.
    pub(crate) fn everything_arrived(&self, answered: &Answered, crm: &SimulatedCrm) -> usize {
        let orders = orders_once(crm);
        let visits = answered.iter().filter(|(id, _)| Visit::of_id(id).is_some());
        let owed: BTreeSet<String> = visits
            .flat_map(|(_, leads)| leads)
            .map(|lead| format!("lg-{lead}"))
            .collect();
        let missing: Vec<_> = owed.difference(&orders).collect();
        assert!(missing.is_empty(), "not in the CRM: {missing:?}");
        let unasked: Vec<_> = orders.difference(&owed).collect();
        assert!(unasked.is_empty(), "nobody sent these: {unasked:?}");
        orders.len()
    }
}

/// The external ids of the orders, none of which is there twice.
fn orders_once(crm: &SimulatedCrm) -> BTreeSet<String> {
    let mut orders = BTreeSet::new();
    for order in crm.orders() {
        let external = text(&order["externalId"]);
        assert!(orders.insert(external), "twice in the CRM: {order}");
    }
    orders
}

fn deliveries(lead: &Value) -> &[Value] {
    lead["deliveries"].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
