//! What every answer of the admin has in common: protective headers, and refusals in the form and language of the reader.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use crate::http::admin::languages::{ApiLanguage, PageLanguage};
use crate::http::admin::pages;
use crate::http::admin::reason::Reason;

/// Nothing from elsewhere, nothing inline, no frames. `connect-src` is for the module that looks for new leads.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Adds the protective headers. Leads are personal data, so nothing is kept by caches unless an answer says so itself.
pub(super) async fn with_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = next.call(request).await?.map_into_boxed_body();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not no-referrer: with that, browsers send `Origin: null` from our own pages, and the check of it would refuse them.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// Says refusals as JSON.
pub(super) async fn refuse_as_json(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let ApiLanguage(language) = ApiLanguage::of(request.headers());
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(answer) = refusal(&response, |reason| reason.to_json(language)) else {
        return Ok(response);
    };
    Ok(response.into_response(answer))
}

/// Says refusals as a page; who is not logged in is shown the way in, and comes back afterwards.
pub(super) async fn refuse_as_page(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let PageLanguage(language) = PageLanguage::of(request.headers());
    let back_to = match *request.method() {
        Method::GET => request.uri().to_string(),
        _ => pages::HOME.to_owned(),
    };
    let response = next.call(request).await?.map_into_boxed_body();
    let answer = refusal(&response, |reason| match reason {
        Reason::Unauthorized => HttpResponse::SeeOther()
            .insert_header((LOCATION, pages::login::address(&back_to)))
            .finish(),
        reason => pages::refusal::page(reason, language),
    });
    let Some(answer) = answer else {
        return Ok(response);
    };
    Ok(response.into_response(answer))
}

/// The answer for the reason that the handler gave. actix's own refusals (a body too long or cut off) are said as malformed.
fn refusal(
    response: &ServiceResponse<BoxBody>,
    say: impl FnOnce(&Reason) -> HttpResponse,
) -> Option<HttpResponse> {
    let error = response.response().error()?;
    Some(match error.as_error::<Reason>() {
        Some(reason) => say(reason),
        None => say(&Reason::Malformed(error.to_string())),
    })
}
