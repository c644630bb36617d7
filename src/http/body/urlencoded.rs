//! `application/x-www-form-urlencoded`, read leniently: a percent sign that is no escape stays as it was typed.

use percent_encoding::percent_decode;

use crate::http::body::MOST_FIELDS;
use crate::http::body::charset::RawPair;
use crate::http::problem::Problem;

/// Splits a body into raw pairs. The only refusal is too many of them.
pub(super) fn split(body: &[u8]) -> Result<Vec<RawPair>, Problem> {
    let mut pairs = Vec::new();
    for part in body.split(|byte| *byte == b'&') {
        if part.is_empty() {
            continue;
        }
        if pairs.len() == MOST_FIELDS {
            return Err(Problem::TooManyFields);
        }
        let (name, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &part[..0]),
        };
        pairs.push((unescape(name), unescape(value)));
    }
    Ok(pairs)
}

fn unescape(text: &[u8]) -> Vec<u8> {
    // Most names have nothing to be undone, and neither has every other value.
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return text.to_vec();
    }
    // Room for all of it: the decoder cannot tell how much it will be, and would grow its answer by and by.
    let mut plain = Vec::with_capacity(text.len());
    for (at, word) in text.split(|byte| *byte == b'+').enumerate() {
        if at > 0 {
            plain.push(b' ');
        }
        plain.extend(percent_decode(word));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(body: &[u8]) -> Vec<(String, String)> {
        let text = |raw: Vec<u8>| String::from_utf8(raw).expect("UTF-8");
        split(body)
            .expect("few fields")
            .into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    #[test]
    fn a_broken_percent_sign_is_kept_as_typed() {
        let table: [(&[u8], &str); 5] = [
            (b"a=100%", "100%"),
            (b"a=%zz", "%zz"),
            (b"a=%4", "%4"),
            (b"a=5+%2B+5", "5 + 5"),
            (b"a=b=c", "b=c"),
        ];
        for (body, value) in table {
            assert_eq!(texts(body), [("a".to_owned(), value.to_owned())]);
        }
    }

    #[test]
    fn a_name_without_a_value_is_an_empty_value_and_empty_parts_are_nothing() {
        assert_eq!(
            texts(b"&agree&&b=1&"),
            [
                ("agree".to_owned(), String::new()),
                ("b".to_owned(), "1".to_owned())
            ]
        );
    }

    #[test]
    fn the_field_after_the_last_allowed_one_is_refused() {
        let allowed = vec!["a=1"; MOST_FIELDS].join("&");
        assert_eq!(split(allowed.as_bytes()).map(|p| p.len()), Ok(MOST_FIELDS));
        let more = vec!["a=1"; MOST_FIELDS + 1].join("&");
        assert_eq!(split(more.as_bytes()), Err(Problem::TooManyFields));
    }

    proptest! {
        #[test]
        fn any_bytes_are_split_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(split(&body).is_ok());
        }

        #[test]
        fn what_a_browser_encodes_comes_back(pairs in proptest::collection::vec((".{1,12}", ".{0,20}"), 0..8)) {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            prop_assert_eq!(texts(body.as_bytes()), pairs);
        }
    }
}
