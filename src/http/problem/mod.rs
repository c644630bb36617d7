//! Every refusal the public edge knows, and the one place that says its status, its code and its words.

mod wording;

use std::time::Duration;

use actix_web::http::StatusCode;

use crate::http::request_id;
use crate::intake::IntakeError;
use crate::lead::{FieldErrors, Language};
use crate::telemetry::field;

pub use wording::{Text, Wording};

/// A refusal. The codes it is told by on the wire are a closed list, fixed by the contract (and `not_found` for addresses that are nothing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing lives at this address.
    NotFound,
    /// No form has this id.
    UnknownForm,
    /// The address knows other methods only.
    Method {
        /// The value of `Allow`.
        allow: &'static str,
    },
    /// A page of this origin may not post the form.
    Origin,
    /// The body is in a format we do not read.
    MediaType,
    /// The body is longer than `server.max_body`.
    TooLarge,
    /// The body holds more names than one submission may.
    TooManyFields,
    /// Too many submissions; welcome again after this span.
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The body is no form at all.
    Malformed(Malformed),
    /// The body did not arrive in time.
    TooSlow,
    /// The visitor can mend it.
    Invalid(FieldErrors),
    /// The lead cannot be kept now.
    Unavailable,
}

/// What is broken in a body that is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not a JSON object.
    Json,
    /// Not multipart as its header promised.
    Multipart,
    /// The connection broke off.
    Interrupted,
}

/// How soon a lead that could not be kept may be sent again: long enough for a disk to be freed a little, short enough for a visitor.
const UNAVAILABLE_RETRY_AFTER: Duration = Duration::from_secs(5);

impl Problem {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.facets().0
    }

    /// The word programs decide by.
    pub fn code(&self) -> &'static str {
        self.facets().1
    }

    /// The words for people: what is wrong and what to do.
    pub fn text(&self, language: Language) -> Text {
        self.facets().2.of(language)
    }

    fn facets(&self) -> (StatusCode, &'static str, &'static Wording) {
        use wording as w;
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", &w::NOT_FOUND),
            Self::UnknownForm => (StatusCode::NOT_FOUND, "unknown_form", &w::UNKNOWN_FORM),
            Self::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method", &w::METHOD),
            Self::Origin => (StatusCode::FORBIDDEN, "origin", &w::ORIGIN),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                &w::MEDIA_TYPE,
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", &w::TOO_LARGE),
            Self::TooManyFields => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                &w::TOO_MANY_FIELDS,
            ),
            Self::RateLimited { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                &w::RATE_LIMITED,
            ),
            Self::Malformed(Malformed::Json) => {
                (StatusCode::BAD_REQUEST, "malformed", &w::BAD_JSON)
            }
            Self::Malformed(Malformed::Multipart) => {
                (StatusCode::BAD_REQUEST, "malformed", &w::BAD_MULTIPART)
            }
            Self::Malformed(Malformed::Interrupted) => {
                (StatusCode::BAD_REQUEST, "malformed", &w::INTERRUPTED)
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "malformed", &w::TOO_SLOW),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", &w::INVALID),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                &w::UNAVAILABLE,
            ),
        }
    }

    /// The value of `Retry-After`: whole seconds, rounded up, never 0.
    pub fn retry_after(&self) -> Option<u64> {
        let span = match self {
            Self::RateLimited { retry_after } => *retry_after,
            Self::Unavailable => UNAVAILABLE_RETRY_AFTER,
            _ => return None,
        };
        let partial = u64::from(span.subsec_nanos() > 0);
        Some(span.as_secs().saturating_add(partial).max(1))
    }

    /// Whether the same submission may be taken a little later, so that what was typed is worth keeping.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable)
    }
}

impl From<IntakeError> for Problem {
    /// A store that fails is logged here, with its causes: nobody above would do it a second time.
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Invalid(errors) => Self::Invalid(errors),
            IntakeError::Store(error) => {
                tracing::error!(
                    { field::REQUEST_ID } = request_id::current(),
                    error = &error as &dyn std::error::Error,
                    "a lead could not be kept; its sender was asked to try again"
                );
                Self::Unavailable
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Problem> {
        vec![
            Problem::NotFound,
            Problem::UnknownForm,
            Problem::Method { allow: "POST" },
            Problem::Origin,
            Problem::MediaType,
            Problem::TooLarge,
            Problem::TooManyFields,
            Problem::RateLimited {
                retry_after: Duration::from_millis(1_001),
            },
            Problem::Malformed(Malformed::Json),
            Problem::Malformed(Malformed::Multipart),
            Problem::Malformed(Malformed::Interrupted),
            Problem::TooSlow,
            Problem::Invalid(FieldErrors(Vec::new())),
            Problem::Unavailable,
        ]
    }

    #[test]
    fn every_problem_has_the_status_and_the_code_of_the_contract() {
        let told: Vec<String> = all()
            .iter()
            .map(|problem| format!("{} {}", problem.status().as_u16(), problem.code()))
            .collect();
        assert_eq!(
            told,
            [
                "404 not_found",
                "404 unknown_form",
                "405 method",
                "403 origin",
                "415 media_type",
                "413 too_large",
                "413 too_large",
                "429 rate_limited",
                "400 malformed",
                "400 malformed",
                "400 malformed",
                "408 malformed",
                "422 invalid",
                "503 unavailable",
            ]
        );
    }

    #[test]
    fn every_problem_speaks_both_languages() {
        for problem in all() {
            let (ru, en) = (problem.text(Language::Ru), problem.text(Language::En));
            assert_ne!(ru.title, en.title);
            assert_ne!(ru.remedy, en.remedy);
            assert!(ru.remedy.chars().any(|c| ('а'..='я').contains(&c)));
        }
    }

    #[test]
    fn retry_after_is_rounded_up_and_never_zero() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            let retry_after = Duration::from_millis(millis);
            let problem = Problem::RateLimited { retry_after };
            assert_eq!(problem.retry_after(), Some(seconds), "{millis}");
        }
        assert_eq!(Problem::Unavailable.retry_after(), Some(5));
        assert_eq!(Problem::Origin.retry_after(), None);
    }
}
