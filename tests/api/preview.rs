//! The preview of a lead against what the CRM really gets.

use leadgate::simulator::{DEMO_API_KEY, ReceivedRequest};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::{CALLBACK, Setup, TestApp};

const CUSTOMER_FIELDS: &str = r#"
  [forms.deliver.customer_fields]
  "customFields.channel" = "{{ channel }}"
"#;

async fn with_customer_fields() -> TestApp {
    TestApp::with(Setup {
        forms: format!("{CALLBACK}{CUSTOMER_FIELDS}"),
        destination: "requests_per_second = 200\nsite = \"shop-ru\"".to_owned(),
        ..Setup::default()
    })
    .await
}

fn callback_as(forms: String) -> Setup {
    Setup {
        forms,
        ..Setup::default()
    }
}

async fn anna(app: &TestApp) -> String {
    let typed = json!({
        "name": "Анна Петрова", "phone": "8 912 345-67-89", "email": "anna@example.ru", "city": "Казань",
        "channel": "vk", "colour": "red",
    });
    app.post_json("callback", typed).await.lead_id()
}

async fn preview(app: &TestApp, id: &str) -> Value {
    let told = app
        .admin_get(&format!("/admin/api/leads/{id}/preview"))
        .await;
    told["previews"][0].clone()
}

/// Method, path, query and body of a request, in one shape for the preview and for the CRM's own list.
fn shape(method: &Value, path: &Value, query: &Value, form: &Value) -> Value {
    let mut form = form.clone();
    // Which customer it is, only an answer tells.
    if let Some(order) = form.get_mut("order") {
        order["customer"] = json!("told later");
    }
    json!({ "method": method, "path": path, "query": query, "form": form })
}

fn received(request: &ReceivedRequest) -> Value {
    let query: Map<String, Value> = request
        .query
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    shape(
        &json!(request.method),
        &json!(request.path),
        &Value::from(query),
        &Value::from(request.form.clone()),
    )
}

fn previewed(request: &Value) -> Value {
    shape(
        &request["method"],
        &request["path"],
        &request["query"],
        &request["form"],
    )
}

fn requests(preview: &Value) -> Vec<Value> {
    preview["requests"].as_array().expect("requests").clone()
}

#[tokio::test]
async fn the_preview_is_what_the_crm_then_gets_and_sends_nothing_itself() {
    let app = with_customer_fields().await;
    app.crm.stop_listening().await;
    let id = anna(&app).await;
    let promised = requests(&preview(&app, &id).await);
    assert_eq!(app.crm.received().len(), 0, "a preview sends nothing");

    app.crm.listen_again().await.expect("the same port");
    app.until_drained().await;
    let mut sent = app.crm.received();
    // Probes and the check of the account ask for other things, beside the delivery.
    let of_delivery = ["/api/v5/customers", "/api/v5/orders"];
    sent.retain(|request| {
        of_delivery
            .iter()
            .any(|path| request.path.starts_with(path))
    });
    let paths: Vec<&str> = sent.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/api/v5/customers",
            "/api/v5/customers",
            "/api/v5/customers/create",
            "/api/v5/orders/create",
        ]
    );
    for request in &sent {
        let shown = promised
            .iter()
            .find(|promised| previewed(promised) == received(request));
        assert!(
            shown.is_some(),
            "{:#} is not among {promised:#?}",
            received(request)
        );
    }
}

#[tokio::test]
async fn look_ups_and_what_depends_on_them_are_named_as_such() {
    let app = with_customer_fields().await;
    let id = anna(&app).await;
    app.until_state(&id, "delivered").await;
    let shown = preview(&app, &id).await;
    let purposes: Vec<String> = requests(&shown)
        .iter()
        .map(|request| request["purpose"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(
        purposes,
        [
            "look whether the order is there already; if it is, nothing else is sent",
            "search the customer by phone 9123456789, unless it is known already",
            "search the customer by e-mail anna@example.ru, unless it is known already",
            "make the customer, if nobody was found",
            "make the order with the new customer",
            "make the order with the customer that was found",
        ]
    );
    let comment = |place: usize| requests(&shown)[place]["form"]["order"]["managerComment"].clone();
    // Only the customer's fields read the channel; a customer that was found does not get them.
    assert_eq!(comment(4), "colour: red");
    assert_eq!(comment(5), "channel: vk\ncolour: red");
}

#[tokio::test]
async fn each_line_of_the_mapping_tells_what_it_gives() {
    let app = with_customer_fields().await;
    let id = anna(&app).await;
    let shown = preview(&app, &id).await;
    let value = |path: &str, template: &str, value: Value| json!({ "path": path, "template": template, "value": value, "left_out": null });
    assert_eq!(
        shown["values"],
        json!([
            value(
                "order.orderMethod",
                "callback-request",
                json!("callback-request")
            ),
            value("order.customFields.city", "{{ city }}", json!("Казань")),
            value("order.customFields.guests", "{{ guests }}", Value::Null),
            value(
                "customer_fields.customFields.channel",
                "{{ channel }}",
                json!("vk")
            ),
        ])
    );
}

#[tokio::test]
async fn the_api_key_is_in_no_preview() {
    let app = with_customer_fields().await;
    let id = anna(&app).await;
    for path in [
        format!("/admin/api/leads/{id}/preview"),
        format!("/admin/leads/{id}/preview"),
    ] {
        let reply = app.admin(Method::GET, &path, None).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.body.contains("anna@example.ru"), "{path}");
        assert!(!reply.body.contains(DEMO_API_KEY), "{path}");
        let stranger = app.send(app.request(Method::GET, &path)).await;
        assert!([401, 303].contains(&stranger.status), "{path}");
        assert!(!stranger.body.contains("anna@example.ru"), "{path}");
    }
}

#[tokio::test]
async fn a_mended_mapping_shows_in_the_preview_of_an_old_lead() {
    let mut app = with_customer_fields().await;
    let id = anna(&app).await;
    let method = |shown: &Value| {
        let requests = requests(shown);
        requests.last().expect("an order")["form"]["order"]["orderMethod"].clone()
    };
    assert_eq!(method(&preview(&app, &id).await), "callback-request");
    let mended = CALLBACK.replace("callback-request", "one-click");
    app.reload(callback_as(mended)).await;
    assert_eq!(method(&preview(&app, &id).await), "one-click");
    let gone = CALLBACK.replace("\"callback\"", "\"other\"");
    app.reload(callback_as(gone)).await;
    let shown = preview(&app, &id).await;
    assert_eq!(shown["requests"], json!([]));
    assert_eq!(
        shown["error"],
        "form callback is no longer in the config; put it back and resend"
    );
}

#[tokio::test]
async fn an_erased_lead_and_an_unknown_one_have_no_preview() {
    let app = TestApp::start().await;
    let id = anna(&app).await;
    app.until_state(&id, "delivered").await;
    app.admin(Method::POST, &format!("/admin/api/leads/{id}/erase"), None)
        .await;
    let path = format!("/admin/api/leads/{id}/preview");
    let erased = app.admin(Method::GET, &path, None).await;
    assert_eq!(
        (erased.status, &erased.json()["code"]),
        (409, &json!("conflict"))
    );
    let unknown = "/admin/api/leads/0190a4d2-0000-7000-8000-000000000000/preview";
    let unknown = app.admin(Method::GET, unknown, None).await;
    assert_eq!(unknown.status, 404);
}
