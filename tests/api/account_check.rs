//! The config against the account while the gate runs: what is found is shown, nothing typed is lost meanwhile, and what is mended is noticed.

use std::time::Duration;

use leadgate::simulator::{CustomField, Entity, FieldType};
use serde_json::{Value, json};

use crate::support::{CALLBACK, Setup, TestApp};

/// A form that fills a field which the account does not have.
fn asks_the_town() -> Setup {
    let forms = CALLBACK
        .replace("city = \"{{ city }}\"", "gorod = \"{{ town }}\"")
        .replace(
            "  [[forms.deliver]]",
            "  [[forms.fields]]\n  name = \"town\"\n  kind = \"text\"\n  label = \"Ваш город\"\n\n  [[forms.deliver]]",
        );
    Setup {
        forms,
        ..Setup::default()
    }
}

/// Posts a lead from this town and waits until it is in the CRM; the order.
async fn order_from(app: &TestApp, phone: &str, town: &str) -> Value {
    let body = json!({ "name": "Иван", "phone": phone, "town": town });
    let id = app.post_json("callback", body).await.lead_id();
    app.until_state(&id, "delivered").await;
    let external = format!("lg-{id}");
    let orders = app.crm.orders();
    let order = orders
        .iter()
        .find(|order| order["externalId"] == external.as_str());
    order.expect("in the CRM").clone()
}

async fn until_found(app: &TestApp, what: &str, holds: impl Fn(&[Value]) -> bool) {
    app.until(what, async || {
        let shown = app.destination().await;
        !shown["checked_at"].is_null() && holds(shown["findings"].as_array().expect("a list"))
    })
    .await;
}

fn add_field(app: &TestApp, code: &str) {
    let mut account = app.crm.account();
    account.custom_fields.push(CustomField {
        code: code.to_owned(),
        name: "Город".to_owned(),
        entity: Entity::Order,
        kind: FieldType::String,
        required: false,
        dictionary: None,
    });
    app.crm.set_account(account).expect("a good account");
}

#[tokio::test]
async fn a_field_that_the_account_lacks_is_told_and_its_value_goes_into_the_comment_until_it_is_there()
 {
    let app = TestApp::with(asks_the_town()).await;
    until_found(&app, "the finding", |found| found.len() == 1).await;
    let finding = app.destination().await["findings"][0].clone();
    assert_eq!(
        finding["key_path"],
        "forms.callback.deliver[0].order.customFields.gorod"
    );
    assert_eq!(finding["severity"], "problem");
    for key in ["message", "instead", "remedy"] {
        assert!(finding[key].is_string(), "{key} in {finding}");
    }
    for (page, text) in [
        ("/admin/", "1 расхождение настроек с аккаунтом"),
        ("/admin/destinations", "customFields.gorod"),
    ] {
        let shown = app.admin(reqwest::Method::GET, page, None).await.body;
        assert!(shown.contains(text), "{page}: {shown}");
    }

    let order = order_from(&app, "+79120000001", "Казань").await;
    let comment = order["managerComment"].as_str().expect("a comment");
    assert!(
        comment.lines().any(|line| line == "Ваш город: Казань"),
        "{comment}"
    );
    let lead = app.leads().await.remove(0);
    let warning = lead["deliveries"][0]["warning"].as_str().expect("warned");
    assert!(warning.contains("customFields.gorod"), "{warning}");

    add_field(&app, "gorod");
    app.clock.advance(Duration::from_secs(3601));
    until_found(&app, "it is mended", <[Value]>::is_empty).await;
    let order = order_from(&app, "+79120000002", "Тверь").await;
    assert_eq!(order["customFields"]["gorod"], "Тверь");
    assert!(order["managerComment"].is_null(), "{order}");
}

#[tokio::test]
async fn an_unknown_field_is_not_even_sent_once_it_is_known_to_be_missing() {
    let app = TestApp::with(asks_the_town()).await;
    until_found(&app, "the finding", |found| found.len() == 1).await;
    order_from(&app, "+79120000001", "Казань").await;
    let received = app.crm.received();
    let create = received
        .iter()
        .find(|request| request.operation == "orders/create")
        .expect("an order was made");
    assert!(create.form["order"]["customFields"].is_null(), "{create:?}");
}

#[tokio::test]
async fn values_are_brought_to_the_types_of_the_account() {
    let forms = CALLBACK.replace(
        "city = \"{{ city }}\"",
        "channel = \"{{ channel }}\"\n  interests = \"{{ wish }}\"\n  gift = \"{{ gift }}\"",
    );
    let app = TestApp::with(Setup {
        forms,
        ..Setup::default()
    })
    .await;
    until_found(&app, "nothing is wrong", <[Value]>::is_empty).await;
    let body = json!({
        "name": "Иван", "phone": "+79123456789", "guests": "2",
        "channel": "Телефон", "wish": "Свет, Звук", "gift": "да",
    });
    let id = app.post_json("callback", body).await.lead_id();
    app.until_state(&id, "delivered").await;
    let order = app.crm.orders().remove(0);
    assert_eq!(
        order["customFields"],
        json!({"channel": "phone", "interests": ["light"], "gift": true, "guests": 2})
    );
    assert_eq!(order["managerComment"], "wish: Звук");
    let creates = app.crm.received().into_iter();
    assert_eq!(
        creates
            .filter(|request| request.operation == "orders/create")
            .count(),
        1,
        "nothing was refused first"
    );
}

#[tokio::test]
async fn a_reload_is_checked_at_once() {
    let mut app = TestApp::start().await;
    until_found(&app, "nothing is wrong", <[Value]>::is_empty).await;
    app.reload(asks_the_town()).await;
    until_found(&app, "the new config's finding", |found| found.len() == 1).await;
    app.reload(Setup::default()).await;
    until_found(&app, "it is taken back", <[Value]>::is_empty).await;
}

#[tokio::test]
async fn an_account_that_cannot_be_asked_keeps_what_was_found_and_says_when() {
    let app = TestApp::with(asks_the_town()).await;
    until_found(&app, "the finding", |found| found.len() == 1).await;
    let checked_at = app.destination().await["checked_at"].clone();
    app.crm.stop_listening().await;
    app.clock.advance(Duration::from_secs(3601));
    app.until("it could not be asked", async || {
        app.destination().await["check_error"].is_string()
    })
    .await;
    let shown = app.destination().await;
    assert_eq!(shown["checked_at"], checked_at);
    assert_eq!(shown["findings"].as_array().map(Vec::len), Some(1));
    let page = app
        .admin(reqwest::Method::GET, "/admin/destinations", None)
        .await
        .body;
    assert!(page.contains("не удаётся сверить"), "{page}");
    assert!(page.contains("сверены с аккаунтом"), "{page}");

    app.crm.listen_again().await.expect("the same port");
    add_field(&app, "gorod");
    app.clock.advance(Duration::from_secs(61));
    until_found(&app, "it answers again", <[Value]>::is_empty).await;
    assert!(app.destination().await["check_error"].is_null());
}
