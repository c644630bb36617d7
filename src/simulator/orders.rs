//! Methods about orders: create, upload, get, edit, fix-external-ids. What an order may refer to is checked in
//! `order_checks.rs`.

use serde_json::{Map, Value, json};

use crate::simulator::account::{Entity, default_code};
use crate::simulator::answer::{Answer, Refusal};
use crate::simulator::call::Call;
use crate::simulator::custom_values;
use crate::simulator::customers::without_nulls;
use crate::simulator::fields::ORDER;
use crate::simulator::lines;
use crate::simulator::order_checks::{self, Buyer};
use crate::simulator::payments;
use crate::simulator::records::text_of;
use crate::simulator::schema::Check;
use crate::simulator::texts::Text;
use crate::simulator::upload::{self, Batch};
use crate::simulator::world::{By, FailingRow, World, by};

/// What is sent, after all checks.
struct Checked {
    fields: Map<String, Value>,
    custom: Map<String, Value>,
    buyer: Option<Buyer>,
}

pub(super) fn create(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let sent = call.json("order")?;
    let site = world.site(call, sent["site"].as_str(), &Text::OrderNotLoaded)?;
    let id = add(world, &sent, &site)?;
    Ok(Answer::created(
        json!({ "id": id, "order": show(world, id) }),
    ))
}

pub(super) fn upload(
    world: &mut World,
    call: &Call,
    failing: Option<&FailingRow>,
) -> Result<Answer, Refusal> {
    let rows = upload::rows(call, "orders")?;
    let mut batch = Batch::default();
    for (index, row) in rows.iter().enumerate() {
        let added = match failing.filter(|failing| failing.row == index + 1) {
            Some(failing) => Err(Refusal::new(400, Text::Given(failing.text.clone()))),
            None => world
                .site(call, row["site"].as_str(), &Text::OrderNotLoaded)
                .and_then(|site| add(world, row, &site)),
        };
        batch.note(row, added);
    }
    let orders = batch.ids().iter().map(|id| show(world, *id)).collect();
    Ok(batch.orders_answer(&world.setup.account, orders))
}

/// Stores one order, and the customer that the CRM makes of it when it names none.
fn add(world: &mut World, sent: &Value, site: &str) -> Result<u64, Refusal> {
    let external = match &sent["externalId"] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if external.is_some_and(|id| world.records.order_by_external(&id).is_some()) {
        return Err(Refusal::new(400, Text::OrderExists));
    }
    let checked = check(world, sent, site, None)?;
    let Checked {
        mut fields,
        custom,
        buyer,
    } = checked;
    let mut complaints = Vec::new();
    let account = &world.setup.account;
    custom_values::require(account, Entity::Order, &custom, &mut complaints);
    if !complaints.is_empty() {
        return Err(Refusal::about(Text::OrderNotLoaded, complaints));
    }
    fields.insert("site".to_owned(), site.into());
    let defaults = [
        ("orderType", default_code(&account.order_types)),
        ("orderMethod", default_code(&account.order_methods)),
        (
            "status",
            account.statuses.first().map(|status| status.code.as_str()),
        ),
    ];
    for (name, code) in defaults {
        if let Some(code) = code {
            fields.entry(name).or_insert_with(|| code.into());
        }
    }
    let now = world.now();
    for name in ["createdAt", "statusUpdatedAt"] {
        fields.entry(name).or_insert_with(|| now.as_str().into());
    }
    let customer = match buyer {
        Some(Buyer::Known(id)) => id,
        Some(Buyer::New(more)) => customer_of(world, &fields, more),
        None => customer_of(world, &fields, Map::new()),
    };
    let custom = without_nulls(custom);
    Ok(world.records.add_order(customer, fields, custom))
}

/// The customer that the CRM makes by itself out of an order's contact.
fn customer_of(world: &mut World, order: &Map<String, Value>, more: Map<String, Value>) -> u64 {
    let mut fields = Map::new();
    for name in [
        "firstName",
        "lastName",
        "patronymic",
        "email",
        "source",
        "site",
        "createdAt",
    ] {
        if let Some(value) = order.get(name) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    let phones: Vec<Value> = ["phone", "additionalPhone"]
        .iter()
        .filter_map(|name| text_of(order, name))
        .map(|number| json!({ "number": number }))
        .collect();
    if !phones.is_empty() {
        fields.insert("phones".to_owned(), Value::Array(phones));
    }
    fields.extend(more);
    world.records.add_customer(fields, Map::new())
}

/// `edited` is the order that is there already.
fn check(world: &World, sent: &Value, site: &str, edited: Option<u64>) -> Result<Checked, Refusal> {
    let account = &world.setup.account;
    let sent = sent
        .as_object()
        .filter(|members| !members.is_empty())
        .ok_or_else(|| Refusal::missing("order"))?;
    let mut check = Check::new(account.longest_line);
    let mut fields = check.object(ORDER, sent, "");
    order_checks::relations(&fields, &mut check.complaints);
    if !check.complaints.is_empty() {
        return Err(Refusal::about(Text::EntityFormat, check.complaints));
    }
    let mut complaints = Vec::new();
    order_checks::codes(account, &fields, &mut complaints);
    complaints.extend(payments::complaints(world, &fields, site, edited));
    order_checks::contact(world, fields.get("contact"), &mut complaints)?;
    let customer = fields.remove("customer");
    let buyer = order_checks::buyer(world, customer.as_ref(), &mut complaints)?;
    let custom = custom_values::accept(
        account,
        Entity::Order,
        fields.remove("customFields").as_ref(),
        &mut complaints,
    );
    if !complaints.is_empty() {
        return Err(Refusal::about(Text::OrderNotLoaded, complaints));
    }
    lines::link(account, &mut fields);
    Ok(Checked {
        fields,
        custom,
        buyer,
    })
}

fn find(world: &World, call: &Call, id: &str, absent: Text) -> Result<u64, Refusal> {
    let found = match by(call, id)? {
        By::Id(id) => Some(id),
        By::ExternalId => {
            world.site(call, None, &Text::OrderNotLoaded)?;
            world.records.order_by_external(id)
        }
    };
    found
        .filter(|id| world.records.orders.contains_key(id))
        .ok_or(Refusal::new(404, absent))
}

fn show(world: &World, id: u64) -> Value {
    world
        .records
        .orders
        .get(&id)
        .map_or(Value::Null, |order| world.records.show_order(order))
}

pub(super) fn get(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let id = find(world, call, id, Text::NotFound)?;
    Ok(Answer::ok(json!({ "order": show(world, id) })))
}

pub(super) fn edit(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let sent = call.json("order")?;
    let id = find(world, call, id, Text::NothingToEdit)?;
    let site = world.site(call, sent["site"].as_str(), &Text::OrderNotLoaded)?;
    let checked = check(world, &sent, &site, Some(id))?;
    let Checked {
        mut fields,
        custom,
        buyer,
    } = checked;
    // The external id names the record and is changed through fix-external-ids alone.
    fields.remove("externalId");
    if fields.contains_key("status") {
        let now = world.now();
        fields
            .entry("statusUpdatedAt")
            .or_insert_with(|| now.into());
    }
    if let Some(order) = world.records.orders.get_mut(&id) {
        // `items` replaces the whole list, so lines that are not sent are gone.
        order.fields.extend(fields);
        order.custom.extend(custom);
        order.custom.retain(|_, value| !value.is_null());
    }
    world.records.note_payments(id);
    if let Some(Buyer::Known(customer)) = buyer {
        world.records.reassign(id, customer);
    }
    Ok(Answer::ok(json!({ "id": id, "order": show(world, id) })))
}

pub(super) fn fix_external_ids(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    for row in upload::rows(call, "orders")? {
        if let (Some(id), Some(external)) = (row["id"].as_u64(), row["externalId"].as_str()) {
            world.records.rename_order(id, external);
        }
    }
    Ok(Answer::ok(json!({})))
}
