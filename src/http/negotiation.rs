//! How a request wants to be answered: JSON for a script, a page or a redirect for a browser; and in which language.

use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderName};

use crate::http::body;
use crate::lead::Language;
use crate::lead::text::ascii_lower_case;

/// The two kinds of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A script reads it.
    Json,
    /// A person sees it.
    Page,
}

/// How far a media range of `Accept` matches a type: its quality, then how exactly it names the type, then how early it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    quality: u16,
    exactness: u8,
    earliness: std::cmp::Reverse<usize>,
}

/// The contract's rule: JSON when `Accept` prefers it, when `X-Requested-With` is set, when the body is JSON, or when `Sec-Fetch-Mode` is
/// there and is not `navigate`.
pub fn wants(headers: &HeaderMap) -> Wants {
    let by_script = text(headers, &FETCH_MODE).is_some_and(|mode| mode != "navigate");
    let by_library = headers
        .get(&REQUESTED_WITH)
        .is_some_and(|value| !value.is_empty());
    if by_script || by_library || body::is_json(headers) || prefers_json(headers) {
        Wants::Json
    } else {
        Wants::Page
    }
}

/// Says how the browser made the request: `navigate` for links and plain forms, `cors` for scripts.
pub static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// A header as text; of several with one name the first.
pub fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn prefers_json(headers: &HeaderMap) -> bool {
    let json = best(headers, |range| match range {
        "application/json" | "text/json" => Some(2),
        range if range.ends_with("+json") => Some(2),
        "application/*" => Some(1),
        "*/*" => Some(0),
        _ => None,
    });
    let page = best(headers, |range| match range {
        "text/html" | "application/xhtml+xml" => Some(2),
        "text/*" => Some(1),
        "*/*" => Some(0),
        _ => None,
    });
    match (json, page) {
        (Some(json), page) if json.quality > 0 => page.is_none_or(|page| json > page),
        _ => false,
    }
}

fn best(headers: &HeaderMap, exactness: impl Fn(&str) -> Option<u8>) -> Option<Match> {
    let accept = headers
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(with_quality);
    let matches = accept.enumerate().filter_map(|(at, (range, quality))| {
        Some(Match {
            quality,
            exactness: exactness(&ascii_lower_case(range))?,
            earliness: std::cmp::Reverse(at),
        })
    });
    // The most exact range decides about a type, as HTTP has it; among equals the best quality.
    matches.max_by_key(|found| (found.exactness, found.quality, found.earliness))
}

/// Splits `text/html;q=0.8` into the range and its quality in thousandths.
fn with_quality(item: &str) -> (&str, u16) {
    let mut parts = item.split(';');
    let range = parts.next().unwrap_or_default().trim();
    let quality = parts
        .filter_map(|part| part.trim().strip_prefix("q="))
        .find_map(|text| text.trim().parse::<f32>().ok())
        .map_or(1.0, |quality| quality.clamp(0.0, 1.0));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1000"
    )]
    let thousandths = (quality * 1000.0).round() as u16;
    (range, thousandths)
}

/// The language `Accept-Language` prefers among ours; ours by default where it names neither.
pub fn language(headers: &HeaderMap) -> Language {
    let mut wished: Vec<(Language, u16)> = headers
        .get_all(ACCEPT_LANGUAGE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(with_quality)
        .filter_map(|(tag, quality)| Some((Language::parse(tag)?, quality)))
        .collect();
    wished.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    wished
        .first()
        .map(|(language, _)| *language)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{CONTENT_TYPE, HeaderValue};

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn a_script_gets_json_and_a_browser_a_page() {
        const CHROME: &str =
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let table: [(&[(&str, &str)], Wants); 14] = [
            (&[], Wants::Page),
            (&[("accept", "*/*")], Wants::Page),
            (&[("accept", CHROME)], Wants::Page),
            (&[("accept", "application/json")], Wants::Json),
            (
                &[("accept", "application/json, text/plain, */*")],
                Wants::Json,
            ),
            (
                &[("accept", "text/html;q=0.5, application/json")],
                Wants::Json,
            ),
            (
                &[("accept", "application/json;q=0.5, text/html")],
                Wants::Page,
            ),
            (&[("accept", "application/json, text/html")], Wants::Json),
            (&[("accept", "text/html, application/json")], Wants::Page),
            (&[("accept", "application/json;q=0")], Wants::Page),
            (
                &[("accept", CHROME), ("x-requested-with", "XMLHttpRequest")],
                Wants::Json,
            ),
            (&[("sec-fetch-mode", "cors")], Wants::Json),
            (
                &[("sec-fetch-mode", "navigate"), ("accept", CHROME)],
                Wants::Page,
            ),
            (&[("accept", "text/html, */*;q=0.9")], Wants::Page),
        ];
        for (list, expected) in table {
            assert_eq!(wants(&headers(list)), expected, "{list:?}");
        }
    }

    #[test]
    fn a_json_body_is_answered_in_json() {
        let mut headers = headers(&[("accept", "text/html")]);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        assert_eq!(wants(&headers), Wants::Json);
    }

    #[test]
    fn the_preferred_language_of_ours_is_taken() {
        let table = [
            ("", Language::Ru),
            ("en-GB,en;q=0.9", Language::En),
            ("de, en;q=0.5, ru;q=0.4", Language::En),
            ("en;q=0.3, ru;q=0.8", Language::Ru),
            ("de", Language::Ru),
        ];
        for (value, expected) in table {
            assert_eq!(
                language(&headers(&[("accept-language", value)])),
                expected,
                "{value}"
            );
        }
    }
}
