//! The admin: pages for people and a JSON API for programs, both over the same queries.
//!
//! Pages are rendered here and work without scripts; `static/admin.js` only adds comfort. Every handler but the log-in takes an
//! [`Operator`], which nobody gets without the token or a session. The app that mounts [`routes`] provides as `web::Data`:
//! [`Store`](crate::store::Store), [`LiveDestinations`](crate::destination::LiveDestinations), [`Alerts`](crate::alerts::Alerts),
//! [`Clock`](crate::clock::Clock), [`Outlook`](crate::dispatch::Outlook),
//! [`RefusedOrigins`](crate::http::refused_origins::RefusedOrigins), `ArcSwap<Forms>` (what [`LiveForms`](crate::intake::LiveForms) points to),
//! [`Server`](crate::http::settings::Server), [`Gauged`](crate::http::metrics::Gauged) and [`Access`].

mod answers;
mod api;
mod assets;
mod auth;
mod body;
mod causes;
mod cookies;
mod csv;
mod failures;
mod filters;
mod languages;
mod pages;
mod previews;
mod reason;
mod words;

#[cfg(test)]
mod tests;

use actix_web::middleware::from_fn;
use actix_web::{Route, guard, web};

pub use auth::{Access, Operator};

use crate::http::metrics;

use reason::Reason;

/// A row of the URL table: the one method an address has, and what answers. A function makes the route, as each worker needs its own.
struct Row {
    method: &'static str,
    path: &'static str,
    route: fn() -> Route,
}

impl Row {
    const fn get(path: &'static str, route: fn() -> Route) -> Self {
        Self {
            method: "GET",
            path,
            route,
        }
    }

    const fn post(path: &'static str, route: fn() -> Route) -> Self {
        Self {
            method: "POST",
            path,
            route,
        }
    }
}

/// Below `/admin/api`; fixed by the contract. A literal segment stands before a variable one, as the first match answers.
const API: &[Row] = &[
    Row::get("/leads", || read().to(api::leads::list)),
    Row::get("/leads.csv", || read().to(api::leads::export)),
    Row::post("/leads/resend", || {
        web::post().to(api::orders::resend_matching)
    }),
    Row::get("/leads/{id}", || read().to(api::leads::one)),
    Row::get("/leads/{id}/preview", || read().to(api::preview::show)),
    Row::post("/leads/{id}/{action}", || web::post().to(api::orders::one)),
    Row::post("/persons/erase", || web::post().to(api::erasures::erase)),
    Row::get("/erasures", || read().to(api::erasures::list)),
    Row::get("/destinations", || read().to(api::destinations::list)),
    Row::get("/forms", || read().to(api::forms::list)),
    Row::get("/failures", || read().to(api::failures::list)),
];

/// Below `/admin`. Protected but for the three that a visitor needs on the way in.
const PAGES: &[Row] = &[
    Row::get("/", || read().to(pages::list::show)),
    Row::get("/failures", || read().to(pages::failures::show)),
    Row::get("/forms", || read().to(pages::forms::show)),
    Row::get("/destinations", || read().to(pages::destinations::show)),
    Row::get("/leads/{id}", || read().to(pages::lead::show)),
    Row::get("/leads/{id}/erase/confirm", || {
        read().to(pages::actions::confirm_erase)
    }),
    Row::get("/leads/{id}/preview", || read().to(pages::preview::show)),
    Row::post("/leads/{id}/{action}", || {
        web::post().to(pages::actions::perform)
    }),
    Row::get("/resend/confirm", || read().to(pages::resend::confirm)),
    Row::post("/resend", || web::post().to(pages::resend::perform)),
    Row::get("/erasures", || read().to(pages::erasures::show)),
    Row::post("/erasures/confirm", || {
        web::post().to(pages::erasures::confirm)
    }),
    Row::post("/erasures/erase", || {
        web::post().to(pages::erasures::perform)
    }),
    Row::get("/alerts", || read().to(pages::alerts::show)),
    Row::post("/alerts/test", || web::post().to(pages::alerts::test)),
    Row::post("/logout", || web::post().to(pages::login::log_out)),
    Row::get("/language/{language}", || {
        read().to(pages::login::choose_language)
    }),
    Row::get("/static/{file}", || read().to(assets::serve)),
];

/// Puts `/admin` and everything below it into an app.
pub fn routes(config: &mut web::ServiceConfig) {
    let api = API.iter().fold(web::scope("/api"), |scope, row| {
        scope.service(resource(row))
    });
    let pages = web::scope("/admin")
        .wrap(from_fn(answers::with_headers))
        .service(
            api.default_service(web::to(nothing_here))
                .wrap(from_fn(answers::refuse_as_json)),
        );
    let people = PAGES
        .iter()
        .fold(web::scope(""), |scope, row| scope.service(resource(row)))
        .service(
            web::resource("/login")
                .route(read().to(pages::login::show))
                .route(web::post().to(pages::login::log_in)),
        )
        .default_service(web::to(nothing_here))
        .wrap(from_fn(answers::refuse_as_page));
    // Not below /admin, and yet for those whom the admin lets in.
    let metrics = web::resource("/metrics")
        .route(read().to(metrics::behind_the_token))
        .wrap(from_fn(answers::refuse_as_json));
    config
        .service(metrics)
        .service(web::resource("/admin").route(web::to(pages::list::with_slash)))
        .service(pages.service(people));
}

fn resource(row: &Row) -> actix_web::Resource {
    let method = row.method;
    web::resource(row.path)
        .route((row.route)())
        .default_service(web::to(move |_: Operator| async move {
            Err::<&'static str, Reason>(Reason::Method(method))
        }))
}

/// GET, and HEAD as HTTP wants it wherever GET is; the body of the answer to a HEAD is left out on the wire.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// An unknown address tells nothing to those who are not logged in.
async fn nothing_here(_operator: Operator) -> Result<&'static str, Reason> {
    Err(Reason::NotFound)
}
