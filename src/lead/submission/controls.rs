//! What a form says about itself in names that start with `_`.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::lead::{Language, Page};

/// The longest idempotency key that is kept as it is, in bytes.
const MAX_KEY_BYTES: usize = 255;

/// What a form says about itself in names that start with `_`; never stored as fields.
#[derive(Clone, Default)]
pub struct Controls {
    /// `_id`: the client's idempotency key, 1 to 255 bytes.
    pub id: Option<String>,
    /// `_gotcha` was filled.
    pub honeypot_filled: bool,
    /// `_next`: where to go after success.
    pub next: Option<String>,
    /// `_lang`.
    pub language: Option<Language>,
    /// `_opened_at`, ms since epoch.
    pub opened_at: Option<Timestamp>,
}

impl Controls {
    /// The idempotency key for what a client sent as `_id` or `Idempotency-Key`; `None` for an empty one.
    ///
    /// A longer key than the contract allows is replaced by its SHA-256 in hex: ignoring it would make a double click two
    /// orders, and cutting it would make two leads of different keys one.
    pub fn key(sent: &str) -> Option<String> {
        let sent = sent.trim();
        match sent.len() {
            0 => None,
            1..=MAX_KEY_BYTES => Some(sent.to_owned()),
            _ => Some(
                Sha256::digest(sent.as_bytes())
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect(),
            ),
        }
    }

    /// Takes one control; `name` is in lower case, `value` is cleaned. The first value of a name counts; unknown names are ignored.
    pub(super) fn take(&mut self, name: &str, value: &str, page: &mut Page) {
        if value.is_empty() {
            return;
        }
        match name {
            "_id" if self.id.is_none() => self.id = Self::key(value),
            "_gotcha" => self.honeypot_filled = true,
            "_next" if self.next.is_none() => self.next = Some(value.to_owned()),
            "_lang" if self.language.is_none() => self.language = Language::parse(value),
            "_opened_at" if self.opened_at.is_none() => {
                self.opened_at = value
                    .parse()
                    .ok()
                    .and_then(|millis| Timestamp::from_millisecond(millis).ok());
            }
            "_page_url" if page.url.is_none() => {
                page.set_url(value);
            }
            "_page_title" if page.title.is_none() => page.set_title(value),
            "_page_referrer" if page.referrer.is_none() => page.set_referrer(value),
            _ => {}
        }
    }
}

/// Keys and addresses may hold a visitor's data: they are not shown.
impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls")
            .field("honeypot_filled", &self.honeypot_filled)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_up_to_255_bytes_is_kept_as_it_is() {
        assert_eq!(Controls::key(" abc "), Some("abc".to_owned()));
        assert_eq!(Controls::key(&"k".repeat(255)), Some("k".repeat(255)));
        assert_eq!(Controls::key("  "), None);
    }

    #[test]
    fn longer_keys_stay_different_from_each_other() {
        let long = "k".repeat(255);
        let (one, two) = (
            Controls::key(&format!("{long}1")),
            Controls::key(&format!("{long}2")),
        );
        assert_ne!(one, two);
        assert_eq!(one.map(|key| key.len()), Some(64));
    }
}
