//! What was accepted outlives the process.

use std::cell::Cell;

use leadgate::simulator::{Calls, Fault, FaultKind};
use reqwest::Method;

use crate::support::TestApp;

#[tokio::test]
async fn a_lead_that_waited_when_the_gate_stopped_goes_after_the_next_start() {
    let app = TestApp::start().await;
    app.crm.stop_listening().await;
    let id = app.lead("+79123456789").await;
    let app = app.restart().await;
    app.crm.listen_again().await.expect("the same port");
    app.until_drained().await;
    app.until_state(&id, "delivered").await;
    assert_eq!(app.order_ids(), [format!("lg-{id}")]);
}

#[tokio::test]
async fn an_attempt_that_the_stop_cut_off_is_looked_up_before_anything_is_sent() {
    let app = TestApp::start().await;
    app.crm.fault(
        Fault::new(FaultKind::LostAnswer { hang: true })
            .on("orders/create")
            .calls(Calls::First(1)),
    );
    let id = app.lead("+79123456789").await;
    app.until("the order is made and nobody knows", async || {
        app.order_ids().len() == 1
    })
    .await;
    let app = app.restart().await;
    app.until_state(&id, "delivered").await;
    assert_eq!(app.order_ids().len(), 1);
    let log = app.read_lead(&id).await["deliveries"][0]["attempt_log"].clone();
    assert_eq!(
        log[0]["outcome"],
        serde_json::Value::Null,
        "nobody knows how the first one ended"
    );
    assert_eq!(log[1]["outcome"], "delivered");
}

#[tokio::test]
async fn a_lead_that_the_disk_has_damaged_in_the_index_is_back_by_itself_while_others_come() {
    let app = TestApp::start().await;
    let first = app.lead("+79123456789").await;
    app.until_state(&first, "delivered").await;
    let heap = app.folder().join("data/sled/heap");
    for file in std::fs::read_dir(heap).expect("listed") {
        let path = file.expect("an entry").path();
        let damaged = std::fs::read(&path).expect("readable");
        let damaged: Vec<u8> = damaged.iter().map(|byte| !byte).collect();
        std::fs::write(&path, damaged).expect("written");
    }
    assert!(app.admin(Method::GET, &lead(&first), None).await.status >= 500);
    let leads = Cell::new(1);
    app.until("it can be read again", async || {
        app.lead("+79990000000").await;
        leads.set(leads.get() + 1);
        app.admin(Method::GET, &lead(&first), None).await.status == 200
    })
    .await;
    assert_eq!(app.read_lead(&first).await["state"], "delivered");
    app.until_drained().await;
    let orders = app.order_ids().len();
    assert_eq!(orders, leads.get(), "nothing is lost or doubled");
}

fn lead(id: &str) -> String {
    format!("/admin/api/leads/{id}")
}

#[tokio::test]
async fn whose_a_contact_is_need_not_be_searched_for_again_after_a_start() {
    let app = TestApp::start().await;
    let first = app.lead("+79123456789").await;
    app.until_state(&first, "delivered").await;
    let app = app.restart().await;
    let before = app.crm.received().len();
    let second = app.lead("8 912 345-67-89").await;
    app.until_state(&second, "delivered").await;
    let received = app.crm.received();
    let operations: Vec<_> = received[before..]
        .iter()
        .map(|request| request.operation.as_str())
        // The account is checked at the same time.
        .filter(|name| name.starts_with("customers") || name.starts_with("orders"))
        .collect();
    assert_eq!(operations, ["orders/create"]);
    assert_eq!(app.crm.customers().len(), 1);
}

#[tokio::test]
async fn what_an_erased_lead_taught_is_not_remembered_after_a_start() {
    let app = TestApp::start().await;
    let first = app.lead("+79123456789").await;
    app.until_state(&first, "delivered").await;
    let path = format!("/admin/api/leads/{first}/erase");
    app.admin(Method::POST, &path, None).await;
    let app = app.restart().await;
    let before = app.crm.received().len();
    let second = app.lead("+79123456789").await;
    app.until_state(&second, "delivered").await;
    let received = app.crm.received();
    let mut operations = received[before..].iter().map(|request| &request.operation);
    assert!(operations.any(|name| name == "customers/list"));
}
