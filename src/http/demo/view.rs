//! What one request for the page asks for: its language, and the links that keep it.

use actix_web::HttpRequest;

use crate::http::demo::DemoParts;
use crate::lead::Language;

/// One view of the page.
pub(super) struct View {
    /// The language of its words: Russian unless `?lang=en`, because the shop is one.
    pub(super) language: Language,
    /// The path under which we are served, without a slash at the end; empty at the root of a host.
    pub(super) base: String,
    /// The address of the page as people reach it, with its query: where the utm marks of a visit are.
    pub(super) page_url: String,
}

impl View {
    pub(super) fn of(parts: &DemoParts, request: &HttpRequest) -> Self {
        let query = request.query_string();
        let asked = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "lang")
            .and_then(|(_, value)| Language::parse(&value));
        let mut page_url = parts.public_url.clone();
        let base = page_url.path().trim_end_matches('/').to_owned();
        page_url.set_path(&format!("{base}/demo"));
        page_url.set_query(Some(query).filter(|query| !query.is_empty()));
        Self {
            language: asked.unwrap_or_default(),
            base,
            page_url: page_url.into(),
        }
    }

    /// The words of this view's language.
    pub(super) fn say(&self, ru: &'static str, en: &'static str) -> &'static str {
        self.language.pick(ru, en)
    }

    /// The path of the page in this language; `place` is a fragment with its `#`, or empty.
    pub(super) fn page(&self, place: &str) -> String {
        format!("{}/demo{}{place}", self.base, query(self.language))
    }

    /// The path of something below the page, in this language.
    pub(super) fn below(&self, name: &str) -> String {
        format!("{}/demo/{name}{}", self.base, query(self.language))
    }

    /// The path of the page in another language.
    pub(super) fn in_language(&self, language: Language) -> String {
        format!("{}/demo{}", self.base, query(language))
    }

    /// The path of one of the page's files.
    pub(super) fn file(&self, name: &str) -> String {
        format!("{}/demo/static/{name}", self.base)
    }
}

fn query(language: Language) -> &'static str {
    match language {
        Language::Ru => "",
        Language::En => "?lang=en",
    }
}
