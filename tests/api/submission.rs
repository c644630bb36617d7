//! A submission in each of the three shapes, and what the sender is answered.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use crate::support::{LOCATION_HEADER, Setup, TestApp};

#[tokio::test]
async fn a_browser_form_is_answered_303_to_our_own_page_which_says_thank_you() {
    let app = TestApp::start().await;
    let reply = app
        .post_form(
            "callback",
            &[("name", "Иван"), ("phone", "8 (912) 345-67-89")],
        )
        .await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    let page = reply.header(LOCATION_HEADER).to_owned();
    let path = page.strip_prefix(&app.url("")).expect("our own page");
    let thanks = app.send(app.request(Method::GET, path)).await;
    assert_eq!(thanks.status, 200);
    assert!(thanks.body.contains("Спасибо"), "{}", thanks.body);
}

#[tokio::test]
async fn a_script_is_answered_200_with_the_id_of_a_lead_that_can_be_read() {
    let app = TestApp::start().await;
    let reply = app
        .post_json(
            "callback",
            json!({ "name": "Иван", "phone": "+7 912 345-67-89", "guests": 12 }),
        )
        .await;
    assert_eq!((reply.status, &reply.json()["ok"]), (200, &json!(true)));
    let lead = app.read_lead(&reply.lead_id()).await;
    assert_eq!(lead["phone"], "+79123456789");
    assert_eq!(lead["fields"]["guests"], 12);
}

#[tokio::test]
async fn multipart_text_parts_are_read_and_a_file_is_refused_by_name() {
    let app = TestApp::start().await;
    let part = |disposition: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
    };
    let send = async |body: String| {
        let request = app
            .request(Method::POST, "/f/callback")
            .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
            .header(ACCEPT, "application/json")
            .body(body + "--b--\r\n");
        app.send(request).await
    };
    let accepted =
        send(part("name=\"phone\"", "+79123456789") + &part("name=\"city\"", "Тверь")).await;
    assert_eq!(
        app.read_lead(&accepted.lead_id()).await["fields"]["city"],
        "Тверь"
    );
    let refused = send(
        part("name=\"phone\"", "+79123456789")
            + &part("name=\"plan\"; filename=\"plan.pdf\"", "%PDF"),
    )
    .await;
    assert_eq!(
        (refused.status, refused.json()["errors"][0]["field"].clone()),
        (422, json!("plan"))
    );
}

#[tokio::test]
async fn all_field_errors_are_told_at_once_in_the_language_of_the_form() {
    let app = TestApp::start().await;
    let reply = app
        .post_json(
            "callback",
            json!({ "phone": "12", "email": "ivan@", "guests": "много" }),
        )
        .await;
    assert_eq!((reply.status, reply.code()), (422, "invalid".to_owned()));
    let errors = reply.json()["errors"].as_array().expect("a list").clone();
    let codes: Vec<_> = errors
        .iter()
        .map(|error| (error["field"].as_str(), error["code"].as_str()))
        .collect();
    let expected = [
        ("phone", "TYPE_PHONE"),
        ("email", "TYPE_EMAIL"),
        ("guests", "TYPE_NUMERIC"),
    ];
    assert_eq!(
        codes,
        expected.map(|(field, code)| (Some(field), Some(code)))
    );
    let english = app
        .post_json("callback", json!({ "phone": "", "_lang": "en" }))
        .await;
    assert!(
        english.json()["errors"][0]["message"]
            .as_str()
            .expect("text")
            .is_ascii(),
        "{}",
        english.body
    );
}

#[tokio::test]
async fn a_refused_browser_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let reply = app
        .post_form(
            "callback",
            &[("name", "Иван <b>"), ("phone", "12"), ("city", "Тверь")],
        )
        .await;
    assert_eq!(reply.status, 422);
    assert!(
        reply.body.contains("Иван &lt;b&gt;") && reply.body.contains("Тверь"),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn a_filled_honeypot_is_answered_like_any_other_and_the_lead_is_held() {
    let app = TestApp::start().await;
    let reply = app
        .post_json(
            "callback",
            json!({ "phone": "+79123456789", "_gotcha": "x" }),
        )
        .await;
    let id = reply.lead_id();
    app.until_state(&id, "held").await;
    assert_eq!(app.read_lead(&id).await["held_reason"], "honeypot");
    assert!(app.order_ids().is_empty());
    let released = app
        .admin(
            Method::POST,
            &format!("/admin/api/leads/{id}/release"),
            None,
        )
        .await;
    assert_eq!(released.status, 200, "{}", released.body);
    app.until_state(&id, "delivered").await;
}

#[tokio::test]
async fn a_visitor_is_sent_on_only_to_a_host_of_the_forms_origins() {
    let app = TestApp::start().await;
    let next = async |url: &str| {
        let reply = app
            .post_form("callback", &[("phone", "+79123456789"), ("_next", url)])
            .await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        reply.header(LOCATION_HEADER).to_owned()
    };
    assert_eq!(
        next("https://shop.example/thanks?a=1").await,
        "https://shop.example/thanks?a=1"
    );
    for foreign in [
        "https://evil.example/",
        "//evil.example/",
        "https://shop.example@evil.example/",
        "javascript:alert(1)",
        "https:\\\\evil.example",
        "https://evil.example\r\nX-Bad: 1",
    ] {
        assert!(
            next(foreign)
                .await
                .starts_with(&app.url("/f/callback/thanks")),
            "{foreign}"
        );
    }
}

#[tokio::test]
async fn a_form_without_fields_or_rules_delivers_by_the_defaults() {
    let forms = "[[forms]]\nid = \"bare\"\n".to_owned();
    let app = TestApp::with(Setup {
        forms,
        ..Setup::default()
    })
    .await;
    let reply = app
        .post_form(
            "bare",
            &[
                ("Name", "Петров Иван Сергеевич"),
                ("Phone", "89123456789"),
                ("message", "Жду звонка"),
                ("Цвет", "синий"),
                ("utm_source", "vk"),
            ],
        )
        .await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    app.until("the order is there", async || app.order_ids().len() == 1)
        .await;
    let order = app.crm.orders().remove(0);
    assert_eq!(order["lastName"], "Петров");
    assert_eq!(order["patronymic"], "Сергеевич");
    assert_eq!(order["customerComment"], "Жду звонка");
    assert_eq!(order["source"]["source"], "vk");
    assert!(
        order["managerComment"]
            .as_str()
            .expect("text")
            .contains("Цвет: синий"),
        "{order}"
    );
}
