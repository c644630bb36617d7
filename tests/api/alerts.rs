//! Alerts as their readers get them: over real SMTP, real webhooks, and in the CRM.

use std::time::Duration;

use leadgate::simulator::{Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::hooks::Receiver;
use crate::support::smtp::{Mail, MailServer};
use crate::support::{CALLBACK, LOCATION_HEADER, Setup, TestApp};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The default of `alerts.digest`.
const DIGEST: Duration = Duration::from_secs(600);

/// A gate that tells of these ways.
fn setup(alerts: &str) -> Setup {
    Setup {
        forms: format!("[alerts]\nlanguage = \"en\"\n{alerts}\n{CALLBACK}"),
        ..Setup::default()
    }
}

fn by_mail(server: &MailServer) -> String {
    format!(
        "[alerts.email]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"leadgate <alerts@shop.example>\"\nto = [\"anna@shop.example\", \"Boris <boris@shop.example>\"]\n",
        server.port()
    )
}

fn by_webhook(receiver: &Receiver) -> String {
    format!(
        "[[alerts.webhooks]]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n",
        receiver.url()
    )
}

async fn until_paused(app: &TestApp) {
    app.until("the destination is paused", async || {
        app.destination().await["state"] == "paused"
    })
    .await;
}

/// Moves the clock until so many messages have come. In small steps, because when a message has left is written down after it has arrived.
async fn until_told(app: &TestApp, count: usize, come: impl Fn() -> usize) {
    app.until("the next message comes", async || {
        app.clock.advance(Duration::from_secs(30));
        come() >= count
    })
    .await;
}

/// Every lead is refused for good, alone and in a batch.
fn refuse_all(app: &TestApp) {
    let text = "Иван +79120000001".to_owned();
    let refusal = FaultKind::SuccessFalse200 { text };
    for operation in ["orders/create", "orders/upload"] {
        app.crm.fault(Fault::new(refusal.clone()).on(operation));
    }
}

/// The notifications that the CRM has taken.
fn notifications(app: &TestApp) -> Vec<Value> {
    let received = app.crm.received().into_iter();
    let taken = received
        .filter(|request| request.operation == "notifications/send" && request.status == Some(200));
    taken
        .map(|request| request.form["notification"].clone())
        .collect()
}

fn subjects(mails: &[Mail]) -> Vec<String> {
    mails.iter().map(|mail| mail.header("Subject")).collect()
}

#[tokio::test]
async fn a_pause_is_told_at_once_and_its_end_with_the_digest_without_a_word_about_people() {
    let (server, receiver) = (MailServer::start().await, Receiver::start().await);
    let ways = by_mail(&server) + &by_webhook(&receiver);
    let app = TestApp::with(setup(&ways)).await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;

    let mail = server.mail(1).await;
    assert_eq!(mail.header("Subject"), "leadgate: CRM shop is paused");
    assert_eq!(mail.header("From"), "leadgate <alerts@shop.example>");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(
        mail.readers,
        ["TO:<anna@shop.example>", "TO:<boris@shop.example>"]
    );
    assert!(mail.body().contains("1 lead waiting"), "{mail:?}");
    assert!(mail.body().contains(&app.url("/admin/")), "{mail:?}");
    let first = receiver.hook(1).await;
    let told = first.verified(SECRET);
    assert_eq!(told["type"], "leadgate.alert");
    assert_eq!(told["data"]["destinations"][0]["state"], "paused");
    assert_eq!(told["data"]["destinations"][0]["reason"], "unreachable");

    app.crm.listen_again().await.expect("the same port");
    app.until_healthy().await;
    until_told(&app, 2, || server.mails().len()).await;
    let mail = server.mail(2).await;
    assert_eq!(mail.header("Subject"), "leadgate: CRM shop works again");
    assert!(mail.body().contains("1 lead waited"), "{mail:?}");
    let second = receiver.hook(2).await;
    assert!(second.is_fresh(app.now().as_second()), "{second:?}");
    assert_ne!(second.header("webhook-id"), first.header("webhook-id"));
    let told = second.verified(SECRET);
    assert_eq!(told["data"]["destinations"][0]["state"], "healthy");

    for text in [server.mails()[0].text.clone(), first.body, second.body] {
        for typed in ["9123456", "456789", "Иван", "Петров"] {
            assert!(!text.contains(typed), "{typed}: {text}");
        }
    }
}

#[tokio::test]
async fn five_hundred_failed_leads_are_one_alert_and_one_digest() {
    let receiver = Receiver::start().await;
    let mut setup = setup(&by_webhook(&receiver));
    setup.destination = "requests_per_second = 1000\nin_flight = 64".to_owned();
    setup.forms = setup.forms.replace(
        "destination = \"shop\"\n",
        "destination = \"shop\"\n  customer = \"none\"\n",
    );
    let app = TestApp::with(setup).await;
    refuse_all(&app);
    let leads = (0..500).map(|n| format!("+7912{n:07}"));
    for phone in leads {
        app.lead(&phone).await;
    }
    app.until("all have failed", async || {
        let waiting = app.destination().await["waiting"].clone();
        waiting == 0
            && app
                .leads()
                .await
                .iter()
                .all(|lead| lead["state"] == "failed")
    })
    .await;
    let first = receiver.hook(1).await;
    assert_eq!(receiver.hooks().len(), 1, "the rest is gathered");
    until_told(&app, 2, || receiver.hooks().len()).await;
    let second = receiver.hook(2).await;
    let count = |told: &Value| told["data"]["failed_count"].as_u64().expect("a number");
    let (first, second) = (first.verified(SECRET), second.verified(SECRET));
    assert!(count(&first) < 100, "{first}");
    assert_eq!(count(&first) + count(&second), 500);
    assert_eq!(second["data"]["failed"][0]["form"], "callback");
    assert!(!second.to_string().contains("Иван"), "{second}");
    let id = app.lead("+79130000000").await;
    app.until_state(&id, "failed").await;
    until_told(&app, 3, || receiver.hooks().len()).await;
    let third = receiver.hook(3).await.verified(SECRET);
    assert_eq!(third["data"]["failed"][0]["leads"], json!([id]));
    assert_eq!(count(&third), 1, "nothing is told twice");
}

#[tokio::test]
async fn while_the_crm_is_down_mail_goes_and_the_crms_own_notification_follows_when_it_is_back() {
    let server = MailServer::start().await;
    let ways = format!("destinations = [\"shop\"]\n{}", by_mail(&server));
    let app = TestApp::with(setup(&ways)).await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;
    server.mail(1).await;
    assert!(notifications(&app).is_empty());
    let page = app.page("/admin/").await;
    assert!(
        !page.contains("Alerts cannot be sent"),
        "it waits, it has not failed"
    );
    app.crm.listen_again().await.expect("the same port");
    app.until_healthy().await;
    app.until("the CRM shows it", async || !notifications(&app).is_empty())
        .await;
    let notification = notifications(&app).remove(0);
    assert_eq!(notification["type"], "api.info");
    assert_eq!(notification["userGroups"], json!(["superadmins"]));
    let message = notification["message"].as_str().expect("a text");
    assert!(message.contains("CRM shop takes leads again"), "{message}");
    assert!(
        message.contains("Reason: the CRM cannot be reached"),
        "{message}"
    );
    assert!(message.contains("<a href=\"http://127.0.0.1:"), "{message}");
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_tried_again_and_told_in_the_admin_while_leads_go_on() {
    let mut server = MailServer::start().await;
    let app = TestApp::with(setup(&by_mail(&server))).await;
    server.stop().await;
    refuse_all(&app);
    let failed = app.lead("+79120000001").await;
    app.until_state(&failed, "failed").await;
    let page = async || app.page("/admin/").await;
    app.until("the admin tells it", async || {
        page().await.contains("Alerts cannot be sent")
    })
    .await;
    app.crm.clear_faults();
    let other = app.lead("+79120000002").await;
    app.until_state(&other, "delivered").await;

    server.start_again().await;
    server.refuse(true);
    app.clock.advance(Duration::from_secs(3600));
    app.until("the refusal is told", async || {
        page().await.contains("mailbox busy")
    })
    .await;
    server.refuse(false);
    app.clock.advance(Duration::from_secs(3600));
    let mail = server.mail(1).await;
    assert!(mail.body().contains(&failed), "{mail:?}");
    app.until("the admin has forgotten it", async || {
        !page().await.contains("Alerts cannot be sent")
    })
    .await;
    let alerts = app.page("/admin/alerts").await;
    assert!(alerts.contains("e-mail</strong> · the last"), "{alerts}");
}

#[tokio::test]
async fn a_restart_in_a_pause_tells_nothing_twice_and_the_end_is_told() {
    let server = MailServer::start().await;
    let app = TestApp::with(setup(&by_mail(&server))).await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;
    server.mail(1).await;
    let app = app.restart().await;
    until_paused(&app).await;
    app.clock.advance(DIGEST);
    app.crm.listen_again().await.expect("the same port");
    app.until_healthy().await;
    until_told(&app, 2, || server.mails().len()).await;
    assert_eq!(
        subjects(&server.mails()),
        [
            "leadgate: CRM shop is paused",
            "leadgate: CRM shop works again"
        ]
    );
}

#[tokio::test]
async fn what_had_not_left_before_a_restart_leaves_after_it() {
    let mut server = MailServer::start().await;
    let app = TestApp::with(setup(&by_mail(&server))).await;
    server.stop().await;
    refuse_all(&app);
    let id = app.lead("+79120000001").await;
    app.until_state(&id, "failed").await;
    let app = app.restart().await;
    server.start_again().await;
    app.clock.advance(Duration::from_secs(3600));
    let mail = server.mail(1).await;
    assert!(mail.body().contains(&id), "{mail:?}");
}

#[tokio::test]
async fn a_lead_that_waits_too_long_is_told() {
    let receiver = Receiver::start().await;
    let ways = format!("digest = \"1s\"\n{}", by_webhook(&receiver));
    let app = TestApp::with(setup(&ways)).await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;
    receiver.hook(1).await;
    app.clock.advance(Duration::from_secs(3601));
    let told = receiver.hook(2).await.verified(SECRET);
    assert_eq!(told["data"]["waiting"][0]["destination"], "shop");
    assert_eq!(told["data"]["waiting"][0]["waiting"], 1);
}

#[tokio::test]
async fn a_webhook_that_fails_is_repeated_under_its_id_with_a_new_signature() {
    let receiver = Receiver::start().await;
    receiver.answer_once("500 Oops\r\nretry-after: 60");
    let app = TestApp::with(setup(&by_webhook(&receiver))).await;
    refuse_all(&app);
    let id = app.lead("+79120000001").await;
    app.until_state(&id, "failed").await;
    let first = receiver.hook(1).await;
    app.until("the admin tells it", async || {
        app.page("/admin/alerts").await.contains("status 500")
    })
    .await;
    until_told(&app, 2, || receiver.hooks().len()).await;
    let second = receiver.hook(2).await;
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(second.body, first.body);
    second.verified(SECRET);
}

#[tokio::test]
async fn the_button_sends_a_test_by_every_way_and_tells_how_it_went() {
    let (mut server, receiver) = (MailServer::start().await, Receiver::start().await);
    let ways = format!(
        "destinations = [\"shop\"]\n{}{}",
        by_mail(&server),
        by_webhook(&receiver)
    );
    let app = TestApp::with(setup(&ways)).await;
    let stranger = app.request(Method::POST, "/admin/alerts/test");
    let answer = app.send(stranger).await;
    assert_ne!(answer.header(LOCATION_HEADER), "/admin/alerts");
    assert_eq!(server.mails().len(), 0);

    let answer = app.admin(Method::POST, "/admin/alerts/test", None).await;
    assert_eq!(answer.header(LOCATION_HEADER), "/admin/alerts");
    server.mail(1).await;
    let told = receiver.hook(1).await.verified(SECRET);
    assert_eq!(told["type"], "leadgate.test");
    assert_eq!(notifications(&app).len(), 1);
    let page = app.page("/admin/alerts").await;
    assert!(!page.contains("not sent"), "{page}");

    server.stop().await;
    app.admin(Method::POST, "/admin/alerts/test", None).await;
    let page = app.page("/admin/alerts").await;
    assert!(page.contains("not sent"), "{page}");
}

#[tokio::test]
async fn a_way_that_comes_with_a_reload_is_told_of_the_pause_that_lasts() {
    let server = MailServer::start().await;
    let mut app = TestApp::start().await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;
    until_paused(&app).await;
    app.reload(setup(&by_mail(&server))).await;
    let mail = server.mail(1).await;
    assert_eq!(mail.header("Subject"), "leadgate: CRM shop is paused");
}

#[tokio::test]
async fn leads_that_fail_with_a_form_that_left_the_config_are_told() {
    let receiver = Receiver::start().await;
    let mut app = TestApp::with(setup(&by_webhook(&receiver))).await;
    app.crm.stop_listening().await;
    app.lead("+79123456789").await;
    receiver.hook(1).await;
    until_paused(&app).await;
    let mut without = setup(&by_webhook(&receiver));
    without.forms = without
        .forms
        .replace("id = \"callback\"", "id = \"another\"");
    app.reload(without).await;
    until_told(&app, 2, || receiver.hooks().len()).await;
    let told = receiver.hook(2).await.verified(SECRET);
    assert_eq!(told["data"]["failed"][0]["reason"], "form_gone");
}
