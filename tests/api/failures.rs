//! Failures as an operator meets them: a few causes instead of many rows, and one resend for each.

use leadgate::simulator::{Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CALLBACK, Setup, TestApp};

/// What the CRM says of a code that it does not know; it goes on saying so when the code is left out.
const UNKNOWN_METHOD: &str = "\"OrderMethod\" with \"code\"=\"landing-pge\" does not exist.";

const METHOD: &str = "refused:orderMethod:landing-pge";

fn seconds(instant: &Value) -> &str {
    let text = instant.as_str().expect("an instant");
    text.get(..19).expect("date and time")
}

async fn two_forms() -> TestApp {
    let quiz = CALLBACK.replace("\"callback\"", "\"quiz\"");
    TestApp::with(Setup {
        forms: format!("{CALLBACK}{quiz}"),
        ..Setup::default()
    })
    .await
}

fn refuse(app: &TestApp, text: &str) {
    app.crm.clear_faults();
    let text = text.to_owned();
    app.crm
        .fault(Fault::new(FaultKind::SuccessFalse200 { text }).on("orders/create"));
}

async fn failed_lead(app: &TestApp, form: &str, phone: &str) -> String {
    let typed = json!({ "name": "Анна", "phone": phone });
    let id = app.post_json(form, typed).await.lead_id();
    app.until_state(&id, "failed").await;
    id
}

/// Three leads of two forms that fail for an order method, and one that fails for another reason.
async fn with_failures() -> (TestApp, Vec<String>) {
    let app = two_forms().await;
    refuse(&app, UNKNOWN_METHOD);
    let mut ids = Vec::new();
    for (form, phone) in [
        ("callback", "+79123456781"),
        ("quiz", "+79123456782"),
        ("callback", "+79123456783"),
    ] {
        ids.push(failed_lead(&app, form, phone).await);
    }
    refuse(&app, "The account is closed");
    failed_lead(&app, "callback", "+79123456784").await;
    (app, ids)
}

#[tokio::test]
async fn failures_are_told_by_cause_with_forms_and_times() {
    let (app, ids) = with_failures().await;
    let told = app.admin_get("/admin/api/failures").await;
    let groups = told["failures"].as_array().expect("groups");
    assert_eq!(groups.len(), 2);
    let group = &groups[0];
    assert_eq!(group["cause"], METHOD);
    assert_eq!(group["title"], "unknown order method “landing-pge”");
    assert_eq!(
        (&group["leads"], &group["failed"], &group["retrying"]),
        (&json!(3), &json!(3), &json!(0))
    );
    assert_eq!(group["forms"], json!(["callback", "quiz"]));
    assert_eq!(group["destinations"], json!(["shop"]));
    for (told, id) in [
        (&group["oldest_received_at"], &ids[0]),
        (&group["newest_received_at"], &ids[2]),
    ] {
        // The group tells it to the millisecond, as the id does.
        let received = app.read_lead(id).await["received_at"].clone();
        assert_eq!(seconds(told), seconds(&received));
    }
    assert_eq!(
        (&told["looked_at"], &told["cut_off"]),
        (&json!(4), &json!(false))
    );
}

#[tokio::test]
async fn a_group_is_listed_and_resent_as_a_whole_and_no_other_lead_with_it() {
    let (app, ids) = with_failures().await;
    let list = app
        .admin_get(&format!("/admin/api/leads?cause={METHOD}"))
        .await;
    let mut listed: Vec<&str> = list["leads"]
        .as_array()
        .expect("leads")
        .iter()
        .filter_map(|lead| lead["id"].as_str())
        .collect();
    listed.reverse();
    assert_eq!(listed, ids);

    app.crm.clear_faults();
    let resend = app
        .admin(
            Method::POST,
            "/admin/api/leads/resend",
            Some(json!({ "cause": METHOD })),
        )
        .await;
    assert_eq!(resend.json(), json!({ "matched": 3, "resent": 3 }));
    for id in &ids {
        app.until_state(id, "delivered").await;
    }
    assert_eq!(app.order_ids().len(), 3);
    let told = app.admin_get("/admin/api/failures").await;
    assert_eq!(told["failures"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["failures"][0]["title"], "the CRM refused");
}

#[tokio::test]
async fn a_cause_that_cannot_be_one_is_refused_and_resends_nothing() {
    let (app, _) = with_failures().await;
    for cause in ["Анна", "refused:order method", "~"] {
        let reply = app
            .admin(
                Method::POST,
                "/admin/api/leads/resend",
                Some(json!({ "cause": cause })),
            )
            .await;
        assert_eq!(reply.status, 400, "{cause}");
        assert_eq!(reply.json()["code"], "bad_parameter");
    }
    let unknown = app
        .admin(
            Method::POST,
            "/admin/api/leads/resend",
            Some(json!({ "cause": "refused:orderMethod:landing-page" })),
        )
        .await;
    assert_eq!(unknown.json(), json!({ "matched": 0, "resent": 0 }));
    assert_eq!(app.order_ids().len(), 0);
}

#[tokio::test]
async fn failures_are_told_to_nobody_without_credentials() {
    let app = TestApp::start().await;
    for path in ["/admin/api/failures", "/admin/failures"] {
        let reply = app.send(app.request(Method::GET, path)).await;
        assert!([401, 303].contains(&reply.status), "{path}");
    }
}
