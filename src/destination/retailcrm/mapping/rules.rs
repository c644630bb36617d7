//! Fields that may not stand together, or only together (facts/retailcrm.md, 3.4 to 3.6). What a mapping says for every lead is a problem of
//! the config; what only one lead's values bring about is put right in the record, because the CRM would refuse all of it.

use serde_json::{Map, Value as Json, json};

use crate::destination::registry::MappingProblem;
use crate::destination::retailcrm::mapping::comment::readable;
use crate::destination::retailcrm::mapping::tree::{Tree, join};
use crate::destination::retailcrm::mapping::{LeftOut, order_external_id};
use crate::lead::{Bilingual, LeadId};

const CONTRAGENT: &str = "contragent";
const CONTRAGENT_TYPE: &str = "contragentType";

/// The parts of an address, which stand instead of its text.
const ADDRESS_PARTS: [&str; 18] = [
    "index",
    "countryIso",
    "region",
    "regionId",
    "city",
    "cityId",
    "cityType",
    "street",
    "streetId",
    "streetType",
    "building",
    "flat",
    "floor",
    "block",
    "house",
    "housing",
    "metro",
    "notes",
];

/// Requisites, by the type of contragent that the CRM takes them for.
const REQUISITES: [&str; 14] = [
    "legalName",
    "legalAddress",
    "INN",
    "OKPO",
    "KPP",
    "OGRN",
    "OGRNIP",
    "certificateNumber",
    "certificateDate",
    "BIK",
    "bank",
    "bankAddress",
    "corrAccount",
    "bankAccount",
];

/// Whether a contragent of this type has no such requisite.
fn is_foreign(kind: &str, requisite: &str) -> bool {
    match kind {
        "individual" => true,
        "legal-entity" => ["OGRNIP", "certificateNumber", "certificateDate"].contains(&requisite),
        "enterpreneur" => ["OGRN", "KPP"].contains(&requisite),
        _ => false,
    }
}

/// Complains of what cannot go together for any lead; `block` is the mapping's key in the deliver rule.
pub(super) fn check(tree: &Tree, block: &str, problems: &mut Vec<MappingProblem>) {
    // A field with a mistake of its own is there all the same.
    let wrong: Vec<String> = problems.iter().map(|known| known.path.clone()).collect();
    let names = |path: &[&str]| tree.names(path) || wrong.contains(&join(block, &path.join(".")));
    let mut problem = |path: &str, message: String| {
        problems.push(MappingProblem {
            path: join(block, path),
            message,
        });
    };
    if names(&["statusComment"]) && !names(&["status"]) {
        let text = "RetailCRM takes it only together with status; add order.status";
        problem("statusComment", text.to_owned());
    }
    if names(&[CONTRAGENT]) && !names(&[CONTRAGENT, CONTRAGENT_TYPE]) {
        let text = "needs contragentType: individual, legal-entity or enterpreneur";
        problem(CONTRAGENT, text.to_owned());
    }
    if let Some(kind) = tree.fixed_at(&join(CONTRAGENT, CONTRAGENT_TYPE)) {
        for requisite in REQUISITES {
            if is_foreign(&kind, requisite) && names(&[CONTRAGENT, requisite]) {
                let path = join(CONTRAGENT, requisite);
                let text =
                    format!("RetailCRM refuses it for {kind}; remove it, or change contragentType");
                problem(&path, text);
            }
        }
    }
    for address in [&["address"][..], &["delivery", "address"]] {
        let with = |part| [address, &[part]].concat();
        let parts = ADDRESS_PARTS.iter().find(|part| names(&with(part)));
        if let Some(part) = parts.filter(|_| names(&with("text"))) {
            let path = with("text").join(".");
            problem(
                &path,
                format!("an address is either a text or its parts; remove it, or {part}"),
            );
        }
    }
}

/// Takes out what this lead's values do not allow, and tells lines of one product apart.
pub(super) fn settle(fields: &mut Map<String, Json>, lead: LeadId) -> Vec<LeftOut> {
    let mut left = Vec::new();
    if !fields.contains_key("status")
        && let Some(comment) = fields.shift_remove("statusComment")
    {
        left.push(left_out(
            "statusComment",
            &comment,
            ("нет статуса", "there is no status"),
        ));
    }
    if let Some(Json::Object(contragent)) = fields.get_mut(CONTRAGENT) {
        let kind = contragent.get(CONTRAGENT_TYPE).and_then(Json::as_str);
        let kind = kind.unwrap_or("individual").to_owned();
        for requisite in REQUISITES.iter().filter(|name| is_foreign(&kind, name)) {
            if let Some(value) = contragent.shift_remove(*requisite) {
                let why = ("не для этого contragentType", "not for this contragentType");
                left.push(left_out(&join(CONTRAGENT, requisite), &value, why));
            }
        }
        if contragent.is_empty() {
            fields.shift_remove(CONTRAGENT);
        }
    }
    if let Some(Json::Array(items)) = fields.get_mut("items") {
        tell_apart(items, lead);
    }
    left
}

fn left_out(path: &str, value: &Json, (ru, en): (&'static str, &'static str)) -> LeftOut {
    LeftOut {
        path: path.to_owned(),
        value: readable(value),
        why: Bilingual::new(ru, en),
    }
}

/// Gives lines of one offer ids of their own: the CRM keeps only the last of two lines that it cannot tell apart (3.5).
fn tell_apart(items: &mut [Json], lead: LeadId) {
    let offers: Vec<Option<Json>> = items
        .iter()
        .map(|item| item.get("offer").cloned())
        .collect();
    for (at, item) in items.iter_mut().enumerate() {
        let Some(offer) = &offers[at] else { continue };
        let is_double = offers
            .iter()
            .flatten()
            .filter(|other| *other == offer)
            .count()
            > 1;
        let Json::Object(line) = item else { continue };
        if is_double && !line.contains_key("externalIds") && !line.contains_key("externalId") {
            let id = format!("{}-{}", order_external_id(lead), at + 1);
            line.insert(
                "externalIds".to_owned(),
                json!([{ "code": "leadgate", "value": id }]),
            );
        }
    }
}
