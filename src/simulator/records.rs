//! The customers and orders that the simulated account holds, and how they look on the wire. Ids count up from 1 for
//! orders and from 1001 for customers, so that a test that confuses the two does not pass by luck.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::simulator::order_life::Change;

const FIRST_CUSTOMER: u64 = 1001;

/// A stored customer. `fields` are as sent, without custom fields and without tags' read shape.
pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) fields: Map<String, Value>,
    pub(super) custom: Map<String, Value>,
    /// The customer that took this one over.
    pub(super) merged_into: Option<u64>,
    /// How many orders are its own; counted along, as every shown order shows it.
    orders: u64,
}

/// A stored order. `fields` are as sent, without `customer` and custom fields.
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) customer: u64,
    pub(super) fields: Map<String, Value>,
    pub(super) custom: Map<String, Value>,
}

/// All records of the account.
#[derive(Default)]
pub(super) struct Records {
    pub(super) orders: BTreeMap<u64, Order>,
    pub(super) customers: BTreeMap<u64, Customer>,
    /// What has happened to orders, the oldest first.
    pub(super) history: Vec<Change>,
    /// The highest id given so far: a deleted order's is not given again.
    last_order: u64,
    order_ids: HashMap<String, u64>,
    customer_ids: HashMap<String, u64>,
    /// The order of every external id of a payment.
    payment_ids: HashMap<String, u64>,
    /// Up to these ids of orders and customers, what they say was dropped.
    shed: (u64, u64),
}

impl Records {
    /// Stores a new order under the next id, with a number like `17A` unless it brings one.
    pub(super) fn add_order(
        &mut self,
        customer: u64,
        mut fields: Map<String, Value>,
        custom: Map<String, Value>,
    ) -> u64 {
        self.last_order += 1;
        let id = self.last_order;
        fields
            .entry("number")
            .or_insert_with(|| Value::String(format!("{id}A")));
        if let Some(external) = text_of(&fields, "externalId") {
            self.order_ids.insert(external.to_owned(), id);
        }
        let order = Order {
            id,
            customer,
            fields,
            custom,
        };
        self.orders.insert(id, order);
        self.note_payments(id);
        if let Some(customer) = self.customers.get_mut(&customer) {
            customer.orders += 1;
        }
        id
    }

    /// Stores a new customer under the next id.
    pub(super) fn add_customer(
        &mut self,
        fields: Map<String, Value>,
        custom: Map<String, Value>,
    ) -> u64 {
        let id = self
            .customers
            .last_key_value()
            .map_or(FIRST_CUSTOMER, |(id, _)| id + 1);
        if let Some(external) = text_of(&fields, "externalId") {
            self.customer_ids.insert(external.to_owned(), id);
        }
        let customer = Customer {
            id,
            fields,
            custom,
            merged_into: None,
            orders: 0,
        };
        self.customers.insert(id, customer);
        id
    }

    /// Enters the external ids of an order's payments, instead of those it had.
    pub(super) fn note_payments(&mut self, order: u64) {
        self.payment_ids.retain(|_, holder| *holder != order);
        let fields = self.orders.get(&order).map(|order| &order.fields);
        let payments = fields.and_then(|fields| fields.get("payments"));
        for payment in payments.and_then(Value::as_array).into_iter().flatten() {
            if let Some(external) = payment["externalId"].as_str() {
                self.payment_ids.insert(external.to_owned(), order);
            }
        }
    }

    /// The order that holds the payment of that external id.
    pub(super) fn payment_by_external(&self, external: &str) -> Option<u64> {
        self.payment_ids.get(external).copied()
    }

    /// Whether an order of that external id exists.
    pub(super) fn order_by_external(&self, external: &str) -> Option<u64> {
        self.order_ids.get(external).copied()
    }

    /// The customer of that external id, merged or not.
    pub(super) fn customer_by_external(&self, external: &str) -> Option<u64> {
        self.customer_ids.get(external).copied()
    }

    /// A customer that was not merged into another.
    pub(super) fn live_customer(&self, id: u64) -> Option<&Customer> {
        self.customers
            .get(&id)
            .filter(|customer| customer.merged_into.is_none())
    }

    /// Gives an order another external id.
    pub(super) fn rename_order(&mut self, id: u64, external: &str) {
        if let Some(order) = self.orders.get_mut(&id) {
            self.order_ids.retain(|_, known| *known != id);
            self.order_ids.insert(external.to_owned(), id);
            order
                .fields
                .insert("externalId".to_owned(), external.into());
        }
    }

    /// Gives a customer another external id.
    pub(super) fn rename_customer(&mut self, id: u64, external: &str) {
        if let Some(customer) = self.customers.get_mut(&id) {
            self.customer_ids.retain(|_, known| *known != id);
            self.customer_ids.insert(external.to_owned(), id);
            let external = Value::from(external);
            customer.fields.insert("externalId".to_owned(), external);
        }
    }

    /// Lets one customer take over another with its orders.
    pub(super) fn merge(&mut self, from: u64, into: u64) {
        let Some(customer) = self.customers.get_mut(&from) else {
            return;
        };
        customer.merged_into = Some(into);
        let moved = std::mem::take(&mut customer.orders);
        if let Some(heir) = self.customers.get_mut(&into) {
            heir.orders += moved;
        }
        for order in self.orders.values_mut() {
            if order.customer == from {
                order.customer = into;
            }
        }
    }

    /// Takes an order away.
    pub(super) fn remove_order(&mut self, id: u64) {
        let Some(order) = self.orders.remove(&id) else {
            return;
        };
        self.order_ids.retain(|_, known| *known != id);
        if let Some(customer) = self.customers.get_mut(&order.customer) {
            customer.orders = customer.orders.saturating_sub(1);
        }
    }

    /// Hands an order to another customer.
    pub(super) fn reassign(&mut self, order: u64, to: u64) {
        let Some(order) = self.orders.get_mut(&order) else {
            return;
        };
        let from = std::mem::replace(&mut order.customer, to);
        if let Some(customer) = self.customers.get_mut(&from) {
            customer.orders = customer.orders.saturating_sub(1);
        }
        if let Some(customer) = self.customers.get_mut(&to) {
            customer.orders += 1;
        }
    }

    /// Drops what the orders and customers say that were made since the last time, and the history. What names them stays, so that each is found
    /// and none is made twice.
    pub(super) fn shed(&mut self) {
        let names = |name: &String| matches!(name.as_str(), "externalId" | "site" | "status");
        let shed = |fields: &mut Map<String, Value>, custom: &mut Map<String, Value>| {
            let kept = std::mem::take(fields);
            fields.extend(kept.into_iter().filter(|(name, _)| names(name)));
            *custom = Map::new();
        };
        let (orders, customers) = self.shed;
        for order in self.orders.range_mut(orders + 1..).map(|(_, order)| order) {
            shed(&mut order.fields, &mut order.custom);
        }
        for customer in self
            .customers
            .range_mut(customers + 1..)
            .map(|(_, customer)| customer)
        {
            shed(&mut customer.fields, &mut customer.custom);
        }
        let last = |ids: Option<&u64>| ids.copied().unwrap_or_default();
        self.shed = (
            last(self.orders.keys().next_back()),
            last(self.customers.keys().next_back()),
        );
        self.history = Vec::new();
    }

    /// An order as the API shows it.
    pub(super) fn show_order(&self, order: &Order) -> Value {
        let mut shown = Map::new();
        shown.insert("slug".to_owned(), json!(order.id));
        shown.insert("id".to_owned(), json!(order.id));
        shown.insert("privilegeType".to_owned(), json!("none"));
        shown.insert("countryIso".to_owned(), json!("RU"));
        shown.insert("call".to_owned(), json!(false));
        shown.insert("expired".to_owned(), json!(false));
        shown.insert("shipped".to_owned(), json!(false));
        shown.insert("fromApi".to_owned(), json!(true));
        shown.extend(order.fields.clone());
        if let Some(customer) = self.customers.get(&order.customer) {
            shown.insert("customer".to_owned(), Self::show_customer(customer));
        }
        // Without items the sum is -0.0 by the rules of floats.
        let total = total(&order.fields) + 0.0;
        shown.insert("summ".to_owned(), json!(total));
        shown.insert("totalSumm".to_owned(), json!(total));
        shown.insert("prepaySum".to_owned(), json!(0));
        shown.insert("purchaseSumm".to_owned(), json!(0));
        shown.entry("items").or_insert_with(|| json!([]));
        shown.insert("payments".to_owned(), payments(&order.fields));
        shown.insert("customFields".to_owned(), php_map(&order.custom));
        shown.insert("links".to_owned(), json!([]));
        Value::Object(shown)
    }

    /// A customer as the API shows it.
    pub(super) fn show_customer(customer: &Customer) -> Value {
        let mut shown = Map::new();
        shown.insert("type".to_owned(), json!("customer"));
        shown.insert("id".to_owned(), json!(customer.id));
        for flag in ["isContact", "vip", "bad"] {
            shown.insert(flag.to_owned(), json!(false));
        }
        shown.extend(customer.fields.clone());
        shown.insert("tags".to_owned(), tags(&customer.fields));
        shown.entry("phones").or_insert_with(|| json!([]));
        shown.insert("customFields".to_owned(), php_map(&customer.custom));
        shown.insert("ordersCount".to_owned(), json!(customer.orders));
        shown.entry("personalDiscount").or_insert(json!(0));
        shown.insert("segments".to_owned(), json!([]));
        Value::Object(shown)
    }
}

/// A member of the record that is text.
pub(super) fn text_of<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

/// PHP knows no empty map: it writes `[]`.
fn php_map(members: &Map<String, Value>) -> Value {
    if members.is_empty() {
        json!([])
    } else {
        Value::Object(members.clone())
    }
}

/// Sent as an array, shown as an object keyed by id, or `[]`.
fn payments(fields: &Map<String, Value>) -> Value {
    let mut shown = Map::new();
    let sent = fields.get("payments").and_then(Value::as_array);
    for (index, payment) in sent.into_iter().flatten().enumerate() {
        let id = index + 1;
        let mut payment = payment.clone();
        if let Some(members) = payment.as_object_mut() {
            members.insert("id".to_owned(), json!(id));
        }
        shown.insert(id.to_string(), payment);
    }
    php_map(&shown)
}

/// Written as strings, shown as objects.
fn tags(fields: &Map<String, Value>) -> Value {
    let sent = fields.get("tags").and_then(Value::as_array);
    sent.into_iter()
        .flatten()
        .map(|name| json!({"name": name, "color": "#4a90e2", "colorCode": "blue", "attached": false}))
        .collect()
}

fn total(fields: &Map<String, Value>) -> f64 {
    let number = |item: &Value, name: &str, or: f64| item[name].as_f64().unwrap_or(or);
    let items = fields.get("items").and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .map(|item| number(item, "initialPrice", 0.0) * number(item, "quantity", 1.0))
        .sum()
}
