//! Numbers as people type them: spaces between thousands, a comma for the decimal point, the keyboard's own digits.

use crate::lead::text;

/// The most digits of a number; longer ones are typed by robots.
const MAX_DIGITS: usize = 40;

/// The exact digits: `1 234,50` is `1234.50`. The last of commas and dots divides the fraction, if it stands there once.
pub fn decimal(typed: &str) -> Option<String> {
    let (negative, typed) = signed(typed);
    let marks: Vec<char> = typed.chars().filter(|c| matches!(c, ',' | '.')).collect();
    let divider = marks
        .last()
        .filter(|last| marks.iter().filter(|mark| mark == last).count() == 1);
    let (whole, fraction) = match divider.and_then(|divider| typed.rsplit_once(*divider)) {
        Some((whole, fraction)) => (without_groups(whole)?, fraction),
        None => (without_groups(&typed)?, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let count = whole.len() + fraction.len();
    if !(1..=MAX_DIGITS).contains(&count) || !is_digits(&whole) || !is_digits(fraction) {
        return None;
    }
    let whole = Some(whole.trim_start_matches('0'))
        .filter(|whole| !whole.is_empty())
        .unwrap_or("0");
    let digits = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    let is_zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    Some(if negative && !is_zero {
        format!("-{digits}")
    } else {
        digits
    })
}

/// Digits without the marks between thousands; `1.2.2026` has marks, but no thousands.
fn without_groups(whole: &str) -> Option<String> {
    let mut groups = whole.split([',', '.']).skip(1);
    groups
        .all(|group| group.len() == 3)
        .then(|| whole.replace([',', '.'], ""))
}

/// A whole number; a fraction of zeros is no fraction.
pub(super) fn whole(typed: &str) -> Option<i64> {
    let digits = decimal(typed)?;
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => &digits,
    };
    whole.parse().ok()
}

/// Takes the sign and all spaces off and makes digits ASCII.
fn signed(typed: &str) -> (bool, String) {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !text::is_invisible(*c) && !matches!(c, '\'' | '’'))
        .map(|c| text::ascii_digit(c).unwrap_or(if text::is_dash(c) { '-' } else { c }))
        .collect();
    match plain.strip_prefix('-') {
        Some(rest) => (true, rest.to_owned()),
        None => (
            false,
            plain.strip_prefix('+').map(str::to_owned).unwrap_or(plain),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_may_have_spaces_and_a_comma() {
        let cases = [
            ("1 234,50", "1234.50"),
            ("1\u{a0}234\u{202f}567", "1234567"),
            ("1,234.50", "1234.50"),
            ("1.234,50", "1234.50"),
            ("1,234,567", "1234567"),
            ("-0,5", "-0.5"),
            ("−007", "-7"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0", "0"),
            ("１２", "12"),
        ];
        for (typed, expected) in cases {
            assert_eq!(decimal(typed).as_deref(), Some(expected), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in [
            "много",
            "1e5",
            "12 шт",
            "--5",
            ".",
            "1-2",
            "1.2.2026",
            "12,34.5",
            "0x10",
            "٫",
            &"9".repeat(41),
        ] {
            assert_eq!(decimal(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_whole_number_has_no_fraction_and_fits_64_bits() {
        assert_eq!(whole("1 500,00"), Some(1500));
        assert_eq!(whole("-3"), Some(-3));
        for typed in ["1,5", "9223372036854775808", ""] {
            assert_eq!(whole(typed), None, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn a_number_once_read_reads_the_same_again(typed in r"[-+]?[0-9 ]{1,12}[.,]?[0-9]{0,4}") {
            if let Some(digits) = decimal(&typed) {
                prop_assert_eq!(decimal(&digits), Some(digits));
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(typed in any::<String>()) {
            let _read = whole(&typed);
        }
    }
}
