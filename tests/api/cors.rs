//! Pages of the form's origins may post; others are told so, and the admin sees them.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use serde_json::json;

use crate::support::{Reply, TestApp};

async fn post_from(app: &TestApp, origin: &str) -> Reply {
    let request = app
        .request(Method::POST, "/f/callback")
        .header(ORIGIN, origin)
        .header(CONTENT_TYPE, "application/json");
    app.send(request.body(json!({ "phone": "+79123456789" }).to_string()))
        .await
}

#[tokio::test]
async fn a_page_of_the_form_may_post_and_read_the_answer() {
    let app = TestApp::start().await;
    let reply = post_from(&app, "https://shop.example").await;
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (200, "https://shop.example")
    );
    assert!(
        reply
            .header("access-control-expose-headers")
            .to_lowercase()
            .contains("retry-after")
    );
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_readably_and_shown_to_the_admin() {
    let app = TestApp::start().await;
    let reply = post_from(&app, "https://evil.example").await;
    assert_eq!((reply.status, reply.code()), (403, "origin".to_owned()));
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "https://evil.example"
    );
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn the_preflight_allows_what_scripts_send() {
    let app = TestApp::start().await;
    let request = app
        .request(Method::OPTIONS, "/f/callback")
        .header(ORIGIN, "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let reply = app.send(request).await;
    assert!(
        reply.status == 200 || reply.status == 204,
        "{}",
        reply.status
    );
    let allowed = reply.header("access-control-allow-headers").to_lowercase();
    for header in [
        "content-type",
        "idempotency-key",
        "x-requested-with",
        "formspree-client",
        "formspree-session-data",
    ] {
        assert!(allowed.contains(header), "{header} in {allowed}");
    }
}
