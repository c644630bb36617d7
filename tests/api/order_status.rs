//! What becomes of an order in the CRM is shown with its lead, for few requests that no lead waits for.

use std::collections::HashMap;
use std::time::Duration;

use leadgate::simulator::{
    Calls, DEMO_API_KEY, Fault, FaultKind, Options, OrderChange, SimulatedCrm,
};
use serde_json::{Value, json};

use crate::support::{CALLBACK, Setup, TestApp};

/// A sweep, and a little more.
const QUARTER: Duration = Duration::from_secs(15 * 60);

const DAY: Duration = Duration::from_secs(86_400);

fn polling(keys: &str) -> Setup {
    Setup {
        destination: format!("status_poll = \"15m\"\n{keys}"),
        ..Setup::default()
    }
}

async fn followed() -> TestApp {
    TestApp::with(polling("requests_per_second = 200")).await
}

impl TestApp {
    /// A delivered lead and the internal id of its order.
    async fn order(&self, phone: &str) -> (String, u64) {
        let id = self.lead(phone).await;
        self.until_state(&id, "delivered").await;
        let order = self.read_lead(&id).await["deliveries"][0]["order_id"].clone();
        (id, order.as_u64().expect("a number"))
    }

    async fn order_status(&self, lead: &str) -> Value {
        self.read_lead(lead).await["deliveries"][0]["order_status"].clone()
    }

    /// Which orders each request for statuses has named so far.
    fn asked(&self) -> Vec<Vec<u64>> {
        let received = self.crm.received().into_iter();
        received
            .filter(|request| request.operation == "orders/statuses")
            .map(|request| {
                let ids = request.query.iter().filter(|(name, _)| name == "ids[]");
                ids.map(|(_, id)| id.parse().expect("a number")).collect()
            })
            .collect()
    }

    /// Lets the time of a sweep come and waits until it has asked.
    async fn sweep(&self) {
        let before = self.asked().len();
        self.clock.advance(QUARTER);
        self.until("orders are asked after", async || {
            self.asked().len() > before
        })
        .await;
    }

    async fn until_standing(&self, lead: &str, key: &str, value: Value) {
        let what = format!("{key} is {value}");
        self.until(&what, async || self.order_status(lead).await[key] == value)
            .await;
    }
}

#[tokio::test]
async fn without_a_poll_nothing_is_asked_and_nothing_shown() {
    let app = TestApp::start().await;
    let (id, _) = app.order("+79123456789").await;
    for n in 0..3 {
        app.clock.advance(DAY);
        app.order(&format!("+7912345678{n}")).await;
    }
    assert_eq!(app.asked(), Vec::<Vec<u64>>::new());
    assert_eq!(app.order_status(&id).await, Value::Null);
}

#[tokio::test]
async fn a_status_is_shown_by_its_name_and_stays_over_a_restart() {
    let app = followed().await;
    let (id, order) = app.order("+79123456789").await;
    app.sweep().await;
    app.until_standing(&id, "name", json!("Новый")).await;
    assert!(
        app.crm
            .change_order(order, &OrderChange::Status("no-call".to_owned()))
    );
    app.sweep().await;
    app.until_standing(&id, "name", json!("Недозвон")).await;

    let asked = app.asked().len();
    let app = app.restart().await;
    let status = app.order_status(&id).await;
    assert_eq!(
        (&status["standing"], &status["code"], &status["name"]),
        (&json!("status"), &json!("no-call"), &json!("Недозвон"))
    );
    let list = app.admin(reqwest::Method::GET, "/admin/", None).await.body;
    assert!(list.contains("Недозвон"), "{list}");
    let path = format!("/admin/leads/{id}");
    let page = app.admin(reqwest::Method::GET, &path, None).await.body;
    assert!(page.contains("Недозвон") && page.contains("<code>no-call</code>"));
    assert_eq!(app.asked().len(), asked, "it was kept, not asked for again");
}

#[tokio::test]
async fn what_is_no_news_is_asked_for_and_not_written() {
    let app = followed().await;
    let (id, _) = app.order("+79123456789").await;
    app.sweep().await;
    app.until_standing(&id, "code", json!("new")).await;
    let noted_at = app.order_status(&id).await["noted_at"].clone();
    for _ in 0..3 {
        app.sweep().await;
    }
    assert_eq!(app.order_status(&id).await["noted_at"], noted_at);
    let names = app.crm.received().into_iter();
    let names = names.filter(|request| request.path.ends_with("/reference/statuses"));
    assert_eq!(names.count(), 1, "the names are asked for once an hour");
}

#[tokio::test]
async fn an_order_that_was_deleted_and_one_that_was_merged_are_shown_as_such() {
    let app = followed().await;
    let (deleted, gone) = app.order("+79123456780").await;
    let (merged, into_other) = app.order("+79123456781").await;
    let (_, other) = app.order("+79123456782").await;
    app.sweep().await;
    assert!(app.crm.change_order(gone, &OrderChange::Delete));
    assert!(
        app.crm
            .change_order(into_other, &OrderChange::MergeInto(other))
    );
    app.sweep().await;
    app.until_standing(&deleted, "standing", json!("gone"))
        .await;
    app.until_standing(&merged, "merged_into", json!(other))
        .await;
    assert_eq!(app.order_status(&merged).await["standing"], "merged");
    let list = app.admin(reqwest::Method::GET, "/admin/", None).await.body;
    assert!(list.contains("заказа больше нет в CRM"));
    assert!(list.contains(&format!("объединён с заказом {other}")));

    // Their history is read once; as long as they stay away there is nothing to learn.
    for _ in 0..2 {
        app.sweep().await;
    }
    let operations = app.crm.received().into_iter();
    let histories = operations.filter(|request| request.operation == "orders/history");
    assert_eq!(histories.count(), 2);
}

#[tokio::test]
async fn an_order_that_a_resend_made_again_is_followed_instead_of_the_one_that_is_gone() {
    let app = followed().await;
    let (id, order) = app.order("+79123456789").await;
    assert!(app.crm.change_order(order, &OrderChange::Delete));
    app.sweep().await;
    app.until_standing(&id, "standing", json!("gone")).await;
    let path = format!("/admin/api/leads/{id}/resend");
    app.admin(reqwest::Method::POST, &path, None).await;
    app.until_state(&id, "delivered").await;
    assert_eq!(app.order_status(&id).await, Value::Null, "another order");
    app.sweep().await;
    app.until_standing(&id, "standing", json!("status")).await;
}

#[tokio::test]
async fn an_older_order_is_asked_after_more_rarely_and_an_old_one_never() {
    let app = followed().await;
    let (_, old) = app.order("+79123456780").await;
    app.sweep().await;
    let asked = |from: usize| -> usize {
        let since = app.asked().into_iter().skip(from);
        since.filter(|ids| ids.contains(&old)).count()
    };
    assert_eq!(asked(0), 1);
    for (passed, at_least, at_most) in [(DAY * 2, 1, 2), (DAY * 30, 0, 0)] {
        app.clock.advance(passed);
        // A young order is in every sweep, so each can be waited for.
        app.order("+79123456781").await;
        app.sweep().await;
        let from = app.asked().len();
        for _ in 0..16 {
            app.sweep().await;
        }
        let count = asked(from);
        assert!(
            (at_least..=at_most).contains(&count),
            "{count} times in four hours after {passed:?}"
        );
    }
}

#[tokio::test]
async fn five_hundred_orders_are_asked_after_in_ten_requests() {
    let forms = CALLBACK.replace(
        "destination = \"shop\"",
        "destination = \"shop\"\n  customer = \"none\"",
    );
    let app = TestApp::with(Setup {
        forms,
        ..polling("requests_per_second = 1000\nin_flight = 32")
    })
    .await;
    for n in 0..500 {
        app.lead(&format!("+7912345{n:04}")).await;
    }
    app.until_drained().await;
    app.clock.advance(QUARTER);
    app.until("all orders have a status", async || {
        let mut asked = HashMap::new();
        for id in app.asked().into_iter().flatten() {
            *asked.entry(id).or_insert(0) += 1;
        }
        asked.len() == 500
    })
    .await;
    let asked = app.asked();
    assert!(asked.iter().all(|ids| ids.len() <= 50));
    let full = asked.iter().filter(|ids| ids.len() == 50).count();
    assert!(full >= 10, "{:?}", asked.iter().map(Vec::len));
    let last = app.leads().await;
    app.until("the last of them is noted", async || {
        let id = last.last().expect("a lead")["id"].as_str().expect("text");
        app.order_status(id).await["code"] == "new"
    })
    .await;
}

#[tokio::test]
async fn the_poll_keeps_the_pace_and_leaves_half_of_it_to_the_leads() {
    let forms = CALLBACK.replace(
        "destination = \"shop\"",
        "destination = \"shop\"\n  customer = \"none\"",
    );
    let app = TestApp::with(Setup {
        forms: forms.clone(),
        ..Setup::default()
    })
    .await;
    for n in 0..200 {
        app.lead(&format!("+7912345{n:04}")).await;
    }
    app.until_drained().await;
    let mut app = app;
    app.reload(Setup {
        forms,
        ..polling("requests_per_second = 2")
    })
    .await;
    app.clock.advance(QUARTER);
    app.until("all are asked after", async || app.asked().len() >= 4)
        .await;
    // At the full pace the four would take a second and a half, and less when they need not wait for the check of the account.
    let received = app.crm.received();
    let mut asked = received
        .iter()
        .filter(|request| request.operation == "orders/statuses");
    let (first, last) = (asked.next().expect("asked"), asked.next_back());
    let took = last.expect("asked again").at - first.at;
    assert!(took >= Duration::from_millis(2_500), "{took:?}");
}

#[tokio::test]
async fn a_paused_destination_is_not_asked_after_orders() {
    let app = followed().await;
    let (id, _) = app.order("+79123456789").await;
    app.crm.set_api_key("another-key-of-thirty-two-characters");
    app.lead("+79123456780").await;
    app.until("the destination is paused", async || {
        app.destination().await["state"] == "paused"
    })
    .await;
    let probes = || {
        let received = app.crm.received().into_iter();
        received
            .filter(|request| request.operation == "system/credentials")
            .count()
    };
    for _ in 0..3 {
        let before = probes();
        app.clock.advance(QUARTER);
        app.until("it is probed", async || probes() > before).await;
    }
    assert_eq!(app.asked(), Vec::<Vec<u64>>::new());
    app.crm.set_api_key(DEMO_API_KEY);
    app.until_healthy().await;
    app.clock.advance(QUARTER);
    app.until_standing(&id, "code", json!("new")).await;
}

#[tokio::test]
async fn a_backlog_goes_first() {
    let app = followed().await;
    let (id, _) = app.order("+79123456789").await;
    app.crm.fault(
        Fault::new(FaultKind::Hang)
            .on("orders/create")
            .calls(Calls::First(12)),
    );
    for n in 10..22 {
        app.lead(&format!("+791234567{n}")).await;
    }
    let hanging = || {
        let received = app.crm.received();
        let waiting = received.iter().filter(|request| {
            request.operation == "orders/create" && request.outcome != "answered"
        });
        waiting.count()
    };
    app.until("twelve orders hang", async || hanging() == 12)
        .await;
    app.clock.advance(QUARTER);
    app.order("+79123456700").await;
    assert_eq!(app.asked().len(), 0, "twelve leads are under way");
    app.crm.clear_faults();
    app.until_drained().await;
    app.clock.advance(QUARTER);
    app.until_standing(&id, "code", json!("new")).await;
}

#[tokio::test]
async fn a_poll_that_fails_pauses_nothing_and_the_next_one_makes_up_for_it() {
    let app = followed().await;
    let (id, _) = app.order("+79123456789").await;
    let broken = FaultKind::Status {
        status: 500,
        retry_after: None,
        body: leadgate::simulator::Body::Json,
    };
    app.crm.fault(
        Fault::new(broken)
            .on("orders/statuses")
            .calls(Calls::First(1)),
    );
    app.sweep().await;
    assert_eq!(app.destination().await["state"], "healthy");
    assert_eq!(app.order_status(&id).await, Value::Null);
    app.sweep().await;
    app.until_standing(&id, "code", json!("new")).await;
}

#[tokio::test]
async fn orders_and_customers_of_one_account_are_never_taken_for_those_of_another() {
    let mut app = followed().await;
    let (old, _) = app.order("+79123456789").await;
    let another = SimulatedCrm::start(Options {
        requests_per_second: 0,
        ..Options::default()
    });
    let _before = app
        .move_to(another.await.expect("the simulator starts"))
        .await;
    let (new, order) = app.order("+79123456789").await;
    let received = app.crm.received().into_iter();
    let first = received
        .map(|request| request.operation)
        .find(|name| name.starts_with("customers") || name.starts_with("orders/create"));
    assert_eq!(
        first.as_deref(),
        Some("customers/list"),
        "whom the other account had is nobody here"
    );
    app.sweep().await;
    app.until_standing(&new, "code", json!("new")).await;
    assert_eq!(app.order_status(&old).await, Value::Null);
    assert_eq!(app.asked(), [[order]]);
}

#[tokio::test]
async fn a_sweep_that_a_reload_cuts_off_is_begun_again() {
    let mut app = followed().await;
    let (id, _) = app.order("+79123456789").await;
    app.crm.fault(
        Fault::new(FaultKind::Hang)
            .on("orders/statuses")
            .calls(Calls::First(1)),
    );
    app.sweep().await;
    app.reload(polling("requests_per_second = 200")).await;
    app.until_standing(&id, "code", json!("new")).await;
    assert_eq!(app.asked().len(), 2, "and then all is done");
}
