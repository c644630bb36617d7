//! Which sent value a complaint of the CRM means. It may name the field by its path, or only the class and the code (`"OrderMethod" with
//! "code"="x"`), or quote the value, or just speak of payments: in any language, with or without its place.

use serde_json::{Map, Value};

use crate::destination::retailcrm::mapping::{join, readable};
use crate::destination::retailcrm::repair::{CORE, may_go, segments};

/// The CRM's classes and the fields that name one of them by its code, indexes left out.
const CLASSES: [(&str, &str); 12] = [
    ("OrderType", "orderType"),
    ("OrderMethod", "orderMethod"),
    ("Status", "status"),
    ("Store", "shipmentStore"),
    ("User", "managerId"),
    ("DeliveryType", "delivery.code"),
    ("DeliveryService", "delivery.service.code"),
    ("PaymentType", "payments.type"),
    ("PaymentStatus", "payments.status"),
    ("OrderProductStatus", "items.status"),
    ("PriceType", "items.priceType.code"),
    ("CustomDictionaryElement", "customFields"),
];

/// Beginnings of words that tell what a complaint without a place is about, and the field. The first one that was sent counts.
const TOPICS: [(&[&str], &str); 6] = [
    (&["payment", "оплат", "платеж", "платёж"], "payments"),
    (&["delivery", "shipping", "достав"], "delivery.code"),
    (&["offer", "торгов"], "items.offer"),
    (&["contragent", "контрагент"], "contragent"),
    (&["manager", "менеджер"], "managerId"),
    (&["tag", "тег"], "tags"),
];

/// The paths of the sent values that a complaint means; none when it cannot be told.
pub(super) fn paths(fields: &Map<String, Value>, field: &str, text: &str) -> Vec<String> {
    let in_text = text.split_once(": ").map_or("", |(path, _)| path);
    let by_path = by_path(fields, field).or_else(|| by_path(fields, in_text));
    let ways: [&dyn Fn() -> Vec<String>; 4] = [
        &|| {
            by_path
                .iter()
                .flat_map(|path| within(fields, path, text))
                .collect()
        },
        &|| by_class(fields, text),
        &|| by_value(fields, text),
        &|| by_topic(fields, text),
    ];
    let found = ways.iter().map(|way| way()).find(|paths| !paths.is_empty());
    found.unwrap_or_default()
}

/// The sent value that a field path of the CRM means: the longest beginning of it that was sent.
fn by_path(fields: &Map<String, Value>, field: &str) -> Option<String> {
    let mut named = segments(field);
    if named.first().is_some_and(|name| name == "order") {
        named.remove(0);
    }
    let first = named.first()?;
    let mut at = fields.get(first).filter(|_| may_go(first))?;
    let mut path = first.clone();
    for name in named.iter().skip(1) {
        let next = match at {
            Value::Object(inner) => inner.get(name).map(|value| (value, join(&path, name))),
            Value::Array(items) => name
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index))
                .map(|value| (value, format!("{path}[{name}]"))),
            _ => None,
        };
        let Some((value, longer)) = next else { break };
        (at, path) = (value, longer);
    }
    Some(path)
}

/// The values below the path that the text quotes, one wrong element of several; the path itself when it quotes none.
fn within(fields: &Map<String, Value>, path: &str, text: &str) -> Vec<String> {
    let mut below = [by_class(fields, text), by_value(fields, text)].concat();
    below.retain(|inner| {
        let rest = inner.strip_prefix(path);
        rest.is_some_and(|rest| rest.starts_with(['.', '[']))
    });
    below.dedup();
    if below.is_empty() {
        below.push(path.to_owned());
    }
    below
}

/// `"PaymentType" with "code"="x" does not exist.`: the fields of that class that have that code, or the only one of the class.
fn by_class(fields: &Map<String, Value>, text: &str) -> Vec<String> {
    let quoted: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let Some(class) = quoted.first() else {
        return Vec::new();
    };
    let known = CLASSES.iter().find(|(name, _)| name == class);
    let field = known.map_or_else(|| in_small(class), |(_, field)| (*field).to_owned());
    let of_class = leaves_of(fields, &field);
    let same: Vec<String> = of_class
        .iter()
        .filter(|(_, value)| quoted.last() == Some(&value.as_str()))
        .map(|(path, _)| path.clone())
        .collect();
    match of_class.as_slice() {
        [(only, _)] => vec![only.clone()],
        _ => same,
    }
}

/// The only sent value that the text quotes.
fn by_value(fields: &Map<String, Value>, text: &str) -> Vec<String> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';' | '«' | '»'))
        .collect();
    let quoted: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let mut found = leaves_of(fields, "");
    found.retain(|(path, leaf)| {
        let is_quoted = words.contains(&leaf.as_str()) || quoted.contains(&leaf.as_str());
        is_quoted && !CORE.contains(&segments(path).remove(0).as_str())
    });
    match found.as_slice() {
        [(only, _)] => vec![only.clone()],
        _ => Vec::new(),
    }
}

/// Whatever the text speaks of.
fn by_topic(fields: &Map<String, Value>, text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let speaks_of = |beginnings: &[&str]| {
        words
            .iter()
            .any(|word| beginnings.iter().any(|begin| word.starts_with(begin)))
    };
    let topics = TOPICS.iter().filter(|(words, _)| speaks_of(words));
    let mut found = topics.map(|(_, field)| match *field {
        "items.offer" => offers(fields),
        field => by_path(fields, field)
            .filter(|path| path == field)
            .into_iter()
            .collect(),
    });
    found.find(|paths| !paths.is_empty()).unwrap_or_default()
}

fn offers(fields: &Map<String, Value>) -> Vec<String> {
    let items = fields.get("items").and_then(Value::as_array);
    let items = items.into_iter().flatten().enumerate();
    items
        .filter(|(_, item)| item.get("offer").is_some())
        .map(|(index, _)| format!("items[{index}].offer"))
        .collect()
}

/// `OrderMethod` as `orderMethod`.
fn in_small(class: &str) -> String {
    let mut letters = class.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// Paths and texts of the values at and below a field, indexes not counted; of all with an empty field.
fn leaves_of(fields: &Map<String, Value>, field: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| may_go(name)) {
        leaves(value, name, &mut |path, leaf| {
            let plain: Vec<String> = segments(path)
                .into_iter()
                .filter(|part| part.parse::<usize>().is_err())
                .collect();
            let plain = plain.join(".");
            let below = plain
                .strip_prefix(field)
                .is_some_and(|rest| field.is_empty() || rest.is_empty() || rest.starts_with('.'));
            if below {
                found.push((path.to_owned(), readable(leaf)));
            }
        });
    }
    found
}

fn leaves(value: &Value, path: &str, with: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &join(path, name), with);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{path}[{index}]"), with);
            }
        }
        leaf => with(path, leaf),
    }
}
