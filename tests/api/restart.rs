//! What was accepted outlives the process.

use leadgate::simulator::{Calls, Fault, FaultKind};

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
