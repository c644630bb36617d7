//! The admin over its real routes and a real store in a temporary directory.

mod access;
mod api;
mod destinations;
mod export;
mod failures;
mod pages;
mod preview;
mod script;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use arc_swap::ArcSwap;
use argon2::password_hash::PasswordHasher;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::alerts::Alerts;
use crate::clock::Clock;
use crate::delivery::{
    Attempt, AttemptOutcome, Cause, Delivered, DeliveryId, Failure, FailureKind, Outcome, Receipt,
    RetrySchedule, State, Step,
};
use crate::destination::paces::Paces;
use crate::destination::{LiveDestinations, registry, retailcrm};
use crate::dispatch::Outlook;
use crate::http::admin::{Access, routes};
use crate::http::refused_origins::RefusedOrigins;
use crate::http::script::Scripts;
use crate::http::settings::{Admin, Server, User};
use crate::lead::{
    Bilingual, Client, Create, CustomerMatching, DeliverRule, DestinationId, FieldKind, FieldSpec,
    Form, FormId, Forms, HeldReason, Language, LeadId, OriginRule, Submission,
};
use crate::secret::Secret;
use crate::store::{Begun, NewLead, Settings, Settlement, Store};

pub(super) const TOKEN: &str = "s3cret-token";
pub(super) const PASSWORD: &str = "correct horse";
pub(super) const API_KEY: &str = "key-of-the-crm";
pub(super) const PUBLIC: &str = "https://leads.example.ru";

/// Runs a test on the runtime that actix needs.
pub(super) fn run(test: impl Future<Output = ()>) {
    actix_web::rt::System::new().block_on(test);
}

/// Everything the routes work with.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) outlook: Outlook,
    pub(super) destinations: LiveDestinations,
    pub(super) refused: Arc<RefusedOrigins>,
    pub(super) forms: Arc<ArcSwap<Forms>>,
    pub(super) access: Arc<Access>,
    pub(super) alerts: Alerts,
    _directory: tempfile::TempDir,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON: {}", self.body))
    }
}

impl World {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let settings = Settings {
            path: directory.path().join("data"),
            min_free: 0,
        };
        let clock = Clock::system();
        let admin = Admin {
            token: Some(Secret::new(TOKEN)),
            users: vec![User {
                name: "anna".to_owned(),
                password_hash: Secret::new(cheap_hash(PASSWORD)),
            }],
        };
        let (store, outlook) = (Store::open(&settings).expect("a store"), Outlook::default());
        let told = directory.path().join("alerts.json");
        Self {
            access: Arc::new(Access::new(admin, clock.clone())),
            alerts: Alerts::start(store.clone(), outlook.clone(), clock.clone(), told),
            store,
            outlook,
            destinations: destinations(&clock),
            refused: Arc::default(),
            forms: Arc::new(ArcSwap::from_pointee(Forms::new([form()]))),
            clock,
            _directory: directory,
        }
    }

    /// Sends a request as it is.
    pub(super) async fn send(&self, request: TestRequest) -> Answer {
        let app = App::new()
            .app_data(web::Data::new(self.store.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(self.outlook.clone()))
            .app_data(web::Data::new(self.alerts.clone()))
            .app_data(web::Data::new(self.destinations.clone()))
            .app_data(web::Data::from(self.refused.clone()))
            .app_data(web::Data::from(self.forms.clone()))
            .app_data(web::Data::new(Scripts::new(
                &self.forms.load(),
                &server().public_url,
            )))
            .app_data(web::Data::new(server()))
            .app_data(web::Data::from(self.access.clone()))
            .configure(routes);
        let app = test::init_service(app).await;
        let response: ServiceResponse = test::call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = test::read_body(response).await;
        Answer {
            status,
            headers,
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    /// With the bearer token.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path).insert_header(bearer()))
            .await
    }

    /// With the bearer token.
    pub(super) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(
            TestRequest::post()
                .uri(path)
                .insert_header(bearer())
                .set_payload(body.to_owned()),
        )
        .await
    }

    /// Keeps a lead that this was typed for.
    pub(super) async fn lead(&self, pairs: &[(&str, &str)], held: Option<HeldReason>) -> LeadId {
        self.lead_for(pairs, held, vec![shop()]).await
    }

    /// The same, owed to these.
    pub(super) async fn lead_for(
        &self,
        pairs: &[(&str, &str)],
        held: Option<HeldReason>,
        destinations: Vec<DestinationId>,
    ) -> LeadId {
        let at = self.clock.now();
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let lead = Submission::from_pairs(pairs)
            .into_lead(&form(), LeadId::mint(at), at, Client::default())
            .expect("a lead");
        let new = NewLead {
            lead,
            held,
            targets: destinations
                .into_iter()
                .map(|destination| (destination, Create::Order))
                .collect(),
            key: None,
        };
        let (mut changes, before) = (self.store.changes(), self.open_leads());
        let id = self.store.accept(new).await.expect("kept").lead();
        // On the disk at once; its numbers and its delivery follow when the index has it.
        while self.open_leads() == before {
            changes.changed().await.expect("a running store");
        }
        // Ids of the same millisecond have no order.
        self.clock.advance(Duration::from_millis(5));
        id
    }

    fn open_leads(&self) -> usize {
        State::ALL
            .into_iter()
            .map(|state| self.store.count(state))
            .sum()
    }

    /// Makes one attempt that ends so.
    pub(super) async fn attempt(&self, lead: LeadId, outcome: Outcome) {
        self.end(DeliveryId { lead, ordinal: 0 }, outcome).await;
    }

    /// Makes one attempt of this delivery that ends so.
    pub(super) async fn end(&self, id: DeliveryId, outcome: Outcome) {
        let begun = self.store.begin(id, self.clock.now()).await.expect("begun");
        let Begun::Started { delivery, .. } = begun else {
            panic!("not owed");
        };
        let failure = outcome.as_ref().err();
        let settlement = Settlement {
            id,
            attempt: Attempt {
                number: delivery.attempts,
                started_at: self.clock.now(),
                duration_ms: Some(120),
                outcome: Some(match failure.map(|failure| &failure.kind) {
                    None => AttemptOutcome::Delivered,
                    Some(FailureKind::Rejected) => AttemptOutcome::Rejected,
                    Some(_) => AttemptOutcome::Retry,
                }),
                http_status: Some(if failure.is_some() { 400 } else { 201 }),
                error: failure.map(|failure| failure.cause.clone()),
                steps: vec![Step {
                    operation: "orders/create".to_owned(),
                    http_status: Some(201),
                    duration_ms: 80,
                    note: Bilingual::new("создано", "created"),
                    request: Some(
                        "POST /api/v5/orders/create\nsite=shop-ru\norder={\"phone\":\"***(12)\"}"
                            .to_owned(),
                    ),
                    answer: Some("{\"success\":true,\"id\":1042}".to_owned()),
                }],
            },
            outcome,
            schedule: RetrySchedule::default(),
            paused: false,
            jitter: 0.0,
            now: self.clock.now(),
        };
        self.store.settle(settlement).await.expect("settled");
    }
}

pub(super) fn bearer() -> (HeaderName, HeaderValue) {
    (
        HeaderName::from_static("authorization"),
        HeaderValue::from_str(&format!("Bearer {TOKEN}")).expect("a header"),
    )
}

pub(super) fn delivered() -> Outcome {
    Ok(Delivered {
        receipt: Receipt {
            order_id: Some(1_042),
            order_number: Some("1042C".to_owned()),
            customer_id: Some(77),
            url: Some("https://demo.retailcrm.ru/orders/1042/edit".to_owned()),
        },
        warning: None,
    })
}

pub(super) fn rejected() -> Outcome {
    Err(Failure::new(
        FailureKind::Rejected,
        Cause::Refused {
            message: "Errors in the input parameters".to_owned(),
            errors: vec![("site".to_owned(), "unknown".to_owned())],
        },
    ))
}

pub(super) fn shop() -> DestinationId {
    DestinationId::parse("shop").expect("an id")
}

pub(super) fn ago(hours: i64) -> Timestamp {
    Clock::system().now() - SignedDuration::from_hours(hours)
}

fn cheap_hash(password: &str) -> String {
    let params = argon2::Params::new(8, 1, 1, None).expect("parameters");
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password(password.as_bytes())
        .expect("a hash")
        .to_string()
}

/// The shop, which nobody calls here.
fn destinations(clock: &Clock) -> LiveDestinations {
    let own = retailcrm::Settings {
        url: Url::parse("https://demo.retailcrm.ru").expect("a URL"),
        api_key: Secret::new(API_KEY),
        site: Some("shop-ru".to_owned()),
        requests_per_second: 9,
        timeout: Duration::from_secs(30),
        conflict: retailcrm::ContactConflict::default(),
    };
    let settings = registry::Settings {
        id: shop(),
        retry: RetrySchedule::default(),
        in_flight: 1,
        status_poll: None,
        shows_alerts: false,
        kind: registry::KindSettings::RetailCrm(own),
    };
    let (forms, paces) = (Forms::new([form()]), Paces::default());
    let live = LiveDestinations::default();
    live.replace(vec![registry::build(&settings, 0, &forms, (clock, &paces))]);
    live
}

fn server() -> Server {
    Server {
        listen: "127.0.0.1:8080".parse().expect("an address"),
        public_url: Url::parse(PUBLIC).expect("a URL"),
        trusted_proxies: Vec::new(),
        max_body: 262_144,
        time_zone: TimeZone::get("Europe/Moscow").expect("a zone"),
        shutdown_grace: Duration::from_secs(10),
        body_timeout: Duration::from_secs(10),
        max_connections: 100,
        metrics_listen: None,
    }
}

fn form() -> Form {
    let field = |name: &str, kind: FieldKind, label: &str| FieldSpec {
        name: name.to_owned(),
        kind,
        required: false,
        from: Vec::new(),
        label: Some(label.to_owned()),
        max_length: None,
    };
    Form {
        id: FormId::parse("callback").expect("an id"),
        title: "Callback".to_owned(),
        origins: OriginRule::Listed(vec!["https://shop.example".to_owned()]),
        language: Language::En,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: vec![
            field("name", FieldKind::Name, "Your name"),
            field("phone", FieldKind::Phone, "Phone"),
            field("guests", FieldKind::Integer, "Guests"),
        ],
        deliver: vec![DeliverRule {
            destination: shop(),
            create: Create::Order,
            customer: CustomerMatching::Match,
            order: "orderMethod = \"callback\"\ncustomFields.guests = \"{{ guests }}\"\ncustomFields.city = \"{{ city }}\"\nmanagerId = \"{{ colour }}\""
                .parse()
                .expect("a mapping"),
            customer_fields: toml::Table::new(),
        }],
    }
}
