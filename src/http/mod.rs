//! The edge: the URL table, problem bodies, CORS, rate limits, the admin. The only user of actix-web (besides the simulator) and of status codes.
//!
//! A handler decodes, calls one use case and responds. Whatever is refused becomes a [`problem::Problem`]; how the answer looks is decided
//! by the request alone ([`negotiation`]). There is no state of everything: each collaborator is its own `web::Data`.

pub mod admin;
pub mod assets;
pub mod beside_body;
pub mod body;
pub mod client_address;
pub mod cors;
pub mod demo;
pub mod drain;
pub mod every_request;
pub mod health;
pub mod metrics;
pub mod negotiation;
pub mod next;
pub mod origin;
pub mod pages;
pub mod problem;
pub mod rate_limit;
pub mod recipes;
pub mod refused_origins;
pub mod reply;
pub mod request_id;
pub mod request_log;
pub mod script;
pub mod server;
pub mod settings;
pub mod submit;
pub mod visit;

use std::sync::Arc;

use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock::Clock;
use crate::http::body::BodyReader;
use crate::http::problem::Problem;
use crate::http::rate_limit::Limiter;
use crate::http::refused_origins::RefusedOrigins;
use crate::http::script::Scripts;
use crate::intake::{Intake, LiveForms};
use crate::store::Store;

/// What the public table works with. Clones share it.
#[derive(Clone)]
pub struct PublicParts {
    /// The use case behind `POST /f/{form}`.
    pub intake: Intake,
    /// Asked for its health only.
    pub store: Store,
    /// The forms as they are now.
    pub forms: LiveForms,
    /// The inbound rates.
    pub limiter: Arc<Limiter>,
    /// Shown to the admin.
    pub refused_origins: Arc<RefusedOrigins>,
    /// What `/leadgate.js` answers; published anew when the forms change.
    pub scripts: Arc<Scripts>,
    /// The block `[server]`.
    pub server: Arc<settings::Server>,
    /// The time.
    pub clock: Clock,
}

impl PublicParts {
    fn insert(&self, cfg: &mut web::ServiceConfig) {
        let reader = BodyReader::new(
            self.server.max_body,
            self.server.body_timeout,
            self.clock.clone(),
        );
        cfg.app_data(web::Data::new(self.intake.clone()))
            .app_data(web::Data::new(self.store.clone()))
            .app_data(web::Data::from(self.forms.clone()))
            .app_data(web::Data::from(self.limiter.clone()))
            .app_data(web::Data::from(self.refused_origins.clone()))
            .app_data(web::Data::from(self.scripts.clone()))
            .app_data(web::Data::from(self.server.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(reader))
            .app_data(web::Data::new(assets::Assets::default()));
    }
}

/// The public URL table, with its parts. The admin's routes stand beside it; tables that are configured later must not claim `/f`.
pub fn routes(cfg: &mut web::ServiceConfig, parts: &PublicParts) {
    parts.insert(cfg);
    cfg.service(
        web::resource("/f/{form}")
            .route(web::route().guard(fn_guard(is_post)).to(submit::submit))
            .route(web::method(Method::OPTIONS).to(submit::preflight))
            .default_service(web::to(submit::wrong_method)),
    )
    .service(
        web::resource("/f/{form}/thanks")
            .route(web::get().to(submit::thanks))
            .route(web::head().to(submit::thanks)),
    )
    .route("/healthz", web::get().to(health::healthz))
    .route("/healthz", web::head().to(health::healthz))
    .route("/readyz", web::get().to(health::readyz))
    .route("/readyz", web::head().to(health::readyz))
    .configure(script_routes)
    .route("/static/{name}", web::get().to(assets::serve))
    .route("/", web::get().to(to_the_admin))
    .default_service(web::to(nothing_here));
}

/// As [`web::post`] asks, but without noting the method for an answer that lists all of them: ours does so itself.
fn is_post(request: &GuardContext<'_>) -> bool {
    request.head().method == Method::POST
}

fn script_routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/leadgate.js", web::get().to(script::serve))
        .route("/leadgate.js", web::head().to(script::serve))
        .route("/leadgate.json", web::get().to(script::describe))
        .route("/docs/script", web::get().to(recipes::show))
        .route(
            "/leadgate.{version:[0-9a-f]{16}}.js",
            web::get().to(script::serve_version),
        );
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    Ok(visit::reply_to(&request)?.refuse(&Problem::NotFound))
}

/// Relative, so that it is right behind a proxy that serves us under a path.
async fn to_the_admin() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, "admin/"))
        .finish()
}

#[cfg(test)]
mod tests;
