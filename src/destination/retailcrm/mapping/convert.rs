//! From a value of a lead to the JSON of a CRM field of a given kind. A value that does not fit is not sent: the CRM would refuse the whole
//! order for it. It is reported instead, so that it can be written into the comment.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::destination::retailcrm::fields::Kind;
use crate::lead::Value;

/// How the CRM writes an instant.
const DATE_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// What was expected instead of the value; a word of the Russian warning.
pub(super) type Expected = (&'static str, &'static str);

/// The JSON of a value; `None` when it is empty, which is not sent at all (trap 30).
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
    match kind {
        Kind::Text => Ok(Some(Json::String(value.to_text())).filter(|json| json != "")),
        Kind::Integer => integer(value)
            .map(Some)
            .ok_or(("нужно целое число", "a whole number is needed")),
        Kind::Number => number(value)
            .map(Some)
            .ok_or(("нужно число", "a number is needed")),
        Kind::Boolean => boolean(value)
            .map(Some)
            .ok_or(("нужно да или нет", "yes or no is needed")),
        Kind::Date => date(value)
            .map(|day| Some(day.to_string().into()))
            .ok_or(("нужна дата", "a date is needed")),
        Kind::DateTime => date_time(value, zone)
            .map(|text| Some(text.into()))
            .ok_or(("нужны дата и время", "a date with a time is needed")),
        Kind::List(member) => list(value, *member, zone),
        Kind::Object(_) => Err((
            "здесь нужны вложенные поля",
            "nested fields are needed here",
        )),
        Kind::Open => Ok(open(value)),
    }
}

/// An instant as the CRM reads it: without a zone, in the account's own (trap 18).
pub(super) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime(DATE_TIME).to_string()
}

fn list(value: &Value, member: Kind, zone: &TimeZone) -> Result<Option<Json>, Expected> {
    let items = match value {
        Value::List(items) => items.iter().cloned().map(Value::Text).collect(),
        other => vec![other.clone()],
    };
    let items: Vec<Json> = items
        .iter()
        .filter_map(|item| convert(item, member, zone).transpose())
        .collect::<Result<_, _>>()?;
    Ok((!items.is_empty()).then_some(Json::Array(items)))
}

/// The value with the type it has.
fn open(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) => Some(text.as_str().into()),
        Value::Integer(number) => Some((*number).into()),
        Value::Number(digits) => decimal(digits),
        Value::Boolean(flag) => Some((*flag).into()),
        Value::Date(day) => Some(day.to_string().into()),
        Value::List(items) if items.is_empty() => None,
        Value::List(items) => Some(items.clone().into()),
    }
}

fn integer(value: &Value) -> Option<Json> {
    match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Text(text) | Value::Number(text) => {
            let digits = without_spaces(text);
            let whole = digits
                .split_once('.')
                .map_or(digits.as_str(), |(whole, rest)| {
                    if rest.bytes().all(|b| b == b'0') {
                        whole
                    } else {
                        ""
                    }
                });
            whole.parse::<i64>().ok().map(Json::from)
        }
        Value::Boolean(_) | Value::Date(_) | Value::List(_) => None,
    }
}

fn number(value: &Value) -> Option<Json> {
    match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Text(text) | Value::Number(text) => decimal(&without_spaces(text)),
        Value::Boolean(_) | Value::Date(_) | Value::List(_) => None,
    }
}

/// Decimal digits as a JSON number, or as a string of exactly these digits when a binary float cannot hold them: the CRM reads both, and
/// money must not change on the way (trap 17).
fn decimal(text: &str) -> Option<Json> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        let digits = format!("{sign}{whole}");
        return Some(
            digits
                .parse::<i64>()
                .map_or(Json::String(digits), Json::from),
        );
    }
    let digits = format!("{sign}{whole}.{fraction}");
    match digits.parse::<f64>() {
        Ok(float) if float.to_string() == digits => Some(float.into()),
        _ => Some(Json::String(digits)),
    }
}

/// A number as people type it: spaces between thousands, a decimal comma.
fn without_spaces(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == ',' { '.' } else { c })
        .collect()
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
        fn a_decimal_keeps_its_value_to_the_last_digit(whole in 0_u64..10_000_000_000_000, fraction in "[0-9]{0,12}") {
            let json = decimal(&format!("{whole}.{fraction}")).expect("a decimal");
            let said = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            let (said_whole, said_fraction) = said.split_once('.').unwrap_or((&said, ""));
            prop_assert_eq!(said_whole, whole.to_string());
            prop_assert_eq!(said_fraction.trim_end_matches('0'), fraction.trim_end_matches('0'));
        }
    }
}
