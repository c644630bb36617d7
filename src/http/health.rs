//! What a balancer and a supervisor ask: can leads be kept, and has the start been completed.

use actix_web::{HttpResponse, web};

use crate::http::request_id;
use crate::store::Store;
use crate::telemetry::field;

/// `GET /healthz`: 200 while a lead could be kept, else 503 with the reason in the log.
pub async fn healthz(store: web::Data<Store>) -> HttpResponse {
    match store.can_accept() {
        Ok(()) => HttpResponse::Ok().body("ok\n"),
        Err(error) => {
            tracing::warn!(
                { field::REQUEST_ID } = request_id::current(),
                error = &error as &dyn std::error::Error,
                "asked for its health: leads cannot be kept"
            );
            HttpResponse::ServiceUnavailable().body("leads cannot be kept\n")
        }
    }
}

/// `GET /readyz`: this table is served only after the start is complete; a CRM that is down changes nothing about it.
pub async fn readyz() -> HttpResponse {
    HttpResponse::Ok().body("ready\n")
}
