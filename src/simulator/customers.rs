//! Methods about customers: create, upload, get, edit, combine, fix-external-ids.

use serde_json::{Map, Value, json};

use crate::simulator::account::Entity;
use crate::simulator::answer::{Answer, Complaint, Refusal};
use crate::simulator::call::Call;
use crate::simulator::custom_values;
use crate::simulator::fields::CUSTOMER;
use crate::simulator::order_checks;
use crate::simulator::records::{Records, text_of};
use crate::simulator::schema::Check;
use crate::simulator::texts::Text;
use crate::simulator::upload::{self, Batch};
use crate::simulator::world::{By, FailingRow, World, by};

/// What is sent, after all checks.
struct Checked {
    fields: Map<String, Value>,
    custom: Map<String, Value>,
}

pub(super) fn create(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let sent = call.json("customer")?;
    let site = world.site(call, sent["site"].as_str(), &Text::CustomerNotLoaded)?;
    let id = add(world, &sent, &site)?;
    Ok(Answer::created(json!({ "id": id })))
}

pub(super) fn upload(
    world: &mut World,
    call: &Call,
    failing: Option<&FailingRow>,
) -> Result<Answer, Refusal> {
    let rows = upload::rows(call, "customers")?;
    let mut batch = Batch::default();
    for (index, row) in rows.iter().enumerate() {
        let added = match failing.filter(|failing| failing.row == index + 1) {
            Some(failing) => Err(Refusal::new(400, Text::Given(failing.text.clone()))),
            None => world
                .site(call, row["site"].as_str(), &Text::CustomerNotLoaded)
                .and_then(|site| add(world, row, &site)),
        };
        batch.note(row, added);
    }
    Ok(batch.customers_answer(&world.setup.account))
}

/// Stores one customer.
fn add(world: &mut World, sent: &Value, site: &str) -> Result<u64, Refusal> {
    let Checked { mut fields, custom } = check(world, sent)?;
    if text_of(&fields, "firstName").is_none_or(|name| name.trim().is_empty()) {
        let complaint = Complaint::new("firstName", Text::FirstName);
        return Err(Refusal::about(Text::EntityFormat, vec![complaint]));
    }
    if let Some(external) = text_of(&fields, "externalId")
        && world.records.customer_by_external(external).is_some()
    {
        return Err(Refusal::new(400, Text::CustomerExists));
    }
    let mut complaints = Vec::new();
    custom_values::require(
        &world.setup.account,
        Entity::Customer,
        &custom,
        &mut complaints,
    );
    if !complaints.is_empty() {
        return Err(Refusal::about(Text::CustomerNotLoaded, complaints));
    }
    fields.insert("site".to_owned(), site.into());
    let now = world.now();
    fields.entry("createdAt").or_insert_with(|| now.into());
    retag(&mut fields);
    Ok(world.records.add_customer(fields, without_nulls(custom)))
}

fn check(world: &World, sent: &Value) -> Result<Checked, Refusal> {
    let account = &world.setup.account;
    let sent = sent
        .as_object()
        .filter(|members| !members.is_empty())
        .ok_or_else(|| Refusal::missing("customer"))?;
    let mut check = Check::new(account.longest_line);
    let mut fields = check.object(CUSTOMER, sent, "");
    order_checks::contragent(&fields, &mut check.complaints);
    if !check.complaints.is_empty() {
        return Err(Refusal::about(Text::EntityFormat, check.complaints));
    }
    let mut complaints = Vec::new();
    let custom = custom_values::accept(
        account,
        Entity::Customer,
        fields.remove("customFields").as_ref(),
        &mut complaints,
    );
    if let Some(manager) = fields.get("managerId")
        && !account.users.iter().any(|user| *manager == json!(user.id))
    {
        let text = Text::Unknown("User", "id", manager.to_string());
        complaints.push(Complaint::new("managerId", text));
    }
    if complaints.is_empty() {
        Ok(Checked { fields, custom })
    } else {
        Err(Refusal::about(Text::CustomerNotLoaded, complaints))
    }
}

/// Applies `addTags` and `removeTags` to `tags`.
fn retag(fields: &mut Map<String, Value>) {
    let mut list = |name: &str| match fields.remove(name) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let (mut tags, added, removed) = (list("tags"), list("addTags"), list("removeTags"));
    tags.extend(added);
    tags.retain(|tag| !removed.contains(tag));
    tags.dedup();
    if !tags.is_empty() {
        fields.insert("tags".to_owned(), Value::Array(tags));
    }
}

/// The customer that a call names. One that was merged is 404 with `combinedTo`.
fn find(world: &World, call: &Call, id: &str, absent: Text) -> Result<u64, Refusal> {
    let found = match by(call, id)? {
        By::Id(id) => Some(id),
        By::ExternalId => {
            world.site(call, None, &Text::CustomerNotLoaded)?;
            world.records.customer_by_external(id)
        }
    };
    match found.and_then(|id| world.records.customers.get(&id)) {
        None => Err(Refusal::new(404, absent)),
        Some(customer) => match customer.merged_into {
            None => Ok(customer.id),
            Some(heir) => Err(Refusal {
                combined_to: Some(last_heir(world, heir)),
                ..Refusal::not_found()
            }),
        },
    }
}

fn last_heir(world: &World, mut id: u64) -> u64 {
    while let Some(heir) = world
        .records
        .customers
        .get(&id)
        .and_then(|customer| customer.merged_into)
    {
        id = heir;
    }
    id
}

pub(super) fn get(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let id = find(world, call, id, Text::NotFound)?;
    let customer = world
        .records
        .live_customer(id)
        .ok_or_else(Refusal::not_found)?;
    let shown = Records::show_customer(customer);
    Ok(Answer::ok(json!({ "customer": shown })))
}

pub(super) fn edit(world: &mut World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let sent = call.json("customer")?;
    let id = find(world, call, id, Text::NothingToEdit)?;
    world.site(call, sent["site"].as_str(), &Text::CustomerNotLoaded)?;
    let Checked { mut fields, custom } = check(world, &sent)?;
    if text_of(&fields, "firstName").is_some_and(|name| name.trim().is_empty()) {
        let complaint = Complaint::new("firstName", Text::FirstName);
        return Err(Refusal::about(Text::EntityFormat, vec![complaint]));
    }
    // The external id names the record and is changed through fix-external-ids alone.
    fields.remove("externalId");
    if let Some(customer) = world.records.customers.get_mut(&id) {
        customer.fields.extend(fields);
        retag(&mut customer.fields);
        customer.custom.extend(custom);
        customer.custom.retain(|_, value| !value.is_null());
    }
    Ok(Answer::ok(json!({ "id": id, "state": "updated" })))
}

pub(super) fn combine(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let heir = call.json("resultCustomer")?["id"].as_u64();
    let heir = heir
        .filter(|id| world.records.live_customer(*id).is_some())
        .ok_or_else(Refusal::not_found)?;
    for id in upload::rows(call, "customers")?
        .iter()
        .filter_map(|row| row["id"].as_u64())
        .filter(|id| *id != heir)
    {
        world.records.merge(id, heir);
    }
    Ok(Answer::ok(json!({})))
}

pub(super) fn fix_external_ids(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    for row in upload::rows(call, "customers")? {
        if let (Some(id), Some(external)) = (row["id"].as_u64(), row["externalId"].as_str()) {
            world.records.rename_customer(id, external);
        }
    }
    Ok(Answer::ok(json!({})))
}

/// Values to store of values that were accepted: a null has nothing to clear in a new record.
pub(super) fn without_nulls(mut custom: Map<String, Value>) -> Map<String, Value> {
    custom.retain(|_, value| !value.is_null());
    custom
}
