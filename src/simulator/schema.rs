//! The declared fields of orders and customers and the check of what is sent against them. A field that is not
//! declared is dropped without a word, as the real serializer does; a declared one of the wrong JSON type is
//! complained about with its path. References to other things (codes, ids, custom fields) are checked elsewhere.

use jiff::civil::{Date, DateTime, Time};
use serde_json::{Map, Value};

use crate::simulator::answer::Complaint;
use crate::simulator::texts::Text;

/// What JSON a field takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// One line of text, bounded by the account's `longest_line`.
    Line,
    /// A line that a number may be written for, as PHP clients do with ids.
    Id,
    /// Text of any length.
    Text,
    Integer,
    Number,
    Boolean,
    /// `Y-m-d`.
    Date,
    /// `Y-m-d H:i:s`.
    DateTime,
    /// `H:i`.
    Time,
    Email,
    OneOf(&'static [&'static str]),
    Object(&'static [Field]),
    List(&'static Shape),
    /// A list of objects, or a map of them whose keys are their members of this name; kept as a list.
    Keyed(&'static str, &'static [Field]),
    /// An object whose members are checked elsewhere; PHP writes an empty one as `[]`.
    Map,
}

/// A declared field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// Shorthand for the tables in `fields.rs`.
pub(super) const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape }
}

/// The check of one entity: collects every complaint, not only the first.
pub(super) struct Check {
    longest_line: Option<usize>,
    pub(super) complaints: Vec<Complaint>,
}

impl Check {
    pub(super) fn new(longest_line: Option<usize>) -> Self {
        Self {
            longest_line,
            complaints: Vec::new(),
        }
    }

    /// The declared members of an object with nulls left out, ids as text and everything else as sent.
    pub(super) fn object(
        &mut self,
        fields: &[Field],
        sent: &Map<String, Value>,
        path: &str,
    ) -> Map<String, Value> {
        let mut kept = Map::new();
        for Field { name, shape } in fields {
            let Some(value) = sent.get(*name).filter(|value| !value.is_null()) else {
                continue;
            };
            let path = match path {
                "" => (*name).to_owned(),
                path => format!("{path}.{name}"),
            };
            // An empty id is none: it must not become one that the next record collides with.
            if matches!(shape, Shape::Id) && value == "" {
                continue;
            }
            if let Some(value) = self.value(*shape, value, &path) {
                kept.insert((*name).to_owned(), value);
            }
        }
        kept
    }

    fn value(&mut self, shape: Shape, value: &Value, path: &str) -> Option<Value> {
        match shape {
            Shape::Line => self.line(value, path),
            Shape::Id => match value.as_u64() {
                Some(number) => Some(Value::String(number.to_string())),
                None => self.line(value, path),
            },
            Shape::Object(fields) => match value {
                Value::Object(members) => Some(Value::Object(self.object(fields, members, path))),
                Value::Array(items) if items.is_empty() => Some(Value::Object(Map::new())),
                _ => self.complain(path, Text::Invalid),
            },
            Shape::List(member) => match value {
                Value::Array(items) => Some(self.list(*member, items, path)),
                _ => self.complain(path, Text::Invalid),
            },
            Shape::Keyed(key, fields) => {
                let items = keyed(key, value);
                match items {
                    Some(items) => Some(self.list(Shape::Object(fields), &items, path)),
                    None => self.complain(path, Text::Invalid),
                }
            }
            Shape::Map => match value {
                Value::Object(_) => Some(value.clone()),
                Value::Array(items) if items.is_empty() => Some(Value::Object(Map::new())),
                _ => self.complain(path, Text::Invalid),
            },
            simple => {
                if is_scalar(simple, value) {
                    Some(value.clone())
                } else {
                    self.complain(path, Text::Invalid)
                }
            }
        }
    }

    fn line(&mut self, value: &Value, path: &str) -> Option<Value> {
        let Some(text) = value.as_str() else {
            return self.complain(path, Text::Invalid);
        };
        match self.longest_line {
            Some(most) if text.chars().count() > most => self.complain(path, Text::TooLong(most)),
            _ => Some(value.clone()),
        }
    }

    fn list(&mut self, member: Shape, items: &[Value], path: &str) -> Value {
        items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.value(member, item, &format!("{path}[{index}]")))
            .collect()
    }

    fn complain(&mut self, path: &str, text: Text) -> Option<Value> {
        self.complaints.push(Complaint::new(path, text));
        None
    }
}

/// The objects of a list, or of a map by one of their members.
fn keyed(key: &str, value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::Object(members) => {
            let with_key = |(code, member): (&String, &Value)| {
                let mut member = member.clone();
                if let Some(fields) = member.as_object_mut() {
                    fields.entry(key).or_insert_with(|| code.as_str().into());
                }
                member
            };
            Some(members.iter().map(with_key).collect())
        }
        _ => None,
    }
}

/// Whether a value without members fits the shape.
fn is_scalar(shape: Shape, value: &Value) -> bool {
    match shape {
        Shape::Integer => value.is_i64() || value.is_u64(),
        Shape::Number => value.is_number(),
        Shape::Boolean => value.is_boolean(),
        Shape::Text | Shape::Line | Shape::Id => value.is_string(),
        Shape::Date => value.as_str().is_some_and(is_date),
        Shape::DateTime => value.as_str().is_some_and(is_date_time),
        Shape::Time => value.as_str().is_some_and(is_time),
        Shape::Email => value.as_str().is_some_and(is_email),
        Shape::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Shape::Object(_) | Shape::List(_) | Shape::Keyed(..) | Shape::Map => false,
    }
}

/// `Y-m-d`, and such a day exists.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10 && Date::strptime("%Y-%m-%d", text).is_ok()
}

/// `Y-m-d H:i:s` without a zone.
pub(super) fn is_date_time(text: &str) -> bool {
    text.len() == 19 && DateTime::strptime("%Y-%m-%d %H:%M:%S", text).is_ok()
}

fn is_time(text: &str) -> bool {
    text.len() == 5 && Time::strptime("%H:%M", text).is_ok()
}

/// Loose, as the real check is not known: something, an `@`, and a domain with a dot. Empty is let through.
pub(super) fn is_email(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let has_inner_dot = domain
        .split_once('.')
        .is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    !name.is_empty() && has_inner_dot && !text.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaints(fields: &[Field], sent: &Value) -> Vec<String> {
        let mut check = Check::new(Some(5));
        check.object(fields, sent.as_object().unwrap(), "");
        check.complaints.into_iter().map(|one| one.path).collect()
    }

    const PHONES: &[Field] = &[field(
        "phones",
        Shape::List(&Shape::Object(&[field("number", Shape::Line)])),
    )];

    #[test]
    fn phones_are_an_array_of_objects_with_a_number() {
        assert!(complaints(PHONES, &json!({"phones": [{"number": "7"}]})).is_empty());
        assert_eq!(complaints(PHONES, &json!({"phones": "7"})), ["phones"]);
        assert_eq!(complaints(PHONES, &json!({"phones": ["7"]})), ["phones[0]"]);
        assert_eq!(
            complaints(PHONES, &json!({"phones": [{"number": 7}]})),
            ["phones[0].number"]
        );
    }

    #[test]
    fn dates_need_the_exact_form_and_an_existing_day() {
        assert!(is_date("2026-02-28"));
        assert!(!is_date("2026-02-30") && !is_date("28.02.2026") && !is_date("2026-2-8"));
        assert!(is_date_time("2026-02-28 23:59:59"));
        assert!(!is_date_time("2026-02-28T23:59:59") && !is_date_time("2026-02-28 23:59"));
    }

    #[test]
    fn an_email_needs_a_name_and_a_domain_with_a_dot() {
        assert!(is_email("anna@shop.example"));
        for wrong in ["anna", "@shop.example", "anna@shop", "anna@.ru", "a b@c.ru"] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_undeclared_field_is_dropped_without_a_complaint() {
        let mut check = Check::new(None);
        let sent = json!({"phones": [], "colour": 1});
        let kept = check.object(PHONES, sent.as_object().unwrap(), "");
        assert!(check.complaints.is_empty());
        assert_eq!(Value::Object(kept), json!({"phones": []}));
    }

    #[test]
    fn the_longest_line_counts_characters_and_not_bytes() {
        const NAME: &[Field] = &[field("firstName", Shape::Line)];
        assert!(complaints(NAME, &json!({"firstName": "Антон"})).is_empty());
        assert_eq!(
            complaints(NAME, &json!({"firstName": "Антон."})),
            ["firstName"]
        );
    }
}
