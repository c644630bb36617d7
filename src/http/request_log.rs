//! The id of every request, one line about it in the log, and the count of those that were refused.
//!
//! The line names the path's template, never the path or the query: those may hold what a visitor typed. The id is ours; one that the
//! client sends is not used, because nothing would keep it unique.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tracing::Instrument;

use crate::clock::Clock;
use crate::http::reply::Refused;
use crate::metrics::Edge;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Middleware around everything.
pub async fn on_every_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = format!("{:032x}", rand::random::<u128>());
    let clock = request.app_data::<web::Data<Clock>>().cloned();
    let started = clock.as_ref().map(|clock| clock.monotonic());
    let edge = request.app_data::<web::Data<Edge>>().cloned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id);
    let answered = next.call(request).instrument(span.clone()).await;
    let answered = stamp(answered, id);
    count(&answered, edge.as_ref());
    let (status, path) = match &answered {
        Ok(answer) => (answer.status(), answer.request().match_pattern()),
        Err(error) => (error.as_response_error().status_code(), None),
    };
    let elapsed = clock.zip(started).map(|(clock, started)| {
        let span = clock.monotonic().saturating_duration_since(started);
        (span.as_secs_f64() * 10_000.0).round() / 10.0
    });
    span.in_scope(|| {
        tracing::info!(
            %method,
            path = path.as_deref().unwrap_or("none of ours"),
            status = status.as_u16(),
            duration_ms = elapsed,
            "answered"
        );
    });
    answered
}

/// Counts a refusal by its code.
fn count<B>(answered: &Result<ServiceResponse<B>, Error>, edge: Option<&web::Data<Edge>>) {
    let (Ok(answer), Some(edge)) = (answered, edge) else {
        return;
    };
    if let Some(Refused(code)) = answer.response().extensions().get::<Refused>() {
        edge.refused(code);
    }
}

/// Puts the id on the answer, also on one that comes as an error.
fn stamp<B: MessageBody>(
    answered: Result<ServiceResponse<B>, Error>,
    id: String,
) -> Result<ServiceResponse<B>, Error> {
    match answered {
        Ok(mut answer) => {
            add_headers(answer.headers_mut(), id);
            Ok(answer)
        }
        Err(error) => {
            let mut answer = error.error_response();
            add_headers(answer.headers_mut(), id);
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

fn add_headers(headers: &mut HeaderMap, id: String) {
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
