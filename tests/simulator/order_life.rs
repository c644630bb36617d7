//! What happens to orders after they were made: statuses, history, mergers, deletion.

use leadgate::simulator::OrderChange;
use serde_json::json;

use crate::client::Crm;

async fn crm() -> Crm {
    let crm = Crm::start().await;
    for external in ["lg-1", "lg-2"] {
        crm.order(&json!({"externalId": external, "firstName": "Анна"}))
            .await;
    }
    crm
}

#[tokio::test]
async fn statuses_are_told_by_both_ids_and_orders_that_are_not_there_are_left_out() {
    let crm = crm().await;
    let path = "/api/v5/orders/statuses?ids[]=1&ids[]=77&externalIds[]=lg-2";
    let answer = crm.get(path).await.json();
    assert_eq!(
        answer["orders"],
        json!([
            {"id": 1, "externalId": "lg-1", "status": "new", "group": "new"},
            {"id": 2, "externalId": "lg-2", "status": "new", "group": "new"},
        ])
    );
    let many: Vec<String> = (0..101).map(|id| format!("ids[]={id}")).collect();
    let path = format!("/api/v5/orders/statuses?{}", many.join("&"));
    assert_eq!(crm.get(&path).await.status, 400);
}

#[tokio::test]
async fn a_manager_changes_an_order_through_the_control_endpoint() {
    let crm = crm().await;
    let change = json!({"status": "complete"});
    assert_eq!(crm.control("/_control/orders/1", &change).await.status, 200);
    let answer = crm.get("/api/v5/orders/statuses?ids[]=1").await.json();
    assert_eq!(answer["orders"][0]["status"], "complete");
    assert_eq!(answer["orders"][0]["group"], "complete");
    for (path, change) in [
        ("/_control/orders/1", json!({"status": "no-such"})),
        ("/_control/orders/9", json!("delete")),
        ("/_control/orders/1", json!({"merge_into": 1})),
        ("/_control/orders/x", json!("delete")),
        ("/_control/orders/1", json!("burn")),
    ] {
        assert_eq!(crm.control(path, &change).await.status, 400, "{change}");
    }
    assert_eq!(
        crm.control("/_control/orders/1", &json!("delete"))
            .await
            .status,
        200
    );
    assert_eq!(crm.get("/api/v5/orders/1?by=id").await.status, 404);
    crm.order(&json!({"externalId": "lg-1", "firstName": "Анна"}))
        .await;
    assert_eq!(
        crm.crm.orders()[1]["id"],
        3,
        "the id of a deleted order is not given again, its external id is free"
    );
}

#[tokio::test]
async fn the_history_tells_of_statuses_deletion_and_mergers_in_order() {
    let crm = crm().await;
    assert!(
        crm.crm
            .change_order(1, &OrderChange::Status("no-call".to_owned()))
    );
    let merge = [
        ("technique", "ours"),
        ("order", "{\"id\":1}"),
        ("resultOrder", "{\"id\":2}"),
    ];
    assert_eq!(crm.post("/api/v5/orders/combine", &merge).await.status, 200);
    assert!(crm.crm.change_order(2, &OrderChange::Delete));
    let answer = crm
        .get("/api/v5/orders/history?filter[orderId]=1")
        .await
        .json();
    let history = answer["history"].as_array().unwrap();
    assert_eq!(history.len(), 3);
    assert_eq!(
        (&history[0]["created"], &history[0]["source"]),
        (&json!(true), &json!("api"))
    );
    assert_eq!(history[1]["newValue"], json!({"code": "no-call"}));
    assert_eq!(history[2]["combinedTo"], json!({"id": 2}));
    assert_eq!(history[2]["order"], json!({"id": 1, "externalId": "lg-1"}));
    let since = history[2]["id"].as_u64().unwrap();
    let path = format!("/api/v5/orders/history?filter[sinceId]={since}");
    let answer = crm.get(&path).await.json();
    assert_eq!(answer["history"].as_array().unwrap().len(), 1);
    assert_eq!(answer["history"][0]["deleted"], true);
    let refused = crm.get(&format!("{path}&page=1")).await;
    assert_eq!(refused.status, 400, "sinceId and page exclude each other");
}
