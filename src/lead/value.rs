//! One submitted field: its name, its label, what was typed, and what that means for the kind of the field.

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
        match self {
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(flag) => flag.to_string(),
            Self::Date(day) => day.to_string(),
            Self::List(items) => items.join(", "),
        }
    }
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
