//! One line in the log about every request, and the count of those that were refused.
//!
//! The line names the path's template, never the path or the query: those may hold what a visitor typed.

use std::time::Instant;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::{Error, web};

use crate::clock::Clock;
use crate::http::reply::Refused;
use crate::http::request_id;
use crate::metrics::Edge;
use crate::telemetry::field;

/// A request that is being answered.
pub struct Begun {
    method: Method,
    clock: Option<(web::Data<Clock>, Instant)>,
    edge: Option<web::Data<Edge>>,
}

impl Begun {
    /// It came now.
    pub fn now(request: &ServiceRequest) -> Self {
        let clock = request.app_data::<web::Data<Clock>>();
        Self {
            method: request.method().clone(),
            clock: clock.map(|clock| (clock.clone(), clock.monotonic())),
            edge: request.app_data::<web::Data<Edge>>().cloned(),
        }
    }

    /// Writes the line and counts a refusal by its code.
    pub fn answered<B>(self, answered: &Result<ServiceResponse<B>, Error>) {
        let (status, path) = match answered {
            Ok(answer) => (answer.status(), answer.request().match_pattern()),
            Err(error) => (error.as_response_error().status_code(), None),
        };
        if let (Ok(answer), Some(edge)) = (answered, &self.edge)
            && let Some(Refused(code)) = answer.response().extensions().get::<Refused>()
        {
            edge.refused(code);
        }
        let elapsed = self.clock.map(|(clock, started)| {
            let span = clock.monotonic().saturating_duration_since(started);
            (span.as_secs_f64() * 10_000.0).round() / 10.0
        });
        tracing::info!(
            { field::REQUEST_ID } = request_id::current(),
            method = self.method.as_str(),
            path = path.as_deref().unwrap_or("none of ours"),
            status = status.as_u16(),
            { field::DURATION_MS } = elapsed,
            "answered"
        );
    }
}
