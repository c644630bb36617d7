//! CORS headers on every answer under `/f/`, refusals too: a page must be able to read why it was refused.
//!
//! The request's own `Origin` is echoed whether or not it may post. That gives nothing away: no cookie is read here, no answer holds
//! anything the sender did not send, and whether a lead is taken is decided by the origin check, not by the browser.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};

/// The methods of a form's address.
pub const METHODS: &str = "POST, OPTIONS";

/// Two of ours and two that the Formspree libraries set.
const REQUEST_HEADERS: &str =
    "content-type, idempotency-key, x-requested-with, formspree-client, formspree-session-data";

/// What an answer under `/f/` says to the browser of a page elsewhere.
pub struct Cors {
    origin: Option<HeaderValue>,
}

impl Cors {
    /// `None` for any other address.
    pub fn of(request: &ServiceRequest) -> Option<Self> {
        let rest = request.match_info().as_str().strip_prefix("/f")?;
        let origin = || request.headers().get(ORIGIN).cloned();
        (rest.is_empty() || rest.starts_with('/')).then(|| Self { origin: origin() })
    }

    /// Puts the headers on whatever answer came out.
    pub fn put_on(self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Retry-After, X-Request-Id"),
            );
        }
    }
}

/// The answer to a preflight of an allowed page.
pub fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ALLOW, METHODS))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
