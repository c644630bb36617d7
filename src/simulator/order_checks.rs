//! What an order refers to must exist: codes of reference lists, users, the customer. Each unknown one refuses the
//! whole order; all complaints are collected.

use serde_json::{Map, Value, json};

use crate::simulator::account::{Account, has_code};
use crate::simulator::answer::{Complaint, Refusal};
use crate::simulator::lines;
use crate::simulator::records::text_of;
use crate::simulator::texts::Text;
use crate::simulator::world::World;

/// Whom an order names as its customer.
pub(super) enum Buyer {
    /// A customer of the account, by internal id.
    Known(u64),
    /// The CRM makes one with these fields: a browser that no customer has yet, a company.
    New(Map<String, Value>),
}

/// Fields that may not stand together, or only together.
pub(super) fn relations(fields: &Map<String, Value>, complaints: &mut Vec<Complaint>) {
    let mut complain = |path: &str| complaints.push(Complaint::new(path, Text::Invalid));
    if fields.contains_key("statusComment") && !fields.contains_key("status") {
        complain("statusComment");
    }
    if let Some(mark) = fields.get("mark").and_then(Value::as_i64)
        && !(0..=10).contains(&mark)
    {
        complain("mark");
    }
    if let Some(country) = text_of(fields, "countryIso")
        && !(country.len() == 2 && country.chars().all(|letter| letter.is_ascii_uppercase()))
    {
        complain("countryIso");
    }
    contragent(fields, complaints);
    lines::format(fields, complaints);
    let delivery = fields.get("delivery").unwrap_or(&Value::Null);
    if delivery["vatRate"]
        .as_str()
        .is_some_and(|rate| !lines::is_vat(rate))
    {
        complaints.push(Complaint::new("delivery.vatRate", Text::Invalid));
    }
}

/// Requisites that the type of contragent does not have.
pub(super) fn contragent(fields: &Map<String, Value>, complaints: &mut Vec<Complaint>) {
    let Some(contragent) = fields.get("contragent").and_then(Value::as_object) else {
        return;
    };
    let kind = text_of(contragent, "contragentType").unwrap_or("individual");
    let is_banned = |name: &str| match kind {
        "individual" => name != "contragentType",
        "legal-entity" => ["OGRNIP", "certificateNumber", "certificateDate"].contains(&name),
        _ => ["KPP", "OGRN"].contains(&name),
    };
    for name in contragent.keys().filter(|name| is_banned(name)) {
        complaints.push(Complaint::new(format!("contragent.{name}"), Text::Invalid));
    }
}

/// Codes of reference lists and the manager.
pub(super) fn codes(
    account: &Account,
    fields: &Map<String, Value>,
    complaints: &mut Vec<Complaint>,
) {
    let simple = [
        ("orderType", "OrderType", &account.order_types),
        ("orderMethod", "OrderMethod", &account.order_methods),
        ("shipmentStore", "Store", &account.stores),
    ];
    for (name, class, known) in simple {
        if let Some(code) = text_of(fields, name).filter(|code| !has_code(known, code)) {
            complaints.push(unknown(name, class, code));
        }
    }
    if let Some(code) = text_of(fields, "status")
        && account.status_group(code).is_empty()
    {
        complaints.push(unknown("status", "Status", code));
    }
    if let Some(manager) = fields.get("managerId")
        && !account.users.iter().any(|user| *manager == json!(user.id))
    {
        let text = Text::Unknown("User", "id", manager.to_string());
        complaints.push(Complaint::new("managerId", text));
    }
    let delivery = fields
        .get("delivery")
        .and_then(|delivery| delivery["code"].as_str());
    if let Some(code) = delivery.filter(|code| !has_code(&account.delivery_types, code)) {
        complaints.push(unknown("delivery.code", "DeliveryType", code));
    }
    lines::codes(account, fields, complaints);
}

pub(super) fn unknown(path: &str, class: &'static str, code: &str) -> Complaint {
    Complaint::new(path, Text::Unknown(class, "code", code.to_owned()))
}

/// The customer that an order names; `None` when the CRM has to make one.
pub(super) fn buyer(
    world: &World,
    customer: Option<&Value>,
    complaints: &mut Vec<Complaint>,
) -> Result<Option<Buyer>, Refusal> {
    let Some(customer) = customer else {
        return Ok(None);
    };
    if let Some(id) = customer["id"].as_u64() {
        if world.records.live_customer(id).is_some() {
            return Ok(Some(Buyer::Known(id)));
        }
        let text = Text::CustomerUnknown("id", id.to_string());
        complaints.push(Complaint::new("customer.id", text));
        return Ok(None);
    }
    if let Some(external) = customer["externalId"].as_str() {
        return by_external(world, customer, external, complaints);
    }
    if let Some(browser) = customer["browserId"].as_str() {
        let known = world.records.customers.values().find(|known| {
            known.merged_into.is_none() && text_of(&known.fields, "browserId") == Some(browser)
        });
        return Ok(Some(match known {
            Some(known) => Buyer::Known(known.id),
            None => Buyer::New(made_with(customer)),
        }));
    }
    if customer["type"].is_string() {
        return Ok(Some(Buyer::New(made_with(customer))));
    }
    let complaint = Complaint::new("customer", Text::SetOneOf("id, externalId"));
    Err(Refusal::about(Text::EntityFormat, vec![complaint]))
}

/// What a customer is made with besides the order's contact.
fn made_with(customer: &Value) -> Map<String, Value> {
    let members = ["browserId", "type", "nickName"].into_iter();
    let sent = members.filter_map(|name| Some((name.to_owned(), customer.get(name)?.clone())));
    sent.collect()
}

/// The contact person of a company is a customer too.
pub(super) fn contact(
    world: &World,
    contact: Option<&Value>,
    complaints: &mut Vec<Complaint>,
) -> Result<(), Refusal> {
    let Some(contact) = contact else {
        return Ok(());
    };
    let (found, key, value) = if let Some(id) = contact["id"].as_u64() {
        (Some(id), "id", id.to_string())
    } else if let Some(external) = contact["externalId"].as_str() {
        let found = world.records.customer_by_external(external);
        (found, "externalId", external.to_owned())
    } else {
        let complaint = Complaint::new("contact", Text::SetOneOf("id, externalId"));
        return Err(Refusal::about(Text::EntityFormat, vec![complaint]));
    };
    if found
        .and_then(|id| world.records.live_customer(id))
        .is_none()
    {
        let text = Text::CustomerUnknown(key, value);
        complaints.push(Complaint::new(format!("contact.{key}"), text));
    }
    Ok(())
}

fn by_external(
    world: &World,
    customer: &Value,
    external: &str,
    complaints: &mut Vec<Complaint>,
) -> Result<Option<Buyer>, Refusal> {
    let has_one_site = world.setup.account.reachable_sites().len() == 1;
    if customer["site"].as_str().is_none() && !has_one_site {
        return Err(Refusal::new(400, Text::MemberMissing("site", "customer")));
    }
    let found = world
        .records
        .customer_by_external(external)
        .filter(|id| world.records.live_customer(*id).is_some());
    if found.is_none() {
        let text = Text::CustomerUnknown("externalId", external.to_owned());
        complaints.push(Complaint::new("customer.externalId", text));
    }
    Ok(found.map(Buyer::Known))
}
