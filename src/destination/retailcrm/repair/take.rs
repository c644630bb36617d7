//! Taking values out of a record without leaving it worse: what is empty then goes too, a payment without its type goes whole, a line whose
//! offer is gone keeps the offer's id for a name.

use serde_json::{Map, Value};

use crate::destination::retailcrm::fields;
use crate::destination::retailcrm::mapping::{join, readable};
use crate::destination::retailcrm::repair::segments;

/// A value that was taken out: its path and itself as text.
pub(super) type Taken = (String, String);

/// Takes out the values at these paths. What had to go with one of them is told as one.
pub(super) fn take_all(record: &mut Map<String, Value>, paths: &[String]) -> Vec<Taken> {
    let before = record.clone();
    let mut parts: Vec<Vec<String>> = paths.iter().map(|path| segments(path)).collect();
    // From the end, so that no index changes its meaning on the way.
    parts.sort_by_cached_key(|path| path.iter().map(|part| in_order(part)).collect::<Vec<_>>());
    parts.dedup();
    let mut taken: Vec<Taken> = Vec::new();
    for path in parts.iter().rev() {
        let is_gone = |whole: &Taken| written(path).starts_with(&format!("{}.", whole.0));
        if taken.iter().any(is_gone) {
            continue;
        }
        let Some(value) = take(record, path) else {
            continue;
        };
        match with_its_element(record, &before, path) {
            Some(whole) => {
                let inside = format!("{}.", whole.0);
                taken.retain(|(path, _)| !path.starts_with(&inside) && *path != whole.0);
                taken.push(whole);
            }
            None => taken.push((written(path), readable(&value))),
        }
    }
    taken.reverse();
    taken
}

/// Numbers by their value, everything else by its letters.
fn in_order(part: &str) -> (usize, String) {
    (part.parse().unwrap_or(usize::MAX), part.to_owned())
}

/// `items`, `0`, `offer` as `items[0].offer`.
fn written(parts: &[String]) -> String {
    parts.iter().fold(String::new(), |path, part| {
        if !path.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) {
            format!("{path}[{part}]")
        } else {
            join(&path, part)
        }
    })
}

/// After a value of a list's element was taken: mends the element, or takes it whole and tells it as it was.
fn with_its_element(
    record: &mut Map<String, Value>,
    before: &Map<String, Value>,
    path: &[String],
) -> Option<Taken> {
    let at = path
        .iter()
        .rposition(|part| part.parse::<usize>().is_ok())?;
    let (element, inside) = path.split_at(at + 1);
    let was = value_at(before, element)?.as_object()?;
    if inside.is_empty() || was.len() < 2 {
        return None;
    }
    let list = element.first().filter(|_| element.len() == 2)?;
    let fields = fields::of_list(list)?;
    let is = value_at(record, element)?.as_object()?;
    fields::lacks(fields, |name| is.contains_key(name))?;
    if list == "items" {
        let name = inside
            .first()
            .and_then(|name| was.get(name))
            .map(readable)
            .unwrap_or_default();
        if let Some(Value::Object(line)) = value_at_mut(record, element) {
            line.insert("productName".to_owned(), name.into());
        }
        return None;
    }
    take(record, element)?;
    Some((written(element), readable(&Value::Object(was.clone()))))
}

fn value_at<'a>(record: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(record.get(first)?, |value, part| match value {
            Value::Object(fields) => fields.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
}

fn value_at_mut<'a>(record: &'a mut Map<String, Value>, path: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(record.get_mut(first)?, |value, part| match value {
            Value::Object(fields) => fields.get_mut(part),
            Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
            _ => None,
        })
}

/// Removes the value at a path, and what is empty around it then.
fn take(fields: &mut Map<String, Value>, path: &[String]) -> Option<Value> {
    let (name, rest) = path.split_first()?;
    if rest.is_empty() {
        return fields.shift_remove(name);
    }
    let inner = fields.get_mut(name)?;
    let taken = take_inside(inner, rest);
    if is_empty(inner) {
        fields.shift_remove(name);
    }
    taken
}

fn take_inside(value: &mut Value, path: &[String]) -> Option<Value> {
    match value {
        Value::Object(fields) => take(fields, path),
        Value::Array(items) => {
            let (index, rest) = path.split_first()?;
            let index: usize = index.parse().ok()?;
            if rest.is_empty() {
                return (index < items.len()).then(|| items.remove(index));
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
