//! A lead is worth more than a field: finds the value for which the CRM refused a record, and takes it out.
//!
//! The refusal names the field by its path, or only quotes the class and the code (`"OrderMethod" with "code"="x"`), in any language, as a map
//! or as a list. What cannot be found at all is handled by leaving out everything that can be left out.

use serde_json::{Map, Value};

use crate::destination::retailcrm::api::Refusal;
use crate::destination::retailcrm::mapping::{LeftOut, join};
use crate::lead::Bilingual;

/// How many values are left out one after another before the attempt is given up.
pub(super) const MOST_REPAIRS: usize = 5;

/// Fields without which the record would not be this person's lead.
const KEPT: [&str; 6] = [
    "externalId",
    "customer",
    "lastName",
    "firstName",
    "patronymic",
    "phone",
];

/// Fields that stay when everything that can be left out is.
const CORE: [&str; 3] = ["createdAt", "email", "customerComment"];

/// Takes out the values that the refusal complains of. Empty when it names none that can be left out.
pub(super) fn leave_out(fields: &mut Map<String, Value>, refusal: &Refusal) -> Vec<LeftOut> {
    let mut complaints = refusal.errors.clone();
    if complaints.is_empty() {
        complaints.push((String::new(), refusal.message.clone()));
    }
    let mut left = Vec::new();
    for (field, text) in &complaints {
        let path = by_path(fields, field)
            .or_else(|| by_path(fields, text.split_once(": ").map_or("", |(path, _)| path)))
            .or_else(|| by_class(fields, text))
            .or_else(|| by_value(fields, text));
        if let Some(value) = path
            .as_deref()
            .and_then(|path| take(fields, &segments(path)))
        {
            left.push(LeftOut {
                path: path.unwrap_or_default(),
                value,
                why: Bilingual::same(text),
            });
        }
    }
    left
}

/// Takes out everything that can be left out, when a refusal tells nothing that helps.
pub(super) fn leave_out_all(fields: &mut Map<String, Value>, refusal: &Refusal) -> Vec<LeftOut> {
    let extras: Vec<String> = fields
        .keys()
        .filter(|name| {
            !KEPT.contains(&name.as_str()) && !CORE.contains(&name.as_str()) && *name != "source"
        })
        .cloned()
        .collect();
    extras
        .into_iter()
        .filter_map(|path| {
            Some(LeftOut {
                value: shown(&fields.shift_remove(&path)?),
                path,
                why: Bilingual::same(refusal.text()),
            })
        })
        .collect()
}

/// The sent value that a field path of the CRM means: the longest beginning of it that was sent.
fn by_path(fields: &Map<String, Value>, field: &str) -> Option<String> {
    let mut named = segments(field);
    if named.first().is_some_and(|name| name == "order") {
        named.remove(0);
    }
    let first = named.first()?;
    if KEPT.contains(&first.as_str()) {
        return None;
    }
    let mut at = fields.get(first)?;
    let mut path = first.clone();
    for name in named.iter().skip(1) {
        let Some((next, key)) = step(at, name) else {
            break;
        };
        path = match key {
            Key::Index(index) => format!("{path}[{index}]"),
            Key::Name => join(&path, name),
        };
        at = next;
    }
    Some(path)
}

enum Key {
    Index(usize),
    Name,
}

fn step<'a>(at: &'a Value, name: &str) -> Option<(&'a Value, Key)> {
    match at {
        Value::Object(fields) => fields.get(name).map(|value| (value, Key::Name)),
        Value::Array(items) => {
            let index = name.parse().ok()?;
            items.get(index).map(|value| (value, Key::Index(index)))
        }
        _ => None,
    }
}

/// `items[0].offer.id`, `customFields[city]`, `children[delivery].children[code]` as their parts.
fn segments(path: &str) -> Vec<String> {
    let is_path = !path.is_empty()
        && path
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '[' | ']' | '_' | '-'));
    if !is_path {
        return Vec::new();
    }
    let parts = path
        .split(['.', '[', ']'])
        .filter(|part| !part.is_empty() && *part != "children");
    parts.map(str::to_owned).collect()
}

/// `"OrderMethod" with "code"="x" does not exist.`: the quoted class is the name of the field.
fn by_class(fields: &Map<String, Value>, text: &str) -> Option<String> {
    let class = text.split('"').nth(1)?;
    let mut letters = class.chars();
    let name: String = letters.next()?.to_lowercase().chain(letters).collect();
    (fields.contains_key(&name) && !KEPT.contains(&name.as_str())).then_some(name)
}

/// The only sent value that the text quotes.
fn by_value(fields: &Map<String, Value>, text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';' | '«' | '»'))
        .collect();
    let quoted: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let mut found = Vec::new();
    for (name, value) in fields {
        if !KEPT.contains(&name.as_str()) && !CORE.contains(&name.as_str()) {
            leaves(value, name, &mut |path, leaf| {
                let leaf = shown(leaf);
                if words.contains(&leaf.as_str()) || quoted.contains(&leaf.as_str()) {
                    found.push(path.to_owned());
                }
            });
        }
    }
    match found.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
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

/// Removes the value at a path, and what is empty around it then; the value as text.
fn take(fields: &mut Map<String, Value>, path: &[String]) -> Option<String> {
    let (name, rest) = path.split_first()?;
    if rest.is_empty() {
        return fields.shift_remove(name).map(|value| shown(&value));
    }
    let inner = fields.get_mut(name)?;
    let taken = take_inside(inner, rest);
    if is_empty(inner) {
        fields.shift_remove(name);
    }
    taken
}

fn take_inside(value: &mut Value, path: &[String]) -> Option<String> {
    match value {
        Value::Object(fields) => take(fields, path),
        Value::Array(items) => {
            let (index, rest) = path.split_first()?;
            let index: usize = index.parse().ok()?;
            if rest.is_empty() {
                return (index < items.len()).then(|| shown(&items.remove(index)));
            }
            let item = items.get_mut(index)?;
            let taken = take_inside(item, rest);
            if is_empty(item) {
                items.remove(index);
            }
            taken
        }
        _ => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(message: &str, errors: &[(&str, &str)]) -> Refusal {
        let errors = errors
            .iter()
            .map(|(field, text)| ((*field).to_owned(), (*text).to_owned()))
            .collect();
        Refusal {
            status: 400,
            message: message.to_owned(),
            errors,
        }
    }

    fn order() -> Map<String, Value> {
        let order = json!({
            "externalId": "lg-1", "firstName": "Анна", "phone": "+79123456789", "email": "a@b.ru",
            "orderMethod": "landing", "status": "new", "managerId": 12,
            "customFields": {"city": "msk", "channel": "ads"},
            "items": [{"productName": "Стол", "offer": {"id": 99}}],
            "payments": [{"type": "cash"}],
        });
        order.as_object().expect("object").clone()
    }

    /// What is complained of (field and text), and the path and value that are taken out.
    const TABLE: &str = r#"
orderMethod | no such | orderMethod | landing
order.status | no such | status | new
customFields.city | не существует | customFields.city | msk
customFields[city] | bad | customFields.city | msk
children[managerId] | bad | managerId | 12
items[0].offer.id | not found | items[0].offer.id | 99
 | items[0].offer.id: Offer with id 99 not found. | items[0].offer.id | 99
payments[0].type.code | bad | payments[0].type | cash
 | "OrderMethod" with "code"="landing" does not exist. | orderMethod | landing
 | "Status" с "code"="new" не существует. | status | new
 | Element "ads" is unknown | customFields.channel | ads
"#;

    #[test]
    fn the_value_is_found_by_path_class_or_quotation() {
        for line in TABLE.lines().filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [field, text, path, value] = cells.try_into().expect("four cells");
            let mut fields = order();
            let left = leave_out(&mut fields, &refusal("x", &[(field, text)]));
            let found: Vec<_> = left
                .iter()
                .map(|left| (left.path.as_str(), left.value.as_str()))
                .collect();
            assert_eq!(found, [(path, value)], "{line}");
        }
        let mut fields = order();
        let left = leave_out(
            &mut fields,
            &refusal("\"Status\" with \"code\"=\"new\"", &[]),
        );
        assert_eq!(
            left.len(),
            1,
            "the summary stands in for missing complaints"
        );
    }

    #[test]
    fn the_person_and_the_ids_are_never_left_out() {
        for field in [
            "externalId",
            "phone",
            "firstName",
            "customer.externalId",
            "customer",
        ] {
            let mut fields = order();
            assert!(
                leave_out(&mut fields, &refusal("x", &[(field, "bad")])).is_empty(),
                "{field}"
            );
            assert_eq!(fields, order());
        }
    }

    #[test]
    fn what_is_empty_after_a_repair_goes_too() {
        let mut fields = order();
        leave_out(
            &mut fields,
            &refusal(
                "x",
                &[
                    ("customFields.city", "bad"),
                    ("customFields.channel", "bad"),
                    ("payments[0].type", "bad"),
                ],
            ),
        );
        assert!(!fields.contains_key("customFields") && !fields.contains_key("payments"));
    }

    #[test]
    fn without_a_hint_everything_but_the_person_goes() {
        let mut fields = order();
        let left = leave_out_all(&mut fields, &refusal("Тип оплаты не поддерживается", &[]));
        assert_eq!(
            fields.keys().collect::<Vec<_>>(),
            ["externalId", "firstName", "phone", "email"]
        );
        assert_eq!(left.len(), 6);
    }
}
