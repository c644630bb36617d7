//! The public table end to end below the socket: real intake, real store, requests and answers as actix sees them.

mod answers;
mod bad_inputs;
mod origins;
mod served;

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::body::to_bytes;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use serde_json::Value;
use url::Url;

use super::*;
use crate::http::settings::{Limits, Rate};
use crate::lead::{
    Create, CustomerMatching, DeliverRule, DestinationId, FieldKind, FieldSpec, Form, FormId,
    Forms, Language, OriginRule,
};
use crate::store::{Filter, Page, StoredLead};

/// A form that asks a name and a phone, and delivers somewhere.
pub(super) fn form(origins: OriginRule) -> Form {
    let field = |name: &str, kind, required, label: &str, from: &[&str]| FieldSpec {
        name: name.to_owned(),
        kind,
        required,
        from: from.iter().map(|name| (*name).to_owned()).collect(),
        label: Some(label.to_owned()),
        max_length: None,
    };
    Form {
        id: FormId::parse("callback").expect("an id"),
        title: "Обратный звонок".to_owned(),
        origins,
        language: Language::Ru,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: vec![
            field("name", FieldKind::Name, false, "Имя", &[]),
            field("phone", FieldKind::Phone, true, "Телефон", &["tel"]),
            field(
                "size",
                FieldKind::Choice(vec!["S".to_owned(), "M".to_owned()]),
                false,
                "Размер",
                &[],
            ),
        ],
        deliver: vec![DeliverRule {
            destination: DestinationId::parse("shop").expect("an id"),
            create: Create::Order,
            customer: CustomerMatching::Match,
            order: toml::Table::new(),
            customer_fields: toml::Table::new(),
        }],
    }
}

/// The public edge over a store in a temporary folder.
pub(super) struct Gate {
    parts: PublicParts,
    _folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers
            .get(HeaderName::from_static(name))
            .map(|value| value.to_str().expect("text"))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(super) fn code(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), code)
    }
}

fn rate(count: u32) -> Rate {
    Rate {
        count: NonZeroU32::new(count).expect("not 0"),
        per: Duration::from_secs(60),
    }
}

pub(super) fn server() -> settings::Server {
    settings::Server {
        listen: "127.0.0.1:0".parse().expect("an address"),
        public_url: Url::parse("https://leads.example.ru").expect("a URL"),
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        max_body: 256 << 10,
        time_zone: TimeZone::UTC,
        shutdown_grace: Duration::from_secs(1),
        body_timeout: Duration::from_secs(10),
        max_connections: 100,
        metrics_listen: None,
    }
}

impl Gate {
    /// A gate that takes 20 submissions a minute of one address, with one form for `https://shop.example` and one for every page.
    pub(super) fn open() -> Self {
        Self::with_room(0)
    }

    /// The same, with a store that wants so many bytes of the disk free.
    pub(super) fn with_room(min_free: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&crate::store::Settings {
            path: folder.path().to_owned(),
            min_free,
        })
        .expect("a store");
        let clock = Clock::system();
        let listed = form(OriginRule::Listed(vec!["https://shop.example".to_owned()]));
        let mut any = form(OriginRule::Any);
        any.id = FormId::parse("any").expect("an id");
        any.language = Language::En;
        let limits = Limits {
            per_address: rate(20),
            per_form: rate(1_000),
            whole: rate(10_000),
        };
        Self {
            parts: PublicParts {
                intake: Intake::new(store.clone(), clock.clone()),
                store,
                forms: Arc::new(ArcSwap::from_pointee(Forms::new([listed, any]))),
                limiter: Arc::new(Limiter::new(limits, clock.clone())),
                refused_origins: Arc::new(RefusedOrigins::default()),
                scripts: Arc::new(Scripts::new(&Forms::default(), &server().public_url)),
                server: Arc::new(server()),
                clock,
            },
            _folder: folder,
        }
    }

    pub(super) fn parts(&self) -> &PublicParts {
        &self.parts
    }

    pub(super) async fn ask(&self, request: TestRequest) -> Answer {
        let app = init_service(
            App::new()
                .wrap(from_fn(every_request::on_every_request))
                .configure(|cfg: &mut web::ServiceConfig| routes(cfg, &self.parts)),
        )
        .await;
        let answered = call_service(&app, request.to_request()).await;
        let (status, headers) = (answered.status(), answered.headers().clone());
        let body = to_bytes(answered.into_body())
            .await
            .unwrap_or_else(|_| panic!("the body breaks off"));
        Answer {
            status,
            headers,
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    /// Posts a urlencoded body as an old browser or curl does.
    pub(super) async fn post(&self, body: &str) -> Answer {
        self.ask(urlencoded(body)).await
    }

    /// The leads that were stored, the newest first, once there are so many: the index is written after the answer.
    pub(super) async fn leads(&self, expected: usize) -> Vec<StoredLead> {
        let store = &self.parts.store;
        let mut changes = store.changes();
        let page = Page {
            limit: 100,
            before: None,
        };
        loop {
            let list = store.leads(Filter::default(), page).await.expect("a list");
            if list.leads.len() >= expected {
                return list.leads;
            }
            changes.changed().await.expect("the store is open");
        }
    }

    /// Sends one more lead and finds nothing before it: leads become visible in the order of their answers.
    pub(super) async fn expect_no_lead_so_far(&self) {
        let answer = self.ask(json(r#"{"phone":"89000000000"}"#)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(self.leads(1).await.len(), 1);
    }
}

/// A post of a plain form to the form `callback`.
pub(super) fn urlencoded(body: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::POST)
        .uri("/f/callback")
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(body.to_owned())
}

/// A post of a script to the form `callback`.
pub(super) fn json(body: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::POST)
        .uri("/f/callback")
        .insert_header(("content-type", "application/json"))
        .set_payload(body.to_owned())
}
