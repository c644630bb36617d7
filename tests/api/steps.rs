//! What an operator sees of the requests of an attempt: enough to know why, nothing of the person, nothing of the key.

use std::time::Duration;

use leadgate::simulator::DEMO_API_KEY;
use reqwest::Method;
use reqwest::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use serde_json::{Value, json};

use crate::support::{TOKEN, TestApp};

const PERSON: [&str; 4] = ["Казань", "Анна", "9123456789", "anna@example.ru"];

async fn delivered_lead(app: &TestApp) -> String {
    let typed = json!({
        "name": "Анна Петрова", "phone": "8 912 345-67-89", "email": "anna@example.ru", "city": "Казань", "guests": "3",
    });
    let id = app.post_json("callback", typed).await.lead_id();
    app.until_state(&id, "delivered").await;
    id
}

fn steps(lead: &Value) -> Vec<Value> {
    let steps = &lead["deliveries"][0]["attempt_log"][0]["steps"];
    steps.as_array().expect("steps").clone()
}

fn step<'a>(steps: &'a [Value], operation: &str) -> &'a Value {
    let found = steps.iter().find(|step| step["operation"] == operation);
    found.unwrap_or_else(|| panic!("{operation} in {steps:#?}"))
}

#[tokio::test]
async fn an_attempt_tells_what_was_sent_and_what_the_crm_said() {
    let app = TestApp::start().await;
    let id = delivered_lead(&app).await;
    let steps = steps(&app.read_lead(&id).await);
    let order = step(&steps, "orders/create");
    let request = order["request"].as_str().expect("a request");
    assert!(
        request.starts_with("POST /api/v5/orders/create\n"),
        "{request}"
    );
    let body = request.lines().find_map(|line| line.strip_prefix("order="));
    let body: Value = serde_json::from_str(body.expect("an order")).expect("JSON");
    assert_eq!(body["externalId"], format!("lg-{id}"));
    assert_eq!(body["orderMethod"], "callback-request");
    assert_eq!(body["phone"], "***(12)");
    assert_eq!(
        body["customFields"],
        json!({ "city": "***(6)", "guests": 3 })
    );
    let answer = order["answer"].as_str().expect("an answer");
    assert!(answer.starts_with("{\"success\":true,\"id\":"), "{answer}");
    let search = step(&steps, "customers");
    assert_eq!(
        search["request"],
        "GET /api/v5/customers?filter[name]=***(10)&limit=20"
    );
}

#[tokio::test]
async fn steps_hold_neither_the_person_nor_the_key() {
    let app = TestApp::start().await;
    // The second lead finds the customer that the first made, with all its data in the answer.
    delivered_lead(&app).await;
    // So long after it nobody remembers whose the phone is: the CRM is asked.
    app.clock.advance(Duration::from_secs(31 * 86_400));
    let app = app.restart().await;
    let id = delivered_lead(&app).await;
    let steps = steps(&app.read_lead(&id).await);
    let search = step(&steps, "customers");
    assert_eq!(search["note"], "by phone: 1 returned");
    let text = Value::from(steps).to_string();
    for secret in PERSON.into_iter().chain([DEMO_API_KEY]) {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn notes_are_in_the_language_of_the_reader() {
    let app = TestApp::start().await;
    let id = delivered_lead(&app).await;
    let request = app
        .request(Method::GET, &format!("/admin/api/leads/{id}"))
        .header(AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(ACCEPT_LANGUAGE, "ru");
    let steps = steps(&app.send(request).await.json());
    assert_eq!(step(&steps, "customers")["note"], "по телефону: найдено 0");
    assert_eq!(step(&steps, "orders/create")["note"], "создано");
}
