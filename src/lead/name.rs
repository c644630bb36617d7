//! A person's name as typed, and split into the CRM's three fields.
//!
//! The CRM searches and greets by these fields, but a wrong split does less harm than a lost word: every word that was
//! typed lands in exactly one of the three.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lead::text;

/// Ends of patronymics, Cyrillic and as transliterated. Women's first: no first name and hardly a surname ends like them.
const PATRONYMIC_ENDS: [&str; 12] = [
    "овна",
    "евна",
    "ична",
    "инишна",
    "ович",
    "евич",
    "ьич",
    "ovna",
    "evna",
    "ichna",
    "ovich",
    "evich",
];

/// Short patronymics that the ends above do not cover.
const PATRONYMICS: [&str; 5] = ["ильич", "лукич", "фомич", "кузьмич", "ilyich"];

/// Words that follow a father's name and make it a patronymic (Azerbaijani, Kazakh, Uzbek, Turkmen spellings).
const PATRONYMIC_WORDS: [&str; 8] = [
    "оглы", "оглу", "углы", "улы", "кызы", "гызы", "кизи", "ogly",
];

/// A name. One word is a first name; two are first and last, or first and patronymic when the second is one;
/// three are last, first and patronymic unless they say otherwise.
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
    /// Reads a name typed into one field; `None` when nothing is there to read. Any words will do, digits too.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = text::folded_line(typed);
        let words: Vec<&str> = typed.split(' ').filter(|word| !word.is_empty()).collect();
        let order = match words.as_slice() {
            [] => return None,
            [first] => Order {
                first,
                last: &[],
                patronymic: &[],
            },
            [first, rest @ ..] => Order::of(first, rest),
        };
        let (first, last, patronymic) = (
            order.first.to_owned(),
            joined(order.last),
            joined(order.patronymic),
        );
        Some(Self {
            typed,
            first: Some(first),
            last,
            patronymic,
        })
    }

    /// A name that a form asked for in several fields; `None` when all of them are empty. `typed` is in the Russian order.
    pub fn from_parts(
        first: Option<&str>,
        last: Option<&str>,
        patronymic: Option<&str>,
    ) -> Option<Self> {
        let read = |part: Option<&str>| part.map(text::folded_line).filter(|part| !part.is_empty());
        let (first, last, patronymic) = (read(first), read(last), read(patronymic));
        let typed: Vec<&str> = [&last, &first, &patronymic]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let typed = typed.join(" ");
        (!typed.is_empty()).then_some(Self {
            typed,
            first,
            last,
            patronymic,
        })
    }

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

/// Which words are what.
struct Order<'a> {
    first: &'a str,
    last: &'a [&'a str],
    patronymic: &'a [&'a str],
}

impl<'a> Order<'a> {
    /// Two words or more. The second word is asked before the third: a first name never ends like a patronymic, but a
    /// surname (Абрамович) may.
    fn of(head: &'a &'a str, rest: &'a [&'a str]) -> Self {
        let first_then = |patronymic, last| Self {
            first: head,
            last,
            patronymic,
        };
        match rest {
            [second, last @ ..] if is_patronymic(second) => first_then(&rest[..1], last),
            [_, word, last @ ..] if is_patronymic_word(word) => first_then(&rest[..2], last),
            [first, third, ..] if is_patronymic(third) => Self {
                first,
                last: std::slice::from_ref(head),
                patronymic: &rest[1..],
            },
            [first, _, word] if is_patronymic_word(word) => Self {
                first,
                last: std::slice::from_ref(head),
                patronymic: &rest[1..],
            },
            _ => first_then(&[], rest),
        }
    }
}

fn joined(words: &[&str]) -> Option<String> {
    (!words.is_empty()).then(|| words.join(" "))
}

fn is_patronymic(word: &str) -> bool {
    let word = text::lower_case(word);
    PATRONYMICS.contains(&word.as_ref())
        || PATRONYMIC_ENDS
            .iter()
            .any(|end| word.len() > end.len() && word.ends_with(end))
}

fn is_patronymic_word(word: &str) -> bool {
    PATRONYMIC_WORDS.contains(&text::lower_case(word).as_ref())
}

/// Masked: it is a person's name.
impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Last, first and patronymic of a typed name, `-` for none.
    fn split(typed: &str) -> String {
        let name = PersonName::parse(typed).expect("a name");
        [name.last(), name.first(), name.patronymic()]
            .map(|part| part.unwrap_or("-"))
            .join("|")
    }

    #[test]
    fn one_word_is_a_first_name() {
        assert_eq!(split("  Анна "), "-|Анна|-");
        assert_eq!(split("user2026"), "-|user2026|-");
    }

    #[test]
    fn two_words_are_first_and_last() {
        assert_eq!(split("Анна\u{a0} Петрова"), "Петрова|Анна|-");
    }

    #[test]
    fn a_second_word_that_is_a_patronymic_is_no_surname() {
        assert_eq!(split("Анна Сергеевна"), "-|Анна|Сергеевна");
        assert_eq!(split("Иван Кузьмич"), "-|Иван|Кузьмич");
    }

    #[test]
    fn three_words_in_russian_order_end_with_the_patronymic() {
        assert_eq!(split("Петрова Анна Сергеевна"), "Петрова|Анна|Сергеевна");
        assert_eq!(
            split("Абрамович Роман Аркадьевич"),
            "Абрамович|Роман|Аркадьевич"
        );
        assert_eq!(split("Лоренс Илья Ильич"), "Лоренс|Илья|Ильич");
    }

    #[test]
    fn a_patronymic_in_the_middle_means_that_the_surname_is_last() {
        assert_eq!(split("Анна Сергеевна Петрова"), "Петрова|Анна|Сергеевна");
        assert_eq!(
            split("Роман Аркадьевич Абрамович"),
            "Абрамович|Роман|Аркадьевич"
        );
    }

    #[test]
    fn three_words_without_a_patronymic_are_first_and_the_rest() {
        assert_eq!(split("Anna Maria Smith"), "Maria Smith|Anna|-");
    }

    #[test]
    fn a_patronymic_of_two_words_stays_together() {
        assert_eq!(split("Алиев Вагиф Самед оглы"), "Алиев|Вагиф|Самед оглы");
        assert_eq!(split("Вагиф Самед оглы Алиев"), "Алиев|Вагиф|Самед оглы");
    }

    #[test]
    fn a_name_of_spaces_and_controls_is_none() {
        assert_eq!(PersonName::parse(" \u{0}\u{200b}\t"), None);
    }

    #[test]
    fn a_name_asked_in_parts_is_not_split_again() {
        let name =
            PersonName::from_parts(Some("Анна Мария"), Some(" Петрова "), None).expect("a name");
        assert_eq!(
            (name.first(), name.last(), name.patronymic()),
            (Some("Анна Мария"), Some("Петрова"), None)
        );
        assert_eq!(name.typed(), "Петрова Анна Мария");
        assert_eq!(PersonName::from_parts(None, Some(" "), None), None);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_or_doubled(words in prop::collection::vec("[A-Za-zА-я0-9]{1,6}(вич|евна|ович|оглы)?", 1..7)) {
            let name = PersonName::parse(&words.join(" ")).expect("words");
            let mut kept: Vec<&str> =
                [name.first(), name.last(), name.patronymic()].into_iter().flatten().flat_map(|part| part.split(' ')).collect();
            let mut typed: Vec<&str> = words.iter().map(String::as_str).collect();
            kept.sort_unstable();
            typed.sort_unstable();
            prop_assert_eq!(kept, typed);
        }

        #[test]
        fn any_text_is_read_without_panic_and_has_a_first_name(typed in any::<String>()) {
            if let Some(name) = PersonName::parse(&typed) {
                prop_assert!(name.first().is_some());
            }
        }
    }
}
