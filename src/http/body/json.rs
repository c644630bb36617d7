//! JSON bodies: one object, whose nested objects are flattened to the names that a form would use, `a[b]`.

use std::borrow::Cow;

use serde_json::Value;

use crate::http::body::{MOST_FIELDS, Pairs};
use crate::http::problem::{Malformed, Problem};
use crate::http::request_id;
use crate::telemetry::field;

/// Objects within objects, at the most; no form needs more.
const DEEPEST: usize = 8;

/// Flattens an object. Numbers and booleans become text, `null` an empty text; each element of a list of plain values is a value of
/// the list's name, as several ticks of one name are in a form.
pub(super) fn pairs(text: &str) -> Result<Pairs, Problem> {
    let object = match serde_json::from_str(&without_lone_surrogates(text)) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err(Problem::Malformed(Malformed::Json)),
        Err(error) => {
            // Only line and column: the message would quote what was typed.
            tracing::debug!(
                { field::REQUEST_ID } = request_id::current(),
                line = error.line(),
                column = error.column(),
                "a JSON body is broken"
            );
            return Err(Problem::Malformed(Malformed::Json));
        }
    };
    let mut pairs = Vec::new();
    for (name, value) in object {
        flatten(name, value, DEEPEST, &mut pairs)?;
    }
    Ok(pairs)
}

fn flatten(name: String, value: Value, depth: usize, into: &mut Pairs) -> Result<(), Problem> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(Problem::Malformed(Malformed::Json));
    };
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                flatten(format!("{name}[{key}]"), value, deeper, into)?;
            }
            Ok(())
        }
        Value::Array(items) => {
            for (at, item) in items.into_iter().enumerate() {
                let name = match item {
                    Value::Object(_) | Value::Array(_) => format!("{name}[{at}]"),
                    _ => name.clone(),
                };
                flatten(name, item, deeper, into)?;
            }
            Ok(())
        }
        Value::Null => push(name, String::new(), into),
        Value::Bool(flag) => push(name, flag.to_string(), into),
        Value::Number(number) => push(name, number.to_string(), into),
        Value::String(text) => push(name, text, into),
    }
}

fn push(name: String, value: String, into: &mut Pairs) -> Result<(), Problem> {
    if into.len() == MOST_FIELDS {
        return Err(Problem::TooManyFields);
    }
    into.push((name, value));
    Ok(())
}

/// Replaces the escape of half a character by that of the replacement character. A browser writes such a half when a text was cut in the
/// middle of an emoji, and the reader of JSON would refuse the whole lead for it.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match (code_unit(bytes, at), code_unit(bytes, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push_str(&text[kept..at]);
                mended.push_str("\\ufffd");
                at += 6;
                kept = at;
            }
            // Any other escape: its second character is not looked at again.
            _ => at = (at + 2).min(bytes.len()),
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[kept..]);
    Cow::Owned(mended)
}

/// The UTF-16 code unit that the escape `\uXXXX` at this place names.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text).expect("readable")
    }

    #[test]
    fn plain_values_become_text() {
        let text =
            r#"{"phone":79123456789,"agree":true,"empty":null,"name":"Анна","price":1234.50}"#;
        let values: Vec<String> = read(text).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["79123456789", "true", "", "Анна", "1234.5"]);
    }

    #[test]
    fn lists_repeat_their_name_and_objects_nest_it() {
        let text = r#"{"size":["S","M"],"address":{"city":"Тула"},"items":[{"sku":1}]}"#;
        let names: Vec<String> = read(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["size", "size", "address[city]", "items[0][sku]"]);
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        for text in ["", "[]", "1", "\"a\"", "{", "{\"a\":}", "null"] {
            assert_eq!(
                pairs(text),
                Err(Problem::Malformed(Malformed::Json)),
                "{text}"
            );
        }
        let deep = "{\"a\":".repeat(20) + "1" + "}".repeat(20).as_str();
        assert_eq!(pairs(&deep), Err(Problem::Malformed(Malformed::Json)));
        let abyss = "{\"a\":".repeat(100_000);
        assert_eq!(pairs(&abyss), Err(Problem::Malformed(Malformed::Json)));
    }

    #[test]
    fn too_many_values_are_refused_wherever_they_stand() {
        let list = format!("{{\"a\":[{}]}}", vec!["1"; MOST_FIELDS + 1].join(","));
        assert_eq!(pairs(&list), Err(Problem::TooManyFields));
    }

    #[test]
    fn half_an_emoji_does_not_refuse_the_lead() {
        let table = [
            (r#"{"a":"ok \ud83d"}"#, "ok \u{fffd}"),
            (r#"{"a":"\ud83d\ude00"}"#, "😀"),
            (r#"{"a":"\ude00\ud83d\ude00"}"#, "\u{fffd}😀"),
            (r#"{"a":"\\ud83d"}"#, "\\ud83d"),
        ];
        for (text, value) in table {
            assert_eq!(read(text)[0].1, value, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,200}") {
            let _answer = pairs(&text);
            let _escapes = pairs(&format!("{{\"a\":\"\\u{text}\"}}"));
        }

        #[test]
        fn every_flat_object_comes_back(object in proptest::collection::btree_map("[a-z]{1,8}", ".{0,20}", 0..8)) {
            let text = serde_json::to_string(&object).expect("JSON");
            let expected: Vec<_> = object.into_iter().collect();
            prop_assert_eq!(read(&text), expected);
        }
    }
}
