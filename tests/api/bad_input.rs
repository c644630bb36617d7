//! A page of bad inputs: each gets the contract's answer, none a 500, and nothing is lost or half kept.

use reqwest::Method;
use reqwest::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use serde_json::json;

use crate::support::{Reply, TestApp};

async fn post_raw(app: &TestApp, media_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    let request = app
        .request(Method::POST, "/f/callback")
        .header(ACCEPT, "application/json");
    app.send(request.header(CONTENT_TYPE, media_type).body(body))
        .await
}

const URLENCODED: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn an_unknown_form_is_404() {
    let app = TestApp::start().await;
    let reply = app.post_json("nothing", json!({})).await;
    assert_eq!(
        (reply.status, reply.code()),
        (404, "unknown_form".to_owned())
    );
}

#[tokio::test]
async fn a_wrong_method_is_405_and_says_which_is_right() {
    let app = TestApp::start().await;
    for method in [
        Method::GET,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::HEAD,
    ] {
        let reply = app.send(app.request(method.clone(), "/f/callback")).await;
        assert_eq!(reply.status, 405, "{method}");
        assert!(reply.header(ALLOW).contains("POST"), "{method}");
    }
}

#[tokio::test]
async fn broken_json_and_broken_multipart_are_400() {
    let app = TestApp::start().await;
    for (media_type, body) in [
        ("application/json", "{\"phone\":"),
        ("application/json", "[1,2]"),
        ("application/json", "\"text\""),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"a",
        ),
        ("multipart/form-data", "no boundary"),
    ] {
        let reply = post_raw(&app, media_type, body).await;
        assert_eq!(
            (reply.status, reply.code()),
            (400, "malformed".to_owned()),
            "{media_type} {body}"
        );
    }
}

#[tokio::test]
async fn another_media_type_is_415() {
    let app = TestApp::start().await;
    let reply = post_raw(&app, "application/xml", "<phone>+79123456789</phone>").await;
    assert_eq!((reply.status, reply.code()), (415, "media_type".to_owned()));
}

#[tokio::test]
async fn broken_percent_signs_and_broken_utf8_never_refuse_a_lead() {
    let app = TestApp::start().await;
    let reply = post_raw(
        &app,
        URLENCODED,
        b"phone=%2B79123456789&city=100%&name=%D0%98%D0&x=\xff\xfe".to_vec(),
    )
    .await;
    let lead = app.read_lead(&reply.lead_id()).await;
    assert_eq!(lead["fields"]["city"], "100%");
    assert!(lead["name"].as_str().expect("text").starts_with('И'));
}

#[tokio::test]
async fn a_declared_charset_is_honoured_and_a_wrong_one_does_no_harm() {
    let app = TestApp::start().await;
    let windows = post_raw(
        &app,
        "application/x-www-form-urlencoded; charset=windows-1251",
        "phone=89123456789&city=%D2%E2%E5%F0%FC",
    )
    .await;
    assert_eq!(
        app.read_lead(&windows.lead_id()).await["fields"]["city"],
        "Тверь"
    );
    let really_utf8 = post_raw(
        &app,
        "application/x-www-form-urlencoded; charset=windows-1251",
        "phone=89123456789&city=%D0%A2%D0%B2%D0%B5%D1%80%D1%8C",
    )
    .await;
    assert_eq!(
        app.read_lead(&really_utf8.lead_id()).await["fields"]["city"],
        "Тверь"
    );
}

#[tokio::test]
async fn ten_megabytes_and_ten_thousand_fields_are_413() {
    let app = TestApp::start().await;
    let huge = post_raw(&app, URLENCODED, vec![b'a'; 10 << 20]).await;
    assert_eq!((huge.status, huge.code()), (413, "too_large".to_owned()));
    let many: String = (0..10_000).map(|n| format!("f{n}=1&")).collect();
    let many = post_raw(&app, URLENCODED, many).await;
    assert_eq!((many.status, many.code()), (413, "too_large".to_owned()));
}

#[tokio::test]
async fn two_hundred_kilobytes_in_one_field_name_the_field() {
    let app = TestApp::start().await;
    let reply = post_raw(
        &app,
        URLENCODED,
        format!("phone=89123456789&comment={}", "a".repeat(200 << 10)),
    )
    .await;
    let error = reply.json()["errors"][0].clone();
    assert_eq!(
        (reply.status, &error["field"], &error["code"]),
        (422, &json!("comment"), &json!("TOO_LONG"))
    );
}

#[tokio::test]
async fn header_injection_and_control_characters_reach_neither_headers_nor_the_crm() {
    let app = TestApp::start().await;
    let reply = app
        .post_form(
            "callback",
            &[
                ("phone", "+79123456789"),
                ("name", "Иван\r\nX-Evil: 1\0\u{7}"),
                ("_next", "https://shop.example/\r\nX-Evil: 1"),
                ("_id", "k\r\n1"),
            ],
        )
        .await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    assert!(reply.headers.get("x-evil").is_none());
    app.until("the order is there", async || app.order_ids().len() == 1)
        .await;
    let order = app.crm.orders().remove(0).to_string();
    assert!(
        !order.contains("\\u0000") && !order.contains("\\u0007"),
        "{order}"
    );
}

#[tokio::test]
async fn every_answer_of_ours_carries_a_request_id() {
    let app = TestApp::start().await;
    for path in [
        "/f/nothing",
        "/nowhere",
        "/healthz",
        "/readyz",
        "/admin/api/leads",
        "/admin/login",
    ] {
        let reply = app.send(app.request(Method::GET, path)).await;
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
    }
}
