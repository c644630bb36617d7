//! What happens to orders after they were made: another status, deletion, a merger; and the history that tells of it. A manager does these by hand,
//! so tests do them through the handle or the control endpoint.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::simulator::answer::{Answer, Refusal};
use crate::simulator::call::{Call, Filter, refused_filter};
use crate::simulator::lists::page_of;
use crate::simulator::records::Order;
use crate::simulator::texts::Text;
use crate::simulator::world::World;

/// What a manager does with an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderChange {
    /// Gives it another status, by its code.
    Status(String),
    /// Deletes it.
    Delete,
    /// Merges it into another order, which stays.
    MergeInto(u64),
}

/// One record of the history. Records count up from 1.
pub(super) struct Change {
    order: u64,
    external_id: Option<Value>,
    created_at: String,
    source: &'static str,
    /// The members that depend on what happened.
    what: Map<String, Value>,
}

/// Who did it, as the history names him.
const BY_HAND: &str = "user";

/// Carries out what a manager does. `false` when there is no such order, status or heir.
pub(super) fn change(world: &mut World, order: u64, change: &OrderChange) -> bool {
    let Some(found) = world.records.orders.get(&order) else {
        return false;
    };
    match change {
        OrderChange::Status(code) => {
            let known = &world.setup.account.statuses;
            if !known.iter().any(|status| status.code == *code) {
                return false;
            }
            let old = found.fields.get("status").cloned();
            note_status(world, order, (old, code), BY_HAND);
            let now = world.now();
            if let Some(order) = world.records.orders.get_mut(&order) {
                order.fields.insert("status".to_owned(), json!(code));
                order
                    .fields
                    .insert("statusUpdatedAt".to_owned(), json!(now));
            }
            true
        }
        OrderChange::Delete => {
            note(world, order, BY_HAND, json!({"deleted": true}));
            world.records.remove_order(order);
            true
        }
        OrderChange::MergeInto(heir) => {
            if order == *heir || !world.records.orders.contains_key(heir) {
                return false;
            }
            let heir_number = json!({"id": heir});
            note(world, order, BY_HAND, json!({"combinedTo": heir_number}));
            world.records.remove_order(order);
            true
        }
    }
}

/// Enters a status in the history.
pub(super) fn note_status(
    world: &mut World,
    order: u64,
    (old, new): (Option<Value>, &str),
    source: &'static str,
) {
    let old = old.map_or(Value::Null, |code| json!({ "code": code }));
    let what = json!({"field": "status", "oldValue": old, "newValue": {"code": new}});
    note(world, order, source, what);
}

/// Enters something in the history of an order that is there.
pub(super) fn note(world: &mut World, order: u64, source: &'static str, what: Value) {
    let created_at = world.now();
    let Some(Order { fields, .. }) = world.records.orders.get(&order) else {
        return;
    };
    let external_id = fields.get("externalId").cloned();
    let what = match what {
        Value::Object(what) => what,
        _ => Map::new(),
    };
    world.records.history.push(Change {
        order,
        external_id,
        created_at,
        source,
        what,
    });
}

/// `orders/combine`: the order named goes, `resultOrder` stays.
pub(super) fn combine(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let technique = call.parameter("technique").unwrap_or_default();
    if !["ours", "theirs", "summ", "merge"].contains(&technique) {
        return Err(Refusal::parameter("technique", Text::Invalid));
    }
    let id = |name: &str| -> Result<u64, Refusal> {
        call.json(name)?["id"]
            .as_u64()
            .ok_or_else(Refusal::not_found)
    };
    let (order, heir) = (id("order")?, id("resultOrder")?);
    if change(world, order, &OrderChange::MergeInto(heir)) {
        Ok(Answer::ok(json!({})))
    } else {
        Err(Refusal::not_found())
    }
}

/// `orders/history`: oldest first. `page` together with `filter[sinceId]` is refused, as since May 2023.
pub(super) fn history(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let filters = call.filters()?;
    let known = [
        "sinceId",
        "orderId",
        "orderExternalId",
        "startDate",
        "endDate",
    ];
    if filters
        .iter()
        .any(|one| !known.contains(&one.name.as_str()))
    {
        return Err(Refusal::parameter("filter", Text::ExtraFields));
    }
    let value = |name: &str| filters.iter().find(|one| one.name == name);
    let number = |name: &str| match value(name).map(|filter| filter.value.parse::<u64>()) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(refused_filter(name)),
    };
    let (since, order) = (number("sinceId")?, number("orderId")?);
    if since.is_some() && call.parameter("page").is_some() {
        return Err(Refusal::parameter("page", Text::Invalid));
    }
    let text = |name: &str| value(name).map(|filter: &Filter| filter.value.as_str());
    let (external, from, until) = (text("orderExternalId"), text("startDate"), text("endDate"));
    let shown: Vec<Value> = world
        .records
        .history
        .iter()
        .zip(1_u64..)
        .filter(|(change, id)| {
            since.is_none_or(|since| *id > since)
                && order.is_none_or(|order| change.order == order)
                && external.is_none_or(|asked| change.external_id.as_ref() == Some(&json!(asked)))
                && from.is_none_or(|from| change.created_at.as_str() >= from)
                && until.is_none_or(|until| change.created_at.as_str() <= until)
        })
        .map(|(change, id)| show(change, id))
        .collect();
    let (pagination, rows) = page_of(call, shown)?;
    Ok(Answer::ok(json!({
        "generatedAt": world.now(), "history": rows, "pagination": pagination,
    })))
}

fn show(change: &Change, id: u64) -> Value {
    let mut order = json!({ "id": change.order });
    if let Some(external) = &change.external_id {
        order["externalId"] = external.clone();
    }
    let mut shown = json!({
        "id": id, "createdAt": change.created_at, "source": change.source, "order": order,
    });
    if change.source == "api" {
        shown["apiKey"] = json!({"current": true});
    }
    if let Some(members) = shown.as_object_mut() {
        members.extend(change.what.clone());
    }
    shown
}
