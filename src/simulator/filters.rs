//! Whether a record fits the filters of a list call. Text search is as loose as RetailCRM's: parts of a name, digits
//! anywhere within a phone, parts of an e-mail; a client has to compare again on its own side.

use serde_json::{Map, Value};

use crate::simulator::call::Filter;
use crate::simulator::lists::Filters;
use crate::simulator::records::{Customer, Order, text_of};
use crate::simulator::world::World;

/// Filters of `GET /orders`.
pub(super) const ORDER: &[&str] = &[
    "ids",
    "externalIds",
    "numbers",
    "customerId",
    "customerExternalId",
    "customer",
    "email",
    "sites",
    "orderMethods",
    "orderTypes",
    "managers",
    "extendedStatus",
    "createdAtFrom",
    "createdAtTo",
    "sourceName",
    "mediumName",
    "campaignName",
    "keywordName",
    "adContentName",
    "customFields",
];

/// Filters of `GET /customers`.
pub(super) const CUSTOMER: &[&str] = &[
    "ids",
    "externalIds",
    "email",
    "name",
    "sites",
    "isContact",
    "browserId",
    "managers",
    "tags",
    "dateFrom",
    "dateTo",
    "sourceName",
    "mediumName",
    "campaignName",
    "keywordName",
    "adContentName",
    "customFields",
];

/// An order fits when for every filter name one of the values does.
pub(super) fn order_fits(world: &World, order: &Order, groups: &Filters) -> bool {
    let customer = world.records.customers.get(&order.customer);
    groups.iter().all(|(name, values)| {
        let fields = &order.fields;
        let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|filter| test(&filter.value));
        match name.as_str() {
            "ids" => any(&|id| id == order.id.to_string()),
            "numbers" => any(&|number| text_of(fields, "number") == Some(number)),
            "customerId" => any(&|id| id == order.customer.to_string()),
            "customerExternalId" => any(&|id| {
                customer.and_then(|known| text_of(&known.fields, "externalId")) == Some(id)
            }),
            "customer" => any(&|needle| {
                let phones = ["phone", "additionalPhone"];
                person_fits(fields, &phones.map(|name| text_of(fields, name)), needle)
            }),
            "orderMethods" => any(&|code| text_of(fields, "orderMethod") == Some(code)),
            "orderTypes" => any(&|code| text_of(fields, "orderType") == Some(code)),
            "extendedStatus" => any(&|code| {
                let status = text_of(fields, "status").unwrap_or_default();
                let group = world.setup.account.status_group(status);
                code == status || code.strip_suffix("-group") == Some(group)
            }),
            other => common_fits(other, fields, &order.custom, values),
        }
    })
}

/// A customer fits when for every filter name one of the values does.
pub(super) fn customer_fits(customer: &Customer, groups: &Filters) -> bool {
    let fields = &customer.fields;
    groups.iter().all(|(name, values)| {
        let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|filter| test(&filter.value));
        match name.as_str() {
            "ids" => any(&|id| id == customer.id.to_string()),
            "name" => any(&|needle| {
                let phones: Vec<Option<&str>> = list(fields, "phones")
                    .map(|phone| phone["number"].as_str())
                    .collect();
                person_fits(fields, &phones, needle)
            }),
            "isContact" => any(&|flag| {
                let is_contact = fields.get("isContact").and_then(Value::as_bool);
                matches!(flag, "1" | "true") == is_contact.unwrap_or(false)
            }),
            "browserId" => any(&|id| text_of(fields, "browserId") == Some(id)),
            "tags" => any(&|tag| list(fields, "tags").any(|known| known == tag)),
            other => common_fits(other, fields, &customer.custom, values),
        }
    })
}

/// Filters that orders and customers share.
fn common_fits(
    name: &str,
    fields: &Map<String, Value>,
    custom: &Map<String, Value>,
    values: &[Filter],
) -> bool {
    let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|filter| test(&filter.value));
    let created = text_of(fields, "createdAt")
        .and_then(|at| at.get(..10))
        .unwrap_or_default();
    let source =
        |part: &str| any(&|text| fields.get("source").is_some_and(|all| all[part] == text));
    match name {
        "externalIds" => any(&|id| text_of(fields, "externalId") == Some(id)),
        "email" => any(&|text| contains(text_of(fields, "email"), text)),
        "sites" => any(&|site| text_of(fields, "site") == Some(site)),
        "managers" => any(&|id| {
            let own = fields.get("managerId").and_then(Value::as_u64);
            own.is_some() && own == id.parse().ok()
        }),
        "createdAtFrom" | "dateFrom" => any(&|day| created >= day),
        "createdAtTo" | "dateTo" => any(&|day| created <= day),
        "sourceName" => source("source"),
        "mediumName" => source("medium"),
        "campaignName" => source("campaign"),
        "keywordName" => source("keyword"),
        "adContentName" => source("content"),
        "customFields" => custom_fits(custom, values),
        _ => false,
    }
}

/// `filter[customFields][code]` exact or one of several; `[min]` and `[max]` for numbers and dates.
fn custom_fits(custom: &Map<String, Value>, values: &[Filter]) -> bool {
    let mut exact: Vec<(&str, bool)> = Vec::new();
    for filter in values {
        let Some(code) = filter.rest.first() else {
            return false;
        };
        let own = custom.get(code);
        match filter.rest.get(1).map(String::as_str) {
            Some(bound @ ("min" | "max")) => {
                if !own.is_some_and(|own| within(own, bound, &filter.value)) {
                    return false;
                }
            }
            _ => exact.push((code, own.is_some_and(|own| equals(own, &filter.value)))),
        }
    }
    // Several values of one code are alternatives; different codes must all fit.
    exact
        .iter()
        .all(|(code, _)| exact.iter().any(|(other, fits)| other == code && *fits))
}

fn within(own: &Value, bound: &str, limit: &str) -> bool {
    let is_min = bound == "min";
    match (own.as_f64(), limit.parse::<f64>()) {
        (Some(own), Ok(limit)) if is_min => own >= limit,
        (Some(own), Ok(limit)) => own <= limit,
        _ => match own.as_str() {
            Some(own) if is_min => own >= limit,
            Some(own) => own <= limit,
            None => false,
        },
    }
}

fn equals(own: &Value, wanted: &str) -> bool {
    match own {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| item == wanted),
        Value::Bool(flag) => *flag == matches!(wanted, "1" | "true"),
        Value::Number(number) => wanted.parse().ok() == number.as_f64(),
        Value::Null | Value::Object(_) => false,
    }
}

/// By a part of the full name, or by digits within a phone (from three digits on).
fn person_fits(fields: &Map<String, Value>, phones: &[Option<&str>], needle: &str) -> bool {
    let name = ["lastName", "firstName", "patronymic"]
        .map(|part| text_of(fields, part).unwrap_or_default())
        .join(" ");
    let wanted = digits(needle);
    let has_phone = wanted.len() >= 3
        && phones
            .iter()
            .flatten()
            .any(|phone| digits(phone).contains(&wanted));
    has_phone || contains(Some(&name), needle)
}

fn contains(text: Option<&str>, part: &str) -> bool {
    text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    fields
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
