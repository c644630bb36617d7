//! One click is one lead is one order, however often it is sent.

use std::collections::HashSet;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn the_same_id_posted_twenty_times_at_once_is_one_lead_one_order_and_twenty_equal_answers() {
    let app = TestApp::start().await;
    let body = json!({ "name": "Иван", "phone": "+79123456789", "_id": "click-1" });
    let posts = (0..20).map(|_| app.post_json("callback", body.clone()));
    let replies = futures_util::future::join_all(posts).await;
    let answers: HashSet<_> = replies
        .iter()
        .map(|reply| (reply.status, reply.body.clone()))
        .collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    app.until_state(&replies[0].lead_id(), "delivered").await;
    assert_eq!((app.leads().await.len(), app.order_ids().len()), (1, 1));
}

#[tokio::test]
async fn the_header_means_the_same_as_the_field() {
    let app = TestApp::start().await;
    let by_header = async || {
        let request = app
            .request(Method::POST, "/f/callback")
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", "k");
        app.send(request.body(r#"{"phone":"+79123456789"}"#))
            .await
            .lead_id()
    };
    let by_field = app
        .post_json("callback", json!({ "phone": "+79123456789", "_id": "k" }))
        .await
        .lead_id();
    assert_eq!(by_header().await, by_field);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_another_lead() {
    let app = TestApp::start().await;
    let send = async |phone: &str| {
        app.post_json("callback", json!({ "phone": phone, "_id": "cached-page" }))
            .await
            .lead_id()
    };
    assert_ne!(send("+79123456789").await, send("+79990000000").await);
    app.until_drained().await;
    assert_eq!(app.order_ids().len(), 2);
}

#[tokio::test]
async fn a_second_request_of_the_same_person_is_a_second_order_of_the_same_customer() {
    let app = TestApp::start().await;
    app.lead("+79123456789").await;
    app.lead("8 912 345 67 89").await;
    app.until_drained().await;
    assert_eq!((app.order_ids().len(), app.crm.customers().len()), (2, 1));
}
