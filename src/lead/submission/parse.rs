//! One typed value by the kind of its field.
//!
//! Readers are lenient where the meaning is beyond doubt (spaces in numbers, a comma for the decimal point, an address without
//! `https://`), because the visitor who is sent back to the form may not come again.

use jiff::civil::Date;
use url::Url;

use crate::lead::submission::number;
use crate::lead::{Email, FieldErrorCode, FieldKind, PersonName, Phone, Value, text};

/// Values of tick boxes that mean "not ticked". Everything else that is sent means "ticked": a browser sends a tick box only
/// then, with whatever value the page's author wrote into it.
const UNTICKED: [&str; 13] = [
    "",
    "0",
    "off",
    "false",
    "no",
    "n",
    "нет",
    "не",
    "null",
    "none",
    "undefined",
    "не согласен",
    "не согласна",
];

/// A value, and what else was learnt from reading it.
pub(super) struct Reading {
    /// As the lead will hold it.
    pub(super) value: Value,
    /// What it tells of the visitor.
    pub(super) visitor: Option<Visitor>,
}

/// A part of who the visitor is. Kept with the value, because it would else be read a second time from the same text.
pub(super) enum Visitor {
    Name(PersonName),
    Phone(Phone),
    Email(Email),
}

impl From<Value> for Reading {
    fn from(value: Value) -> Self {
        Self {
            value,
            visitor: None,
        }
    }
}

impl From<Phone> for Reading {
    fn from(phone: Phone) -> Self {
        Self {
            value: Value::Text(phone.e164().to_owned()),
            visitor: Some(Visitor::Phone(phone)),
        }
    }
}

impl From<PersonName> for Reading {
    fn from(name: PersonName) -> Self {
        Self {
            value: Value::Text(name.typed().to_owned()),
            visitor: Some(Visitor::Name(name)),
        }
    }
}

impl From<Email> for Reading {
    fn from(email: Email) -> Self {
        Self {
            value: Value::Text(email.as_str().to_owned()),
            visitor: Some(Visitor::Email(email)),
        }
    }
}

/// Reads one cleaned, non-empty value. Lists of a choice are read by [`options`].
pub(super) fn reading(kind: &FieldKind, typed: &str) -> Result<Reading, FieldErrorCode> {
    let value = match kind {
        FieldKind::Name => {
            let name = PersonName::parse(typed);
            return name.map(Reading::from).ok_or(FieldErrorCode::TypeText);
        }
        FieldKind::Phone => {
            let phone = Phone::parse(typed).ok();
            return phone.map(Reading::from).ok_or(FieldErrorCode::TypePhone);
        }
        FieldKind::Email => {
            let email = Email::parse(typed).ok();
            return email.map(Reading::from).ok_or(FieldErrorCode::TypeEmail);
        }
        FieldKind::Text | FieldKind::Hidden => Ok(Value::Text(typed.to_owned())),
        FieldKind::Number => number::decimal(typed)
            .map(Value::Number)
            .ok_or(FieldErrorCode::TypeNumeric),
        FieldKind::Integer => number::whole(typed)
            .map(Value::Integer)
            .ok_or(FieldErrorCode::TypeNumeric),
        FieldKind::Date => date(typed).map(Value::Date).ok_or(FieldErrorCode::TypeDate),
        FieldKind::Boolean | FieldKind::Consent => Ok(Value::Boolean(is_tick(typed))),
        FieldKind::Choice(known) => option(known, typed)
            .map(Value::Text)
            .ok_or(FieldErrorCode::NotAnOption),
        FieldKind::Url => web_address(typed)
            .map(Value::Text)
            .ok_or(FieldErrorCode::TypeUrl),
    };
    value.map(Reading::from)
}

/// Several chosen options. One text may hold several, divided by commas (so does Tilda), if all of them are known.
pub(super) fn options(known: &[String], typed: &[&str]) -> Option<Vec<String>> {
    let mut chosen = Vec::new();
    for text in typed {
        match option(known, text) {
            Some(one) => chosen.push(one),
            None => chosen.extend(divided(known, text)?),
        }
    }
    Some(chosen)
}

/// The options in one text, if it holds several.
pub(super) fn divided(known: &[String], typed: &str) -> Option<Vec<String>> {
    typed
        .split([',', ';'])
        .map(|part| option(known, part.trim()))
        .collect()
}

/// The option as the form declares it; any text when it declares none.
fn option(known: &[String], typed: &str) -> Option<String> {
    if known.is_empty() {
        return Some(typed.to_owned());
    }
    let folded = typed.to_lowercase();
    let exact = known.iter().find(|option| *option == typed);
    exact
        .or_else(|| known.iter().find(|option| option.to_lowercase() == folded))
        .cloned()
}

/// Whether a tick box is ticked.
pub(super) fn is_tick(typed: &str) -> bool {
    !UNTICKED.contains(&typed.to_lowercase().as_str())
}

/// `2026-11-21`, `21.11.2026` or `21/11/2026`; a year has four digits, for of two nobody knows the century.
fn date(typed: &str) -> Option<Date> {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| text::ascii_digit(c).unwrap_or(c))
        .collect();
    let divider = plain
        .chars()
        .find(|c| !c.is_ascii_digit())
        .filter(|c| matches!(c, '-' | '.' | '/'))?;
    let parts: Vec<&str> = plain.split(divider).collect();
    let (year, month, day) = match (parts.as_slice(), divider) {
        ([year, month, day], '-') => (year, month, day),
        ([day, month, year], _) => (year, month, day),
        _ => return None,
    };
    let short = |part: &str| {
        (1..=2)
            .contains(&part.len())
            .then(|| part.parse::<i8>().ok())
            .flatten()
    };
    let year = (year.len() == 4)
        .then(|| year.parse::<i16>().ok())
        .flatten()?;
    Date::new(year, short(month)?, short(day)?).ok()
}

/// An address of the web; one without a scheme gets `https://` if its host has a dot.
fn web_address(typed: &str) -> Option<String> {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if typed.contains(char::is_whitespace) {
        return None;
    }
    if typed.contains("://") {
        return Url::parse(typed)
            .ok()
            .filter(is_web)
            .map(|_| typed.to_owned());
    }
    let completed = format!("https://{typed}");
    let url = Url::parse(&completed).ok().filter(is_web)?;
    let dotted = url
        .host_str()
        .is_some_and(|host| host.trim_matches('.').contains('.'));
    (dotted && url.username().is_empty()).then_some(completed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: &FieldKind, typed: &str) -> Result<Value, FieldErrorCode> {
        reading(kind, typed).map(|reading| reading.value)
    }

    use proptest::prelude::*;

    fn read(kind: &FieldKind, typed: &str) -> Option<String> {
        value(kind, typed).ok().map(|value| value.to_text())
    }

    #[test]
    fn days_are_read_in_three_spellings() {
        for typed in ["2026-11-21", "21.11.2026", "21/11/2026", " 21. 11. 2026"] {
            assert_eq!(
                read(&FieldKind::Date, typed).as_deref(),
                Some("2026-11-21"),
                "{typed:?}"
            );
        }
        assert_eq!(
            read(&FieldKind::Date, "1.2.2026").as_deref(),
            Some("2026-02-01")
        );
        for typed in [
            "30.02.2026",
            "21.11.26",
            "11/21/2026",
            "2026",
            "завтра",
            "21.11.2026.",
            "2026-11-21T10:00",
        ] {
            assert_eq!(
                value(&FieldKind::Date, typed).err(),
                Some(FieldErrorCode::TypeDate),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn a_tick_is_whatever_does_not_say_no() {
        for typed in [
            "on",
            "1",
            "true",
            "YES",
            "да",
            "Да",
            "Я согласен на обработку",
        ] {
            assert_eq!(
                value(&FieldKind::Boolean, typed).ok(),
                Some(Value::Boolean(true)),
                "{typed:?}"
            );
        }
        for typed in ["off", "0", "False", "no", "Нет", "не согласен"] {
            assert_eq!(
                value(&FieldKind::Consent, typed).ok(),
                Some(Value::Boolean(false)),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn an_option_is_known_in_any_letter_case_and_comes_out_as_declared() {
        let known = FieldKind::Choice(vec!["Самовывоз".to_owned(), "Курьер".to_owned()]);
        assert_eq!(read(&known, "курьер").as_deref(), Some("Курьер"));
        assert_eq!(
            value(&known, "почта").err(),
            Some(FieldErrorCode::NotAnOption)
        );
        assert_eq!(
            read(&FieldKind::Choice(vec![]), "почта").as_deref(),
            Some("почта")
        );
    }

    #[test]
    fn options_divided_by_commas_are_several_if_all_are_known() {
        let known = ["a".to_owned(), "b, c".to_owned(), "d".to_owned()];
        assert_eq!(
            options(&known, &["a, d"]),
            Some(vec!["a".to_owned(), "d".to_owned()])
        );
        assert_eq!(
            options(&known, &["b, c", "a"]),
            Some(vec!["b, c".to_owned(), "a".to_owned()])
        );
        assert_eq!(options(&known, &["a, x"]), None);
    }

    #[test]
    fn only_addresses_of_the_web_are_addresses() {
        assert_eq!(
            read(&FieldKind::Url, "http://example.ru/a?b#c").as_deref(),
            Some("http://example.ru/a?b#c")
        );
        assert_eq!(
            read(&FieldKind::Url, "магазин.рф/скидки").as_deref(),
            Some("https://магазин.рф/скидки")
        );
        for typed in [
            "javascript:alert(1)",
            "ftp://example.ru",
            "нет сайта",
            "нет",
            "anna@mail.ru",
            "https://",
            "data:text/html,a",
        ] {
            assert_eq!(
                value(&FieldKind::Url, typed).err(),
                Some(FieldErrorCode::TypeUrl),
                "{typed:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(typed in any::<String>()) {
            for kind in [FieldKind::Number, FieldKind::Integer, FieldKind::Date, FieldKind::Url, FieldKind::Boolean] {
                let _read = value(&kind, &typed);
            }
        }
    }
}
