//! The lines of an order: what they may hold, how they find their offer in the catalogue, and which of them collapse.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::simulator::account::{Account, Offer, has_code};
use crate::simulator::answer::Complaint;
use crate::simulator::order_checks::unknown;
use crate::simulator::records::text_of;
use crate::simulator::texts::Text;

/// Complains of lines that are wrong whatever the account holds.
pub(super) fn format(fields: &Map<String, Value>, complaints: &mut Vec<Complaint>) {
    let mut external: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (index, item) in items(fields).enumerate() {
        let path = format!("items[{index}]");
        if item["vatRate"].as_str().is_some_and(|rate| !is_vat(rate)) {
            complaints.push(Complaint::new(format!("{path}.vatRate"), Text::Invalid));
        }
        for (at, property) in list(item, "properties").enumerate() {
            let path = format!("{path}.properties[{at}]");
            complaints.extend(property_complaints(property, &path));
        }
        for (at, id) in list(item, "externalIds").enumerate() {
            let named = (id["code"].as_str(), id["value"].as_str());
            let path = format!("{path}.externalIds[{at}]");
            match named {
                (Some(code), Some(value)) if external.insert((code, value)) => {}
                (Some(_), Some(_)) => complaints.push(Complaint::new(path, Text::NotUnique)),
                _ => complaints.push(Complaint::new(path, Text::Blank)),
            }
        }
    }
}

fn property_complaints(property: &Value, path: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for name in ["name", "value"] {
        if property[name]
            .as_str()
            .is_none_or(|text| text.trim().is_empty())
        {
            complaints.push(Complaint::new(format!("{path}.{name}"), Text::Blank));
        }
    }
    if property["code"].as_str().is_some_and(|code| !is_code(code)) {
        complaints.push(Complaint::new(format!("{path}.code"), Text::Invalid));
    }
    complaints
}

/// `[A-Za-z0-9_][A-Za-z0-9_\-:]*`.
fn is_code(code: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.starts_with(is_word) && code.chars().all(|c| is_word(c) || matches!(c, '-' | ':'))
}

/// `none` or a percentage.
pub(super) fn is_vat(rate: &str) -> bool {
    rate == "none"
        || rate
            .parse::<f64>()
            .is_ok_and(|percent| (0.0..=100.0).contains(&percent))
}

/// Complains of what the account does not have. An offer that is not found by its own id refuses the order; by any other id the line just is
/// not linked.
pub(super) fn codes(
    account: &Account,
    fields: &Map<String, Value>,
    complaints: &mut Vec<Complaint>,
) {
    for (index, item) in items(fields).enumerate() {
        let path = format!("items[{index}]");
        if let Some(code) = item["status"].as_str()
            && !has_code(&account.product_statuses, code)
        {
            complaints.push(unknown(
                &format!("{path}.status"),
                "OrderProductStatus",
                code,
            ));
        }
        if let Some(code) = item["priceType"]["code"].as_str()
            && !has_code(&account.price_types, code)
        {
            complaints.push(unknown(
                &format!("{path}.priceType.code"),
                "PriceType",
                code,
            ));
        }
        if let Some(id) = item["offer"]["id"].as_i64()
            && !account
                .offers
                .iter()
                .any(|offer| i64::try_from(offer.id) == Ok(id))
        {
            let text = Text::OfferUnknown(id);
            complaints.push(Complaint::new(format!("{path}.offer.id"), text));
        }
    }
}

/// Links lines with their offers; a line whose offer is not found becomes a free text. Of two lines with one offer that no external id tells
/// apart the last one stays.
pub(super) fn link(account: &Account, fields: &mut Map<String, Value>) {
    let Some(Value::Array(items)) = fields.get_mut("items") else {
        return;
    };
    for item in items.iter_mut() {
        let offer = find(account, &item["offer"]).map(show);
        if let Some(line) = item.as_object_mut() {
            line.shift_remove("offer");
            line.extend(offer.map(|offer| ("offer".to_owned(), offer)));
        }
    }
    let keys: Vec<Option<String>> = items.iter().map(key).collect();
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        let (this, later) = (&keys[at - 1], &keys[at..]);
        this.is_none() || !later.contains(this)
    });
}

/// By `id`, else by `externalId`, else by `xmlId`.
fn find<'a>(account: &'a Account, sent: &Value) -> Option<&'a Offer> {
    let offers = || account.offers.iter();
    if let Some(id) = sent["id"].as_u64() {
        return offers().find(|offer| offer.id == id);
    }
    if let Some(id) = sent["externalId"].as_str() {
        return offers().find(|offer| offer.external_id == id);
    }
    let id = sent["xmlId"].as_str()?;
    offers().find(|offer| offer.xml_id == id)
}

fn show(offer: &Offer) -> Value {
    json!({
        "displayName": offer.name, "id": offer.id, "externalId": offer.external_id, "xmlId": offer.xml_id,
        "name": offer.name, "vatRate": "none",
    })
}

/// What tells a line from others; none for a line without an offer.
fn key(item: &Value) -> Option<String> {
    let line = item.as_object()?;
    let offer = item["offer"]["id"].as_u64()?;
    let own = text_of(line, "externalId").unwrap_or_default();
    Some(format!("{offer} {own} {}", item["externalIds"]))
}

fn items(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let items = fields.get("items").and_then(Value::as_array);
    items.into_iter().flatten()
}

fn list<'a>(item: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    item[name].as_array().into_iter().flatten()
}
