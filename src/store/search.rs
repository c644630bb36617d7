//! The words a lead is found by: its phone, its e-mail, every word of its name, its order number.

use crate::lead::{Contact, LeadId, Phone, text};
use crate::store::{Status, StoredLead};

/// A word is cut here; longer ones are found by their beginning.
const LONGEST: usize = 64;

/// The words of who it is, one a line; a name may hold one twice.
pub(super) fn words_of_contact(contact: &Contact) -> String {
    let name = contact.name.as_ref().map_or("", |name| name.typed());
    let phone = contact.phone.iter().map(|phone| cut(phone.e164()));
    let email = contact.email.iter().map(|email| cut(email.as_str()));
    let mut lines = String::with_capacity(name.len() + 2 * LONGEST);
    for word in words_in(name) {
        fold_into(word, &mut lines);
        lines.push('\n');
    }
    for word in phone.chain(email) {
        lines.push_str(word);
        lines.push('\n');
    }
    lines
}

/// The words of what the destinations answered.
pub(super) fn words_of_status(status: &Status) -> Vec<String> {
    let receipts = status
        .deliveries
        .iter()
        .filter_map(|delivery| delivery.receipt.as_ref());
    let numbers = receipts.filter_map(|receipt| receipt.order_number.as_deref());
    // Whole and in parts: "12-345" is looked for as it stands and as two words.
    let mut found: Vec<String> = numbers
        .flat_map(|number| words(number).chain([fold(number)]))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What an operator's text asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// This lead.
    Lead(LeadId),
    /// Leads that have a word with each of these beginnings.
    Prefixes(Vec<String>),
}

impl Query {
    /// Whether a lead is asked for, as it is now: the index remembers words that a lead no longer has.
    pub(super) fn asks_for(&self, stored: &StoredLead) -> bool {
        match self {
            Self::Lead(id) => stored.status.lead == *id,
            Self::Prefixes(prefixes) => {
                let of_contact = words_of_contact(&stored.lead.contact);
                let of_status = words_of_status(&stored.status);
                prefixes.iter().all(|prefix| {
                    let of_status = of_status.iter().map(String::as_str);
                    let mut words = of_contact.lines().chain(of_status);
                    words.any(|word| word.starts_with(prefix.as_str()))
                })
            }
        }
    }
}

/// Reads an operator's text; `None` when nothing in it can be searched.
pub(super) fn parse(text: &str) -> Option<Query> {
    let text = text.trim();
    if let Some(id) = LeadId::parse(text.strip_prefix("lg-").unwrap_or(text)) {
        return Some(Query::Lead(id));
    }
    if let Ok(phone) = Phone::parse(text) {
        return Some(Query::Prefixes(vec![cut(phone.e164()).to_owned()]));
    }
    let prefixes: Vec<String> = if text.contains('@') {
        vec![fold(text)]
    } else {
        words(text).collect()
    };
    (!prefixes.is_empty()).then_some(Query::Prefixes(prefixes))
}

fn words(text: &str) -> impl Iterator<Item = String> {
    words_in(text).map(fold)
}

fn words_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c| !text::is_of_word(c));
    words.filter(|word| !word.is_empty())
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Lower case, with ё as е, as people search.
fn fold_into(text: &str, out: &mut String) {
    let lower = text::lower_case(text);
    let letters = lower.chars().take(LONGEST);
    out.extend(letters.map(|letter| if letter == 'ё' { 'е' } else { letter }));
}

fn cut(text: &str) -> &str {
    text::cut(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(text: &str) -> Vec<String> {
        match parse(text) {
            Some(Query::Prefixes(prefixes)) => prefixes,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_name_is_found_by_its_words_without_regard_to_case_and_yo() {
        assert_eq!(prefixes("  Артём  ПЕТР "), ["артем", "петр"]);
    }

    #[test]
    fn any_spelling_of_a_phone_asks_for_the_same_word() {
        assert_eq!(prefixes("8 (912) 345-67-89"), prefixes("+79123456789"));
    }

    #[test]
    fn an_external_id_names_a_lead() {
        let id = LeadId::from_bytes([3; 16]);
        assert_eq!(parse(&format!("lg-{id}")), Some(Query::Lead(id)));
    }

    #[test]
    fn punctuation_alone_asks_for_nothing() {
        assert_eq!(parse(" -- "), None);
    }
}
