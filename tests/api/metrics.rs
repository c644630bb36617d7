//! What Prometheus collects: that it tells what happened, to whom it may, and nothing of a person.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use crate::support::{Setup, TestApp};

/// The value of one series, as it is written before the space.
async fn series(app: &TestApp, name: &str) -> Option<f64> {
    let text = app.admin(Method::GET, "/metrics", None).await.body;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .and_then(|value| value.parse().ok())
}

async fn until_series(app: &TestApp, name: &str, value: f64) {
    app.until(&format!("{name} is {value}"), async || {
        series(app, name).await == Some(value)
    })
    .await;
}

#[tokio::test]
async fn the_way_of_a_lead_is_counted_from_the_form_to_the_crm() {
    let app = TestApp::start().await;
    let accepted = "leadgate_leads_accepted_total{form=\"callback\"}";
    assert_eq!(
        series(&app, accepted).await,
        Some(0.0),
        "known before the first"
    );
    let id = app.lead("+79123456789").await;
    app.until_state(&id, "delivered").await;
    until_series(&app, accepted, 1.0).await;
    let attempts = "leadgate_attempts_total{destination=\"shop\",outcome=\"delivered\"}";
    until_series(&app, attempts, 1.0).await;
    until_series(
        &app,
        "leadgate_delivered_after_seconds_count{destination=\"shop\"}",
        1.0,
    )
    .await;
    until_series(&app, "leadgate_outbox_waiting{destination=\"shop\"}", 0.0).await;
    let made = "leadgate_crm_requests_total{destination=\"shop\",status=\"201\"}";
    assert!(series(&app, made).await.expect("requests") >= 1.0);
    assert!(
        series(&app, "leadgate_journal_fsync_seconds_count")
            .await
            .expect("groups")
            >= 3.0
    );
    assert_eq!(series(&app, "leadgate_store_accepts").await, Some(1.0));
}

#[tokio::test]
async fn a_repeated_a_held_and_a_refused_submission_are_told_apart() {
    let app = TestApp::start().await;
    let lead = json!({ "phone": "+79123456789", "_id": "one" });
    app.post_json("callback", lead.clone()).await;
    app.post_json("callback", lead).await;
    app.post_json(
        "callback",
        json!({ "phone": "+79123456780", "_gotcha": "x" }),
    )
    .await;
    app.post_json("callback", json!({ "phone": "12" })).await;
    app.post_json("nobody", json!({ "phone": "+79123456789" }))
        .await;
    app.post_json("callback", json!(7)).await;
    for (name, value) in [
        ("leadgate_leads_accepted_total{form=\"callback\"}", 2.0),
        ("leadgate_leads_repeated_total{form=\"callback\"}", 1.0),
        ("leadgate_leads_held_total{reason=\"honeypot\"}", 1.0),
        ("leadgate_refused_total{code=\"invalid\"}", 1.0),
        ("leadgate_refused_total{code=\"unknown_form\"}", 1.0),
        ("leadgate_refused_total{code=\"malformed\"}", 1.0),
        ("leadgate_leads{state=\"held\"}", 1.0),
    ] {
        until_series(&app, name, value).await;
    }
}

#[tokio::test]
async fn an_outage_shows_in_who_waits_and_for_how_long() {
    let app = TestApp::start().await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;
    until_series(
        &app,
        "leadgate_destination_paused{destination=\"shop\"}",
        1.0,
    )
    .await;
    app.clock.advance(std::time::Duration::from_secs(600));
    let oldest = "leadgate_outbox_oldest_seconds{destination=\"shop\"}";
    assert!(series(&app, oldest).await.expect("it waits") >= 600.0);
    until_series(&app, "leadgate_outbox_waiting{destination=\"shop\"}", 1.0).await;
    let unanswered = "leadgate_crm_requests_total{destination=\"shop\",status=\"none\"}";
    assert!(series(&app, unanswered).await.expect("requests") >= 1.0);
}

#[tokio::test]
async fn the_main_address_tells_the_metrics_only_to_whom_the_admin_lets_in() {
    let app = TestApp::start().await;
    let refused = app.send(app.request(Method::GET, "/metrics")).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    let text = app.admin(Method::GET, "/metrics", None).await;
    assert_eq!(text.status, 200);
    assert_eq!(
        text.header(CONTENT_TYPE),
        "text/plain; version=0.0.4; charset=utf-8"
    );
}

#[tokio::test]
async fn an_address_of_their_own_tells_the_metrics_to_everybody_and_nothing_else() {
    let setup = Setup {
        server: "metrics_listen = \"127.0.0.1:0\"".to_owned(),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    let ask = |path: &str| {
        reqwest::Client::builder()
            .build()
            .expect("a client")
            .get(app.metrics_url(path))
    };
    let asked = ask("/metrics").header(ACCEPT, "application/openmetrics-text; version=1.0.0");
    let told = app.send(asked).await;
    assert_eq!(told.status, 200);
    assert!(told.body.ends_with("# EOF\n"), "{}", told.body);
    for path in ["/", "/f/callback", "/admin/", "/healthz"] {
        assert_eq!(app.send(ask(path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn no_metric_tells_of_a_person() {
    let app = TestApp::start().await;
    let lead =
        json!({ "name": "Иван Петров", "phone": "+79123456789", "email": "ivan@example.ru" });
    let id = app.post_json("callback", lead).await.lead_id();
    app.until_state(&id, "delivered").await;
    let text = app.admin(Method::GET, "/metrics", None).await.body;
    for personal in ["79123456789", "ivan@", "Петров", &id] {
        assert!(!text.contains(personal), "{personal}");
    }
}
