//! A person's name as typed, and split into the CRM's three fields.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name. One word is a first name; two are first and last; three are last, first and patronymic unless they say otherwise.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    typed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patronymic: Option<String>,
}

impl PersonName {
    /// As typed, spaces folded.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The first name.
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// The last name.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The patronymic.
    pub fn patronymic(&self) -> Option<&str> {
        self.patronymic.as_deref()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(***)")
    }
}
