//! `GET /metrics`: what Prometheus collects. At the main address it takes the admin token; on `server.metrics_listen` it is open, because that is an
//! address that only the collector reaches.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock::Clock;
use crate::delivery::State;
use crate::dispatch::{Health, Outlook};
use crate::http::admin::Operator;
use crate::http::request_id;
use crate::metrics::{Format, Metrics, OutboxSeen, Seen};
use crate::store::{Store, StoreError};
use crate::telemetry::field;

/// The states a lead can stay in.
const OPEN: [State; 5] = [
    State::Queued,
    State::Sending,
    State::Retrying,
    State::Failed,
    State::Held,
];

/// What is looked at when somebody asks. Clones share it.
#[derive(Clone)]
pub struct Gauged {
    /// What was counted.
    pub metrics: Metrics,
    /// Who waits, and how the disk is.
    pub store: Store,
    /// How the destinations are.
    pub outlook: Outlook,
    /// The time.
    pub clock: Clock,
}

impl Gauged {
    async fn see(&self) -> Result<Seen, StoreError> {
        let now = self.clock.now();
        let outboxes = self.outlook.destinations();
        let outboxes = outboxes.iter().map(|destination| {
            let waiting = self.store.waiting(&destination.id);
            let oldest = waiting.oldest_received_at;
            OutboxSeen {
                destination: destination.id.to_string(),
                waiting: waiting.count,
                oldest_s: oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0)),
                paused: matches!(destination.health, Health::Paused { .. }),
            }
        });
        let leads = OPEN.map(|state| (state.as_str(), self.store.count(state)));
        Ok(Seen {
            outboxes: outboxes.collect(),
            leads: leads.to_vec(),
            store: self.store.measure().await?,
        })
    }

    async fn tell(&self, headers: &HeaderMap) -> HttpResponse {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let format = Format::asked_by(accept.unwrap_or_default());
        let seen = match self.see().await {
            Ok(seen) => seen,
            Err(error) => return unavailable(&error),
        };
        let metrics = self.metrics.clone();
        match web::block(move || metrics.tell(&seen, format)).await {
            Ok(Ok(text)) => HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, format.content_type()))
                .body(text),
            Ok(Err(error)) => unavailable(&error),
            Err(error) => unavailable(&error),
        }
    }
}

fn unavailable(error: &(dyn std::error::Error + 'static)) -> HttpResponse {
    tracing::error!(
        { field::REQUEST_ID } = request_id::current(),
        error,
        "the metrics cannot be told"
    );
    HttpResponse::ServiceUnavailable().body("the metrics cannot be told; the log says why\n")
}

/// At the main address, for whom the admin lets in.
pub async fn behind_the_token(
    _operator: Operator,
    request: HttpRequest,
    gauged: web::Data<Gauged>,
) -> HttpResponse {
    gauged.tell(request.headers()).await
}

/// On an address of its own.
pub async fn open(request: HttpRequest, gauged: web::Data<Gauged>) -> HttpResponse {
    gauged.tell(request.headers()).await
}

/// The URL table of `server.metrics_listen`: nothing but the metrics.
pub fn routes(config: &mut web::ServiceConfig, gauged: &Gauged) {
    config
        .app_data(web::Data::new(gauged.clone()))
        .route("/metrics", web::get().to(open))
        .default_service(web::to(HttpResponse::NotFound));
}
