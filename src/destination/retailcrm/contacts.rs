//! Whether two spellings are one contact, and what was learnt about whose contact it is. The CRM's search finds parts and its records hold
//! phones as somebody typed them, so every hit is compared again here (trap 22).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::destination::retailcrm::api::Customer;
use crate::lead::Contact;

/// How many contacts are remembered per destination; the oldest are forgotten first.
const MOST: usize = 10_000;

/// What to look for so that every spelling of the phone is found: the search compares digits within digits, and a Russian number stands with
/// 7, with 8 or without either.
pub(super) fn search_digits(e164: &str) -> String {
    let digits = digits(e164);
    match russian(&digits) {
        Some(national) => national.to_owned(),
        None => digits,
    }
}

/// Whether a phone of the CRM is this one. Extensions do not count: we send none.
pub(super) fn is_same_phone(e164: &str, theirs: &str) -> bool {
    let number: String = theirs
        .chars()
        .take_while(|c| !c.is_alphabetic() && !matches!(c, ',' | ';' | '#'))
        .collect();
    let (ours, theirs) = (digits(e164), digits(&number));
    match (russian(&ours), russian(&theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => !ours.is_empty() && ours == theirs.trim_start_matches("00"),
    }
}

/// Whether an e-mail of the CRM is this one, which is in lower case.
pub(super) fn is_same_email(email: &str, theirs: &str) -> bool {
    theirs.trim().to_lowercase() == email
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The ten national digits of a Russian number in any of its spellings.
fn russian(digits: &str) -> Option<&str> {
    match digits.len() {
        10 => Some(digits),
        11 => digits.strip_prefix(['7', '8']),
        _ => None,
    }
}

/// Which customer a contact led to last time: saves the search for people who come again. Lives in memory only, and is asked to forget when the
/// CRM says otherwise.
#[derive(Default)]
pub(super) struct KnownContacts(Mutex<Known>);

#[derive(Default)]
struct Known {
    customers: HashMap<String, u64>,
    order: VecDeque<String>,
}

impl KnownContacts {
    /// The customer of this contact; the phone counts more than the e-mail.
    pub(super) fn customer(&self, contact: &Contact) -> Option<u64> {
        let known = self.known();
        // With a phone that is unknown yet, an e-mail alone does not decide: the phone may belong to somebody.
        keys(contact)
            .next()
            .and_then(|key| known.customers.get(&key).copied())
    }

    /// Remembers a customer that was found: by what its record holds. A phone may lead to one person while the e-mail typed with it is another's.
    pub(super) fn learn_found(&self, contact: &Contact, found: &Customer) {
        let phone = contact.phone.clone().filter(|phone| {
            let mut phones = found.phones.iter();
            phones.any(|theirs| is_same_phone(phone.e164(), theirs))
        });
        let email = contact.email.clone().filter(|email| {
            let theirs = found.email.as_deref();
            theirs.is_some_and(|theirs| is_same_email(email.as_str(), theirs))
        });
        let theirs = Contact {
            phone,
            email,
            ..Contact::default()
        };
        self.learn(&theirs, found.id);
    }

    /// Follows a merger: what led to the one leads to the other.
    pub(super) fn moved(&self, contact: &Contact, from: u64, into: u64) {
        let mut known = self.known();
        for key in keys(contact) {
            if let Some(customer) = known.customers.get_mut(&key).filter(|id| **id == from) {
                *customer = into;
            }
        }
    }

    /// Remembers a customer that was made of this contact.
    pub(super) fn learn(&self, contact: &Contact, customer: u64) {
        let mut known = self.known();
        for key in keys(contact) {
            if known.customers.insert(key.clone(), customer).is_none() {
                known.order.push_back(key);
            }
        }
        while known.order.len() > MOST {
            let oldest = known.order.pop_front();
            oldest.map(|key| known.customers.remove(&key));
        }
    }

    /// Forgets a contact.
    pub(super) fn forget(&self, contact: &Contact) {
        let mut known = self.known();
        for key in keys(contact) {
            if known.customers.remove(&key).is_some() {
                known.order.retain(|remembered| *remembered != key);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(contact: &Contact) -> impl Iterator<Item = String> {
    let phone = contact.phone.as_ref().map(|phone| phone.e164().to_owned());
    let email = contact
        .email
        .as_ref()
        .map(|email| email.as_str().to_owned());
    phone.into_iter().chain(email)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::Email;

    #[test]
    fn a_russian_phone_is_recognised_in_every_spelling() {
        for theirs in [
            "+79123456789",
            "89123456789",
            "8 (912) 345-67-89",
            "9123456789",
            "+7 912 345 67 89 доб. 12",
            "79123456789,5",
        ] {
            assert!(is_same_phone("+79123456789", theirs), "{theirs}");
        }
        for theirs in [
            "",
            "+79123456780",
            "19123456789",
            "3456789",
            "+7912345678",
            "912345678901",
        ] {
            assert!(!is_same_phone("+79123456789", theirs), "{theirs}");
        }
    }

    #[test]
    fn a_foreign_phone_is_compared_whole() {
        assert!(is_same_phone("+4915112345678", "0049 151 12345678"));
        assert!(!is_same_phone("+4915112345678", "15112345678"));
        assert_eq!(search_digits("+4915112345678"), "4915112345678");
        assert_eq!(search_digits("+79123456789"), "9123456789");
    }

    fn contact(email: &str) -> Contact {
        Contact {
            email: Some(Email::parse(email).expect("e-mail")),
            ..Contact::default()
        }
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_when_told() {
        let known = KnownContacts::default();
        for number in 0..=MOST as u64 {
            known.learn(&contact(&format!("a{number}@example.ru")), number);
        }
        assert_eq!(
            known.customer(&contact("a0@example.ru")),
            None,
            "the oldest went"
        );
        assert_eq!(known.customer(&contact("a1@example.ru")), Some(1));
        known.forget(&contact("a1@example.ru"));
        assert_eq!(known.customer(&contact("a1@example.ru")), None);
        let known = known.known();
        assert_eq!(known.order.len(), known.customers.len());
    }
}
