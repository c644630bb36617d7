//! Where the visitor came from: utm marks, click and visit ids, and the page the form stood on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::lead::text;

/// The longest mark or title that is kept, in characters; the CRM's text filters stop at 255, advertising systems stay under it.
const MAX_MARK_CHARS: usize = 500;

/// The longest page address that is kept, in characters; the rest of a longer one is tracking noise.
const MAX_URL_CHARS: usize = 2048;

/// What `leadgate.js` tells of the first touch and of where the last one landed, as `_first_utm_source` and so on; ids of the visit under
/// these names.
const TOUCHES: [&str; 10] = [
    "first_utm_source",
    "first_utm_medium",
    "first_utm_campaign",
    "first_utm_term",
    "first_utm_content",
    "first_gclid",
    "first_yclid",
    "first_page",
    "first_referrer",
    "landing_page",
];

/// The marks of a visit. They are read wherever they appear: in fields, in the page's URL, in the request's query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// The five utm marks.
    #[serde(default, skip_serializing_if = "UtmMarks::is_empty")]
    pub utm: UtmMarks,
    /// Ids given by analytics and advertising systems.
    #[serde(default, skip_serializing_if = "VisitIds::is_empty")]
    pub visit: VisitIds,
}

impl Attribution {
    /// Takes a name with its value if it is a mark, in any letter case; the first value of a mark stays. Tells whether it is one.
    ///
    /// Marks: the five `utm_*`, `gclid`, `yclid`, `roistat_visit`, `_ym_uid` and `_ga`, whose client id is its last two
    /// numbers (`GA1.1.172067973.1761589519` is `172067973.1761589519`); and what the script tells of the first touch.
    pub fn take(&mut self, name: &str, value: &str) -> bool {
        let name = text::ascii_lower_case(name);
        let utm = &mut self.utm;
        let slot = match name.as_ref() {
            "utm_source" => &mut utm.source,
            "utm_medium" => &mut utm.medium,
            "utm_campaign" => &mut utm.campaign,
            "utm_term" => &mut utm.term,
            "utm_content" => &mut utm.content,
            _ => return self.take_visit(&name, value),
        };
        if slot.is_none() {
            *slot = mark(value);
        }
        true
    }

    fn take_visit(&mut self, name: &str, value: &str) -> bool {
        let (id, value) = match name {
            "gclid" | "yclid" => (name, value),
            "roistat_visit" => ("roistat", value),
            "_ym_uid" => ("ym_uid", value),
            "_ga" => ("ga", ga_client_id(value)),
            _ => match name.strip_prefix('_') {
                Some(touch) if TOUCHES.contains(&touch) => (touch, value),
                _ => return false,
            },
        };
        if let Some(value) = mark(value) {
            self.visit.0.entry(id.to_owned()).or_insert(value);
        }
        true
    }

    /// Takes the marks in the query of a page's address; those that are there already stay.
    pub fn take_from_url(&mut self, url: &str) {
        // Most pages have no query, and reading an address takes its time.
        if url.contains('?')
            && let Ok(url) = Url::parse(url)
        {
            for (name, value) in url.query_pairs() {
                self.take(&name, &value);
            }
        }
    }
}

fn mark(value: &str) -> Option<String> {
    let value = text::folded_line(value);
    (!value.is_empty()).then(|| text::into_cut(value, MAX_MARK_CHARS))
}

fn ga_client_id(cookie: &str) -> &str {
    let cookie = cookie.trim();
    let mut dots = cookie.rmatch_indices('.');
    match (dots.next(), dots.next()) {
        (Some(_), Some((before, _))) => &cookie[before + 1..],
        _ => cookie,
    }
}

/// The five utm marks, in the CRM's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtmMarks {
    /// `utm_source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `utm_medium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// `utm_campaign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// `utm_term`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// `utm_content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl UtmMarks {
    /// No mark is there.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Ids of the visit by their short name (`roistat`, `ym_uid`, `ga`, `gclid`, `yclid`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VisitIds(pub BTreeMap<String, String>);

impl VisitIds {
    /// No id is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The page the form stood on, as the form or the browser told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its address (`_page_url`, else the `Referer` header).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its title (`_page_title`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the visitor had come from (`_page_referrer`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    /// The host of `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Page {
    /// Sets the address and its host, if the address is one of the web. Tells whether it was taken.
    pub fn set_url(&mut self, address: &str) -> bool {
        let address = text::folded_line(address);
        let Some(url) = Url::parse(&address)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
        else {
            return false;
        };
        self.host = url.host_str().map(str::to_owned);
        self.url = Some(text::into_cut(address, MAX_URL_CHARS));
        true
    }

    /// Sets the title, if there is one.
    pub fn set_title(&mut self, title: &str) {
        self.title = mark(title).or(self.title.take());
    }

    /// Sets where the visitor had come from, if that is told.
    pub fn set_referrer(&mut self, address: &str) {
        let address = text::folded_line(address);
        if !address.is_empty() {
            self.referrer = Some(text::into_cut(address, MAX_URL_CHARS));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_in_any_letter_case_and_the_first_value_stays() {
        let mut attribution = Attribution::default();
        assert!(attribution.take("UTM_Source", "yandex"));
        assert!(attribution.take("utm_source", "google"));
        assert!(!attribution.take("utm_other", "x"));
        assert_eq!(attribution.utm.source.as_deref(), Some("yandex"));
    }

    #[test]
    fn an_empty_mark_leaves_room_for_the_next() {
        let mut attribution = Attribution::default();
        attribution.take("gclid", " ");
        attribution.take("gclid", "abc");
        assert_eq!(
            attribution.visit.0.get("gclid").map(String::as_str),
            Some("abc")
        );
    }

    #[test]
    fn visit_ids_get_their_short_names_and_ga_its_client_id() {
        let mut attribution = Attribution::default();
        attribution.take("roistat_visit", "100500");
        attribution.take("_ym_uid", "1761589519654701270");
        attribution.take("_ga", "GA1.1.172067973.1761589519");
        let ids: Vec<(&str, &str)> = attribution
            .visit
            .0
            .iter()
            .map(|(id, value)| (id.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            ids,
            [
                ("ga", "172067973.1761589519"),
                ("roistat", "100500"),
                ("ym_uid", "1761589519654701270")
            ]
        );
    }

    #[test]
    fn what_the_script_tells_of_the_first_touch_is_known_of_the_visit() {
        let mut attribution = Attribution::default();
        assert!(attribution.take("_first_utm_source", "yandex"));
        assert!(attribution.take("_landing_page", "https://shop.example/a"));
        assert!(!attribution.take("_first_name", "Anna"));
        assert!(!attribution.take("first_page", "typed"));
        assert_eq!(
            attribution.visit.0.keys().collect::<Vec<_>>(),
            ["first_utm_source", "landing_page"]
        );
    }

    #[test]
    fn a_mark_is_cut_at_500_characters_between_letters() {
        let mut attribution = Attribution::default();
        attribution.take("utm_term", &"ж".repeat(600));
        assert_eq!(attribution.utm.term, Some("ж".repeat(500)));
    }

    #[test]
    fn marks_of_a_page_address_do_not_replace_those_already_there() {
        let mut attribution = Attribution::default();
        attribution.take("utm_source", "field");
        attribution.take_from_url(
            "https://shop.example/?utm_source=page&utm_medium=%D1%86%D0%B5%D0%BD%D0%B0&yclid=7",
        );
        assert_eq!(attribution.utm.source.as_deref(), Some("field"));
        assert_eq!(attribution.utm.medium.as_deref(), Some("цена"));
        assert_eq!(
            attribution.visit.0.get("yclid").map(String::as_str),
            Some("7")
        );
    }

    #[test]
    fn only_a_web_address_is_a_page() {
        let mut page = Page::default();
        assert!(!page.set_url("javascript:alert(1)"));
        assert!(!page.set_url("about:blank"));
        assert_eq!(page, Page::default());
        assert!(page.set_url("https://Shop.Example/a?b"));
        assert_eq!(
            (page.host.as_deref(), page.url.as_deref()),
            (Some("shop.example"), Some("https://Shop.Example/a?b"))
        );
    }
}
