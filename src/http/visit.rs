//! What is known of a request to a form's address before its body is read: the form, the page it came from, the sender.
//!
//! Two extractors, so that a handler which takes one cannot forget the check: [`KnownForm`] refuses unknown forms, [`Visit`] also pages
//! that may not post the form.

use std::sync::Arc;

use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, REFERER, USER_AGENT};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev, web};
use arc_swap::ArcSwap;
use futures_util::future::{Ready, ready};

use crate::clock::Clock;
use crate::http::beside_body::BesideBody;
use crate::http::client_address::client_address;
use crate::http::negotiation::{self, text};
use crate::http::next::CameFrom;
use crate::http::origin::{PageOrigin, is_navigation};
use crate::http::problem::Problem;
use crate::http::refused_origins::RefusedOrigins;
use crate::http::reply::Reply;
use crate::http::request_id;
use crate::http::settings::Server;
use crate::lead::{Client, Form, Forms};
use crate::telemetry::field;

/// The browser's description of itself is cut here.
const LONGEST_USER_AGENT: usize = 512;

/// A request to the address of a form that exists.
#[derive(Clone, Debug)]
pub struct KnownForm {
    /// The form, as it was when the request came.
    pub form: Arc<Form>,
    /// How to answer.
    pub reply: Reply,
}

/// A request of a page that may post the form.
#[derive(Clone)]
pub struct Visit {
    /// The form.
    pub form: Arc<Form>,
    /// How to answer.
    pub reply: Reply,
    /// The page.
    pub from: CameFrom,
    /// The sender.
    pub client: Client,
    /// Names and values that stand in the headers and the query instead of the body.
    pub beside_body: BesideBody,
}

impl KnownForm {
    fn read(request: &HttpRequest) -> Result<Self, actix_web::Error> {
        let reply = reply_to(request)?;
        let forms = web::Data::<ArcSwap<Forms>>::extract(request).into_inner()?;
        let id = request.match_info().get("form").unwrap_or_default();
        let Some(form) = forms.load().get(id).cloned() else {
            return Err(refused(reply.refuse(&Problem::UnknownForm)));
        };
        let language = form.language;
        Ok(Self {
            form,
            reply: Reply { language, ..reply },
        })
    }
}

impl Visit {
    fn read(request: &HttpRequest) -> Result<Self, actix_web::Error> {
        let KnownForm { form, reply } = KnownForm::read(request)?;
        let headers = request.headers();
        let origin = PageOrigin::read(headers);
        if !origin.may_post(&form, &reply.server.public_url, is_navigation(headers)) {
            note_refusal(request, &form, &origin)?;
            return Err(refused(reply.refuse(&Problem::Origin)));
        }
        let peer = request.peer_addr().map(|socket| socket.ip());
        let client = Client {
            address: client_address(peer, headers, &reply.server.trusted_proxies),
            user_agent: user_agent(headers),
        };
        Ok(Self {
            from: CameFrom {
                origin,
                referer: text(headers, &REFERER).map(str::to_owned),
            },
            client,
            beside_body: BesideBody::read(request, &reply.server.public_url),
            form,
            reply,
        })
    }
}

/// How to answer a request of which nothing else is known.
pub fn reply_to(request: &HttpRequest) -> Result<Reply, actix_web::Error> {
    let server = web::Data::<Server>::extract(request).into_inner()?;
    Ok(Reply {
        wants: negotiation::wants(request.headers()),
        language: negotiation::language(request.headers()),
        server: server.into_inner(),
    })
}

fn refused(answer: HttpResponse) -> actix_web::Error {
    InternalError::from_response("refused", answer).into()
}

fn note_refusal(
    request: &HttpRequest,
    form: &Form,
    origin: &PageOrigin,
) -> Result<(), actix_web::Error> {
    let refused_origins = web::Data::<RefusedOrigins>::extract(request).into_inner()?;
    let clock = web::Data::<Clock>::extract(request).into_inner()?;
    let name = match origin {
        PageOrigin::Named(name) => name,
        PageOrigin::Opaque | PageOrigin::Absent => "null",
    };
    tracing::info!(
        { field::REQUEST_ID } = request_id::current(),
        { field::FORM_ID } = %form.id,
        origin = ?name,
        "a page of an origin that is not allowed wanted to post"
    );
    refused_origins.record(&form.id, name, clock.now());
    Ok(())
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    let end = text.floor_char_boundary(LONGEST_USER_AGENT);
    Some(text[..end].to_owned()).filter(|text| !text.is_empty())
}

impl FromRequest for KnownForm {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// In a box: what a handler is given stands in its future several times, and a large future costs every request more than a box does.
impl FromRequest for Box<Visit> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(Visit::read(request).map(Box::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        let request = TestRequest::default()
            .insert_header((USER_AGENT, "я".repeat(400)))
            .to_http_request();
        assert_eq!(
            user_agent(request.headers()).map(|text| text.len()),
            Some(512)
        );
    }
}
