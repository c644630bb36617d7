//! Where the visitor goes after success: `_next` if it may be believed, else the form's `success_url`, else our own page.
//!
//! `_next` comes from the page and so from anybody. It is followed only to a host of the form's origins; of a form that every page may
//! post, only back to the host the request came from. Everything else is ignored, never an error: the lead counts.

use url::Url;

use crate::http::origin::PageOrigin;
use crate::lead::{Form, Language, OriginRule};

/// Longer addresses than any browser keeps are not followed.
const LONGEST: usize = 2_048;

/// The page the request came from, as far as its headers tell.
#[derive(Clone)]
pub struct CameFrom {
    /// `Origin`.
    pub origin: PageOrigin,
    /// `Referer`, read when it is needed: few forms say where to go next.
    pub referer: Option<String>,
}

impl CameFrom {
    fn pages(&self) -> impl Iterator<Item = Url> {
        // The referer first: it may know the path, against which a relative address is resolved. But `Origin` cannot be set by a
        // page, so a referer that contradicts it is not looked at.
        let origin = self.origin.url();
        let referer = self.referer.as_deref();
        let referer = referer.and_then(|text| Url::parse(text).ok());
        let referer = referer.filter(|referer| {
            matches!(referer.scheme(), "http" | "https")
                && origin
                    .as_ref()
                    .is_none_or(|origin| origin.host() == referer.host())
        });
        referer.into_iter().chain(origin)
    }
}

/// The absolute form of `_next`, or `None` when it must be ignored.
pub fn allowed(next: &str, form: &Form, public_url: &Url, from: &CameFrom) -> Option<Url> {
    let next = next.trim();
    let suspicious = next.is_empty()
        || next.len() > LONGEST
        || next.starts_with("//")
        || next.contains('\\')
        || next.chars().any(char::is_control);
    if suspicious {
        return None;
    }
    let url = match Url::parse(next) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => from.pages().next()?.join(next).ok()?,
        Err(_) => return None,
    };
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none();
    (is_plain && is_known_host(&url, form, public_url, from)).then_some(url)
}

fn is_known_host(url: &Url, form: &Form, public_url: &Url, from: &CameFrom) -> bool {
    let same_host = |known: &Url| known.host().is_some() && known.host() == url.host();
    match &form.origins {
        OriginRule::Any => from.pages().any(|page| same_host(&page)),
        OriginRule::Listed(list) => {
            same_host(public_url)
                || list
                    .iter()
                    .filter_map(|origin| Url::parse(origin).ok())
                    .any(|origin| same_host(&origin))
        }
    }
}

/// Where a success leads. `next` has been through [`allowed`].
pub fn after_success(
    next: Option<Url>,
    form: &Form,
    public_url: &Url,
    language: Language,
) -> String {
    if let Some(url) = next.or_else(|| form.success_url.clone()) {
        return url.into();
    }
    let ours = public_url.as_str().trim_end_matches('/');
    let language = language.as_str();
    [ours, "/f/", form.id.as_str(), "/thanks?lang=", language].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::form;

    fn go(next: &str, origins: OriginRule, origin: &str, referer: &str) -> Option<String> {
        let from = CameFrom {
            origin: match origin {
                "" => PageOrigin::Absent,
                "null" => PageOrigin::Opaque,
                name => PageOrigin::Named(name.to_owned()),
            },
            referer: Some(referer.to_owned()),
        };
        let public_url = Url::parse("https://leads.example.ru").expect("a URL");
        allowed(next, &form(origins), &public_url, &from).map(String::from)
    }

    fn shop() -> OriginRule {
        OriginRule::Listed(vec!["https://shop.example".to_owned()])
    }

    #[test]
    fn an_address_at_a_host_of_the_form_is_followed() {
        for next in [
            "https://shop.example/thanks?a=1#b",
            "http://shop.example:8080/",
            "https://leads.example.ru/demo",
        ] {
            assert_eq!(go(next, shop(), "", "").as_deref(), Some(next));
        }
    }

    #[test]
    fn everything_that_may_lead_astray_is_ignored() {
        for next in [
            "",
            "https://evil.example/",
            "https://shop.example.evil.example/",
            "https://shop.example@evil.example/",
            "https://user:pass@shop.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "https:\\\\evil.example",
            "https:evil.example",
            "https:///evil.example",
            "javascript:alert(1)",
            "data:text/html,hi",
            "ftp://shop.example/",
            "https://shop.example/\r\nSet-Cookie: a=b",
            "/\t/evil.example",
        ] {
            let went = go(next, shop(), "https://shop.example", "");
            assert_eq!(went, None, "{next:?}");
        }
    }

    #[test]
    fn a_relative_address_is_meant_for_the_page_it_came_from() {
        let table = [
            (
                "/thanks",
                "https://shop.example",
                "",
                Some("https://shop.example/thanks"),
            ),
            (
                "ok.html",
                "",
                "https://shop.example/a/form.html",
                Some("https://shop.example/a/ok.html"),
            ),
            ("/thanks", "null", "", None),
            ("/thanks", "", "https://evil.example/", None),
            // A referer that contradicts the origin is not believed.
            (
                "/thanks",
                "https://shop.example",
                "https://evil.example/",
                Some("https://shop.example/thanks"),
            ),
        ];
        for (next, origin, referer, expected) in table {
            assert_eq!(
                go(next, shop(), origin, referer).as_deref(),
                expected,
                "{next} {origin} {referer}"
            );
        }
    }

    #[test]
    fn a_form_for_every_page_leads_back_to_the_same_host_only() {
        let table = [
            ("https://a.example/x", "https://a.example", "", true),
            ("https://a.example/x", "", "https://a.example/form", true),
            ("https://b.example/x", "https://a.example", "", false),
            (
                "https://b.example/x",
                "https://a.example",
                "https://b.example/",
                false,
            ),
            ("https://a.example/x", "", "", false),
            ("https://leads.example.ru/x", "https://a.example", "", false),
        ];
        for (next, origin, referer, followed) in table {
            let went = go(next, OriginRule::Any, origin, referer);
            assert_eq!(went.is_some(), followed, "{next} {origin} {referer}");
        }
    }

    #[test]
    fn without_an_address_the_form_or_our_own_page_decides() {
        let public_url = Url::parse("https://leads.example.ru/gate/").expect("a URL");
        let mut form = form(shop());
        assert_eq!(
            after_success(None, &form, &public_url, Language::En),
            "https://leads.example.ru/gate/f/callback/thanks?lang=en"
        );
        form.success_url = Url::parse("https://shop.example/done").ok();
        assert_eq!(
            after_success(None, &form, &public_url, Language::En),
            "https://shop.example/done"
        );
    }
}
