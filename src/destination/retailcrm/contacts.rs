//! Whether two spellings are one contact, and what was learnt about whose contact it is. The CRM's search finds parts and its records hold
//! phones as somebody typed them, so every hit is compared again here (trap 22).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::destination::retailcrm::api::Customer;
use crate::lead::Contact;

/// How much is remembered per destination: ten thousand people with phone and e-mail. The oldest is forgotten first.
const MOST: usize = 30_000;

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

/// Which customer a contact led to last time: saves the search for people who come again. Each phone and each e-mail is remembered for
/// itself, and the two as they came together. Forgotten when the CRM says otherwise.
///
/// Lives in memory, and is filled at a start from the receipts of the last weeks, which stand in the store with their leads: so it outlives
/// the process, and is no second register of people that would have to be erased with every lead. What is in it only saves a search; whatever
/// it does not know, or knows no longer, the CRM is asked for.
#[derive(Default)]
pub(super) struct KnownContacts(Mutex<Known>);

#[derive(Default)]
struct Known {
    customers: HashMap<String, u64>,
    order: VecDeque<String>,
}

impl Known {
    fn get(&self, key: Option<&String>) -> Option<u64> {
        self.customers.get(key?).copied()
    }

    fn put(&mut self, key: String, customer: u64) {
        if self.customers.insert(key.clone(), customer).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > MOST {
            let oldest = self.order.pop_front();
            oldest.map(|key| self.customers.remove(&key));
        }
    }
}

impl KnownContacts {
    /// The customer of this contact. With phone and e-mail both must be known to lead there: one of them alone may be somebody else's.
    pub(super) fn customer(&self, contact: &Contact) -> Option<u64> {
        let known = self.known();
        let keys = Keys::of(contact);
        let (phone, email) = (keys.phone.as_ref(), keys.email.as_ref());
        match (phone, email) {
            (Some(_), Some(_)) => known.get(keys.together.as_ref()).or_else(|| {
                let customer = known.get(phone);
                customer.filter(|_| customer == known.get(email))
            }),
            (one, None) | (None, one) => known.get(one),
        }
    }

    /// Remembers a customer that a search has found: for this contact as a whole, and for what its own record holds. A phone may lead to one person
    /// while the e-mail typed with it is in nobody's record.
    pub(super) fn learn_found(&self, contact: &Contact, found: &Customer) {
        self.learn_each(contact, found);
        self.learn_together(contact, found.id);
    }

    /// Remembers a customer for that of phone and e-mail which its record holds.
    pub(super) fn learn_each(&self, contact: &Contact, found: &Customer) {
        let (has_phone, has_email) = held(contact, found.email.as_deref(), &found.phones);
        let keys = Keys::of(contact);
        let mut known = self.known();
        for key in [
            keys.phone.filter(|_| has_phone),
            keys.email.filter(|_| has_email),
        ] {
            key.into_iter().for_each(|key| known.put(key, found.id));
        }
    }

    /// Remembers a customer for phone and e-mail when they come together.
    pub(super) fn learn_together(&self, contact: &Contact, customer: u64) {
        let key = Keys::of(contact).together;
        let mut known = self.known();
        key.into_iter().for_each(|key| known.put(key, customer));
    }

    /// Remembers where this contact went in an earlier life, unless something newer is known. Only for the contact as a whole: which of phone and
    /// e-mail the customer's record holds was not kept.
    pub(super) fn recall(&self, contact: &Contact, customer: u64) {
        let keys = Keys::of(contact);
        let key = keys.together.or(keys.phone).or(keys.email);
        let mut known = self.known();
        if let Some(key) = key.filter(|key| !known.customers.contains_key(key)) {
            known.put(key, customer);
        }
    }

    /// Remembers a customer that was made of this contact.
    pub(super) fn learn(&self, contact: &Contact, customer: u64) {
        let keys = Keys::of(contact);
        let mut known = self.known();
        for key in [keys.phone, keys.email, keys.together] {
            key.into_iter().for_each(|key| known.put(key, customer));
        }
    }

    /// Compares what was remembered with the customer that the CRM shows in the order it was given: merged meanwhile, or somebody else's by now.
    pub(super) fn compare(&self, contact: &Contact, sent: u64, shown: &Customer) {
        if shown.id != sent {
            self.moved(sent, shown.id);
        } else if is_somebody_else(contact, shown) {
            self.forget(sent);
        }
    }

    /// Follows a merger: whatever led to the one leads to the other.
    pub(super) fn moved(&self, from: u64, into: u64) {
        let mut known = self.known();
        let customers = known.customers.values_mut();
        customers
            .filter(|customer| **customer == from)
            .for_each(|customer| *customer = into);
    }

    /// Forgets a customer, whatever led to it.
    pub(super) fn forget(&self, customer: u64) {
        let mut known = self.known();
        let Known { customers, order } = &mut *known;
        customers.retain(|_, known| *known != customer);
        order.retain(|key| customers.contains_key(key));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of phone and e-mail of a contact the record of a customer holds.
pub(super) fn held(contact: &Contact, email: Option<&str>, phones: &[String]) -> (bool, bool) {
    let has_phone = contact.phone.as_ref().is_some_and(|ours| {
        let mut phones = phones.iter();
        phones.any(|theirs| is_same_phone(ours.e164(), theirs))
    });
    let emails = contact.email.as_ref().zip(email);
    let has_email = emails.is_some_and(|(ours, theirs)| is_same_email(ours.as_str(), theirs));
    (has_phone, has_email)
}

/// The record shows a phone or an e-mail in place of each that the contact has, and none of them is the contact's. What the record does not
/// show contradicts nothing: perhaps the CRM refused it.
fn is_somebody_else(contact: &Contact, shown: &Customer) -> bool {
    let (has_phone, has_email) = held(contact, shown.email.as_deref(), &shown.phones);
    let other_phone = !has_phone && !shown.phones.is_empty();
    let other_email = !has_email && shown.email.is_some();
    match (&contact.phone, &contact.email) {
        (Some(_), Some(_)) => other_phone && other_email,
        (Some(_), None) => other_phone,
        (None, Some(_)) => other_email,
        (None, None) => false,
    }
}

/// What a contact is remembered by.
struct Keys {
    phone: Option<String>,
    email: Option<String>,
    /// Both, when there are both.
    together: Option<String>,
}

impl Keys {
    fn of(contact: &Contact) -> Self {
        let phone = contact.phone.as_ref();
        let phone = phone.map(|phone| phone.e164().to_owned());
        let email = contact.email.as_ref();
        let email = email.map(|email| email.as_str().to_owned());
        let together = phone.as_ref().zip(email.as_ref());
        // No phone and no e-mail has a space in it.
        let together = together.map(|(phone, email)| format!("{phone} {email}"));
        Self {
            phone,
            email,
            together,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::{Email, Phone};

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
        known.forget(1);
        assert_eq!(known.customer(&contact("a1@example.ru")), None);
        let known = known.known();
        assert_eq!(known.order.len(), known.customers.len());
    }

    fn both(phone: &str, email: &str) -> Contact {
        Contact {
            phone: Some(Phone::parse(phone).expect("phone")),
            ..contact(email)
        }
    }

    #[test]
    fn a_phone_and_an_email_that_lead_to_two_people_are_not_taken_for_one() {
        let known = KnownContacts::default();
        known.learn(&both("+79123456789", "anna@example.ru"), 1);
        known.learn(&contact("petr@example.ru"), 2);
        let anna = |email| known.customer(&both("+79123456789", email));
        assert_eq!(anna("anna@example.ru"), Some(1));
        assert_eq!(anna("petr@example.ru"), None, "his e-mail, her phone");
        assert_eq!(anna("new@example.ru"), None, "it may be somebody's");
        known.learn_together(&both("+79123456789", "new@example.ru"), 1);
        assert_eq!(anna("new@example.ru"), Some(1));
        assert_eq!(known.customer(&contact("new@example.ru")), None);
        known.moved(1, 7);
        assert_eq!(anna("new@example.ru"), Some(7));
        known.forget(7);
        assert_eq!(anna("anna@example.ru"), None);
        assert_eq!(known.customer(&contact("petr@example.ru")), Some(2));
    }
}
