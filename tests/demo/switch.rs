//! The switch of the simulated CRM.

use super::*;

#[tokio::test]
async fn it_switches_the_crm_off_and_on_and_goes_back_to_the_panel() {
    let demo = Demo::open();
    let answer = demo.ask(form("/demo/crm", "state=off")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location, "/demo#crm");
    let page = demo.get("/demo").await.body;
    assert!(page.contains("RetailCRM выключена"));
    assert!(page.contains("name=\"state\" value=\"on\""));
    let answer = demo.ask(form("/demo/crm?lang=en", "state=on")).await;
    assert_eq!(answer.location, "/demo?lang=en#crm");
    assert!(demo.parts.crm.is_on());
}

#[tokio::test]
async fn a_page_of_another_site_switches_nothing() {
    let demo = Demo::open();
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "http://127.0.0.1:8081"),
        ("origin", "null"),
    ];
    for header in foreign {
        let answer = demo
            .ask(form("/demo/crm", "state=off").insert_header(header))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{header:?}");
        assert!(demo.parts.crm.is_on(), "{header:?}");
    }
}

#[tokio::test]
async fn a_program_may_switch_it_too() {
    let demo = Demo::open();
    let curl = TestRequest::post()
        .uri("/demo/crm")
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload("state=off");
    assert_eq!(demo.ask(curl).await.status, StatusCode::SEE_OTHER);
    assert!(!demo.parts.crm.is_on());
}

#[tokio::test]
async fn anything_but_on_and_off_is_refused_and_changes_nothing() {
    let demo = Demo::open();
    for body in ["", "state=maybe", "state=", "off"] {
        let answer = demo.ask(form("/demo/crm", body)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let answer = demo.get("/demo/crm").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(demo.parts.crm.is_on());
}
