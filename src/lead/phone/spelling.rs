//! The outer shape of a typed phone: its digits, whether a plus stands before them, and the extension behind them.
//!
//! Knows nothing of countries. It is strict about what stands between the digits: a text with words in it may hold two
//! numbers or none, and a wrong number is worse than a question to the visitor.

use crate::lead::phone::PhoneError;
use crate::lead::text;

/// No phone with its extension and its prefix word is longer, in characters.
const MAX_CHARS: usize = 64;

/// The most digits of an extension.
const MAX_EXTENSION: usize = 8;

/// Words that people and `tel:` links write before a number.
const PREFIXES: [&str; 10] = [
    "tel",
    "тел",
    "телефон",
    "phone",
    "моб",
    "мобильный",
    "mob",
    "mobile",
    "т",
    "сот",
];

/// Words and signs between a number and its extension.
const EXTENSION_MARKS: [&str; 14] = [
    "доб",
    "добавочный",
    "д",
    "вн",
    "внутр",
    "внутренний",
    "ext",
    "extension",
    "x",
    "х",
    "#",
    ",",
    ";ext=",
    "p",
];

/// A typed phone taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// A `+` stood before the first digit.
    pub(super) plus: bool,
    /// The digits of the number, ASCII.
    pub(super) digits: String,
    /// The digits of the extension.
    pub(super) extension: Option<String>,
}

impl Spelling {
    /// Takes a typed phone apart.
    pub(super) fn read(typed: &str) -> Result<Self, PhoneError> {
        let line = plain(typed)?;
        let number = without_prefix(&line);
        let end = number
            .find(|c: char| !is_number_char(c))
            .unwrap_or(number.len());
        let (main, tail) = number.split_at(end);
        let digits: String = main.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return Err(if tail.is_empty() {
                PhoneError::Empty
            } else {
                PhoneError::Unreadable
            });
        }
        let plus = match main.rfind('+') {
            None => false,
            Some(at) if !main[..at].contains(|c: char| c.is_ascii_digit() || c == '+') => true,
            Some(_) => return Err(PhoneError::Unreadable),
        };
        Ok(Self {
            plus,
            digits,
            extension: extension(tail)?,
        })
    }
}

/// The text in lower case, with plain digits, dashes, spaces and pluses only.
fn plain(typed: &str) -> Result<String, PhoneError> {
    if typed.len() > MAX_CHARS * 4 || typed.trim().chars().count() > MAX_CHARS {
        return Err(PhoneError::Unreadable);
    }
    let fold = |c: char| match c {
        '\u{ff0b}' => '+',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        _ if text::is_dash(c) => '-',
        _ if c.is_whitespace() || c.is_control() => ' ',
        _ => text::ascii_digit(c).unwrap_or(c),
    };
    let visible = typed.chars().filter(|c| !text::is_invisible(*c));
    let mut folded = String::with_capacity(typed.len());
    folded.extend(visible.map(fold));
    Ok(text::lower_case(folded.trim()).into_owned())
}

/// Drops one prefix word with what separates it from the number.
fn without_prefix(line: &str) -> &str {
    let word_end = line
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(line.len());
    let (word, rest) = line.split_at(word_end);
    if PREFIXES.contains(&word) {
        rest.trim_start_matches(['.', ':', ' '])
    } else {
        line
    }
}

fn is_number_char(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ' ' | '(' | ')' | '-' | '.' | '+')
}

/// Reads what stands behind the number: nothing, punctuation, or a mark and digits.
fn extension(tail: &str) -> Result<Option<String>, PhoneError> {
    let tail = tail.trim_end_matches([' ', '.', ',', ';', ')']);
    let Some(first_digit) = tail.find(|c: char| c.is_ascii_digit()) else {
        return if tail.is_empty() {
            Ok(None)
        } else {
            Err(PhoneError::Unreadable)
        };
    };
    let (mark, digits) = tail.split_at(first_digit);
    let mark = mark
        .trim_end_matches([' ', '.', ':', '-', '('])
        .trim_start_matches(['(', ' ']);
    let bare = mark.trim_start_matches([',', ' ', '(']);
    let known = EXTENSION_MARKS.contains(&mark)
        || EXTENSION_MARKS.contains(&bare)
        || (bare.is_empty() && mark.starts_with(','));
    let readable =
        known && digits.len() <= MAX_EXTENSION && digits.bytes().all(|b| b.is_ascii_digit());
    if readable {
        Ok(Some(digits.to_owned()))
    } else {
        Err(PhoneError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Option<(bool, String, Option<String>)> {
        Spelling::read(typed)
            .ok()
            .map(|spelling| (spelling.plus, spelling.digits, spelling.extension))
    }

    #[test]
    fn every_mark_of_an_extension_is_understood() {
        let marks = [
            " доб. 12",
            " доб 12",
            ", доб. 12",
            " (доб. 12)",
            "доб.12",
            " ext 12",
            " ext. 12",
            "x12",
            " х 12",
            "#12",
            ",12",
            ";ext=12",
        ];
        for mark in marks {
            let typed = format!("8 (495) 123-45-67{mark}");
            assert_eq!(
                read(&typed),
                Some((false, "84951234567".to_owned(), Some("12".to_owned()))),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn a_prefix_word_and_a_full_stop_at_the_end_do_not_matter() {
        for typed in [
            "tel:+79123456789",
            "тел. +7 912 345-67-89",
            "Телефон: +7(912)3456789.",
            "моб.+7 912 345 67 89;",
        ] {
            assert_eq!(
                read(typed),
                Some((true, "79123456789".to_owned(), None)),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn words_a_second_plus_and_a_long_tail_make_it_unreadable() {
        for typed in [
            "8 912 345 67 89 Анна",
            "8+7 912 345 67 89",
            "89123456789,89123456780",
            "не скажу",
            "8 912 x",
            "доб. 12",
        ] {
            assert_eq!(
                Spelling::read(typed),
                Err(PhoneError::Unreadable),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn a_text_without_digits_is_empty() {
        for typed in ["", "  ", "+", "-", "тел."] {
            assert_eq!(Spelling::read(typed), Err(PhoneError::Empty), "{typed:?}");
        }
    }
}
