//! What every page has: head, header with navigation and the language switch, and the moment and zone its times are told in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use crate::clock::Clock;
use crate::http::admin::auth::Operator;
use crate::http::admin::languages::PageLanguage;
use crate::http::admin::pages::{DESTINATIONS, FAILURES, HOME};
use crate::http::admin::reason::Reason;
use crate::http::admin::words;
use crate::http::settings::Server;
use crate::lead::Language;

/// How a page is told: in which language, at which moment, in which zone.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// Of every text.
    pub(crate) language: Language,
    /// Now.
    pub(crate) now: Timestamp,
    /// `server.time_zone`.
    pub(crate) zone: TimeZone,
    /// Path and query of the page, to come back to.
    pub(crate) here: String,
}

impl FromRequest for Screen {
    type Error = Reason;
    type Future = Ready<Result<Self, Reason>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let PageLanguage(language) = PageLanguage::of(request.headers());
        let (Some(clock), Some(server)) = (
            request.app_data::<web::Data<Clock>>(),
            request.app_data::<web::Data<Server>>(),
        ) else {
            return ready(Err(Reason::NotFound));
        };
        ready(Ok(Self {
            language,
            now: clock.now(),
            zone: server.time_zone.clone(),
            here: request.uri().to_string(),
        }))
    }
}

impl Screen {
    /// The text of the page's language.
    pub(crate) fn pick<'a>(&self, ru: &'a str, en: &'a str) -> &'a str {
        self.language.pick(ru, en)
    }

    /// An instant: absolute to read, relative on hover.
    pub(crate) fn time(&self, at: Timestamp) -> Markup {
        html! {
            time datetime=(at) title=(words::relative(at, self.now, self.language)) {
                (words::moment(at, self.now, &self.zone, self.language))
            }
        }
    }

    /// The name of the zone, to label times with.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The whole page for somebody who is logged in.
    pub(crate) fn page(&self, operator: &Operator, title: &str, content: &Markup) -> HttpResponse {
        let header = html! {
            nav aria-label=(self.pick("Разделы", "Sections")) {
                a href=(HOME) aria-current=[self.is_list().then_some("page")] { (self.pick("Заявки", "Leads")) }
                a href=(FAILURES) aria-current=[self.here.starts_with(FAILURES).then_some("page")] { (self.pick("Ошибки", "Failures")) }
                a href="/admin/forms" aria-current=[self.here.starts_with("/admin/forms").then_some("page")] { (self.pick("Формы", "Forms")) }
                a href=(DESTINATIONS) aria-current=[self.here.starts_with(DESTINATIONS).then_some("page")] { (self.pick("Назначения", "Destinations")) }
                a href="/admin/alerts" aria-current=[self.here.starts_with("/admin/alerts").then_some("page")] { (self.pick("Оповещения", "Alerts")) }
            }
            div.who {
                (switch(self.language, &self.here))
                span.user { (operator.name()) }
                form method="post" action="/admin/logout" {
                    button.quiet { (self.pick("Выйти", "Log out")) }
                }
            }
        };
        respond(
            StatusCode::OK,
            &document(self.language, title, &header, content),
        )
    }

    /// The whole page for a visitor who is not logged in.
    pub(crate) fn open_page(
        &self,
        status: StatusCode,
        title: &str,
        content: &Markup,
    ) -> HttpResponse {
        let header = html! { div.who { (switch(self.language, &self.here)) } };
        respond(status, &document(self.language, title, &header, content))
    }

    fn is_list(&self) -> bool {
        self.here.split('?').next() == Some(HOME)
    }
}

/// The link to the same page in the other language.
fn switch(language: Language, here: &str) -> Markup {
    let (other, name) = match language {
        Language::Ru => (Language::En, "English"),
        Language::En => (Language::Ru, "Русский"),
    };
    let back: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
    html! {
        a.switch href={ "/admin/language/" (other.as_str()) "?next=" (back) } lang=(other.as_str()) hreflang=(other.as_str()) { (name) }
    }
}

/// The document around a header and a content.
pub(crate) fn document(
    language: Language,
    title: &str,
    header: &Markup,
    content: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · leadgate" }
                link rel="icon" href="/admin/static/admin.svg" type="image/svg+xml";
                link rel="stylesheet" href="/admin/static/admin.css";
                script type="module" src="/admin/static/admin.js" {}
            }
            body {
                a.skip href="#content" { (language.pick("К содержанию", "Skip to content")) }
                header.top {
                    a.brand href=(HOME) { "leadgate" }
                    (header)
                }
                main #content { (content) }
            }
        }
    }
}

/// The answer with a document in it.
pub(crate) fn respond(status: StatusCode, document: &Markup) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(document.0.clone())
}
