//! E-mail addresses: checked loosely as browsers do, compared in lower case.

use std::fmt;

use serde::{Deserialize, Serialize};
use validator::ValidateEmail;

use crate::lead::text;

/// The longest address that can be a mailbox (RFC 5321, 4.5.3.1.3, less the angle brackets), in characters.
const MAX_CHARS: usize = 254;

/// An e-mail address in lower case (trap 22: the CRM's search does not fold case).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Longer than any mailbox.
    #[error("longer than {MAX_CHARS} characters")]
    TooLong,
    /// Not of the shape `name@host`.
    #[error("not an address of the form name@host")]
    Unreadable,
}

impl Email {
    /// Reads an address as typed. Spaces around it, `mailto:` and a full stop or comma after it are not held against the visitor.
    ///
    /// The check is that of `<input type="email">`, and letters of any script are let through in both parts: refusing a
    /// strange address loses a lead, taking it costs one bounced letter.
    pub fn parse(typed: &str) -> Result<Self, EmailError> {
        let line = text::folded_line(typed);
        let address = text::lower_case(line.trim_end_matches(['.', ',', ';']));
        let address = address.strip_prefix("mailto:").unwrap_or(&address).trim();
        if address.chars().count() > MAX_CHARS {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = address.rsplit_once('@').ok_or(EmailError::Unreadable)?;
        let is_one = match local.is_ascii() {
            true => address.validate_email(),
            false => format!("{}@{domain}", with_ascii_letters(local)).validate_email(),
        };
        is_one
            .then(|| Self(address.to_owned()))
            .ok_or(EmailError::Unreadable)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The library knows mailboxes in ASCII only: letters of other scripts stand for one of its own.
fn with_ascii_letters(local: &str) -> String {
    let is_foreign_letter = |c: char| !c.is_ascii() && c.is_alphanumeric();
    local.replace(is_foreign_letter, "a")
}

/// Masked: an address names a person.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(typed: &str) -> Option<String> {
        Email::parse(typed)
            .ok()
            .map(|email| email.as_str().to_owned())
    }

    #[test]
    fn an_address_is_trimmed_and_lower_cased() {
        assert_eq!(
            read(" Anna.Petrova+shop@Mail.RU\u{a0}").as_deref(),
            Some("anna.petrova+shop@mail.ru")
        );
    }

    #[test]
    fn punctuation_after_the_address_and_mailto_are_forgiven() {
        assert_eq!(
            read("mailto:anna@mail.ru.").as_deref(),
            Some("anna@mail.ru")
        );
        assert_eq!(read("anna@mail.ru,").as_deref(), Some("anna@mail.ru"));
    }

    #[test]
    fn cyrillic_hosts_and_mailboxes_are_addresses() {
        assert_eq!(read("anna@Почта.РФ").as_deref(), Some("anna@почта.рф"));
        assert_eq!(read("Анна@почта.рф").as_deref(), Some("анна@почта.рф"));
    }

    #[test]
    fn what_has_no_host_or_no_mailbox_or_a_space_is_no_address() {
        for typed in [
            "",
            "anna",
            "anna@",
            "@mail.ru",
            "anna @mail.ru",
            "anna@mail..ru",
            "anna@mail.ru, b@c.ru",
            "a@b@c ru",
        ] {
            assert_eq!(
                Email::parse(typed),
                Err(EmailError::Unreadable),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn an_address_of_255_characters_is_too_long() {
        let host = format!("{}.ru", vec!["a".repeat(60); 4].join("."));
        let longest = format!("{}@{host}", "b".repeat(MAX_CHARS - 1 - host.len()));
        assert!(Email::parse(&longest).is_ok());
        assert_eq!(
            Email::parse(&format!("b{longest}")),
            Err(EmailError::TooLong)
        );
    }

    #[test]
    fn debug_shows_nothing_of_the_address() {
        let email = Email::parse("anna@mail.ru").expect("an address");
        assert_eq!(format!("{email:?}"), "Email(***)");
    }

    proptest! {
        #[test]
        fn an_address_once_read_reads_the_same_again(typed in "[ a-zA-Z.@А-я0-9+-]{0,20}@[a-zA-Zа-я.-]{0,12}") {
            if let Ok(email) = Email::parse(&typed) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(typed in any::<String>()) {
            let _read = Email::parse(&typed);
        }
    }
}
