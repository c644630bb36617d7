//! A simulated account with one destination that delivers to it, and leads to deliver.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use leadgate::clock::Clock;
use leadgate::delivery::{Delivered, Delivery, DeliveryId, Failure, Lane, RetrySchedule};
use leadgate::destination::paces::Paces;
use leadgate::destination::registry::{self, KindSettings, Settings};
use leadgate::destination::retailcrm::ContactConflict;
use leadgate::destination::{Claim, Destination, Report, retailcrm};
use leadgate::lead::{
    Client, Create, CustomerMatching, DeliverRule, DestinationId, Form, FormId, Forms, Language,
    Lead, LeadId, OriginRule, Submission,
};
use leadgate::secret::Secret;
use leadgate::simulator::{Account, Calls, DEMO_API_KEY, Fault, FaultKind, Options, SimulatedCrm};
use serde_json::{Value, json};

/// A simulated account and one destination that delivers to it.
pub(crate) struct World {
    pub(crate) crm: SimulatedCrm,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) create: Create,
}

/// How a world differs from the usual one.
pub(crate) struct Setup {
    pub(crate) account: Account,
    pub(crate) order: &'static str,
    pub(crate) customer_fields: &'static str,
    pub(crate) customer: CustomerMatching,
    pub(crate) create: Create,
    pub(crate) key: &'static str,
    pub(crate) timeout: Duration,
    pub(crate) requests_per_second: u32,
    pub(crate) conflict: ContactConflict,
    pub(crate) shows_alerts: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            account: Account::default(),
            order: "",
            customer_fields: "",
            customer: CustomerMatching::Match,
            create: Create::Order,
            key: DEMO_API_KEY,
            timeout: Duration::from_secs(10),
            requests_per_second: 1000,
            conflict: ContactConflict::Phone,
            shows_alerts: false,
        }
    }
}

impl World {
    pub(crate) async fn usual() -> Self {
        Self::new(Setup::default()).await
    }

    pub(crate) async fn new(setup: Setup) -> Self {
        let options = Options {
            account: setup.account.clone(),
            requests_per_second: 0,
            ..Options::default()
        };
        let crm = SimulatedCrm::start(options).await.expect("started");
        let destination = destination(&crm, &setup);
        Self {
            crm,
            destination,
            create: setup.create,
        }
    }

    pub(crate) async fn deliver(&self, lead: &Lead, in_doubt: bool) -> Report {
        let claims = [self.claim(lead, in_doubt)];
        let mut reports = self.destination.deliver(Lane::Fresh, &claims).await;
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }

    /// Hands these over together, as a backlog.
    pub(crate) async fn deliver_all(&self, leads: &[Lead], in_doubt: bool) -> Vec<Report> {
        let claims = leads.iter().map(|lead| self.claim(lead, in_doubt));
        let claims: Vec<Claim> = claims.collect();
        let reports = self.destination.deliver(Lane::Backlog, &claims).await;
        assert_eq!(reports.len(), leads.len());
        reports
    }

    pub(crate) fn claim(&self, lead: &Lead, in_doubt: bool) -> Claim {
        let id = DeliveryId {
            lead: lead.id,
            ordinal: 0,
        };
        let target = (self.destination.id().clone(), self.create);
        let mut delivery = Delivery::new(id, target, lead.received_at, false)
            .start()
            .expect("queued");
        delivery.in_doubt = in_doubt;
        Claim {
            lead: Arc::new(lead.clone()),
            delivery,
        }
    }

    pub(crate) async fn delivered(&self, lead: &Lead) -> Delivered {
        self.deliver(lead, false).await.outcome.expect("delivered")
    }

    pub(crate) async fn failed(&self, lead: &Lead) -> Failure {
        self.deliver(lead, false).await.outcome.expect_err("failed")
    }

    /// The API methods that were called since the last look.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.crm
            .received()
            .into_iter()
            .map(|request| request.operation)
            .filter(|name| name != "settings/get")
            .collect()
    }
}

pub(crate) fn destination(crm: &SimulatedCrm, setup: &Setup) -> Arc<dyn Destination> {
    let id = DestinationId::parse("shop").expect("id");
    let settings = Settings {
        id: id.clone(),
        retry: RetrySchedule::new(vec![Duration::from_secs(10)], Duration::from_secs(60))
            .expect("schedule"),
        in_flight: 8,
        status_poll: None,
        shows_alerts: setup.shows_alerts,
        kind: KindSettings::RetailCrm(retailcrm::Settings {
            url: crm.url().parse().expect("url"),
            api_key: Secret::new(setup.key),
            site: Some("shop-ru".to_owned()),
            requests_per_second: setup.requests_per_second,
            timeout: setup.timeout,
            conflict: setup.conflict,
        }),
    };
    let rule = DeliverRule {
        destination: id,
        create: setup.create,
        customer: setup.customer,
        order: setup.order.parse().expect("TOML"),
        customer_fields: setup.customer_fields.parse().expect("TOML"),
    };
    assert_eq!(registry::check_rule(&settings.kind, &rule), []);
    let forms = Forms::new([form(vec![rule])]);
    let clock = Clock::system();
    let destination = registry::build(&settings, 0, &forms, (&clock, &Paces::default()));
    // The second before the start counts as spent; nobody has to wait for it here.
    clock.advance(Duration::from_secs(2));
    destination
}

pub(crate) fn form(deliver: Vec<DeliverRule>) -> Form {
    Form {
        id: FormId::parse("callback").expect("id"),
        title: "Обратный звонок".to_owned(),
        origins: OriginRule::Any,
        language: Language::Ru,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: Vec::new(),
        deliver,
    }
}

pub(crate) fn lead(pairs: &[(&str, &str)]) -> Lead {
    let at: Timestamp = "2026-11-21T22:30:15Z".parse().expect("instant");
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let submission = Submission::from_pairs(pairs);
    submission
        .into_lead(&form(Vec::new()), LeadId::mint(at), at, Client::default())
        .expect("valid")
}

pub(crate) fn anna() -> Lead {
    lead(&[
        ("name", "Анна"),
        ("phone", "8 (912) 345-67-89"),
        ("email", "anna@example.ru"),
        ("city", "Казань"),
    ])
}

pub(crate) fn fault(kind: FaultKind, operation: &str, calls: Calls) -> Fault {
    Fault::new(kind).on(operation).calls(calls)
}

/// Makes a customer in the CRM behind the gate's back.
pub(crate) async fn seed(world: &World, customer: Value) -> u64 {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("site", "shop-ru")
        .append_pair("customer", &customer.to_string())
        .finish();
    post(world, "/api/v5/customers/create", &form).await["id"]
        .as_u64()
        .expect("an id")
}

pub(crate) async fn merge(world: &World, from: u64, into: u64) {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("customers", &json!([{"id": from}]).to_string())
        .append_pair("resultCustomer", &json!({"id": into}).to_string())
        .finish();
    post(world, "/api/v5/customers/combine", &form).await;
}

pub(crate) async fn post(world: &World, path: &str, form: &str) -> Value {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("client");
    let request = client
        .post(format!("{}{path}", world.crm.url()))
        .header("X-API-KEY", DEMO_API_KEY)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    let answer = request
        .send()
        .await
        .expect("answered")
        .text()
        .await
        .expect("read");
    serde_json::from_str(&answer).expect("JSON")
}
