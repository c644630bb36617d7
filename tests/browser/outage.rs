//! The demo's promise, as a newcomer tries it: the CRM is switched off, a lead waits in sight, the CRM is switched on, the order is there.

use crate::support::{Gate, Visitor};

#[tokio::test]
async fn a_lead_waits_in_sight_while_the_crm_is_off_and_becomes_an_order_when_it_is_on() {
    let gate = Gate::start();
    let visitor = Visitor::at_a_desk().await;
    let demo = gate.page("/demo?lang=en");
    visitor.open(&demo).await;
    visitor.press("#crm-now button").await;
    visitor.see("#crm-now[data-state=off]").await;

    visitor.fill("#banquet-name", "Ольга Ким").await;
    visitor.fill("#banquet-phone", "8 912 345-67-91").await;
    visitor.press("#banquet form button").await;
    visitor.see_text("[data-part=state]", "Thank you!").await;
    visitor
        .see_text("#crm-now [data-figure=waiting] dd", "1")
        .await;

    visitor.log_in(&gate).await;
    visitor
        .reload_until(".banner .headline", "1 lead waiting")
        .await;
    visitor.see_text(".leads .name", "Ольга Ким").await;
    let state = visitor.see(".leads .pill").await;
    let state = state.text().await.expect("a state");
    assert!(!state.contains("delivered"), "{state}");

    visitor.open(&demo).await;
    visitor.press("#crm-now button").await;
    visitor.see("#crm-now[data-state=on]").await;
    visitor
        .see_text("#crm-now [data-figure=orders] dd", "1")
        .await;

    visitor.open(&gate.page("/admin/")).await;
    visitor.reload_until(".leads .pill", "delivered").await;
    let order = visitor.see(".leads .crm").await;
    let order = order.attr("href").await.expect("a link").expect("a link");
    assert!(order.starts_with(gate.crm()), "{order}");
    visitor.open(&order).await;
    assert!(visitor.text().await.contains("Ольга"));
    visitor.leave().await;
}
