//! What Prometheus collects: that it tells what happened, to whom it may, and nothing of a person.

use std::collections::BTreeSet;

use leadgate::simulator::{Fault, FaultKind};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use saphyr::LoadableYamlNode;
use serde_json::{Value, json};

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
async fn a_disk_that_is_nearly_full_fails_the_health_check_and_is_told_while_everything_else_goes_on()
 {
    let setup = Setup {
        store: "min_free = \"1000000 GiB\"".to_owned(),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    for (path, status) in [("/healthz", 503), ("/readyz", 200)] {
        assert_eq!(
            app.send(app.request(Method::GET, path)).await.status,
            status,
            "{path}"
        );
    }
    let refused = app
        .post_json("callback", json!({ "phone": "+79123456789" }))
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "unavailable")
    );
    assert_eq!(series(&app, "leadgate_store_accepts").await, Some(0.0));
    let (free, reserve) = ("leadgate_disk_free_bytes", "leadgate_disk_reserve_bytes");
    assert!(series(&app, free).await < series(&app, reserve).await);
    until_series(&app, "leadgate_refused_total{code=\"unavailable\"}", 1.0).await;
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

/// A file of `packaging/`.
fn packaged(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every name of a metric of ours, or of the process, in an expression.
fn names_in(expression: &str, names: &mut BTreeSet<String>) {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|word| word.starts_with("leadgate_") || word.starts_with("process_"));
    names.extend(ours.map(str::to_owned));
}

/// The values under these keys, however deep.
fn values_under<'a>(value: &'a Value, keys: &[&str], found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.extend(value.as_str().filter(|_| keys.contains(&key.as_str())));
                values_under(value, keys, found);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| values_under(item, keys, found)),
        _ => {}
    }
}

/// A gate to which everything has happened that is counted.
async fn eventful() -> TestApp {
    let app = TestApp::start().await;
    let id = app.lead("+79123456789").await;
    app.until_state(&id, "delivered").await;
    app.post_json(
        "callback",
        json!({ "phone": "+79123456780", "_gotcha": "x" }),
    )
    .await;
    app.post_json("nobody", json!({ "phone": "+79123456789" }))
        .await;
    let text = "Order is not loaded".to_owned();
    app.crm
        .fault(Fault::new(FaultKind::SuccessFalse200 { text }).on("orders/create"));
    let failed = app.lead("+79123456781").await;
    app.until_state(&failed, "failed").await;
    app
}

#[tokio::test]
async fn the_dashboard_and_the_alert_rules_ask_only_for_what_a_running_gate_tells() {
    let app = eventful().await;
    let text = app.admin(Method::GET, "/metrics", None).await.body;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let told: BTreeSet<&str> = samples
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();

    let mut names = BTreeSet::new();
    let dashboard: Value = serde_json::from_str(&packaged("grafana/leadgate.json")).expect("JSON");
    let mut expressions = Vec::new();
    values_under(&dashboard, &["expr", "query"], &mut expressions);
    assert!(expressions.len() > 20, "{expressions:?}");
    expressions
        .iter()
        .for_each(|expression| names_in(expression, &mut names));
    let rules = rules();
    rules
        .iter()
        .for_each(|rule| names_in(&rule.expression, &mut names));
    assert!(names.len() > 20, "{names:?}");
    let unknown: Vec<_> = names
        .iter()
        .filter(|name| !told.contains(name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?} in\n{text}");
}

struct Rule {
    alert: String,
    expression: String,
    runbook: String,
}

fn rules() -> Vec<Rule> {
    let text = packaged("prometheus/leadgate.rules.yml");
    let documents = saphyr::Yaml::load_from_str(&text).expect("YAML");
    let rules = documents[0]["groups"][0]["rules"].as_vec().expect("rules");
    let text = |value: &saphyr::Yaml<'_>| value.as_str().expect("text").to_owned();
    let rule = |rule: &saphyr::Yaml<'_>| Rule {
        alert: text(&rule["alert"]),
        expression: text(&rule["expr"]),
        runbook: text(&rule["annotations"]["runbook"]),
    };
    rules.iter().map(rule).collect()
}

#[test]
fn every_alert_says_what_to_do_under_a_heading_of_the_page_on_running_it() {
    let page = packaged("README.md");
    let slug = |heading: &str| heading.trim().to_lowercase().replace(' ', "-");
    let headings: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(slug)
        .collect();
    for Rule { alert, runbook, .. } in rules() {
        assert!(
            headings.contains(&runbook),
            "{alert}: no heading for {runbook} in {headings:?}"
        );
    }
}
