//! The landing page of `leadgate demo`: what a newcomer sees first. A small shop that lends furniture, light and textiles for parties,
//! with a plain form, a form that a script sends, and a panel that switches the simulated CRM off and on, so that leads can be watched
//! waiting and then arriving.
//!
//! It is mounted by the command `demo` only. It knows no simulator: the command says through [`DemoCrm`] what the page needs. Its forms
//! go through the public `POST /f/{form}` like those of any other site.

mod illustration;
mod inputs;
mod order_forms;
mod page;
mod panel;
mod same_site;
mod shop;
mod view;

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, LOCATION, REFERRER_POLICY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::Markup;
use serde::Deserialize;
use url::Url;

use crate::http::assets::{self, Assets, File};
use crate::http::demo::view::View;
use crate::http::problem::Problem;
use crate::http::visit::reply_to;
use crate::lead::{DestinationId, FieldError, FieldErrorCode, FieldErrors};
use crate::store::Store;

/// The forms `callback` and `banquet` as `[[forms]]` blocks, to be put behind a config that has a destination with the id `retailcrm`.
/// Order methods and custom fields are those of the simulator's demo account.
pub const FORMS: &str = include_str!("forms.toml");

/// The page's own files; apart from the public ones, so that a gate in service does not serve them.
const FILES: &[File] = &[
    stylesheet("demo.css", include_str!("../../../static/demo.css")),
    stylesheet(
        "demo-shop.css",
        include_str!("../../../static/demo-shop.css"),
    ),
    stylesheet(
        "demo-form.css",
        include_str!("../../../static/demo-form.css"),
    ),
    stylesheet(
        "demo-panel.css",
        include_str!("../../../static/demo-panel.css"),
    ),
    File {
        name: "demo.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../../../static/demo.js"),
    },
];

const fn stylesheet(name: &'static str, content: &'static str) -> File {
    File {
        name,
        media_type: "text/css; charset=utf-8",
        content,
    }
}

/// What the page needs of the simulated CRM; implemented by the command. Called within a request: no method may block.
pub trait DemoCrm: Send + Sync {
    /// Whether it answers.
    fn is_on(&self) -> bool;
    /// Makes it answer, or fail as a CRM that is down. What it holds stays.
    fn switch(&self, on: bool);
    /// How many orders it holds.
    fn orders(&self) -> usize;
    /// Its own page for people, as a browser on this machine reaches it.
    fn url(&self) -> String;
}

/// The admin's login of this demo. It is made for one run and shown on the page.
#[derive(Clone)]
pub struct DemoLogin {
    /// The login name.
    pub name: String,
    /// The password, plain.
    pub password: String,
}

/// What the demo page works with. Clones share it.
#[derive(Clone)]
pub struct DemoParts {
    /// The simulated CRM.
    pub crm: Arc<dyn DemoCrm>,
    /// How to get into the admin.
    pub login: DemoLogin,
    /// Asked how many deliveries wait.
    pub store: Store,
    /// The destination that is the simulated CRM.
    pub destination: DestinationId,
    /// The address people reach us under; for the examples to be typed.
    pub public_url: Url,
}

/// Puts `/demo` and everything below it into an app that also has the [public table](crate::http::routes).
pub fn routes(cfg: &mut web::ServiceConfig, parts: &DemoParts) {
    let demo = web::scope("/demo")
        .app_data(web::Data::new(parts.clone()))
        .app_data(web::Data::new(Assets::of(FILES)))
        .route("", web::get().to(show))
        .route("/", web::get().to(show))
        .route("/thanks", web::get().to(thanks))
        .route("/static/{name}", web::get().to(assets::serve))
        .service(
            web::resource("/crm")
                .route(web::post().to(switch))
                .default_service(web::to(post_only)),
        );
    cfg.service(demo);
}

/// `GET /demo`.
async fn show(parts: web::Data<DemoParts>, request: HttpRequest) -> HttpResponse {
    let view = View::of(&parts, &request);
    send(&parts, page::landing(&view, &parts))
}

/// `GET /demo/thanks`: where the plain form's `_next` leads.
async fn thanks(parts: web::Data<DemoParts>, request: HttpRequest) -> HttpResponse {
    let view = View::of(&parts, &request);
    send(&parts, page::thanks(&view, &parts))
}

/// What the switch posts.
#[derive(Debug, Deserialize)]
struct Switch {
    state: Power,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Power {
    On,
    Off,
}

/// `POST /demo/crm`, from pages of ours only: another site's page could else switch the CRM behind the visitor's back.
async fn switch(
    parts: web::Data<DemoParts>,
    request: HttpRequest,
    posted: Result<web::Form<Switch>, actix_web::Error>,
) -> Result<HttpResponse, actix_web::Error> {
    if !same_site::is_ours(request.headers()) {
        return Ok(reply_to(&request)?.refuse(&Problem::Origin));
    }
    // Whatever is wrong with the body, it does not say on or off.
    let Ok(posted) = posted else {
        return Ok(reply_to(&request)?.refuse(&not_a_state()));
    };
    parts.crm.switch(posted.state == Power::On);
    let back = View::of(&parts, &request).page("#crm");
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, back))
        .finish())
}

fn not_a_state() -> Problem {
    Problem::Invalid(FieldErrors(vec![FieldError {
        field: "state".to_owned(),
        label: None,
        code: FieldErrorCode::NotAnOption,
    }]))
}

async fn post_only(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    Ok(reply_to(&request)?.refuse(&Problem::Method { allow: "POST" }))
}

/// Sends a page: nothing but our own files, never kept (each view has a fresh `_id`), in nobody's frame (a click here may switch the
/// CRM). Forms may also go to `public_url`: a browser that reached us by another name is redirected there after a lead.
fn send(parts: &DemoParts, page: Markup) -> HttpResponse {
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self' {}; base-uri 'none'; \
         frame-ancestors 'none'",
        parts.public_url.origin().ascii_serialization()
    );
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(ContentType::html())
        .body(page.into_string())
}
