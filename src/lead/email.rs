//! E-mail addresses: checked loosely as browsers do, compared in lower case.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address in lower case (trap 22: the CRM's search does not fold case).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}
