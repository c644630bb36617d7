//! Uploads of many rows: all stored, some refused (460), too many.

use leadgate::simulator::{Calls, Fault, FaultKind};
use serde_json::{Value, json};

use crate::client::{Crm, Reply};

async fn upload(crm: &Crm, rows: &Value) -> Reply {
    crm.post("/api/v5/orders/upload", &[("orders", &rows.to_string())])
        .await
}

fn rows(count: usize) -> Value {
    (1..=count)
        .map(|number| json!({"externalId": format!("lg-{number}"), "firstName": "Анна"}))
        .collect()
}

#[tokio::test]
async fn an_upload_that_is_stored_whole_is_200_with_ids_and_orders() {
    let crm = Crm::start().await;
    let reply = upload(&crm, &rows(50)).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(body["success"], true);
    assert_eq!(
        body["uploadedOrders"][49],
        json!({"externalId": "lg-50", "id": 50})
    );
    assert_eq!(body["orders"][0]["number"], "1A");
    assert!(body.get("failedOrders").is_none());
}

#[tokio::test]
async fn more_than_fifty_rows_are_refused_as_a_whole() {
    let crm = Crm::start().await;
    assert_eq!(upload(&crm, &rows(51)).await.status, 400);
    assert_eq!(upload(&crm, &json!([])).await.status, 400);
    assert!(crm.crm.orders().is_empty());
}

#[tokio::test]
async fn rows_that_exist_fail_and_the_others_are_stored() {
    let crm = Crm::start().await;
    upload(&crm, &rows(2)).await;
    let reply = upload(&crm, &rows(3)).await;
    assert_eq!(reply.status, 460);
    let body = reply.json();
    assert_eq!(body["success"], false);
    assert_eq!(body["errorMsg"], "Orders are loaded with errors");
    assert_eq!(
        body["uploadedOrders"],
        json!([{"externalId": "lg-3", "id": 3}])
    );
    assert_eq!(
        body["failedOrders"],
        json!([{"externalId": "lg-1"}, {"externalId": "lg-2"}])
    );
    assert_eq!(
        body["errors"],
        json!([
            "Order with externalId=lg-1 already exists.",
            "Order with externalId=lg-2 already exists.",
        ])
    );
}

#[tokio::test]
async fn a_wrong_row_is_complained_about_with_its_path() {
    let crm = Crm::start().await;
    let rows = json!([{"externalId": "a", "status": "x"}, {"externalId": "b"}]);
    let body = upload(&crm, &rows).await.json();
    assert_eq!(
        body["errors"],
        json!(["status: \"Status\" with \"code\"=\"x\" does not exist."])
    );
    assert_eq!(crm.crm.orders().len(), 1);
}

#[tokio::test]
async fn a_fault_makes_one_row_fail() {
    let crm = Crm::start().await;
    let kind = FaultKind::Partial460 {
        row: 2,
        text: "items[0].offer.id: Offer with id 5 not found.".to_owned(),
    };
    crm.crm.fault(Fault::new(kind).calls(Calls::First(1)));
    let reply = upload(&crm, &rows(3)).await;
    assert_eq!(reply.status, 460);
    assert_eq!(
        reply.json()["failedOrders"],
        json!([{"externalId": "lg-2"}])
    );
    assert_eq!(crm.crm.orders().len(), 2);
    assert_eq!(crm.crm.received()[0].outcome, "partial_460");
    let again = upload(&crm, &json!([{"externalId": "lg-2"}])).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn customers_are_uploaded_in_the_same_way() {
    let crm = Crm::start().await;
    let rows = json!([{"externalId": "c-1", "firstName": "Анна"}, {"externalId": "c-2", "firstName": "Я", "managerId": 5}]);
    let reply = crm
        .post(
            "/api/v5/customers/upload",
            &[("customers", &rows.to_string())],
        )
        .await;
    assert_eq!(reply.status, 460);
    let body = reply.json();
    assert_eq!(body["errorMsg"], "Customers are loaded with errors");
    assert_eq!(
        body["uploadedCustomers"],
        json!([{"externalId": "c-1", "id": 1001}])
    );
    assert_eq!(body["failedCustomers"], json!([{"externalId": "c-2"}]));
    assert!(body["errors"]["managerId"].is_string(), "an object here");
}
