//! Erasing a person through the admin: what is asked, what is found, the receipt, and that nothing of them stays in the gate's folder.

use std::path::Path;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::files::files;
use crate::support::{Reply, Setup, TestApp};

const NEEDLES: [&str; 4] = ["Unmistakable", "unmistakable", "9123456789", "zebulon@"];

fn assert_in_no_file(directory: &Path) {
    for path in files(directory) {
        let bytes = std::fs::read(&path).expect("read");
        for needle in NEEDLES {
            let is_there = bytes
                .windows(needle.len())
                .any(|part| part == needle.as_bytes());
            assert!(!is_there, "{needle} in {}", path.display());
        }
    }
}

async fn zebulon(app: &TestApp) -> String {
    let lead = json!({ "name": "Zebulon Unmistakable", "phone": "8 912 345-67-89", "email": "zebulon@example.ru" });
    app.post_json("callback", lead).await.lead_id()
}

async fn erase(app: &TestApp, person: Value) -> Reply {
    app.admin(Method::POST, "/admin/api/persons/erase", Some(person))
        .await
}

async fn post_page(app: &TestApp, path: &str, body: &str) -> Reply {
    let token = crate::support::TOKEN;
    let request = app
        .request(Method::POST, path)
        .header("Authorization", format!("Bearer {token}"))
        .header("Accept-Language", "en")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.to_owned());
    app.send(request).await
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_of_the_gate_and_the_receipt_tells_what_is_left_elsewhere() {
    let setup = Setup {
        destination: "requests_per_second = 200\nretry = [\"10s\"]\ngive_up_after = \"1h\""
            .to_owned(),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    let delivered = zebulon(&app).await;
    app.until_state(&delivered, "delivered").await;
    let number = app.read_lead(&delivered).await["deliveries"][0]["order_number"].clone();
    app.crm.stop_listening().await;
    let waiting = zebulon(&app).await;
    let other = app.lead("+79990000000").await;
    app.until("the destination is paused", async || {
        app.destination().await["state"] == "paused"
    })
    .await;

    let erased = erase(&app, json!({ "phone": "+7 (912) 345-67-89" })).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let receipt = erased.json();
    assert_eq!(receipt["leads"], json!([waiting, delivered]));
    assert_eq!(
        (&receipt["deliveries"], &receipt["given_up"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(receipt["in_crms"][0]["destination"], "shop");
    assert_eq!(receipt["in_crms"][0]["order_number"], number);
    assert_eq!(
        (&receipt["by"], &receipt["waits_for_room"]),
        (&json!("api token"), &json!(false))
    );
    assert_in_no_file(app.folder());
    assert_eq!(app.read_lead(&waiting).await["state"], "discarded");
    assert_eq!(app.read_lead(&delivered).await["phone"], Value::Null);
    let listed = app.admin_get("/admin/api/erasures").await;
    assert_eq!(listed["erasures"], json!([receipt]));

    app.crm.listen_again().await.expect("the same port");
    app.until_drained().await;
    app.until_state(&other, "delivered").await;
    assert_eq!(app.order_ids().len(), 2, "what was given up is not sent");
    assert_in_no_file(app.folder());
}

#[tokio::test]
async fn who_is_meant_must_be_said_so_that_it_can_be_read() {
    let app = TestApp::start().await;
    for wrong in [
        json!({}),
        json!({ "phone": "12" }),
        json!({ "email": "ivan" }),
        json!({ "name": "Иван" }),
    ] {
        let refused = erase(&app, wrong.clone()).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    let nobody = erase(&app, json!({ "email": "nobody@example.ru" })).await;
    assert_eq!((nobody.status, nobody.code().as_str()), (404, "not_found"));
}

#[tokio::test]
async fn a_person_is_erased_on_pages_that_show_first_what_is_found() {
    let app = TestApp::start().await;
    let id = zebulon(&app).await;
    app.until_state(&id, "delivered").await;
    let confirm = app.page(&format!("/admin/leads/{id}/erase/confirm")).await;
    assert!(confirm.contains("All leads of this person"), "{confirm}");
    let found = post_page(
        &app,
        "/admin/erasures/confirm",
        "phone=%2B79123456789&email=",
    )
    .await;
    assert!(
        found.body.contains("Zebulon Unmistakable"),
        "{}",
        found.body
    );
    assert_eq!(
        app.read_lead(&id).await["state"],
        "delivered",
        "nothing is done yet"
    );
    let done = post_page(&app, "/admin/erasures/erase", "phone=%2B79123456789&email=").await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = app.page("/admin/erasures").await;
    assert!(
        page.contains("Left in the CRM") && page.contains("/orders/"),
        "{page}"
    );
    assert_eq!(app.read_lead(&id).await["state"], "discarded");
}
