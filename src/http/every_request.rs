//! What is done around every request, in one middleware: each of actix-web's costs a request several allocations.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;

use crate::http::cors::Cors;
use crate::http::drain::Rest;
use crate::http::request_id::RequestId;
use crate::http::request_log::Begun;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware.
pub async fn on_every_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = RequestId::mint();
    id.around(answer(id, request, next)).await
}

async fn answer(
    id: RequestId,
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Begun::now(&request);
    let cors = Cors::of(&request);
    let rest = Rest::lend(&mut request);
    let answered = next.call(request).await;
    if let Some(rest) = rest {
        rest.drain().await;
    }
    let answered = with_headers(answered, |headers| {
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            headers.insert(REQUEST_ID.clone(), id);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        cors.into_iter().for_each(|cors| cors.put_on(headers));
    });
    begun.answered(&answered);
    answered
}

/// The answer with more headers, also one that comes as an error.
fn with_headers<B: MessageBody>(
    answered: Result<ServiceResponse<B>, Error>,
    put: impl FnOnce(&mut HeaderMap),
) -> Result<ServiceResponse<B>, Error> {
    match answered {
        Ok(mut answer) => {
            put(answer.headers_mut());
            Ok(answer)
        }
        Err(error) => {
            let mut answer = error.error_response();
            put(answer.headers_mut());
            Err(InternalError::from_response(error, answer).into())
        }
    }
}
