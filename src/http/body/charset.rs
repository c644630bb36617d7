//! Bytes to text: UTF-8 if they are UTF-8, else the charset the sender declared, else UTF-8 with replacement characters.
//!
//! The choice is made once for a whole body: a short Cyrillic word in windows-1251 can by chance be valid UTF-8, but hardly all of them.

use encoding_rs::{Encoding, UTF_8};

use crate::http::body::Pairs;

/// A name and a value before the charset is known.
pub(super) type RawPair = (Vec<u8>, Vec<u8>);

/// In this field a browser names the charset it encoded the form in.
const CHARSET_FIELD: &[u8] = b"_charset_";

/// Decodes all names and values. `_charset_` counts as a declaration and is taken out: our own pages, which repeat what was typed, are UTF-8.
pub(super) fn texts(mut raw: Vec<RawPair>, declared: Option<&'static Encoding>) -> Pairs {
    let named = raw
        .iter()
        .find(|(name, _)| name == CHARSET_FIELD)
        .and_then(|(_, label)| Encoding::for_label(label));
    raw.retain(|(name, _)| name != CHARSET_FIELD);
    let is_text = |raw: &Vec<u8>| std::str::from_utf8(raw).is_ok();
    let is_utf8 = raw
        .iter()
        .all(|(name, value)| is_text(name) && is_text(value));
    let encoding = if is_utf8 {
        UTF_8
    } else {
        declared
            .filter(|declared| *declared != UTF_8)
            .or(named)
            .unwrap_or(UTF_8)
    };
    raw.into_iter()
        .map(|(name, value)| (into_text(name, encoding), into_text(value, encoding)))
        .collect()
}

/// Decodes one text, without its byte order mark.
pub(super) fn text(raw: &[u8], declared: Option<&'static Encoding>) -> String {
    let encoding = match std::str::from_utf8(raw) {
        Ok(_) => UTF_8,
        Err(_) => declared.unwrap_or(UTF_8),
    };
    let text = in_encoding(raw, encoding);
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn into_text(raw: Vec<u8>, encoding: &'static Encoding) -> String {
    if encoding != UTF_8 {
        return in_encoding(&raw, encoding);
    }
    String::from_utf8(raw).unwrap_or_else(|broken| in_encoding(broken.as_bytes(), UTF_8))
}

fn in_encoding(raw: &[u8], encoding: &'static Encoding) -> String {
    encoding.decode_without_bom_handling(raw).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1251;

    const ANNA: &[u8] = b"\xC0\xED\xED\xE0";

    fn one(value: &[u8], declared: Option<&'static Encoding>) -> String {
        texts(vec![(b"name".to_vec(), value.to_vec())], declared)[0]
            .1
            .clone()
    }

    #[test]
    fn the_declared_charset_is_used_when_the_bytes_are_no_utf8() {
        assert_eq!(one(ANNA, Some(WINDOWS_1251)), "Анна");
    }

    #[test]
    fn utf8_wins_over_a_wrong_declaration() {
        assert_eq!(one("Анна".as_bytes(), Some(WINDOWS_1251)), "Анна");
    }

    #[test]
    fn what_cannot_be_read_is_kept_with_replacement_characters() {
        assert_eq!(one(b"A\xFFnna", None), "A\u{fffd}nna");
        assert_eq!(one(b"A\xFFnna", Some(UTF_8)), "A\u{fffd}nna");
    }

    #[test]
    fn the_charset_field_of_a_browser_declares_and_disappears() {
        let pairs = texts(
            vec![
                (b"name".to_vec(), ANNA.to_vec()),
                (b"_charset_".to_vec(), b"windows-1251".to_vec()),
            ],
            None,
        );
        assert_eq!(pairs, [("name".to_owned(), "Анна".to_owned())]);
    }

    #[test]
    fn one_choice_is_made_for_the_whole_body() {
        // "Её" in windows-1251 is valid UTF-8 by chance; its neighbour gives it away.
        let pairs = texts(
            vec![
                (b"a".to_vec(), b"\xC5\xB8".to_vec()),
                (b"b".to_vec(), ANNA.to_vec()),
            ],
            Some(WINDOWS_1251),
        );
        assert_eq!(pairs[0].1, "Её");
    }

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        assert_eq!(text("\u{feff}{}".as_bytes(), None), "{}");
    }
}
