//! Which language an answer is in: people choose one on the page, programs say it in `Accept-Language`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use actix_web::{Error, FromRequest, HttpRequest};

use crate::http::admin::cookies;
use crate::lead::Language;

/// The cookie of the choice made in the page's header.
pub(super) const COOKIE: &str = "leadgate_lang";

/// The language of a page: the choice, else what the browser prefers, else Russian.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageLanguage(pub(super) Language);

/// The language of texts in the JSON API: what the client prefers, else English, which programmers read in logs.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApiLanguage(pub(super) Language);

impl PageLanguage {
    /// As the headers tell.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(
            cookies::value(headers, COOKIE)
                .and_then(Language::parse)
                .or_else(|| preferred(headers))
                .unwrap_or(Language::Ru),
        )
    }
}

impl ApiLanguage {
    /// As the headers tell.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(preferred(headers).unwrap_or(Language::En))
    }
}

impl FromRequest for PageLanguage {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

impl FromRequest for ApiLanguage {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

/// The language of ours with the highest quality; of equals the first.
fn preferred(headers: &HeaderMap) -> Option<Language> {
    let header = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(f32, Language)> = None;
    for range in header.split(',') {
        let (tag, quality) = range.split_once(";q=").unwrap_or((range, "1"));
        let quality: f32 = quality.trim().parse().unwrap_or(0.0);
        let Some(language) = Language::parse(tag) else {
            continue;
        };
        if quality > best.map_or(0.0, |(quality, _)| quality) {
            best = Some((quality, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(accept: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        headers
    }

    #[test]
    fn the_highest_quality_of_our_two_languages_wins() {
        let page = |accept| PageLanguage::of(&headers(accept)).0;
        assert_eq!(page("de-DE, en;q=0.5, ru;q=0.8"), Language::Ru);
        assert_eq!(page("en-GB,ru"), Language::En);
        assert_eq!(page("de"), Language::Ru);
        assert_eq!(ApiLanguage::of(&headers("de")).0, Language::En);
    }
}
