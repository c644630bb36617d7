//! Orders that are stored: read, edit, find.

use serde_json::{Value, json};

use crate::client::Crm;

#[tokio::test]
async fn an_order_is_read_by_external_id_or_by_id() {
    let crm = Crm::start().await;
    crm.order(&json!({"externalId": "lg 1/2", "firstName": "Анна"}))
        .await;
    let encoded = crm.get("/api/v5/orders/lg%201%2F2").await.json();
    assert_eq!(encoded["order"]["id"], 1);
    let by_id = crm.get("/api/v5/orders/1?by=id").await.json();
    assert_eq!(by_id["order"]["externalId"], "lg 1/2");
    let absent = crm.get("/api/v5/orders/2").await;
    assert_eq!(absent.status, 404);
    assert_eq!(
        absent.json(),
        json!({"success": false, "errorMsg": "Not found"})
    );
    let wrong = crm.get("/api/v5/orders/x?by=id").await.json();
    assert_eq!(wrong["errors"]["id"], "ID must be an integer");
}

#[tokio::test]
async fn an_edit_merges_fields_and_replaces_the_lines() {
    let crm = Crm::start().await;
    let items = json!([{"productName": "Диван"}, {"productName": "Лампа"}]);
    let order = json!({
        "externalId": "lg-1", "firstName": "Анна", "items": items, "customFields": {"city": "Тверь", "guests": 2},
    });
    crm.order(&order).await;
    let change = json!({
        "status": "no-call", "items": [{"productName": "Лампа"}], "customFields": {"guests": null, "budget": 5},
    });
    let edit = crm
        .post(
            "/api/v5/orders/lg-1/edit",
            &[("order", &change.to_string())],
        )
        .await;
    assert_eq!(edit.status, 200);
    assert_eq!(edit.json()["id"], 1);
    let stored = &crm.crm.orders()[0];
    assert_eq!(stored["firstName"], "Анна");
    assert_eq!(stored["status"], "no-call");
    assert_eq!(stored["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        stored["customFields"],
        json!({"city": "Тверь", "budget": 5})
    );
    let absent = crm
        .post(
            "/api/v5/orders/lg-9/edit",
            &[("order", &change.to_string())],
        )
        .await;
    assert_eq!(absent.status, 404);
}

#[tokio::test]
async fn orders_are_found_through_their_filters() {
    let crm = Crm::start().await;
    let one = json!({
        "externalId": "lg-1", "firstName": "Анна", "phone": "+7 912 345-67-89", "email": "Anna@shop.example",
        "createdAt": "2026-03-01 23:59:00", "customFields": {"guests": 5, "channel": "phone"},
        "source": {"campaign": "spring"}, "managerId": 12,
    });
    crm.order(&one).await;
    let other = json!({"externalId": "lg-2", "firstName": "Борис", "orderMethod": "one-click"});
    crm.order(&other).await;
    for filter in [
        "filter[ids][]=1",
        "filter[externalIds][]=lg-1&filter[externalIds][]=lg-9",
        "filter[numbers][]=1A",
        "filter[customerId]=1001",
        "filter[customer]=9123456789",
        "filter[customer]=анн",
        "filter[email]=anna@shop.example",
        "filter[orderMethods][]=shopping-cart",
        "filter[createdAtTo]=2026-03-01",
        "filter[managers][]=12",
        "filter[campaignName]=spring",
        "filter[customFields][guests][min]=5&filter[customFields][guests][max]=6",
        "filter[customFields][channel][]=phone&filter[customFields][channel][]=site",
        "filter[extendedStatus][]=new-group&filter[ids][]=1",
    ] {
        let found = crm.get(&format!("/api/v5/orders?{filter}")).await.json();
        let ids: Vec<&Value> = found["orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| &order["externalId"])
            .collect();
        assert_eq!(ids, ["lg-1"], "{filter}");
    }
    let both = crm.get("/api/v5/orders?filter[extendedStatus][]=new").await;
    assert_eq!(both.json()["pagination"]["totalCount"], 2);
    let none = crm.get("/api/v5/orders?filter[externalIds][]=lg-3").await;
    assert_eq!(none.json()["orders"], json!([]));
}

#[tokio::test]
async fn statuses_are_the_short_form_of_many_orders() {
    let crm = Crm::start().await;
    crm.order(&json!({"externalId": "lg-1"})).await;
    crm.order(&json!({"externalId": "lg-2", "status": "no-call"}))
        .await;
    let path = "/api/v5/orders/statuses?externalIds[]=lg-2&ids[]=1&externalIds[]=lg-9";
    assert_eq!(
        crm.get(path).await.json()["orders"],
        json!([
            {"id": 1, "status": "new", "group": "new", "externalId": "lg-1"},
            {"id": 2, "status": "no-call", "group": "approval", "externalId": "lg-2"},
        ])
    );
}

#[tokio::test]
async fn an_external_id_can_be_set_afterwards() {
    let crm = Crm::start().await;
    crm.order(&json!({"firstName": "Анна"})).await;
    let rows = json!([{"id": 1, "externalId": "new"}]).to_string();
    crm.post("/api/v5/orders/fix-external-ids", &[("orders", &rows)])
        .await;
    assert_eq!(crm.get("/api/v5/orders/new").await.json()["order"]["id"], 1);
}
