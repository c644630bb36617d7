//! Why the admin refuses a request: one type, one closed list of codes, said as JSON to programs and as a page to people.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::delivery::Conflict;
use crate::http::admin::words;
use crate::http::request_id;
use crate::lead::Language;
use crate::store::StoreError;
use crate::telemetry::field;

/// Seconds after which a client may try again when the store cannot answer.
const TRY_AGAIN_S: u64 = 10;

/// Why a request is refused.
#[derive(Debug)]
pub enum Reason {
    /// Nobody is logged in, or the token is wrong.
    Unauthorized,
    /// It would change something, and no page of ours sent it.
    ForeignOrigin,
    /// No such lead, or no such address.
    NotFound,
    /// The address is right, the method is not; this one would be.
    Method(&'static str),
    /// A parameter cannot be read.
    BadParameter(BadParameter),
    /// The body cannot be read.
    Malformed(String),
    /// The state of the lead does not allow it.
    Conflict(Conflict),
    /// The store cannot answer now.
    Unavailable(StoreError),
}

/// A parameter that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadParameter {
    /// Its name in the query or the body.
    pub name: &'static str,
    /// What it may be, in Russian.
    pub expected_ru: &'static str,
    /// What it may be, in English.
    pub expected_en: &'static str,
}

#[derive(Serialize)]
struct Body<'a> {
    ok: bool,
    error: String,
    code: &'a str,
}

impl Reason {
    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadParameter(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The word of the closed list.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::ForeignOrigin => "origin",
            Self::NotFound => "not_found",
            Self::Method(_) => "method",
            Self::BadParameter(_) => "bad_parameter",
            Self::Malformed(_) => "malformed",
            Self::Conflict(_) => "conflict",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// What is wrong and how to mend it.
    pub(super) fn text(&self, language: Language) -> String {
        match language {
            Language::Ru => self.in_russian(),
            Language::En => self.in_english(),
        }
    }

    fn in_russian(&self) -> String {
        match self {
            Self::Unauthorized => {
                "Войдите или передайте заголовок Authorization: Bearer с токеном admin.token.".into()
            }
            Self::ForeignOrigin => "Запрос пришёл не со страницы leadgate, поэтому ничего не сделано. Откройте админку по адресу из server.public_url и повторите.".into(),
            Self::NotFound => "Такой заявки или страницы нет.".into(),
            Self::Method(allowed) => format!("Здесь принимается только {allowed}."),
            Self::BadParameter(bad) => format!("Параметр {}: ожидается {}.", bad.name, bad.expected_ru),
            Self::Malformed(detail) => format!("Запрос не удалось прочесть: {detail}"),
            Self::Conflict(conflict) => format!(
                "Сейчас это невозможно: состояние заявки — «{}».",
                words::state(conflict.state, Language::Ru)
            ),
            Self::Unavailable(_) => {
                "Хранилище сейчас не отвечает. Заявки на диске целы; повторите через несколько секунд.".into()
            }
        }
    }

    fn in_english(&self) -> String {
        match self {
            Self::Unauthorized => {
                "Log in, or send the header Authorization: Bearer with the token of admin.token.".into()
            }
            Self::ForeignOrigin => "The request did not come from a page of leadgate, so nothing was done. Open the admin under server.public_url and try again.".into(),
            Self::NotFound => "There is no such lead or page.".into(),
            Self::Method(allowed) => format!("Only {allowed} is accepted here."),
            Self::BadParameter(bad) => format!("Parameter {}: expected {}.", bad.name, bad.expected_en),
            Self::Malformed(detail) => format!("The request cannot be read: {detail}"),
            Self::Conflict(conflict) => format!("Not possible now: {conflict}."),
            Self::Unavailable(_) => {
                "The store cannot answer now. The leads on the disk are safe; try again in a few seconds.".into()
            }
        }
    }

    /// The refusal for a program.
    pub(super) fn to_json(&self, language: Language) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        self.add_headers(&mut response);
        response.json(Body {
            ok: false,
            error: self.text(language),
            code: self.code(),
        })
    }

    /// Headers that belong to the status.
    pub(super) fn add_headers(&self, response: &mut actix_web::HttpResponseBuilder) {
        match self {
            Self::Unauthorized => {
                response.insert_header(("WWW-Authenticate", "Bearer"));
            }
            Self::Method(allowed) => {
                response.insert_header((ALLOW, *allowed));
            }
            Self::Unavailable(_) => {
                response.insert_header((RETRY_AFTER, TRY_AGAIN_S));
            }
            _ => {}
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

impl std::error::Error for Reason {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Conflict(conflict) => Some(conflict),
            Self::Unavailable(error) => Some(error),
            _ => None,
        }
    }
}

/// What a refusal is until [`crate::http::admin::answers`] says it in the right form and language.
impl ResponseError for Reason {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status())
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .body(self.text(Language::En))
    }
}

impl From<StoreError> for Reason {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            { field::REQUEST_ID } = request_id::current(),
            error = %error,
            "the admin cannot read or write the store"
        );
        Self::Unavailable(error)
    }
}

impl From<BadParameter> for Reason {
    fn from(bad: BadParameter) -> Self {
        Self::BadParameter(bad)
    }
}
