//! Whether a post comes from a page of ours, by what the browser says of it.
//!
//! Not `public_url` but the name the browser used is compared: the demo is reached as `localhost` as well as `127.0.0.1`. A program
//! that sends neither header (curl) is let in: it acts for whoever started it, not for a page.

use actix_web::http::header::{HOST, HeaderMap, HeaderName};
use url::Url;

use crate::http::negotiation::text;
use crate::http::origin::PageOrigin;

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True for a page of the very origin it is posted to, for an address typed by the visitor, and for programs.
pub(super) fn is_ours(headers: &HeaderMap) -> bool {
    let by_fetch_site =
        text(headers, &FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    by_fetch_site && is_same_origin(headers)
}

/// Browsers that send no `Sec-Fetch-Site`, as on plain http to another machine, still send `Origin` with a post.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let origin = match PageOrigin::read(headers) {
        PageOrigin::Absent => return true,
        PageOrigin::Opaque => return false,
        PageOrigin::Named(name) => Url::parse(&name).ok(),
    };
    let (Some(origin), Some(host)) = (origin, text(headers, &HOST)) else {
        return false;
    };
    // Through the same parser, so that the default port and the case of letters do not matter.
    let here = Url::parse(&format!("{}://{host}/", origin.scheme())).ok();
    here.is_some_and(|here| here.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn ours(list: &[(&'static str, &'static str)]) -> bool {
        let headers = list
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        is_ours(&headers)
    }

    #[test]
    fn only_pages_of_the_address_it_is_posted_to_are_ours() {
        let host = ("host", "localhost:8080");
        let table: [(&[(&str, &str)], bool); 11] = [
            (&[host], true),
            (&[host, ("origin", "http://localhost:8080")], true),
            (&[host, ("origin", "http://LOCALHOST:8080")], true),
            (&[host, ("sec-fetch-site", "same-origin")], true),
            (&[host, ("sec-fetch-site", "none")], true),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (&[host, ("origin", "http://localhost:8081")], false),
            (&[host, ("origin", "http://evil.example")], false),
            (&[host, ("origin", "null")], false),
            (&[("origin", "http://localhost:8080")], false),
        ];
        for (headers, expected) in table {
            assert_eq!(ours(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn one_header_of_two_is_enough_to_refuse() {
        let host = ("host", "shop.example");
        let origin = ("origin", "http://shop.example:80");
        assert!(ours(&[host, origin, ("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[host, origin, ("sec-fetch-site", "cross-site")]));
        let foreign = ("origin", "http://evil.example");
        assert!(!ours(&[host, foreign, ("sec-fetch-site", "same-origin")]));
    }
}
