//! Which pages may post a form: the `Origin` header against the form's list.
//!
//! Browsers send `Origin` with every POST; programs do not. So a missing one is let through (it proves nothing anyway), and so is `null`
//! on a navigation: a page opened from a file, or one with `Referrer-Policy: no-referrer`, posts its plain form that way.

use actix_web::http::header::{HeaderMap, ORIGIN};
use url::Url;

use crate::http::body;
use crate::http::negotiation::{FETCH_MODE, text};
use crate::lead::{Form, OriginRule};

/// The `Origin` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageOrigin {
    /// Not there.
    Absent,
    /// `null`: the browser keeps it to itself.
    Opaque,
    /// As the browser writes it, `https://shop.example`.
    Named(String),
}

impl PageOrigin {
    /// Reads the header; what is no text is some origin that nobody has allowed.
    pub fn read(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(ORIGIN) else {
            return Self::Absent;
        };
        match String::from_utf8_lossy(value.as_bytes()).trim() {
            "" => Self::Absent,
            "null" => Self::Opaque,
            name => Self::Named(name.to_owned()),
        }
    }

    /// Whether such a page may post the form. `is_navigation`: see [`is_navigation`].
    pub fn may_post(&self, form: &Form, public_url: &Url, is_navigation: bool) -> bool {
        match (self, &form.origins) {
            (Self::Absent, _) | (_, OriginRule::Any) => true,
            (Self::Opaque, OriginRule::Listed(_)) => is_navigation,
            (Self::Named(name), OriginRule::Listed(list)) => {
                let same = |allowed: &str| allowed.eq_ignore_ascii_case(name);
                list.iter().any(|allowed| same(allowed))
                    || same(&public_url.origin().ascii_serialization())
            }
        }
    }

    /// The host, without scheme and port.
    pub fn url(&self) -> Option<Url> {
        match self {
            Self::Named(name) => Url::parse(name).ok(),
            Self::Absent | Self::Opaque => None,
        }
    }
}

/// Whether the browser goes to our answer as a page: by `Sec-Fetch-Mode`, or, of a browser too old to send it, by a body that a plain
/// form can have.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    match text(headers, &FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => body::is_plain_form(headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::form;
    use actix_web::http::header::{CONTENT_TYPE, HeaderValue};

    fn listed() -> Form {
        form(OriginRule::Listed(vec!["https://shop.example".to_owned()]))
    }

    fn may_post(origin: &'static str, form: &Form, is_navigation: bool) -> bool {
        let public_url = Url::parse("https://leads.example.ru/gate").expect("a URL");
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        PageOrigin::read(&headers).may_post(form, &public_url, is_navigation)
    }

    #[test]
    fn only_listed_pages_and_our_own_may_post() {
        let table = [
            ("https://shop.example", true),
            ("https://SHOP.example", true),
            ("https://leads.example.ru", true),
            ("http://shop.example", false),
            ("https://shop.example:8443", false),
            ("https://shop.example.evil.example", false),
            ("https://evilshop.example", false),
            ("https://evil.example", false),
            ("nonsense", false),
        ];
        for (origin, allowed) in table {
            assert_eq!(may_post(origin, &listed(), true), allowed, "{origin}");
        }
    }

    #[test]
    fn an_opaque_origin_is_let_through_on_a_navigation_only() {
        assert!(may_post("null", &listed(), true));
        assert!(!may_post("null", &listed(), false));
    }

    #[test]
    fn an_absent_origin_is_let_through_and_any_means_any() {
        let public_url = Url::parse("https://leads.example.ru").expect("a URL");
        assert!(PageOrigin::read(&HeaderMap::new()).may_post(&listed(), &public_url, false));
        assert!(may_post(
            "https://evil.example",
            &form(OriginRule::Any),
            false
        ));
        assert!(may_post("null", &form(OriginRule::Any), false));
    }

    #[test]
    fn an_old_browser_navigates_when_its_body_is_a_plain_form() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        assert!(is_navigation(&headers));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert!(!is_navigation(&headers));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("multipart/form-data; boundary=x"),
        );
        headers.insert(FETCH_MODE.clone(), HeaderValue::from_static("cors"));
        assert!(!is_navigation(&headers));
    }
}
