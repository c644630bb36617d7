//! The demo's landing page with the real edge, intake and store below the socket, and its forms as the config reader takes them.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot get what it needs has failed"
)]

mod forms;
mod page;
mod switch;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use arc_swap::ArcSwap;
use leadgate::clock::Clock;
use leadgate::config::Config;
use leadgate::http::PublicParts;
use leadgate::http::demo::{DemoCrm, DemoLogin, DemoParts, FORMS};
use leadgate::http::rate_limit::Limiter;
use leadgate::http::refused_origins::RefusedOrigins;
use leadgate::http::script::Scripts;
use leadgate::intake::Intake;
use leadgate::lead::DestinationId;
use leadgate::store::{Filter, Page, Store, StoredLead};
use tempfile::TempDir;

/// What the command `demo` puts before the forms, as little as it can be.
const HEAD: &str = r#"
[server]
public_url = "http://127.0.0.1:8080"
[[destinations]]
id = "retailcrm"
kind = "retailcrm"
url = "http://127.0.0.1:8081"
api_key = "a-key-of-the-simulator"
[admin]
token = "a-token-that-nobody-uses-in-these-tests"
"#;

/// A CRM that only remembers its switch.
struct Lamp(AtomicBool);

impl DemoCrm for Lamp {
    fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn switch(&self, on: bool) {
        self.0.store(on, Ordering::SeqCst);
    }

    fn orders(&self) -> usize {
        41
    }

    fn url(&self) -> String {
        "http://127.0.0.1:8081".to_owned()
    }
}

/// The config of the demo.
fn config(folder: &Path) -> Config {
    let text = format!("{HEAD}{FORMS}");
    Config::parse(&text, &folder.join("config.toml")).expect("a config without problems")
}

/// A demo over a store in a temporary folder.
struct Demo {
    public: PublicParts,
    parts: DemoParts,
    _folder: TempDir,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    location: String,
    policy: String,
    body: String,
}

impl Demo {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(folder.path());
        let store = Store::open(&config.store).expect("a store");
        let clock = Clock::system();
        let forms = config.forms;
        Self {
            public: PublicParts {
                intake: Intake::new(store.clone(), clock.clone()),
                store: store.clone(),
                forms: Arc::new(ArcSwap::from_pointee(forms.clone())),
                limiter: Arc::new(Limiter::new(config.limits, clock.clone())),
                refused_origins: Arc::new(RefusedOrigins::default()),
                scripts: Arc::new(Scripts::new(&forms, &config.server.public_url)),
                server: Arc::new(config.server.clone()),
                clock,
            },
            parts: DemoParts {
                crm: Arc::new(Lamp(AtomicBool::new(true))),
                login: DemoLogin {
                    name: "demo<b>".to_owned(),
                    password: "one-two&three".to_owned(),
                },
                store,
                destination: DestinationId::parse("retailcrm").expect("an id"),
                public_url: config.server.public_url,
            },
            _folder: folder,
        }
    }

    async fn ask(&self, request: TestRequest) -> Answer {
        let tables = |cfg: &mut web::ServiceConfig| {
            leadgate::http::routes(cfg, &self.public);
            leadgate::http::demo::routes(cfg, &self.parts);
        };
        let app = init_service(App::new().configure(tables)).await;
        let answer = call_service(&app, request.to_request()).await;
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map_or_else(String::new, |value| {
                value.to_str().expect("text").to_owned()
            })
        };
        let (status, location, policy) = (
            answer.status(),
            header("location"),
            header("content-security-policy"),
        );
        let body = to_bytes(answer.into_body()).await.expect("a body");
        Answer {
            status,
            location,
            policy,
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    async fn get(&self, address: &str) -> Answer {
        self.ask(TestRequest::with_uri(address)).await
    }

    /// The leads, newest first, once there are so many: a sender is answered before readers see the lead.
    async fn leads(&self, least: usize) -> Vec<StoredLead> {
        let mut changes = self.parts.store.changes();
        loop {
            changes.borrow_and_update();
            let page = Page {
                limit: 10,
                before: None,
            };
            let found = self.parts.store.leads(Filter::default(), page).await;
            let leads = found.expect("leads").leads;
            if leads.len() >= least {
                return leads;
            }
            changes.changed().await.expect("an open store");
        }
    }
}

/// A plain form of the demo's own page.
fn form(address: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri(address)
        .insert_header(("host", "127.0.0.1:8080"))
        .insert_header(("origin", "http://127.0.0.1:8080"))
        .insert_header(("referer", "http://127.0.0.1:8080/demo"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .insert_header(("sec-fetch-mode", "navigate"))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(body.to_owned())
}
