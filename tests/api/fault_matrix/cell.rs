//! A cell of the table: one world with one trouble at one call, driven to its end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use leadgate::simulator::{Calls, Fault, FaultKind, Options};
use serde_json::{Value, json};

use super::trouble::{RETRY_AFTER, Trouble};
use crate::support::together::{ONE_BY_ONE, TRIES};
use crate::support::{CALLBACK, Setup, TestApp};

/// The wait after a failed attempt where the clock moves on meanwhile: more than [`TestApp::until_asked`] can move it.
const UPLOAD_RETRY: Duration = Duration::from_secs(24 * 3600);

/// A call of a delivery: a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Search,
    Customer,
    Customers,
    Order,
    Orders,
    OrderLookUp,
    CustomerLookUp,
}

impl Call {
    pub(super) const ALL: [Self; 7] = [
        Self::Search,
        Self::Customer,
        Self::Customers,
        Self::Order,
        Self::Orders,
        Self::OrderLookUp,
        Self::CustomerLookUp,
    ];

    pub(super) fn parse(word: &str) -> Self {
        match word {
            "search" => Self::Search,
            "customer" => Self::Customer,
            "customers" => Self::Customers,
            "order" => Self::Order,
            "orders" => Self::Orders,
            "order?" => Self::OrderLookUp,
            "customer?" => Self::CustomerLookUp,
            other => panic!("no call is called {other:?}"),
        }
    }

    /// Its name in the simulator.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Search => "customers/list",
            Self::Customer => "customers/create",
            Self::Customers => "customers/upload",
            Self::Order => "orders/create",
            Self::Orders => "orders/upload",
            Self::OrderLookUp => "orders/list",
            Self::CustomerLookUp => "customers/get",
        }
    }

    /// A look-up follows the attempt in which this call's answer was lost.
    fn lost_before(self) -> Option<&'static str> {
        match self {
            Self::OrderLookUp => Some("orders/create"),
            Self::CustomerLookUp => Some("customers/create"),
            Self::Search | Self::Customer | Self::Customers | Self::Order | Self::Orders => None,
        }
    }

    /// Whether leads have to go together for it.
    fn is_upload(self) -> bool {
        matches!(self, Self::Customers | Self::Orders)
    }

    fn setup(self, trouble: &Trouble) -> Setup {
        // Uploads are waited for with the clock, which must not bring the next attempt.
        let retry = if self.is_upload() {
            UPLOAD_RETRY
        } else {
            Duration::from_secs(10)
        };
        let matching = match self {
            // A search would find what is to be looked up, and cost requests that the upload is to meet.
            Self::Customers | Self::CustomerLookUp => "new",
            _ => "match",
        };
        let pace = match self {
            Self::Orders => ONE_BY_ONE,
            _ => "",
        };
        // A busy machine must not look like a slow CRM.
        let timeout = if trouble.is_slow() { "3s" } else { "30s" };
        let deliver = format!("[[forms.deliver]]\n  customer = \"{matching}\"");
        let fields = "  [forms.deliver.customer_fields]\n  \"customFields.channel\" = \"site\"\n";
        Setup {
            forms: CALLBACK.replace("[[forms.deliver]]", &deliver) + fields,
            destination: format!(
                "requests_per_second = 200\ntimeout = \"{timeout}\"\nretry = [\"{}s\"]\n{pace}",
                retry.as_secs()
            ),
            crm: Options {
                requests_per_second: 0,
                account: trouble.account.clone(),
                ..Options::default()
            },
            ..Setup::default()
        }
    }
}

/// How the attempt that meets the trouble ends.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    outcome: &'static str,
    state: &'static str,
    /// What stands in the reason, or of a delivered lead that there is a warning.
    reason: Option<&'static str>,
    has_warning: bool,
}

impl Cell {
    pub(super) fn parse(word: &str) -> Self {
        let (outcome, rest) = word.split_once(' ').unwrap_or((word, ""));
        let (outcome, state) = match outcome {
            "retry" => ("retry", "retrying"),
            "unknown" => ("unknown", "retrying"),
            "rejected" => ("rejected", "failed"),
            "delivered" => ("delivered", "delivered"),
            other => panic!("no attempt ends as {other:?}"),
        };
        let reason = match rest {
            "" | "*" => None,
            "broken" => Some("the connection to the CRM broke"),
            "late" => Some("did not answer within 3 s"),
            "500" => Some("failed with status 500"),
            "502" => Some("failed with status 502"),
            "503" => Some("failed with status 503"),
            "rate" => Some("asks for fewer requests"),
            "key" => Some("does not accept the API key"),
            "not-crm" => Some("this is not RetailCRM, or there is no such account"),
            "refused" => Some("the CRM refused: "),
            "unreadable" => Some("answer cannot be read"),
            other => panic!("no reason is called {other:?}"),
        };
        Self {
            outcome,
            state,
            reason,
            has_warning: rest == "*",
        }
    }

    /// Runs the cell; what went otherwise, each thing with the name of the cell in front. A look-up is run twice: with the record made
    /// before its answer was lost, and with nothing made.
    pub(super) async fn run(&self, call: Call, trouble: &Trouble) -> Vec<String> {
        let lost: &[FaultKind] = match call.lost_before() {
            Some(_) => &[FaultKind::LostAnswer { hang: false }, FaultKind::Down],
            None => &[FaultKind::Down],
        };
        let mut wrong = Vec::new();
        for lost in lost {
            let world = World::that_meets(call, trouble, lost).await;
            wrong.extend(world.run(self).await);
        }
        wrong
    }
}

/// One world.
struct World<'a> {
    app: TestApp,
    call: Call,
    trouble: &'a Trouble,
    /// Those that meet the trouble.
    leads: Vec<String>,
    /// Another that is under way before them, and meets none.
    ahead: Vec<String>,
    wrong: Vec<String>,
}

impl<'a> World<'a> {
    /// A world whose leads have come to the call, together where it is one for many.
    async fn that_meets(call: Call, trouble: &'a Trouble, lost: &FaultKind) -> Self {
        for _ in 0..TRIES {
            let world = Self::start(call, trouble, lost).await;
            if !call.is_upload() || world.go_together().await {
                return world;
            }
        }
        panic!("{call:?}: the leads have never gone together");
    }

    /// Starts a gate, posts its leads and sets the trouble.
    async fn start(call: Call, trouble: &'a Trouble, lost: &FaultKind) -> Self {
        let app = TestApp::with(call.setup(trouble)).await;
        if let Some(before) = call.lost_before() {
            let lost = Fault::new(lost.clone()).on(before);
            app.crm.fault(lost.calls(Calls::First(1)));
        }
        app.crm.fault(trouble.at(call));
        if call.is_upload() {
            app.hold_up_the_first();
        }
        let mut ahead = Vec::new();
        if call == Call::Orders {
            ahead = app.people(&["+79123456700"]).await;
            app.until_all_are("sending", &ahead).await;
        }
        let phones = ["+79123456701", "+79123456702"];
        let count = if call.is_upload() { 2 } else { 1 };
        let leads = app.people(&phones[..count]).await;
        Self {
            app,
            call,
            trouble,
            leads,
            ahead,
            wrong: Vec::new(),
        }
    }

    /// The leads go in one upload: all wait while the CRM wants to be left alone, and then the time is moved. Customers wait for the pace
    /// together, orders for the end of the attempt before them. `false` when they missed each other.
    async fn go_together(&self) -> bool {
        let (waiting, alone) = match self.call {
            Call::Orders => ("queued", ""),
            _ => ("sending", "customers/create"),
        };
        self.app.until_all_are(waiting, &self.leads).await;
        self.app.until_asked(self.call.operation(), alone).await
    }

    async fn run(mut self, cell: &Cell) -> Vec<String> {
        for id in self.leads.clone() {
            let lead = self.after_the_trouble(&id).await;
            self.compare(cell, &lead["deliveries"][0]);
        }
        self.app.crm.clear_faults();
        for id in &self.leads {
            if cell.state == "failed" {
                let path = format!("/admin/api/leads/{id}/resend");
                let resent = self.app.admin(reqwest::Method::POST, &path, None).await;
                assert_eq!(resent.status, 200, "{}", resent.body);
            }
        }
        if self.call.is_upload() {
            self.app.clock.advance(UPLOAD_RETRY + UPLOAD_RETRY / 5);
        }
        self.app.until_drained().await;
        self.compare_the_crm().await;
        self.wrong
    }

    /// The lead once the attempt has ended that met the trouble.
    async fn after_the_trouble(&self, id: &str) -> Value {
        let number = usize::from(self.call.lost_before().is_some());
        let what = format!("attempt {} of {} has ended", number + 1, self.trouble.name);
        self.app
            .until(&what, async || {
                let lead = self.app.read_lead(id).await;
                let delivery = &lead["deliveries"][0];
                let log = &delivery["attempt_log"];
                if number == 1 && log[1].is_null() {
                    self.wait_for_free(&delivery["next_attempt_at"]);
                }
                !log[number]["outcome"].is_null()
            })
            .await;
        self.app.read_lead(id).await
    }

    /// Moves the time to this instant, and not beyond: the attempt after the next one must not begin.
    fn wait_for_free(&self, at: &Value) {
        let at = instant(at).unwrap_or_default();
        let wait = Duration::try_from(at.duration_since(self.app.now()));
        self.app.clock.advance(wait.unwrap_or_default());
    }

    fn compare(&mut self, cell: &Cell, delivery: &Value) {
        let log = delivery["attempt_log"].as_array().expect("a log");
        let attempt = log.last().expect("an attempt").clone();
        let struck = attempt["steps"].as_array().expect("steps").len();
        self.expect("steps", struck > 0, &attempt);
        self.expect(cell.outcome, attempt["outcome"] == cell.outcome, &attempt);
        self.expect(cell.state, delivery["state"] == cell.state, delivery);
        let reason = |told: &Value| match cell.reason {
            Some(reason) => told.as_str().is_some_and(|told| told.contains(reason)),
            None => told.is_null(),
        };
        let wanted = cell.reason.unwrap_or("no error");
        self.expect(wanted, reason(&attempt["error"]), &attempt);
        self.expect(wanted, reason(&delivery["last_error"]), delivery);
        let has_warning = !delivery["warning"].is_null();
        self.expect("the warning", has_warning == cell.has_warning, delivery);
        if self.trouble.asks_to_wait() && cell.state == "retrying" {
            let next = instant(&delivery["next_attempt_at"]).unwrap_or_default();
            let waits = next.duration_since(instant(&attempt["started_at"]).expect("a time"));
            let asked = SignedDuration::try_from(RETRY_AFTER).expect("small");
            self.expect("the wait asked for", waits >= asked, delivery);
        }
    }

    /// One order and one customer of each lead, and the gate knows them.
    async fn compare_the_crm(&mut self) {
        let was_struck = self.app.crm.received().iter().any(|request| {
            request.operation == self.call.operation() && request.outcome != "answered"
        });
        self.expect("the trouble at the call", was_struck, &Value::Null);
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        let leads = [&self.ahead[..], &self.leads].concat();
        let wanted = leads.iter().map(|id| format!("lg-{id}")).collect();
        let orders = sorted(self.app.order_ids());
        let is_right = orders == sorted(wanted);
        self.expect("one order of each lead", is_right, &json!(orders));
        let customers = json!(self.app.crm.customers());
        let count = customers.as_array().map_or(0, Vec::len);
        self.expect(
            "one customer of each lead",
            count == leads.len(),
            &customers,
        );
        for id in leads {
            let lead = self.app.read_lead(&id).await;
            let delivery = &lead["deliveries"][0];
            self.expect("delivered", delivery["state"] == "delivered", delivery);
            let orders = self.app.crm.orders();
            let order = orders
                .iter()
                .find(|order| order["id"] == delivery["order_id"]);
            let is_ours = order.is_some_and(|order| order["externalId"] == format!("lg-{id}"));
            self.expect("the order's id", is_ours, delivery);
            let customer = order.map(|order| &order["customer"]["id"]);
            let is_known = customer == Some(&delivery["customer_id"]);
            self.expect("the customer's id", is_known, delivery);
        }
    }

    fn expect(&mut self, what: &str, holds: bool, instead: &Value) {
        if !holds {
            let (call, name) = (self.call, self.trouble.name);
            self.wrong
                .push(format!("{call:?}, {name}: not {what}: {instead}"));
        }
    }
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|at| at.parse().ok())
}
