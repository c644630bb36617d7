//! From a value of a lead to the JSON of a CRM field of a given kind. A value that does not fit is not sent: the CRM would refuse the whole
//! order for it. It is reported instead, so that it can be written into the comment.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::destination::retailcrm::fields::Kind;
use crate::lead::{Bilingual, Value, decimal as typed_decimal};

/// How the CRM writes an instant.
const DATE_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// What was expected instead of a value.
pub(super) type Expected = Bilingual;

/// The JSON of a value; `None` when it is empty, which is not sent at all (trap 30). An error is what was expected instead.
pub(super) fn convert(
    value: &Value,
    kind: Kind,
    zone: &TimeZone,
) -> Result<Option<Json>, Expected> {
    if let Value::Text(text) | Value::Number(text) = value
        && text.trim().is_empty()
    {
        return Ok(None);
    }
    let json = match kind {
        Kind::Text => return Ok(Some(Json::String(value.to_text())).filter(|json| json != "")),
        Kind::List(member) => return list(value, *member, zone),
        Kind::Custom | Kind::Open => return Ok(open(value)),
        Kind::Object(_) => None,
        Kind::Integer => integer(value).map(Json::from),
        Kind::Between(least, most) => integer(value)
            .filter(|number| (least..=most).contains(number))
            .map(Json::from),
        Kind::Number => number(value),
        Kind::Boolean => boolean(value),
        Kind::OneOf(words) => word(value, words),
        Kind::Country => country(value),
        Kind::Vat => vat(value),
        Kind::PropertyCode => property_code(value),
        Kind::Time => time(value).map(Json::from),
        Kind::Date => date(value).map(|day| day.to_string().into()),
        Kind::DateTime => date_time(value, zone).map(Json::from),
    };
    json.map(Some).ok_or_else(|| expected(kind))
}

/// What a field of this kind takes.
pub(super) fn expected(kind: Kind) -> Expected {
    match kind {
        Kind::Integer => Bilingual::new("нужно целое число", "a whole number is needed"),
        Kind::Between(least, most) => Bilingual::new(
            format!("нужно целое число от {least} до {most}"),
            format!("a whole number from {least} to {most} is needed"),
        ),
        Kind::Number => Bilingual::new("нужно число", "a number is needed"),
        Kind::Boolean => Bilingual::new("нужно да или нет", "true or false is needed"),
        Kind::OneOf(words) => {
            let words = words.join(", ");
            Bilingual::new(
                format!("нужно одно из: {words}"),
                format!("one of {words} is needed"),
            )
        }
        Kind::Country => Bilingual::new(
            "нужны две буквы кода страны, например RU",
            "the two letters of a country are needed, such as RU",
        ),
        Kind::Vat => Bilingual::new("нужно none или процент", "none or a percentage is needed"),
        Kind::PropertyCode => Bilingual::new(
            "в коде могут быть только латинские буквы, цифры, _, - и :",
            "a code of Latin letters, digits, _, - and : is needed",
        ),
        Kind::Time => Bilingual::new(
            "нужно время, например 09:30",
            "a time is needed, such as 09:30",
        ),
        Kind::Date => Bilingual::new(
            "нужна дата, например 2026-11-21",
            "a date is needed, such as 2026-11-21",
        ),
        Kind::DateTime => Bilingual::new(
            "нужны дата и время, например 2026-11-21 10:00:00",
            "a date with a time is needed, such as 2026-11-21 10:00:00",
        ),
        Kind::Text | Kind::List(_) | Kind::Object(_) | Kind::Custom | Kind::Open => Bilingual::new(
            "здесь нужны вложенные поля",
            "nested fields are needed here",
        ),
    }
}

/// An instant as the CRM reads it: without a zone, in the account's own (trap 18).
pub(super) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime(DATE_TIME).to_string()
}

fn list(value: &Value, member: Kind, zone: &TimeZone) -> Result<Option<Json>, Expected> {
    let items: Vec<Json> = members(value)
        .iter()
        .filter_map(|item| convert(item, member, zone).transpose())
        .collect::<Result<_, _>>()?;
    Ok((!items.is_empty()).then_some(Json::Array(items)))
}

/// The values of a value where several may stand.
pub(super) fn members(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.iter().cloned().map(Value::Text).collect(),
        other => vec![other.clone()],
    }
}

/// The value with the type it has.
fn open(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) => Some(text.as_str().into()),
        Value::Integer(number) => Some((*number).into()),
        Value::Number(digits) => number(value).or_else(|| Some(digits.as_str().into())),
        Value::Boolean(flag) => Some((*flag).into()),
        Value::Date(day) => Some(day.to_string().into()),
        Value::List(items) if items.is_empty() => None,
        Value::List(items) => Some(items.clone().into()),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) | Value::Number(text) => {
            let digits = typed_decimal(text)?;
            let whole = match digits.split_once('.') {
                Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
                Some(_) => return None,
                None => &digits,
            };
            whole.parse().ok()
        }
        Value::Boolean(_) | Value::Date(_) | Value::List(_) => None,
    }
}

fn number(value: &Value) -> Option<Json> {
    match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Text(text) | Value::Number(text) => Some(exact(&typed_decimal(text)?)),
        Value::Boolean(_) | Value::Date(_) | Value::List(_) => None,
    }
}

/// Decimal digits as a JSON number of the same value. Digits that a JSON number of this program would change stay a text: money must not
/// change on the way (trap 17).
fn exact(digits: &str) -> Json {
    let digits = match digits.split_once('.') {
        Some(_) => digits.trim_end_matches('0').trim_end_matches('.'),
        None => digits,
    };
    if let Ok(whole) = digits.parse::<i64>() {
        return whole.into();
    }
    let float = digits.parse::<f64>().ok();
    let json = float.map(Json::from).filter(|json| {
        let written = json.to_string();
        // Small ones are written with an exponent.
        written == digits
            || written.contains('e') && float.is_some_and(|float| float.to_string() == digits)
    });
    json.unwrap_or_else(|| digits.into())
}

fn word(value: &Value, words: &[&str]) -> Option<Json> {
    let text = value.to_text().trim().to_lowercase();
    let known = words.iter().find(|word| **word == text);
    known.map(|word| (*word).into())
}

fn country(value: &Value) -> Option<Json> {
    let code = value.to_text().trim().to_uppercase();
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    is_code.then(|| code.into())
}

fn vat(value: &Value) -> Option<Json> {
    let text = value.to_text().trim().to_lowercase();
    if text == "none" {
        return Some(text.into());
    }
    let percent = typed_decimal(text.trim_end_matches('%'))?;
    (!percent.starts_with('-')).then(|| percent.into())
}

/// `[A-Za-z0-9_][A-Za-z0-9_\-:]*`, as the API wants it (3.5).
fn property_code(value: &Value) -> Option<Json> {
    let code = value.to_text();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = code.bytes();
    let fits =
        bytes.next().is_some_and(is_word) && bytes.all(|b| is_word(b) || matches!(b, b'-' | b':'));
    fits.then(|| code.into())
}

fn time(value: &Value) -> Option<String> {
    let text = value.to_text();
    let (hours, rest) = text.trim().split_once(':')?;
    let minutes = rest.split(':').next()?;
    let part = |text: &str| {
        let is_short = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_short.then(|| text.parse::<i8>().ok()).flatten()
    };
    let at = jiff::civil::Time::new(part(hours)?, part(minutes)?, 0, 0).ok()?;
    Some(at.strftime("%H:%M").to_string())
}

fn boolean(value: &Value) -> Option<Json> {
    match value {
        Value::Boolean(flag) => Some((*flag).into()),
        Value::Integer(0) => Some(false.into()),
        Value::Integer(1) => Some(true.into()),
        Value::Text(text) | Value::Number(text) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "да" => Some(true.into()),
            "false" | "0" | "no" | "off" | "нет" => Some(false.into()),
            _ => None,
        },
        Value::Integer(_) | Value::Date(_) | Value::List(_) => None,
    }
}

fn date(value: &Value) -> Option<Date> {
    match value {
        Value::Date(day) => Some(*day),
        Value::Text(text) => {
            let text = text.trim();
            let parsed = text
                .parse::<DateTime>()
                .map(DateTime::date)
                .or_else(|_| text.parse::<Date>());
            parsed.or_else(|_| Date::strptime("%d.%m.%Y", text)).ok()
        }
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) | Value::List(_) => None,
    }
}

fn date_time(value: &Value, zone: &TimeZone) -> Option<String> {
    if let Value::Text(text) = value {
        let text = text.trim();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(instant(at, zone));
        }
        if let Ok(at) = text.parse::<DateTime>() {
            return Some(at.strftime(DATE_TIME).to_string());
        }
    }
    date(value).map(|day| {
        day.to_datetime(jiff::civil::Time::midnight())
            .strftime(DATE_TIME)
            .to_string()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What was typed, the kind of the CRM's field, and the JSON that is sent; `-` is nothing, `!` does not fit.
    const TYPED: &str = r#"
12 | integer | 12
1 200,0 | integer | 1200
12 руб. | integer | !
1 234,50 | number | 1234.5
0.00 | number | 0
1.234,50 | number | 1234.5
1234.50 | number | 1234.5
549755813888.0313 | number | "549755813888.0313"
9007199254740993.1 | number | "9007199254740993.1"
. | number | !
нет | boolean | false
может быть | boolean | !
21.11.2026 | date | "2026-11-21"
2026-11-21T10:00 | date | "2026-11-21"
завтра | date | !
2026-11-21T22:30:00Z | instant | "2026-11-22 01:30:00"
2026-11-21 22:30 | instant | "2026-11-21 22:30:00"
2026-11-21 | instant | "2026-11-21 00:00:00"
a | list | ["a"]
FEMALE | sex | "female"
она | sex | !
ru | country | "RU"
Россия | country | !
20% | vat | "20"
None | vat | "none"
-1 | vat | !
size:eu-1 | code | "size:eu-1"
размер | code | !
9:05 | time | "09:05"
09:05:30 | time | "09:05"
25:00 | time | !
утром | time | !
10 | mark | 10
11 | mark | !
  | text | -
  | integer | -
"#;

    fn kind(word: &str) -> Kind {
        match word {
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            "date" => Kind::Date,
            "instant" => Kind::DateTime,
            "list" => Kind::List(&Kind::Text),
            "sex" => Kind::OneOf(&["male", "female"]),
            "country" => Kind::Country,
            "vat" => Kind::Vat,
            "code" => Kind::PropertyCode,
            "time" => Kind::Time,
            "mark" => Kind::Between(0, 10),
            _ => Kind::Text,
        }
    }

    fn said(value: &Value, kind: Kind) -> String {
        let moscow = TimeZone::fixed(jiff::tz::offset(3));
        match convert(value, kind, &moscow) {
            Ok(Some(json)) => json.to_string(),
            Ok(None) => "-".to_owned(),
            Err(_) => "!".to_owned(),
        }
    }

    #[test]
    fn texts_take_the_type_of_the_field() {
        for line in TYPED.lines().filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [typed, word, json] = cells.try_into().expect("three cells");
            assert_eq!(
                said(&Value::Text(typed.to_owned()), kind(word)),
                json,
                "{line}"
            );
        }
    }

    #[test]
    fn typed_values_keep_their_zeros_and_lists_their_order() {
        let list = Value::List(vec!["b".to_owned(), "a".to_owned()]);
        assert_eq!(said(&Value::Integer(0), Kind::Integer), "0");
        assert_eq!(said(&Value::Boolean(false), Kind::Boolean), "false");
        assert_eq!(said(&Value::Integer(3), Kind::Text), r#""3""#);
        assert_eq!(said(&list, Kind::Text), r#""b, a""#);
        assert_eq!(said(&list, Kind::Open), r#"["b","a"]"#);
        assert_eq!(said(&Value::List(Vec::new()), Kind::Open), "-");
    }

    proptest! {
        #[test]
        fn money_keeps_its_value_to_the_last_digit_however_it_is_typed(whole in 0_u64..10_000_000_000_000, fraction in "[0-9]{0,12}", comma in any::<bool>()) {
            let point = if comma { ',' } else { '.' };
            let typed = format!("{}{point}{fraction}", in_thousands(whole));
            let json = number(&Value::Text(typed)).expect("a decimal");
            let said = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            let (said_whole, said_fraction) = said.split_once('.').unwrap_or((&said, ""));
            prop_assert_eq!(said_whole, whole.to_string());
            prop_assert_eq!(said_fraction.trim_end_matches('0'), fraction.trim_end_matches('0'));
        }

        #[test]
        fn money_of_fifteen_digits_is_always_a_json_number(whole in 0_u64..10_000_000_000_000, cents in 0_u8..100) {
            let json = number(&Value::Text(format!("{whole}.{cents:02}"))).expect("a decimal");
            prop_assert!(json.is_number(), "{}", json);
        }

        #[test]
        fn no_text_makes_a_conversion_panic(typed in any::<String>()) {
            for word in ["integer", "number", "boolean", "date", "instant", "sex", "country", "vat", "code", "time", "mark"] {
                said(&Value::Text(typed.clone()), kind(word));
            }
        }
    }

    /// `1234567` as `1 234 567`.
    fn in_thousands(whole: u64) -> String {
        let digits = whole.to_string();
        let mut typed = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                typed.push('\u{a0}');
            }
            typed.push(digit);
        }
        typed
    }
}
