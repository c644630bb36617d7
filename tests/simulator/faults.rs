//! Faults: each kind as a client feels it, and what is stored in spite of it.

use std::io::ErrorKind;
use std::time::Duration;

use leadgate::simulator::{Body, Calls, DEMO_API_KEY, Fault, FaultKind, Options, Stage, Target};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Crm;

const ORDER: &[(&str, &str)] = &[("order", "{\"externalId\":\"lg-1\",\"firstName\":\"Анна\"}")];
const CREATE: &str = "/api/v5/orders/create";

/// Sets a fault of every order create and makes one.
async fn struck(kind: FaultKind) -> (Crm, Result<crate::client::Reply, reqwest::Error>) {
    let crm = Crm::start().await;
    crm.crm.fault(Fault::new(kind).on("orders/create"));
    let reply = crm.try_post(CREATE, ORDER).await;
    (crm, reply)
}

#[tokio::test]
async fn down_closes_the_connection_before_any_byte_and_stores_nothing() {
    let (crm, reply) = struck(FaultKind::Down).await;
    assert!(reply.is_err());
    assert!(crm.crm.orders().is_empty());
    let received = &crm.crm.received()[0];
    assert_eq!((received.status, received.outcome.as_str()), (None, "down"));
    assert_eq!(
        crm.get("/api/v5/settings").await.status,
        200,
        "only creates are struck"
    );
}

#[tokio::test]
async fn hang_answers_nothing_until_the_faults_are_cleared() {
    let crm = Crm::start().await;
    crm.crm.fault(Fault::new(FaultKind::Hang));
    let mut changed = crm.crm.changed();
    let clear = async {
        changed.wait_for(|handled| *handled == 1).await.unwrap();
        assert_eq!(crm.crm.received()[0].outcome, "hang");
        crm.crm.clear_faults();
    };
    let (reply, ()) = futures_util::future::join(crm.try_post(CREATE, ORDER), clear).await;
    assert!(
        !reply.err().unwrap().is_timeout(),
        "closed, not run out of time"
    );
    assert!(crm.crm.orders().is_empty());
    assert_eq!(crm.post(CREATE, ORDER).await.status, 201);
}

#[tokio::test]
async fn a_hanging_call_holds_up_nobody_else() {
    let crm = Crm::start().await;
    crm.crm
        .fault(Fault::new(FaultKind::Hang).on("orders/create"));
    let mut changed = crm.crm.changed();
    let other = async {
        changed.wait_for(|handled| *handled == 1).await.unwrap();
        let status = crm.get("/api/v5/settings").await.status;
        crm.crm.clear_faults();
        status
    };
    let (_, status) = futures_util::future::join(crm.try_post(CREATE, ORDER), other).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_lost_answer_has_stored_the_order() {
    let (crm, reply) = struck(FaultKind::LostAnswer { hang: false }).await;
    assert!(reply.is_err());
    assert_eq!(crm.crm.orders().len(), 1);
    assert_eq!(crm.crm.received()[0].status, None);
    crm.crm.clear_faults();
    let again = crm.post(CREATE, ORDER).await;
    assert_eq!(again.json()["errorMsg"], "Order already exists.");
    assert_eq!(crm.get("/api/v5/orders/lg-1").await.status, 200);
}

#[tokio::test]
async fn a_lost_answer_may_also_hang() {
    let crm = Crm::start().await;
    crm.crm
        .fault(Fault::new(FaultKind::LostAnswer { hang: true }));
    let mut changed = crm.crm.changed();
    let clear = async {
        changed.wait_for(|handled| *handled == 1).await.unwrap();
        assert_eq!(crm.crm.orders().len(), 1);
        crm.crm.clear_faults();
    };
    let (reply, ()) = futures_util::future::join(crm.try_post(CREATE, ORDER), clear).await;
    assert!(reply.is_err());
}

#[tokio::test]
async fn every_second_answer_is_lost_on_demand() {
    let crm = Crm::start().await;
    let lost = Fault::new(FaultKind::LostAnswer { hang: false }).on("orders/create");
    crm.crm.fault(lost.calls(Calls::Every(2)));
    let mut answered = Vec::new();
    for number in 0..6 {
        let order = json!({"externalId": format!("lg-{number}")}).to_string();
        // The reads in between must not be counted.
        crm.get("/api/v5/orders").await;
        answered.push(crm.try_post(CREATE, &[("order", &order)]).await.is_ok());
    }
    assert_eq!(answered, [true, false, true, false, true, false]);
    assert_eq!(crm.crm.orders().len(), 6);
}

#[tokio::test]
async fn a_reset_comes_in_the_middle_of_the_body_of_an_order_that_is_stored() {
    let (crm, reply) = struck(FaultKind::Reset).await;
    let error = reply.err().unwrap();
    assert!(!error.is_timeout(), "{error:?}");
    assert_eq!(crm.crm.orders().len(), 1);
    assert_eq!(crm.crm.received()[0].outcome, "reset");
}

/// A bare connection on which an order create has just been sent.
async fn sent(crm: &Crm) -> TcpStream {
    let mut socket = TcpStream::connect(crm.crm.address()).await.unwrap();
    let body = "order=%7B%22externalId%22%3A%22lg-1%22%7D";
    let request = format!(
        "POST {CREATE} HTTP/1.1\r\nHost: crm\r\nX-API-KEY: {DEMO_API_KEY}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// The bytes that came for an order create, and how the connection ended.
async fn bytes_of(kind: FaultKind) -> (String, std::io::Result<usize>) {
    let crm = Crm::start().await;
    crm.crm.fault(Fault::new(kind));
    let mut bytes = Vec::new();
    let end = sent(&crm).await.read_to_end(&mut bytes).await;
    (String::from_utf8(bytes).unwrap(), end)
}

#[tokio::test]
async fn a_reset_is_a_reset_after_the_headers_and_half_of_the_body() {
    let (bytes, end) = bytes_of(FaultKind::Reset).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 201 Created"), "{head}");
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert_eq!(body.len(), announced.parse::<usize>().unwrap() / 2);
}

#[tokio::test]
async fn a_lost_answer_ends_the_connection_without_one_byte() {
    for kind in [FaultKind::LostAnswer { hang: false }, FaultKind::Down] {
        let (bytes, end) = bytes_of(kind).await;
        assert_eq!((bytes.as_str(), end.unwrap()), ("", 0));
    }
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_whole_answer() {
    let kind = FaultKind::SlowDrip {
        bytes: 100,
        every_ms: 20,
    };
    let (crm, reply) = struck(kind).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json()["order"], crm.crm.orders()[0]);
    assert_eq!(crm.crm.received()[0].outcome, "slow_drip");
}

#[tokio::test]
async fn a_delay_holds_the_answer_back_and_joins_other_faults() {
    let crm = Crm::start().await;
    let delay = FaultKind::Delay {
        ms: 150,
        stage: Stage::Processing,
    };
    crm.crm.fault(Fault::new(delay));
    crm.crm
        .fault(Fault::new(FaultKind::RateLimited).on("orders/create"));
    assert_eq!(crm.post(CREATE, ORDER).await.status, 503);
    crm.get("/api/v5/settings").await;
    let received = crm.crm.received();
    assert!(received[1].at - received[0].at >= Duration::from_millis(150));
    assert_eq!(received[1].outcome, "answered");
}

#[tokio::test]
async fn a_call_that_is_late_in_processing_is_carried_out_though_the_client_has_left() {
    let crm = Crm::start().await;
    let delay = FaultKind::Delay {
        ms: 300,
        stage: Stage::Processing,
    };
    crm.crm.fault(Fault::new(delay));
    let mut changed = crm.crm.changed();
    drop(sent(&crm).await);
    changed.wait_for(|handled| *handled == 1).await.unwrap();
    assert_eq!(crm.crm.orders().len(), 1);
}

#[tokio::test]
async fn latency_is_of_every_answer() {
    let options = Options {
        latency: Duration::from_millis(120),
        ..Options::default()
    };
    let crm = Crm::options(options).await;
    crm.get("/api/v5/settings").await;
    crm.get("/api/v5/settings").await;
    let received = crm.crm.received();
    assert!(received[1].at - received[0].at >= Duration::from_millis(120));
}

#[tokio::test]
async fn made_up_answers_store_nothing() {
    let status = |status, body| FaultKind::Status {
        status,
        retry_after: Some(7),
        body,
    };
    let field = FaultKind::FieldError {
        field: "customFields.city".to_owned(),
        text: "Too far.".to_owned(),
    };
    let wrong = FaultKind::SuccessFalse200 {
        text: "Internal error".to_owned(),
    };
    for (kind, expected, part) in [
        (status(502, Body::Html), 502, "<h1>502 Bad Gateway</h1>"),
        (status(500, Body::Json), 500, "\"success\":false"),
        (status(429, Body::Empty), 429, ""),
        (FaultKind::RateLimited, 503, "Rate limit exceeded"),
        (FaultKind::Html405, 405, "nginx"),
        (FaultKind::NonJson200, 200, "<!doctype html>"),
        (
            wrong,
            200,
            "{\"success\":false,\"errorMsg\":\"Internal error\"}",
        ),
        (FaultKind::WrongKey403, 403, "Wrong \\\"apiKey\\\" value."),
        (FaultKind::Forbidden403, 403, "Access denied."),
        (FaultKind::Account404, 404, "Account does not exist."),
        (
            field,
            400,
            "\"errors\":{\"customFields.city\":\"Too far.\"}",
        ),
    ] {
        let (crm, reply) = struck(kind.clone()).await;
        let reply = reply.unwrap();
        assert_eq!(reply.status, expected, "{kind:?}");
        assert!(reply.text.contains(part), "{kind:?}: {}", reply.text);
        assert!(crm.crm.orders().is_empty(), "{kind:?}");
        let is_status = matches!(kind, FaultKind::Status { .. });
        assert_eq!(reply.retry_after.as_deref(), is_status.then_some("7"));
        let is_html = reply.text.starts_with('<');
        assert_eq!(
            reply.content_type.starts_with("text/html") && !reply.text.is_empty(),
            is_html
        );
    }
}

#[tokio::test]
async fn a_fault_is_aimed_by_verb_and_path() {
    let crm = Crm::start().await;
    let mut fault = Fault::new(FaultKind::RateLimited);
    fault.target = Target {
        method: Some("get".to_owned()),
        path: Some("/api/v5/orders".to_owned()),
        operation: None,
    };
    crm.crm.fault(fault);
    assert_eq!(crm.get("/api/v5/orders/lg-1").await.status, 503);
    assert_eq!(crm.post(CREATE, ORDER).await.status, 201);
    assert_eq!(crm.get("/api/v5/customers").await.status, 200);
}

#[tokio::test]
async fn a_closed_port_refuses_and_opens_again_with_everything_kept() {
    let mut crm = Crm::start().await;
    crm.post(CREATE, ORDER).await;
    let mut open = TcpStream::connect(crm.crm.address()).await.unwrap();
    crm.crm.stop_listening().await;
    let refused = TcpStream::connect(crm.crm.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let mut byte = [0];
    assert!(
        matches!(open.read(&mut byte).await, Ok(0) | Err(_)),
        "open connections are cut"
    );
    crm.crm.listen_again().await.unwrap();
    crm.forget_connections();
    let orders = crm.get("/api/v5/orders").await.json();
    assert_eq!(orders["pagination"]["totalCount"], 1);
}

#[tokio::test]
async fn stopping_ends_calls_that_hang() {
    let crm = Crm::start().await;
    crm.crm.fault(Fault::new(FaultKind::Hang));
    let mut changed = crm.crm.changed();
    let stop = async {
        changed.wait_for(|handled| *handled == 1).await.unwrap();
        crm.crm.stop_listening().await;
    };
    let (reply, ()) = futures_util::future::join(crm.try_post(CREATE, ORDER), stop).await;
    assert!(!reply.err().unwrap().is_timeout());
}
