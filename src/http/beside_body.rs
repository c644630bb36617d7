//! What a request says beside its body: the idempotency key and the page in its headers, attribution in its query.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, REFERER};
use url::Url;

use crate::http::body::Pairs;
use crate::http::negotiation::text;
use crate::lead::Attribution;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Names and values that stand in headers and query.
#[derive(Clone, Default)]
pub struct BesideBody {
    idempotency_key: Option<String>,
    page_url: Option<String>,
    attribution: Pairs,
}

impl BesideBody {
    /// Reads them. A referer that is one of our own pages is not the page the form stood on.
    pub fn read(request: &HttpRequest, public_url: &Url) -> Self {
        let headers = request.headers();
        let query = form_urlencoded::parse(request.query_string().as_bytes());
        let ours = public_url.as_str().trim_end_matches('/');
        let is_ours = |page: &str| {
            let path = page.strip_prefix(ours);
            path.is_some_and(|path| path.starts_with("/f/"))
        };
        Self {
            idempotency_key: headers
                .get(&IDEMPOTENCY_KEY)
                .map(|key| String::from_utf8_lossy(key.as_bytes()).trim().to_owned())
                .filter(|key| !key.is_empty()),
            page_url: text(headers, &REFERER)
                .filter(|page| !is_ours(page))
                .map(str::to_owned),
            attribution: query
                .filter(|(name, value)| Attribution::default().take(name, value))
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        }
    }

    /// Adds them to the names and values of the body. The header `Idempotency-Key` wins over `_id`: a script sets it for this very
    /// request, while an `_id` may have been baked into a cached page. Of everything else the body wins.
    pub fn join(self, pairs: &mut Pairs) {
        if let Some(key) = self.idempotency_key {
            pairs.retain(|(name, _)| !name.eq_ignore_ascii_case("_id"));
            pairs.push(("_id".to_owned(), key));
        }
        let page_url = self.page_url.map(|url| ("_page_url".to_owned(), url));
        for (name, value) in page_url.into_iter().chain(self.attribution) {
            let is_known = |(known, value): &(String, String)| *known == name && !value.is_empty();
            if !pairs.iter().any(is_known) {
                pairs.push((name, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn pairs(list: &[(&str, &str)]) -> Pairs {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn joined(request: TestRequest, body: &[(&str, &str)]) -> Pairs {
        let public_url = Url::parse("https://leads.example.ru").expect("a URL");
        let mut body = pairs(body);
        BesideBody::read(&request.to_http_request(), &public_url).join(&mut body);
        body
    }

    #[test]
    fn the_header_key_wins_over_the_one_in_the_body() {
        let request = TestRequest::default().insert_header(("Idempotency-Key", "header"));
        let body = joined(request, &[("_id", "body"), ("name", "Anna")]);
        assert_eq!(body, pairs(&[("name", "Anna"), ("_id", "header")]));
    }

    #[test]
    fn the_query_gives_attribution_only_and_the_body_wins() {
        let request =
            TestRequest::with_uri("/f/a?utm_source=query&utm_medium=cpc&name=Eve&_next=/x")
                .insert_header(("Referer", "https://shop.example/"));
        assert_eq!(
            joined(request, &[("utm_source", "body")]),
            pairs(&[
                ("utm_source", "body"),
                ("_page_url", "https://shop.example/"),
                ("utm_medium", "cpc"),
            ])
        );
    }

    #[test]
    fn our_own_page_of_field_errors_is_not_the_page_of_the_form() {
        let request = TestRequest::default()
            .insert_header(("Referer", "https://leads.example.ru/f/callback"));
        assert_eq!(joined(request, &[]), pairs(&[]));
    }
}
