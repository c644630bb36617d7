//! Phone numbers as people in Russia type them, and everybody else's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phone number: E.164, with the typed form and the extension kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    e164: String,
    typed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
}

impl Phone {
    /// E.164, `+79123456789`.
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// As the visitor typed it.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The extension (`доб. 12`), digits only.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }
}

/// Masked: the last two digits only.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(***)")
    }
}
