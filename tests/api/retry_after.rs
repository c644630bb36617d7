//! `Retry-After` when nobody knows what became of a write: the look-up waits for as long as the CRM asked, and then there is one order.

use std::time::Duration;

use jiff::SignedDuration;
use leadgate::simulator::{Body, Calls, Fault, FaultKind};
use serde_json::Value;

use crate::support::together::{ONE_BY_ONE, TRIES};
use crate::support::{CALLBACK, Setup, TestApp};

/// The only step of the schedule: with what spreads retries, over after 33 s.
const STEP: &str = "retry = [\"30s\"]";

/// What the CRM asks for.
const ASKED: Duration = Duration::from_secs(60);

/// A while after the schedule alone would have come, and a while before the time that was asked for.
const BETWEEN: Duration = Duration::from_secs(45);

fn setup(more: &str, matching: &str) -> Setup {
    let deliver = format!("[[forms.deliver]]\n  customer = \"{matching}\"");
    Setup {
        forms: CALLBACK.replace("[[forms.deliver]]", &deliver),
        destination: format!("requests_per_second = 200\n{STEP}\n{more}"),
        ..Setup::default()
    }
}

/// The page of a gateway, once.
fn ask_to_wait(app: &TestApp, operation: &str) {
    let page = FaultKind::Status {
        status: 503,
        retry_after: Some(ASKED.as_secs()),
        body: Body::Html,
    };
    let fault = Fault::new(page).on(operation).calls(Calls::First(1));
    app.crm.fault(fault);
}

/// The leads have met the page: they wait as long as it says, whatever else is due, and then each becomes one order of one customer.
async fn wait_and_end_well(app: &TestApp, leads: &[String], before: usize) {
    app.until_all_are("retrying", leads).await;
    app.clock.advance(BETWEEN);
    // Whoever is due by now would have started with this one.
    let other = app.lead("+79990000000").await;
    app.until_state(&other, "delivered").await;
    for id in leads {
        let delivery = app.read_lead(id).await["deliveries"][0].clone();
        assert_eq!(delivery["attempts"], 1, "{delivery}");
        assert_eq!(delivery["state"], "retrying", "{delivery}");
    }
    app.until_drained().await;
    for id in leads {
        let delivery = app.read_lead(id).await["deliveries"][0].clone();
        let log = &delivery["attempt_log"];
        assert_eq!(log[0]["outcome"], "unknown", "{delivery}");
        let waited = instant(&log[1]["started_at"]).duration_since(instant(&log[0]["started_at"]));
        let asked = SignedDuration::try_from(ASKED).expect("small");
        assert!(waited >= asked, "{delivery}");
        assert_eq!(delivery["state"], "delivered", "{delivery}");
    }
    let mut orders = app.order_ids();
    orders.sort();
    orders.dedup();
    let all = before + leads.len() + 1;
    assert_eq!((orders.len(), app.order_ids().len()), (all, all));
    assert_eq!(app.crm.customers().len(), all);
}

fn instant(value: &Value) -> jiff::Timestamp {
    let text = value.as_str().expect("an instant");
    text.parse().expect("an instant")
}

#[tokio::test]
async fn an_order_whose_making_was_asked_to_wait_is_not_looked_up_before() {
    let app = TestApp::with(setup("", "match")).await;
    ask_to_wait(&app, "orders/create");
    let leads = app.people(&["+79123456701"]).await;
    wait_and_end_well(&app, &leads, 0).await;
}

#[tokio::test]
async fn a_customer_whose_making_was_asked_to_wait_is_not_looked_up_before() {
    let app = TestApp::with(setup("", "new")).await;
    ask_to_wait(&app, "customers/create");
    let leads = app.people(&["+79123456701"]).await;
    wait_and_end_well(&app, &leads, 0).await;
}

#[tokio::test]
async fn customers_whose_upload_was_asked_to_wait_are_not_looked_up_before() {
    for _ in 0..TRIES {
        let app = TestApp::with(setup("", "new")).await;
        ask_to_wait(&app, "customers/upload");
        app.hold_up_the_first();
        let leads = app.people(&["+79123456701", "+79123456702"]).await;
        app.until_all_are("sending", &leads).await;
        if app
            .until_asked("customers/upload", "customers/create")
            .await
        {
            return wait_and_end_well(&app, &leads, 0).await;
        }
    }
    panic!("the leads have never gone together");
}

#[tokio::test]
async fn orders_whose_upload_was_asked_to_wait_are_not_looked_up_before() {
    let app = TestApp::with(setup(ONE_BY_ONE, "match")).await;
    ask_to_wait(&app, "orders/upload");
    app.hold_up_the_first();
    let ahead = app.people(&["+79123456700"]).await;
    app.until_all_are("sending", &ahead).await;
    let leads = app.people(&["+79123456701", "+79123456702"]).await;
    app.until_all_are("queued", &leads).await;
    assert!(app.until_asked("orders/upload", "").await);
    wait_and_end_well(&app, &leads, ahead.len()).await;
}
