//! The handlers of a form's address. Order of the checks: unknown form, method, origin, media type and size, rate, the body, its fields,
//! the store. The first two and a half are done by the extractors.

use actix_web::{HttpRequest, HttpResponse, web};
use url::Url;

use crate::clock::Clock;
use crate::http::body::{BodyReader, Decoded, Pairs};
use crate::http::cors;
use crate::http::negotiation::Wants;
use crate::http::next;
use crate::http::pages;
use crate::http::problem::Problem;
use crate::http::rate_limit::Limiter;
use crate::http::visit::{KnownForm, Visit};
use crate::intake::Intake;
use crate::lead::{FieldError, FieldErrorCode, FieldErrors, Language, LeadId, Submission};

/// `POST /f/{form}`.
pub async fn submit(
    mut visit: Box<Visit>,
    request: HttpRequest,
    payload: web::Payload,
    (reader, limiter): (web::Data<BodyReader>, web::Data<Limiter>),
    (intake, clock): (web::Data<Intake>, web::Data<Clock>),
) -> HttpResponse {
    match receive(&visit, &request, payload, &reader, &limiter).await {
        Received::Refused(problem) => visit.reply.refuse(&problem),
        Received::Limited(problem, decoded) => {
            let (posted, _) = Posted::new(&mut visit, decoded);
            posted.refuse(&visit, &problem)
        }
        Received::Whole(decoded) => {
            let (posted, submission) = Posted::new(&mut visit, decoded);
            if !posted.files.is_empty() {
                let problem = complain(&visit, submission, &posted.files, &clock);
                return posted.refuse(&visit, &problem);
            }
            let client = std::mem::take(&mut visit.client);
            let accepted = intake.accept(&visit.form, submission, client);
            match accepted.await {
                Ok(accepted) => posted.welcome(&visit, accepted.lead()),
                Err(error) => posted.refuse(&visit, &error.into()),
            }
        }
    }
}

/// How far a submission came.
enum Received {
    /// Nothing of it is known.
    Refused(Problem),
    /// It is one too many, but was read, so that a page can keep what was typed.
    Limited(Problem, Decoded),
    /// It may be accepted.
    Whole(Decoded),
}

/// Lets the submission in and reads it. Of a page that is over the rate the body is read all the same; of a script, which has what it
/// sent, it is not.
async fn receive(
    visit: &Visit,
    request: &HttpRequest,
    payload: web::Payload,
    reader: &BodyReader,
    limiter: &Limiter,
) -> Received {
    let announced = match reader.announced(request.headers()) {
        Ok(announced) => announced,
        Err(problem) => return Received::Refused(problem),
    };
    let limited = limiter
        .admit(&visit.form.id, visit.client.address)
        .err()
        .map(|retry_after| Problem::RateLimited { retry_after });
    match (limited, visit.reply.wants) {
        (Some(problem), Wants::Json) => Received::Refused(problem),
        // Boxed, so that all requests that wait for the disk do not take the room of reading.
        (limited, _) => match (limited, Box::pin(reader.read(announced, payload)).await) {
            (None, Ok(decoded)) => Received::Whole(decoded),
            (Some(problem), Ok(decoded)) => Received::Limited(problem, decoded),
            (Some(problem), Err(_)) | (None, Err(problem)) => Received::Refused(problem),
        },
    }
}

/// What an answer needs to know of a submission that was read.
struct Posted {
    files: Vec<String>,
    /// What a page of ours repeats; empty where JSON is answered.
    typed: Pairs,
    next: Option<Url>,
}

impl Posted {
    /// Also turns the visit's answers to the language that the submission asks for.
    fn new(visit: &mut Visit, decoded: Decoded) -> (Self, Submission) {
        let mut pairs = decoded.pairs;
        std::mem::take(&mut visit.beside_body).join(&mut pairs);
        let next = settle_next(visit, &mut pairs);
        let typed = match visit.reply.wants {
            Wants::Page => pairs.clone(),
            Wants::Json => Pairs::new(),
        };
        let submission = Submission::from_pairs(pairs);
        if let Some(language) = submission.controls.language {
            visit.reply.language = language;
        }
        let posted = Self {
            files: decoded.files,
            typed,
            next,
        };
        (posted, submission)
    }

    fn welcome(self, visit: &Visit, lead: LeadId) -> HttpResponse {
        let public_url = &visit.reply.server.public_url;
        let next = next::after_success(self.next, &visit.form, public_url, visit.reply.language);
        visit.reply.accepted(lead, &next)
    }

    fn refuse(&self, visit: &Visit, problem: &Problem) -> HttpResponse {
        visit
            .reply
            .refuse_submission(problem, &visit.form, &self.typed)
    }
}

/// Takes `_next` out of the names and values; if it may be followed, its absolute form is put back: on a page of ours a relative address
/// would mean another host.
fn settle_next(visit: &Visit, pairs: &mut Pairs) -> Option<Url> {
    let wished = pairs.iter().find(|(name, _)| name == "_next")?.1.clone();
    pairs.retain(|(name, _)| name != "_next");
    let public_url = &visit.reply.server.public_url;
    let url = next::allowed(&wished, &visit.form, public_url, &visit.from)?;
    pairs.push(("_next".to_owned(), url.to_string()));
    Some(url)
}

/// The complaints about a submission that holds files: about those, and about everything else at once.
fn complain(visit: &Visit, submission: Submission, files: &[String], clock: &Clock) -> Problem {
    let now = clock.now();
    let checked = submission.into_lead(&visit.form, LeadId::mint(now), now, visit.client.clone());
    let mut errors = match checked {
        Ok(_) => Vec::new(),
        Err(FieldErrors(errors)) => errors,
    };
    // A declared field that held only a file is not "missing" as well, nor is the submission empty.
    errors.retain(|error| !error.field.is_empty() && !files.contains(&error.field));
    errors.extend(files.iter().map(|file| FieldError {
        field: file.clone(),
        label: None,
        code: FieldErrorCode::TypeText,
    }));
    Problem::Invalid(FieldErrors(errors))
}

/// `OPTIONS /f/{form}`: the extractor has found that the page may post.
pub async fn preflight(_: Box<Visit>) -> HttpResponse {
    cors::preflight()
}

/// Any other method: a person is told what this address is.
pub async fn wrong_method(known: KnownForm) -> HttpResponse {
    let allow = cors::METHODS;
    known.reply.refuse(&Problem::Method { allow })
}

/// `GET /f/{form}/thanks`: where a browser goes when neither the page nor the form says where. `?lang=` is the language it was answered in.
pub async fn thanks(mut known: KnownForm, request: HttpRequest) -> HttpResponse {
    let asked = form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "lang")
        .and_then(|(_, value)| Language::parse(&value));
    known.reply.language = asked.unwrap_or(known.reply.language);
    let page = pages::thanks(&known.reply.look(), &known.form);
    pages::send(HttpResponse::Ok(), page)
}
