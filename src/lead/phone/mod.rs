//! Phone numbers as people in Russia type them, and everybody else's.
//!
//! Russian spellings are read by our own rules, for two reasons: people leave out or double the country code in ways a
//! general library refuses, and the library compiles regular expressions, which the path of an accepted lead need not pay for.
//! It is asked about foreign numbers only.

mod spelling;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lead::phone::spelling::Spelling;

/// The digits E.164 allows after the plus.
const FOREIGN_LENGTH: std::ops::RangeInclusive<usize> = 7..=15;

/// A phone number: E.164, with the typed form and the extension kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    e164: String,
    typed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
}

/// Why a text is not a phone number.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Nothing to read.
    #[error("there is no digit in it")]
    Empty,
    /// Words, or signs that stand in no phone number, or more than one number.
    #[error("it holds more than one phone number and its extension")]
    Unreadable,
    /// Without `+` or `00` a number is Russian, and no Russian number has these digits.
    #[error("no Russian number has these digits; a foreign one begins with + or 00")]
    NotRussian,
    /// The digits after `+` or `00` are no number of any country.
    #[error("no country has such a number")]
    NotForeign(#[source] Option<phonenumber::ParseError>),
}

impl PartialEq for PhoneError {
    /// Two refusals are equal when they tell the visitor the same; the library's own error has no equality.
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Phone {
    /// Reads a number as typed; never panics.
    ///
    /// Russian and Kazakh: `8 800 555 35 35`, `8 (912) 345-67-89`, `+7...`, `7912...`, `9123456789`, and `+7 8 912...`,
    /// which input masks produce. Foreign: after `+`, `00` or the Russian `8 10`.
    pub fn parse(typed: &str) -> Result<Self, PhoneError> {
        let Spelling {
            plus,
            digits,
            extension,
        } = Spelling::read(typed)?;
        let e164 = match international(plus, &digits) {
            Some(number) if !number.starts_with('7') => foreign_e164(number)?,
            Some(number) => russian_e164(number)?,
            None => russian_e164(&digits)?,
        };
        Ok(Self {
            e164,
            typed: typed.trim().to_owned(),
            extension,
        })
    }

    /// E.164, `+79123456789`.
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// The digits of [`Self::e164`], without the plus: the shape in which CRMs search.
    pub fn digits(&self) -> &str {
        self.e164.trim_start_matches('+')
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

/// The number with its country code, if it is spelled with one: after a plus, `00`, or `8 10` (the prefix for calls abroad
/// from Russia; no Russian number continues like that).
fn international(plus: bool, digits: &str) -> Option<&str> {
    if plus {
        // "+8 912 ...": a habit, not a country; no country code begins with 89.
        return (!digits.starts_with("89")).then_some(digits);
    }
    digits
        .strip_prefix("00")
        .or_else(|| digits.strip_prefix("810"))
}

/// E.164 of a number of country code 7, spelled with or without 7 or 8 before the ten national digits.
fn russian_e164(digits: &str) -> Result<String, PhoneError> {
    let national = match (digits.len(), digits.as_bytes()) {
        (12, [b'7', b'8', ..]) => &digits[2..],
        (11, [b'7' | b'8', ..]) => &digits[1..],
        // Ten digits from 88 and 89 are an eleven-digit spelling that lost one: no area code begins so.
        (10, [b'8', b'8' | b'9', ..]) => return Err(PhoneError::NotRussian),
        (10, [b'3' | b'4' | b'8' | b'9', ..]) => digits,
        _ => return Err(PhoneError::NotRussian),
    };
    match national.as_bytes().first() {
        // 6 and 7 are Kazakhstan, which has the same country code and the same trunk 8.
        Some(b'3' | b'4' | b'6'..=b'9') => Ok(["+7", national].concat()),
        _ => Err(PhoneError::NotRussian),
    }
}

/// E.164 of a number of another country. Possible numbers are taken besides valid ones: new ranges appear every month.
fn foreign_e164(digits: &str) -> Result<String, PhoneError> {
    let e164 = normalised(digits)?;
    // A number that is read differently the second time is none: zeros were taken off that belong to it, or to nothing.
    if normalised(e164.trim_start_matches('+'))? == e164 {
        Ok(e164)
    } else {
        Err(PhoneError::NotForeign(None))
    }
}

/// What the library makes of the digits after a plus.
fn normalised(digits: &str) -> Result<String, PhoneError> {
    if !FOREIGN_LENGTH.contains(&digits.len()) {
        return Err(PhoneError::NotForeign(None));
    }
    let number = phonenumber::parse(None, format!("+{digits}"))
        .map_err(|cause| PhoneError::NotForeign(Some(cause)))?;
    let known_country = phonenumber::metadata::DATABASE
        .by_code(&number.country().code())
        .is_some();
    let e164 = number.format().mode(phonenumber::Mode::E164).to_string();
    if known_country {
        Ok(e164)
    } else {
        Err(PhoneError::NotForeign(None))
    }
}

/// Masked: the last two digits only.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.e164.len().saturating_sub(2);
        write!(
            f,
            "Phone(***{})",
            self.e164.get(shown..).unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn e164(typed: &str) -> Option<String> {
        Phone::parse(typed)
            .ok()
            .map(|phone| phone.e164().to_owned())
    }

    #[test]
    fn russian_numbers_are_read_however_they_are_spelled() {
        let spellings = [
            "8 912 345 67 89",
            "8 (912) 345-67-89",
            "+7 912 345-67-89",
            "79123456789",
            "9123456789",
            "8\u{a0}912\u{2011}345\u{2013}67\u{2014}89",
            "８（９１２）３４５－６７－８９",
            "\u{202a}+7 912 345-67-89\u{202c}",
            "tel:+7-912-345-67-89",
            "тел. 8 912 345 67 89",
            "+7 (8912) 345-67-89",
            "+8 912 345 67 89",
            "007 912 345 67 89",
        ];
        for typed in spellings {
            assert_eq!(e164(typed).as_deref(), Some("+79123456789"), "{typed:?}");
        }
        assert_eq!(e164("8 800 555 35 35").as_deref(), Some("+78005553535"));
        assert_eq!(e164("495 123-45-67").as_deref(), Some("+74951234567"));
    }

    #[test]
    fn kazakh_numbers_share_the_country_code() {
        assert_eq!(e164("+7 701 234 56 78").as_deref(), Some("+77012345678"));
        assert_eq!(e164("8 701 234 56 78").as_deref(), Some("+77012345678"));
    }

    #[test]
    fn foreign_numbers_need_a_plus_or_an_exit_code() {
        for typed in [
            "+44 20 7946 0958",
            "0044 20 7946 0958",
            "8 10 44 20 7946 0958",
            "+44 (0)20 7946 0958",
        ] {
            assert_eq!(e164(typed).as_deref(), Some("+442079460958"), "{typed:?}");
        }
        assert_eq!(e164("+375 29 123-45-67").as_deref(), Some("+375291234567"));
        assert_eq!(Phone::parse("44 20 7946 0958"), Err(PhoneError::NotRussian));
    }

    #[test]
    fn a_number_that_lost_or_gained_a_digit_is_refused() {
        for typed in [
            "8 912 345 67 8",
            "912 345 67 8",
            "8 912 345 67 890",
            "123-45-67",
            "8 512 345 67 89",
            "+7 112 345 67 89",
        ] {
            assert_eq!(
                Phone::parse(typed),
                Err(PhoneError::NotRussian),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn a_country_that_does_not_exist_and_a_number_too_short_or_long_are_refused() {
        for typed in [
            "+999 123 456 789",
            "+400000001",
            "+44",
            "+44 20 7946 0958 1234567",
        ] {
            assert_eq!(
                Phone::parse(typed),
                Err(PhoneError::NotForeign(None)),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn the_extension_and_the_typed_form_are_kept() {
        let phone = Phone::parse(" 8 (495) 123-45-67 доб. 12 ").expect("a number");
        assert_eq!(
            (phone.e164(), phone.extension()),
            ("+74951234567", Some("12"))
        );
        assert_eq!(
            (phone.typed(), phone.digits()),
            ("8 (495) 123-45-67 доб. 12", "74951234567")
        );
    }

    #[test]
    fn debug_shows_the_last_two_digits_only() {
        let phone = Phone::parse("89123456789").expect("a number");
        assert_eq!(format!("{phone:?}"), "Phone(***89)");
    }

    /// One of the ways in which a Russian number is written.
    fn spelled(national: &str, prefix: &str, separators: &[String]) -> String {
        let mut typed = prefix.to_owned();
        for (digit, separator) in national.chars().zip(separators) {
            typed.push_str(separator);
            typed.push(digit);
        }
        typed
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(typed in any::<String>()) {
            let _read = Phone::parse(&typed);
        }

        #[test]
        fn nothing_that_looks_like_a_phone_makes_the_reader_panic(typed in "[+0-9 ()xдоб.,#-]{0,24}") {
            let _read = Phone::parse(&typed);
        }

        #[test]
        fn every_spelling_of_a_russian_number_is_one_number(
            national in "9[0-9]{9}",
            prefix in prop::sample::select(vec!["", "8", "7", "+7", "8 ", "+7(", "тел. 8-", "tel:+7"]),
            separators in prop::collection::vec("[ ()\u{a0}.–-]{0,2}", 10),
        ) {
            prop_assert_eq!(e164(&spelled(&national, prefix, &separators)), Some(format!("+7{national}")));
        }

        #[test]
        fn an_e164_number_reads_as_itself(typed in r"\+[1-9][0-9]{6,14}") {
            if let Some(number) = e164(&typed) {
                prop_assert_eq!(e164(&number), Some(number.clone()));
            }
        }
    }
}
