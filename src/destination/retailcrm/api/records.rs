//! Orders and customers on the wire. Replies are read leniently: of a record only what is needed, in any of the shapes that PHP gives it
//! (trap 15), so that a new field of the CRM never hurts a lead.

use std::fmt;

use serde_json::{Map, Value};

use crate::delivery::{Cause, Failure, FailureKind};
use crate::destination::pace::Permit;
use crate::destination::retailcrm::api::reply::whole_number;
use crate::destination::retailcrm::api::{Api, Call, Fault, Purpose, Steps, annotate};
use crate::lead::Bilingual;

/// How many customers one page of a search brings; the API takes only 20, 50 and 100.
const PAGE: &str = "20";

/// What is known of an order in the CRM; of a customer only the two ids.
#[derive(Clone, Default)]
pub(in crate::destination::retailcrm) struct OrderRecord {
    /// The internal id.
    pub(in crate::destination::retailcrm) id: Option<u64>,
    /// The number people see.
    pub(in crate::destination::retailcrm) number: Option<String>,
    /// The id we gave it.
    pub(in crate::destination::retailcrm) external_id: Option<String>,
    /// Its customer's internal id.
    pub(in crate::destination::retailcrm) customer_id: Option<u64>,
    /// As much as the order's reply shows of its customer.
    pub(in crate::destination::retailcrm) customer: Option<Customer>,
    /// The codes of its custom fields that have a value; `None` when the reply says nothing of them.
    pub(in crate::destination::retailcrm) custom_codes: Option<Vec<String>>,
    /// The offer of each line, empty for a line that is free text; `None` when the reply says nothing of lines.
    pub(in crate::destination::retailcrm) offers: Option<Vec<Map<String, Value>>>,
    /// The manager's comment, which a manager may have written on in.
    pub(in crate::destination::retailcrm) comment: Option<String>,
}

/// A customer as the CRM has it.
#[derive(Clone, PartialEq)]
pub(in crate::destination::retailcrm) struct Customer {
    /// The internal id.
    pub(in crate::destination::retailcrm) id: u64,
    /// A company: never a match for a person's phone.
    pub(in crate::destination::retailcrm) corporate: bool,
    /// E-mail, as the CRM has it.
    pub(in crate::destination::retailcrm) email: Option<String>,
    /// Phone numbers, as somebody typed them.
    pub(in crate::destination::retailcrm) phones: Vec<String>,
    /// The whole record.
    pub(in crate::destination::retailcrm) record: Map<String, Value>,
}

impl fmt::Debug for OrderRecord {
    /// The ids alone: the rest is a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderRecord({:?}, {:?})", self.id, self.external_id)
    }
}

impl fmt::Debug for Customer {
    /// The id alone: the rest is a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customer({})", self.id)
    }
}

/// How a customer is searched for. There is no phone filter: `name` looks at phones too.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::destination::retailcrm) enum CustomerFilter {
    /// `filter[name]` with digits of a phone.
    Phone(String),
    /// `filter[email]`.
    Email(String),
}

/// By which id a customer is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) enum CustomerKey {
    /// The CRM's own.
    Id(u64),
    /// Ours.
    External(String),
}

impl Api {
    /// Makes an order.
    pub(in crate::destination::retailcrm) async fn create_order(
        &self,
        order: &Value,
        steps: &mut Steps,
    ) -> Result<OrderRecord, Fault> {
        let body = self.call(self.order_call(order), steps).await?;
        annotate(steps, Bilingual::new("создано", "created"));
        let mut made = body
            .get("order")
            .and_then(Value::as_object)
            .map(order_record)
            .unwrap_or_default();
        made.id = body.get("id").and_then(whole_number).or(made.id);
        Ok(made)
    }

    pub(super) fn order_call(&self, order: &Value) -> Call {
        let form = self.with_site(vec![("order", order.to_string())]);
        let path = ["api", "v5", "orders", "create"];
        Call::post("orders/create", &path, form, Purpose::Create)
    }

    /// The order with this external id, if the CRM has it.
    pub(in crate::destination::retailcrm) async fn find_order(
        &self,
        external_id: &str,
        steps: &mut Steps,
    ) -> Result<Option<OrderRecord>, Fault> {
        let body = self
            .call(Self::order_search_call(external_id), steps)
            .await?;
        let found = objects(&body, "orders")
            .map(order_record)
            .find(|order| order.external_id.as_deref() == Some(external_id));
        let note = if found.is_some() {
            Bilingual::new("есть", "found")
        } else {
            Bilingual::new("нет", "not there")
        };
        annotate(steps, note);
        Ok(found)
    }

    pub(super) fn order_search_call(external_id: &str) -> Call {
        Call::get("orders", &["api", "v5", "orders"], Purpose::Read)
            .query("filter[externalIds][]", external_id)
            .query("limit", PAGE)
    }

    /// Changes an order; what is not named stays. Items must not be named: those that are left out are deleted (trap 21).
    pub(in crate::destination::retailcrm) async fn edit_order(
        &self,
        id: u64,
        order: &Value,
        steps: &mut Steps,
    ) -> Result<(), Fault> {
        let form = self.with_site(vec![("by", "id".to_owned()), ("order", order.to_string())]);
        let path = ["api", "v5", "orders", &id.to_string(), "edit"];
        let call = Call::post("orders/edit", &path, form, Purpose::ById);
        self.call(call, steps).await?;
        annotate(steps, Bilingual::new("обновлено", "updated"));
        Ok(())
    }

    /// One page of a search, and how many pages there are.
    pub(in crate::destination::retailcrm) async fn find_customers(
        &self,
        filter: &CustomerFilter,
        page: u64,
        steps: &mut Steps,
    ) -> Result<(Vec<Customer>, u64), Fault> {
        let body = self
            .call(Self::customer_search_call(filter, page), steps)
            .await?;
        let pages = body
            .get("pagination")
            .and_then(|p| p.get("totalPageCount"))
            .and_then(whole_number)
            .unwrap_or(1);
        let customers: Vec<Customer> = objects(&body, "customers").filter_map(customer).collect();
        let (ru, en) = match filter {
            CustomerFilter::Phone(_) => ("по телефону", "by phone"),
            CustomerFilter::Email(_) => ("по e-mail", "by e-mail"),
        };
        let count = customers.len();
        let note = Bilingual::new(
            format!("{ru}: найдено {count}"),
            format!("{en}: {count} returned"),
        );
        annotate(steps, note);
        Ok((customers, pages))
    }

    pub(super) fn customer_search_call(filter: &CustomerFilter, page: u64) -> Call {
        let (name, value) = match filter {
            CustomerFilter::Phone(digits) => ("filter[name]", digits),
            CustomerFilter::Email(email) => ("filter[email]", email),
        };
        let call = Call::get("customers", &["api", "v5", "customers"], Purpose::Read)
            .query(name, value)
            .query("limit", PAGE);
        if page > 1 {
            call.query("page", page.to_string())
        } else {
            call
        }
    }

    /// One customer; [`Fault::Missing`] says when it is gone or merged.
    pub(in crate::destination::retailcrm) async fn customer(
        &self,
        key: &CustomerKey,
        steps: &mut Steps,
    ) -> Result<Customer, Fault> {
        let (id, by) = key.on_the_wire();
        let mut call = Call::get(
            "customers/get",
            &["api", "v5", "customers", &id],
            Purpose::ById,
        )
        .query("by", by);
        for (name, value) in self.with_site(Vec::new()) {
            call = call.query(name, value);
        }
        let body = self.call(call, steps).await?;
        body.get("customer")
            .and_then(Value::as_object)
            .and_then(customer)
            .ok_or_else(|| {
                unreadable(
                    FailureKind::Transient { retry_after: None },
                    "no customer in the reply",
                )
            })
    }

    /// Makes one customer by a request of its own; its internal id.
    pub(super) async fn create_customer(
        &self,
        customer: &Value,
        steps: &mut Steps,
    ) -> Result<u64, Fault> {
        let permit = self.pace.acquire().await;
        self.create_customer_now(customer, permit, steps).await
    }

    /// The same when the pace has been asked already.
    pub(super) async fn create_customer_now(
        &self,
        customer: &Value,
        permit: Permit,
        steps: &mut Steps,
    ) -> Result<u64, Fault> {
        let call = self.customer_call(customer);
        let body = self.send(&call, permit, steps).await?;
        annotate(steps, Bilingual::new("создано", "created"));
        body.get("id").and_then(whole_number).ok_or_else(|| {
            unreadable(
                FailureKind::Unknown { retry_after: None },
                "no id in the reply",
            )
        })
    }

    pub(super) fn customer_call(&self, customer: &Value) -> Call {
        let form = self.with_site(vec![("customer", customer.to_string())]);
        let path = ["api", "v5", "customers", "create"];
        Call::post("customers/create", &path, form, Purpose::Create)
    }

    /// Changes a customer; what is not named stays.
    pub(in crate::destination::retailcrm) async fn edit_customer(
        &self,
        id: u64,
        customer: &Value,
        steps: &mut Steps,
    ) -> Result<(), Fault> {
        let call = self.customer_edit_call(&id.to_string(), customer);
        self.call(call, steps).await?;
        annotate(steps, Bilingual::new("обновлено", "updated"));
        Ok(())
    }

    pub(super) fn customer_edit_call(&self, id: &str, customer: &Value) -> Call {
        let form = self.with_site(vec![
            ("by", "id".to_owned()),
            ("customer", customer.to_string()),
        ]);
        let path = ["api", "v5", "customers", id, "edit"];
        Call::post("customers/edit", &path, form, Purpose::ById)
    }
}

impl CustomerKey {
    fn on_the_wire(&self) -> (String, &'static str) {
        match self {
            Self::Id(id) => (id.to_string(), "id"),
            Self::External(id) => (id.clone(), "externalId"),
        }
    }
}

fn unreadable(kind: FailureKind, detail: &str) -> Fault {
    Failure::new(
        kind,
        Cause::Unreadable {
            detail: detail.to_owned(),
        },
    )
    .into()
}

/// The objects under a key, which holds a list, or a map by id, or `[]`.
pub(super) fn objects<'a>(
    body: &'a Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let values: Vec<&Value> = match body.get(key) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(items)) => items.values().collect(),
        _ => Vec::new(),
    };
    values.into_iter().filter_map(Value::as_object)
}

/// A text, or a number where a text is usual.
pub(super) fn text(record: &Map<String, Value>, key: &str) -> Option<String> {
    match record.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn order_record(record: &Map<String, Value>) -> OrderRecord {
    let shown = record.get("customer").and_then(Value::as_object);
    OrderRecord {
        id: record.get("id").and_then(whole_number),
        number: text(record, "number"),
        external_id: text(record, "externalId"),
        customer_id: record
            .get("customer")
            .and_then(|customer| customer.get("id"))
            .and_then(whole_number),
        customer: shown.and_then(customer),
        custom_codes: record.get("customFields").and_then(custom_codes),
        offers: record.get("items").map(|_| offers(record)),
        comment: text(record, "managerComment"),
    }
}

fn offers(record: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let offer = |line: &Map<String, Value>| line.get("offer").and_then(Value::as_object).cloned();
    let lines = objects(record, "items");
    lines.map(|line| offer(line).unwrap_or_default()).collect()
}

/// None of them is written as `[]` (trap 15).
fn custom_codes(fields: &Value) -> Option<Vec<String>> {
    match fields {
        Value::Object(fields) => Some(fields.keys().cloned().collect()),
        Value::Array(items) if items.is_empty() => Some(Vec::new()),
        _ => None,
    }
}

fn customer(record: &Map<String, Value>) -> Option<Customer> {
    Some(Customer {
        id: record.get("id").and_then(whole_number)?,
        corporate: record.get("type").and_then(Value::as_str) == Some("customer_corporate"),
        email: text(record, "email"),
        phones: objects(record, "phones")
            .filter_map(|phone| text(phone, "number"))
            .collect(),
        record: record.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("object").clone()
    }

    #[test]
    fn records_are_read_in_every_shape_that_php_gives_them() {
        let body = map(
            json!({"customers": {"12": {"id": "12", "phones": [], "customFields": [], "email": ""}}}),
        );
        let read: Vec<Customer> = objects(&body, "customers").filter_map(customer).collect();
        assert_eq!(
            (read[0].id, read[0].email.as_deref(), read[0].phones.len()),
            (12, None, 0)
        );
        let body = map(
            json!({"orders": [{"id": 3, "number": 7146, "externalId": "lg-1", "customer": {"id": "9"}, "payments": {}, "customFields": []}]}),
        );
        let read: Vec<OrderRecord> = objects(&body, "orders").map(order_record).collect();
        assert_eq!(read[0].number.as_deref(), Some("7146"));
        assert_eq!((read[0].id, read[0].customer_id), (Some(3), Some(9)));
        assert_eq!(read[0].custom_codes, Some(Vec::new()));
        assert_eq!(objects(&map(json!({"orders": null})), "orders").count(), 0);
    }
}
