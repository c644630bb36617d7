//! The JSON API as programs use it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn nothing_is_told_without_credentials() {
    let app = TestApp::start().await;
    let id = app.lead("+79123456789").await;
    for (method, path) in [
        (Method::GET, "/admin/api/leads".to_owned()),
        (Method::GET, format!("/admin/api/leads/{id}")),
        (Method::GET, "/admin/api/leads.csv".to_owned()),
        (Method::GET, "/admin/api/destinations".to_owned()),
        (Method::GET, "/admin/api/forms".to_owned()),
        (Method::POST, "/admin/api/leads/resend".to_owned()),
        (Method::POST, format!("/admin/api/leads/{id}/erase")),
    ] {
        let reply = app.send(app.request(method.clone(), &path)).await;
        assert_eq!(reply.status, 401, "{method} {path}");
        assert!(!reply.body.contains("79123456789"));
    }
}

const LEAD: &[&str] = &[
    "id",
    "form",
    "received_at",
    "state",
    "held_reason",
    "name",
    "phone",
    "email",
    "deliveries",
];

const DELIVERY: &[&str] = &[
    "destination",
    "state",
    "attempts",
    "next_attempt_at",
    "order_id",
    "customer_id",
    "url",
    "warning",
    "last_error",
];

const ATTEMPT: &[&str] = &[
    "number",
    "started_at",
    "duration_ms",
    "outcome",
    "http_status",
    "error",
    "steps",
];

const DESTINATION: &[&str] = &[
    "id",
    "kind",
    "state",
    "since",
    "reason",
    "waiting",
    "oldest_waiting_s",
    "next_probe_at",
];

const FORM: &[&str] = &["id", "title", "leads_today", "last_lead_at"];

fn has_keys(value: &Value, wanted: &[&str]) {
    let keys = keys(value);
    let missing: Vec<_> = wanted.iter().filter(|key| !keys.contains(**key)).collect();
    assert!(missing.is_empty(), "{missing:?} in {value}");
}

#[tokio::test]
async fn answers_have_the_keys_of_the_contract() {
    let app = TestApp::start().await;
    let id = app.lead("+79123456789").await;
    app.until_state(&id, "delivered").await;
    let lead = app.leads().await.remove(0);
    has_keys(&lead, LEAD);
    has_keys(&lead["deliveries"][0], DELIVERY);
    let detail = app.read_lead(&id).await;
    assert!(detail["fields"].is_object() && detail["attribution"].is_object());
    has_keys(&detail["deliveries"][0]["attempt_log"][0], ATTEMPT);
    has_keys(&app.destination().await, DESTINATION);
    has_keys(&app.admin_get("/admin/api/forms").await["forms"][0], FORM);
}

#[tokio::test]
async fn filters_and_pages_narrow_the_list() {
    let app = TestApp::start().await;
    for n in 0..7 {
        app.lead(&format!("+7912000000{n}")).await;
    }
    app.until_drained().await;
    let count = async |query: &str| {
        app.admin_get(&format!("/admin/api/leads?{query}")).await["leads"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!(count("state=delivered").await, 7);
    assert_eq!(count("state=failed").await, 0);
    assert_eq!(count("form=callback&destination=shop").await, 7);
    assert_eq!(count("form=other").await, 0);
    assert_eq!(count("q=8+912+000-00-03").await, 1);
    assert_eq!(count("q=петр").await, 7);
    assert_eq!(count("to=2020-01-01").await, 0);
    let first = app.admin_get("/admin/api/leads?limit=4").await;
    let cursor = first["next"].as_str().expect("a cursor");
    let second = app
        .admin_get(&format!("/admin/api/leads?limit=4&cursor={cursor}"))
        .await;
    assert_eq!(
        (second["leads"].as_array().map(Vec::len), &second["next"]),
        (Some(3), &Value::Null)
    );
}

#[tokio::test]
async fn what_the_state_does_not_allow_is_a_conflict() {
    let app = TestApp::start().await;
    let id = app.lead("+79123456789").await;
    app.until_state(&id, "delivered").await;
    for order in ["release", "discard"] {
        let reply = app
            .admin(
                Method::POST,
                &format!("/admin/api/leads/{id}/{order}"),
                None,
            )
            .await;
        assert_eq!(
            (reply.status, reply.code()),
            (409, "conflict".to_owned()),
            "{order}"
        );
    }
    let unknown = app
        .admin(
            Method::POST,
            "/admin/api/leads/0190a000-0000-7000-8000-000000000000/resend",
            None,
        )
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn an_erased_lead_has_null_contacts_and_is_discarded() {
    let app = TestApp::start().await;
    let id = app.lead("+79123456789").await;
    app.until_state(&id, "delivered").await;
    let erased = app
        .admin(Method::POST, &format!("/admin/api/leads/{id}/erase"), None)
        .await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let lead = app.read_lead(&id).await;
    assert_eq!(
        (
            &lead["state"],
            &lead["name"],
            &lead["phone"],
            &lead["email"]
        ),
        (
            &json!("discarded"),
            &Value::Null,
            &Value::Null,
            &Value::Null
        )
    );
    assert_eq!(lead["fields"], json!({}));
}

#[tokio::test]
async fn the_csv_holds_the_filtered_leads_and_no_formula() {
    let app = TestApp::start().await;
    app.post_json(
        "callback",
        json!({ "name": "=HYPERLINK(1)", "phone": "+79123456789" }),
    )
    .await;
    app.until_drained().await;
    let reply = app
        .admin(Method::GET, "/admin/api/leads.csv?state=delivered", None)
        .await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").starts_with("text/csv"));
    assert!(
        reply.body.contains("HYPERLINK")
            && !reply.body.contains(";=HYPERLINK")
            && !reply.body.contains(",=HYPERLINK"),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn a_filter_of_leads_is_resent_and_counted() {
    let app = TestApp::start().await;
    let text = "no".to_owned();
    app.crm.fault(
        leadgate::simulator::Fault::new(leadgate::simulator::FaultKind::SuccessFalse200 { text })
            .on("orders/create"),
    );
    for n in 0..3 {
        let id = app.lead(&format!("+7912000000{n}")).await;
        app.until_state(&id, "failed").await;
    }
    app.crm.clear_faults();
    let reply = app
        .admin(
            Method::POST,
            "/admin/api/leads/resend",
            Some(json!({ "form": "callback" })),
        )
        .await;
    assert_eq!(reply.json()["matched"], 3);
    app.until_drained().await;
    assert_eq!(app.order_ids().len(), 3);
}
