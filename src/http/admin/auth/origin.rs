//! Whether a request that changes something was sent by a page of ours: the defence against forged requests, besides `SameSite`.

use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use url::{Host, Url};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True when `Origin` is our public address or the very host that is asked. Where a browser sends no `Origin`, its `Sec-Fetch-Site`
/// decides; a request with neither is refused.
pub(crate) fn comes_from_our_pages(headers: &HeaderMap, public_url: &Url) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match text(ORIGIN) {
        Some(origin) => Url::parse(origin).is_ok_and(|origin| {
            origin.origin() == public_url.origin()
                || text(HOST).is_some_and(|host| is_host_of(&origin, host))
        }),
        None => text(SEC_FETCH_SITE) == Some("same-origin"),
    }
}

/// Behind a proxy the scheme the browser used is not known here, so `https` is believed; `http` only where no network is between.
fn is_host_of(origin: &Url, asked: &str) -> bool {
    let loopback = match origin.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if origin.scheme() != "https" && !(origin.scheme() == "http" && loopback) {
        return false;
    }
    Url::parse(&format!("{}://{asked}", origin.scheme()))
        .is_ok_and(|asked| asked.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn ours(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let public_url = Url::parse("https://leads.example.ru").expect("a URL");
        comes_from_our_pages(&headers, &public_url)
    }

    #[test]
    fn our_public_address_and_the_asked_host_are_ours() {
        assert!(ours(&[("origin", "https://leads.example.ru")]));
        assert!(ours(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(ours(&[("origin", "https://inner"), ("host", "inner")]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn everything_else_is_foreign() {
        assert!(!ours(&[]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[
            ("origin", "null"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!ours(&[
            ("origin", "https://evil.example"),
            ("host", "leads.example.ru")
        ]));
        assert!(!ours(&[("origin", "http://leads.example.ru")]));
        assert!(!ours(&[("origin", "http://inner"), ("host", "inner")]));
        assert!(!ours(&[
            ("origin", "http://127.0.0.1:9"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[
            ("origin", "https://leads.example.ru.evil.example"),
            ("host", "leads.example.ru")
        ]));
    }
}
