//! While the CRM is down leads wait, it costs them nothing, and the admin is told in plain words.

use std::time::Duration;

use leadgate::simulator::{Calls, Fault, FaultKind, Options};
use serde_json::json;

use crate::support::{CALLBACK, Setup, TestApp};

async fn until_paused(app: &TestApp) {
    app.until("the destination is paused", async || {
        app.destination().await["state"] == "paused"
    })
    .await;
}

#[tokio::test]
async fn a_crm_that_is_down_pauses_the_destination_and_the_lead_goes_by_itself_afterwards() {
    let app = TestApp::start().await;
    app.crm.stop_listening().await;
    let id = app.lead("+79123456789").await;
    until_paused(&app).await;
    let destination = app.destination().await;
    assert!(
        destination["reason"]
            .as_str()
            .expect("a reason")
            .contains("reached"),
        "{destination}"
    );
    assert_eq!(destination["waiting"], 1);
    app.crm.listen_again().await.expect("the same port");
    app.until_drained().await;
    app.until_state(&id, "delivered").await;
    app.until("it is healthy", async || {
        app.destination().await["state"] == "healthy"
    })
    .await;
}

#[tokio::test]
async fn a_month_of_outage_uses_nothing_of_the_schedule() {
    let app = TestApp::start().await;
    app.crm.stop_listening().await;
    let id = app.lead("+79123456789").await;
    until_paused(&app).await;
    for _ in 0..30 {
        let probed = app.destination().await["next_probe_at"].clone();
        app.clock.advance(Duration::from_secs(86_400));
        app.until("another probe failed", async || {
            app.destination().await["next_probe_at"] != probed
        })
        .await;
    }
    assert_ne!(app.read_lead(&id).await["state"], "failed");
    app.crm.listen_again().await.expect("the same port");
    app.until_drained().await;
    app.until_state(&id, "delivered").await;
}

#[tokio::test]
async fn a_wrong_key_pauses_the_destination_and_a_mended_one_lets_everything_flow() {
    let mut app = TestApp::start().await;
    app.crm.set_api_key("another-key-of-at-least-32-characters");
    let id = app.lead("+79123456789").await;
    until_paused(&app).await;
    assert!(
        app.destination().await["reason"]
            .as_str()
            .expect("a reason")
            .contains("api_key")
    );
    app.until("the lead is back in the outbox", async || {
        app.read_lead(&id).await["state"] == "queued"
    })
    .await;
    app.crm.set_api_key(leadgate::simulator::DEMO_API_KEY);
    app.reload(Setup::default()).await;
    app.until_state(&id, "delivered").await;
}

#[tokio::test]
async fn a_poison_lead_keeps_nobody_else_from_going() {
    let app = TestApp::start().await;
    let field = "customFields.city".to_owned();
    app.crm.fault(
        Fault::new(FaultKind::Status {
            status: 500,
            retry_after: None,
            body: leadgate::simulator::Body::Html,
        })
        .on("orders/create")
        .calls(Calls::First(1)),
    );
    app.crm.fault(
        Fault::new(FaultKind::FieldError {
            field,
            text: "broken".into(),
        })
        .on("orders/edit"),
    );
    let poison = app.lead("+79120000001").await;
    app.until("it failed once", async || {
        app.read_lead(&poison).await["state"] == "retrying"
    })
    .await;
    let other = app.lead("+79120000002").await;
    app.until_state(&other, "delivered").await;
    assert_eq!(app.read_lead(&poison).await["state"], "retrying");
    assert_eq!(app.destination().await["state"], "healthy");
}

#[tokio::test]
async fn a_destination_that_left_the_config_fails_its_leads_with_that_reason_and_they_can_be_resent()
 {
    let mut app = TestApp::start().await;
    app.crm.stop_listening().await;
    let id = app.lead("+79123456789").await;
    // What is being sent when the config changes is left to end, and is looked for again only later.
    until_paused(&app).await;
    app.until_state(&id, "queued").await;
    let without = CALLBACK.replace("id = \"callback\"", "id = \"another\"");
    app.reload(Setup {
        forms: without,
        ..Setup::default()
    })
    .await;
    app.until_state(&id, "failed").await;
    let error = app.read_lead(&id).await["deliveries"][0]["last_error"].clone();
    assert!(
        error.as_str().expect("text").contains("callback"),
        "{error}"
    );
    app.crm.listen_again().await.expect("the same port");
    app.reload(Setup::default()).await;
    app.admin(
        reqwest::Method::POST,
        "/admin/api/leads/resend",
        Some(json!({})),
    )
    .await;
    app.until_drained().await;
    app.until_state(&id, "delivered").await;
}

#[tokio::test]
async fn a_crm_above_its_limit_is_asked_again_and_not_paused() {
    let crm = Options {
        requests_per_second: 5,
        ..Options::default()
    };
    let app = TestApp::with(Setup {
        crm,
        destination: "requests_per_second = 200\nretry = [\"1s\", \"3s\"]".to_owned(),
        ..Setup::default()
    })
    .await;
    for n in 0..4 {
        app.lead(&format!("+7912000000{n}")).await;
    }
    // The clock is not moved: the CRM counts its seconds by its own, and a gate whose rests are cut short stays above the limit for ever.
    app.until("nothing is owed any more", async || {
        let destination = app.destination().await;
        assert_eq!(destination["state"], "healthy");
        destination["waiting"] == 0
    })
    .await;
    assert_eq!(app.order_ids().len(), 4);
}

#[tokio::test]
async fn a_lead_of_a_new_form_that_comes_during_the_reload_is_not_failed_by_the_old_config() {
    let mut app = TestApp::start().await;
    let both = format!(
        "{CALLBACK}{}",
        CALLBACK.replace("id = \"callback\"", "id = \"another\"")
    );
    let setup = Setup {
        forms: both,
        ..Setup::default()
    };
    let post = async |app: &TestApp, phone: &str| {
        let fields = json!({ "name": "Иван Петров", "phone": phone });
        app.post_json("another", fields).await
    };
    let early = app
        .reload_while(setup, async |app| {
            let early = post(app, "+79123456780").await;
            if early.status == 200 {
                let id = early.lead_id();
                app.until("it is dealt with", async || {
                    let state = app.read_lead(&id).await["state"].clone();
                    state != "queued" && state != "sending"
                })
                .await;
            }
            early
        })
        .await;
    // Whether the form is there already depends on how fast the store is read; a lead that it takes must go.
    if early.status == 200 {
        app.until_state(&early.lead_id(), "delivered").await;
    } else {
        assert_eq!(early.status, 404, "{}", early.body);
    }
    let later = post(&app, "+79123456781").await.lead_id();
    app.until_state(&later, "delivered").await;
}
