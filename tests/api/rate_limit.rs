//! Floods are told to come again; one visitor's flood is not another's.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::{Reply, Setup, TestApp};

async fn post_as(app: &TestApp, address: &str) -> Reply {
    let request = app
        .request(Method::POST, "/f/callback")
        .header("x-forwarded-for", address);
    app.send(
        request
            .header(CONTENT_TYPE, "application/json")
            .body(json!({ "phone": "+79123456789" }).to_string()),
    )
    .await
}

#[tokio::test]
async fn a_flood_from_one_address_is_refused_with_the_time_to_come_again_and_others_are_not() {
    let limits = "per_address = \"3/m\"".to_owned();
    let app = TestApp::with(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    for _ in 0..3 {
        assert_eq!(post_as(&app, "203.0.113.7").await.status, 200);
    }
    let refused = post_as(&app, "203.0.113.7").await;
    assert_eq!(
        (refused.status, refused.code()),
        (429, "rate_limited".to_owned())
    );
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=20).contains(&seconds), "{seconds}");
    assert_eq!(post_as(&app, "203.0.113.8").await.status, 200);
    app.clock.advance(Duration::from_secs(seconds));
    assert_eq!(post_as(&app, "203.0.113.7").await.status, 200);
}

#[tokio::test]
async fn an_address_is_read_from_the_right_so_a_spoofed_one_does_not_help() {
    let limits = "per_address = \"1/m\"".to_owned();
    let app = TestApp::with(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    assert_eq!(post_as(&app, "198.51.100.1, 203.0.113.7").await.status, 200);
    assert_eq!(post_as(&app, "198.51.100.2, 203.0.113.7").await.status, 429);
}
