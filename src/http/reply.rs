//! Turns what happened into the answer the request asked for: JSON, a redirect or a page.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CONNECTION, LOCATION, RETRY_AFTER};
use maud::Markup;
use serde::Serialize;
use serde_json::json;

use crate::http::body::Pairs;
use crate::http::negotiation::Wants;
use crate::http::pages::{self, Look};
use crate::http::problem::Problem;
use crate::http::settings::Server;
use crate::lead::{FieldErrors, Form, Language, LeadId};

/// Stands with an answer that refuses a form's request: its code, for those who count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

/// Who is answered, and how.
#[derive(Clone, Debug)]
pub struct Reply {
    /// JSON or a page.
    pub wants: Wants,
    /// The language of all words.
    pub language: Language,
    /// For links.
    pub server: Arc<Server>,
}

/// What a script is told of an accepted lead.
#[derive(Serialize)]
struct Accepted<'a> {
    ok: bool,
    id: LeadId,
    next: &'a str,
}

impl Reply {
    /// The lead is on the disk (or held, which looks the same from outside).
    pub fn accepted(&self, lead: LeadId, next: &str) -> HttpResponse {
        match self.wants {
            Wants::Json => HttpResponse::Ok().json(Accepted {
                ok: true,
                id: lead,
                next,
            }),
            Wants::Page => HttpResponse::SeeOther()
                .insert_header((LOCATION, next))
                .finish(),
        }
    }

    /// A refusal of which nothing is kept on the page.
    pub fn refuse(&self, problem: &Problem) -> HttpResponse {
        self.refuse_with(problem, || pages::refusal(&self.look(), problem))
    }

    /// A refusal of a submission: the page keeps what was typed wherever the same submission may yet be taken.
    pub fn refuse_submission(&self, problem: &Problem, form: &Form, typed: &Pairs) -> HttpResponse {
        self.refuse_with(problem, || {
            let look = self.look();
            match problem {
                Problem::Invalid(errors) => pages::correction(&look, form, errors, typed),
                passing if passing.is_passing() => pages::retry(&look, passing, typed),
                other => pages::refusal(&look, other),
            }
        })
    }

    /// What our pages need to know about this answer.
    pub fn look(&self) -> Look<'_> {
        Look {
            language: self.language,
            base: self.server.public_url.path().trim_end_matches('/'),
        }
    }

    fn refuse_with(&self, problem: &Problem, page: impl FnOnce() -> Markup) -> HttpResponse {
        let mut answer = HttpResponse::build(problem.status());
        if let Problem::Method { allow } = problem {
            answer.insert_header((ALLOW, *allow));
        }
        if let Some(seconds) = problem.retry_after() {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        if *problem == Problem::TooSlow {
            answer.insert_header((CONNECTION, "close"));
        }
        let mut answer = match self.wants {
            Wants::Json => answer.json(self.refusal_in_json(problem)),
            Wants::Page => pages::send(answer, page()),
        };
        // An address that is nothing of ours refuses nobody.
        if *problem != Problem::NotFound {
            answer.extensions_mut().insert(Refused(problem.code()));
        }
        answer
    }

    fn refusal_in_json(&self, problem: &Problem) -> serde_json::Value {
        let mut body = json!({
            "ok": false,
            "error": problem.text(self.language).remedy,
            "code": problem.code(),
        });
        if let Problem::Invalid(errors) = problem {
            body["errors"] = self.field_errors_in_json(errors);
        }
        body
    }

    fn field_errors_in_json(&self, errors: &FieldErrors) -> serde_json::Value {
        let list = errors.0.iter().map(|error| {
            json!({
                "field": error.field,
                "code": error.code.as_str(),
                "message": error.code.message(self.language),
            })
        });
        list.collect()
    }
}
