//! One submitted field: its name, its label, what was typed, and what that means for the kind of the field.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One submitted field of a lead.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The name: the declared one where the form declares the field, else the submitted one.
    pub name: String,
    /// The label the visitor saw, where the form declares one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The value by the field's kind.
    pub value: Value,
    /// What was typed, where `value` does not show it letter for letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typed: Option<String>,
}

/// A field's value by its kind.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "is", rename_all = "snake_case")]
pub enum Value {
    /// Text, a name, a normalised phone (E.164), an e-mail, a URL.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number in its exact digits (`1234.50`): money is never a float here.
    Number(String),
    /// A tick: boolean and consent fields.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// Several chosen options, in the order they were sent.
    List(Vec<String>),
}

impl Value {
    /// The value as text, for search, CSV and the comment in the CRM; lists are joined by comma and space.
    pub fn to_text(&self) -> String {
        self.as_text().into_owned()
    }

    /// The same, not copied where it is a text.
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) | Self::Number(text) => Cow::Borrowed(text),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Boolean(flag) => Cow::Owned(flag.to_string()),
            Self::Date(day) => Cow::Owned(day.to_string()),
            Self::List(items) => Cow::Owned(items.join(", ")),
        }
    }

    /// The value as JSON. A number is a JSON number when that changes none of its digits, else text; a day is text.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Number(digits) => number_to_json(digits),
            Self::Boolean(flag) => (*flag).into(),
            Self::Date(day) => day.to_string().into(),
            Self::List(items) => items.as_slice().into(),
        }
    }
}

fn number_to_json(digits: &str) -> serde_json::Value {
    if let Ok(whole) = digits.parse::<i64>() {
        return whole.into();
    }
    let number = exact_float(digits).and_then(serde_json::Number::from_f64);
    // Of two shortest spellings of a float the standard library can take the one, and the writer of JSON the other.
    let number = number.filter(|number| digits.starts_with(&number.to_string()));
    number.map_or_else(|| digits.into(), serde_json::Value::Number)
}

/// The float that prints with the same digits, but for zeros at the end of the fraction; `None` when there is none.
pub(crate) fn exact_float(digits: &str) -> Option<f64> {
    let float: f64 = digits.parse().ok()?;
    let significant = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => digits.trim_end_matches('0'),
        None => digits,
    };
    (float.to_string() == significant).then_some(float)
}

/// Values are the visitor's data: `Debug` tells their kind and size only.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Text(_) => "Text",
            Self::Integer(_) => "Integer",
            Self::Number(_) => "Number",
            Self::Boolean(_) => "Boolean",
            Self::Date(_) => "Date",
            Self::List(_) => "List",
        };
        write!(f, "{kind}({} bytes)", self.to_text().len())
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_number_is_a_json_number_when_no_digit_changes() {
        let number = |digits: &str| Value::Number(digits.to_owned()).to_json();
        assert_eq!(number("1234.50"), json!(1234.5));
        assert_eq!(number("1500"), json!(1500));
        assert_eq!(number("-2.00"), json!(-2.0));
        assert_eq!(
            number("12345678901234567.89"),
            json!("12345678901234567.89")
        );
    }

    #[test]
    fn every_other_kind_has_its_json() {
        assert_eq!(Value::Text("a".into()).to_json(), json!("a"));
        assert_eq!(Value::Integer(i64::MAX).to_json(), json!(i64::MAX));
        assert_eq!(Value::Boolean(false).to_json(), json!(false));
        assert_eq!(
            Value::Date(Date::constant(2026, 11, 21)).to_json(),
            json!("2026-11-21")
        );
        assert_eq!(
            Value::List(vec!["a".into(), "b".into()]).to_json(),
            json!(["a", "b"])
        );
    }

    #[test]
    fn debug_tells_the_kind_and_the_size_only() {
        assert_eq!(
            format!("{:?}", Value::Text("secret".into())),
            "Text(6 bytes)"
        );
    }

    #[test]
    fn a_float_that_json_writes_with_other_digits_stays_a_text() {
        let digits = "549755813888.0313";
        assert_eq!(number_to_json(digits), serde_json::json!(digits));
    }

    proptest! {
        #[test]
        fn a_json_number_means_the_digits_it_came_from(digits in r"-?[1-9][0-9]{0,17}(\.[0-9]{1,6})?") {
            if let serde_json::Value::Number(number) = number_to_json(&digits) {
                prop_assert!(digits.starts_with(&number.to_string()));
            }
        }
    }
}
