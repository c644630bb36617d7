//! Custom fields of what is sent. The two behaviours that surprise integrators are here: a code that the account does
//! not know vanishes without an error, and a known one of the wrong type costs the whole order.

use serde_json::{Map, Value};

use crate::simulator::account::{Account, CustomField, Entity, FieldType};
use crate::simulator::answer::Complaint;
use crate::simulator::schema::{is_date, is_date_time, is_email};
use crate::simulator::texts::Text;

/// The values to be stored. A null clears a field and stays in the result as null.
pub(super) fn accept(
    account: &Account,
    entity: Entity,
    sent: Option<&Value>,
    complaints: &mut Vec<Complaint>,
) -> Map<String, Value> {
    let mut kept = Map::new();
    let Some(Value::Object(sent)) = sent else {
        return kept;
    };
    for (code, value) in sent {
        let Some(field) = account.custom_field(entity, code) else {
            continue;
        };
        match complaint_about(account, field, value) {
            None => {
                kept.insert(code.clone(), value.clone());
            }
            Some(text) => complaints.push(Complaint::new(format!("customFields.{code}"), text)),
        }
    }
    kept
}

/// Complains about required custom fields that a create leaves out.
pub(super) fn require(
    account: &Account,
    entity: Entity,
    kept: &Map<String, Value>,
    complaints: &mut Vec<Complaint>,
) {
    for field in &account.custom_fields {
        let is_given = kept.get(&field.code).is_some_and(|value| !value.is_null());
        let path = format!("customFields.{}", field.code);
        let is_named = complaints.iter().any(|complaint| complaint.path == path);
        if field.entity == entity && field.required && !is_given && !is_named {
            complaints.push(Complaint::new(path, Text::Blank));
        }
    }
}

fn complaint_about(account: &Account, field: &CustomField, value: &Value) -> Option<Text> {
    if value.is_null() {
        return None;
    }
    let text = value.as_str();
    let fits = match field.kind {
        FieldType::String => return line(account, text),
        FieldType::Dictionary => return element(account, field, value),
        FieldType::MultiselectDictionary => {
            return match value {
                Value::Array(items) => items.iter().find_map(|item| element(account, field, item)),
                _ => Some(Text::Invalid),
            };
        }
        FieldType::Text => text.is_some(),
        FieldType::Email => text.is_some_and(is_email),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Integer => value.is_i64() || value.is_u64(),
        FieldType::Numeric => value.is_number(),
        FieldType::Date => text.is_some_and(is_date),
        FieldType::Datetime => text.is_some_and(is_date_time),
    };
    (!fits).then_some(Text::Invalid)
}

fn line(account: &Account, text: Option<&str>) -> Option<Text> {
    let Some(text) = text else {
        return Some(Text::Invalid);
    };
    account
        .longest_line
        .filter(|most| text.chars().count() > *most)
        .map(Text::TooLong)
}

fn element(account: &Account, field: &CustomField, value: &Value) -> Option<Text> {
    let Some(code) = value.as_str() else {
        return Some(Text::Invalid);
    };
    let is_known = account.has_element(field.dictionary.as_deref(), code);
    (!is_known).then(|| Text::Unknown("CustomDictionaryElement", "code", code.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaints(sent: &Value) -> Vec<String> {
        let mut complaints = Vec::new();
        accept(
            &Account::default(),
            Entity::Order,
            Some(sent),
            &mut complaints,
        );
        complaints.into_iter().map(|one| one.path).collect()
    }

    #[test]
    fn every_type_takes_its_own_value_and_refuses_the_others() {
        let right = json!({
            "city": "Москва", "guests": 2, "delivery_date": "2026-03-01", "gift": false, "budget": 1.5,
            "channel": "phone", "interests": ["light", "textile"], "visit_at": "2026-03-01 10:00:00",
            "comment_long": "x".repeat(5000),
        });
        assert_eq!(complaints(&right), [""; 0]);
        for wrong in [
            json!({"city": 5}),
            json!({"city": "x".repeat(256)}),
            json!({"guests": "2"}),
            json!({"guests": 2.5}),
            json!({"delivery_date": "01.03.2026"}),
            json!({"gift": "yes"}),
            json!({"budget": "1.5"}),
            json!({"channel": "Телефон"}),
            json!({"channel": ["phone"]}),
            json!({"interests": "light"}),
            json!({"interests": ["light", "sound"]}),
            json!({"visit_at": "2026-03-01T10:00:00+03:00"}),
            json!({"comment_long": 1}),
        ] {
            assert_eq!(complaints(&wrong).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn an_unknown_code_vanishes_without_a_complaint() {
        let mut complaints = Vec::new();
        let sent = json!({"no_such": {"deep": 1}, "vip_level": 3, "city": "Тверь"});
        let kept = accept(
            &Account::default(),
            Entity::Order,
            Some(&sent),
            &mut complaints,
        );
        assert!(complaints.is_empty());
        assert_eq!(Value::Object(kept), json!({"city": "Тверь"}));
    }
}
