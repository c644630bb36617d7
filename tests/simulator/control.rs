//! The control endpoint.

use serde_json::json;

use crate::client::Crm;

#[tokio::test]
async fn rules_are_set_listed_and_cleared_as_json_without_a_key() {
    let mut crm = Crm::start().await;
    let rule = json!({
        "kind": "lost_answer", "match": {"operation": "orders/create"}, "calls": {"every": 2},
    });
    let rules =
        json!([rule, {"kind": "status", "status": 429, "retry_after": 3, "calls": {"next": 1}}]);
    crm.set_key(None);
    assert_eq!(crm.control("/_control/faults", &rules).await.status, 200);
    let listed = crm.get("/_control/faults").await.json();
    assert_eq!(listed["faults"][0]["kind"], "lost_answer");
    assert_eq!(listed["faults"][0]["seen"], 0);
    let reply = crm.get("/api/v5/settings").await;
    assert_eq!(
        (reply.status, reply.retry_after.as_deref()),
        (429, Some("3"))
    );
    assert_eq!(
        crm.get("/_control/faults").await.json()["faults"][1]["struck"],
        1
    );
    let cleared = crm
        .send(reqwest::Method::DELETE, "/_control/faults", None)
        .await
        .unwrap();
    assert_eq!(cleared.json(), json!({"faults": []}));
    assert_eq!(
        crm.get("/_control/faults").await.json()["faults"],
        json!([])
    );
}

#[tokio::test]
async fn every_kind_of_fault_can_be_written_as_json() {
    let crm = Crm::start().await;
    let rules = json!([
        {"kind": "down"}, {"kind": "hang"}, {"kind": "delay", "ms": 800},
        {"kind": "delay", "ms": 800, "stage": "processing"},
        {"kind": "status", "status": 500, "body": "empty"}, {"kind": "rate_limited"}, {"kind": "html_405"},
        {"kind": "reset"}, {"kind": "lost_answer", "hang": true}, {"kind": "slow_drip", "bytes": 1, "every_ms": 100},
        {"kind": "slow_drip"}, {"kind": "partial_460", "row": 2}, {"kind": "non_json_200"},
        {"kind": "success_false_200"}, {"kind": "forbidden_403"}, {"kind": "account_404"},
        {"kind": "field_error", "field": "customFields.city", "text": "no", "calls": "always"},
        {"kind": "down", "calls": {"probability": {"p": 0.5, "seed": 3}}, "match": {"method": "POST", "path": "/api"}},
    ]);
    let reply = crm.control("/_control/faults", &rules).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["faults"].as_array().unwrap().len(), 18);
}

#[tokio::test]
async fn a_list_with_one_wrong_rule_sets_none() {
    let crm = Crm::start().await;
    let rules = json!([{"kind": "down"}, {"kind": "down", "call": "always"}]);
    let reply = crm.control("/_control/faults", &rules).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text.contains("call"), "{}", reply.text);
    assert_eq!(
        crm.get("/_control/faults").await.json()["faults"],
        json!([])
    );
}

#[tokio::test]
async fn requests_are_listed_in_order_and_from_a_number_on() {
    let crm = Crm::start().await;
    crm.order(&json!({"externalId": "lg-1"})).await;
    crm.get("/api/v5/orders/lg-9?by=externalId").await;
    let all = crm.get("/_control/requests").await.json();
    assert_eq!(all["requests"][0]["operation"], "orders/create");
    assert_eq!(all["requests"][0]["form"]["order"]["externalId"], "lg-1");
    assert_eq!(all["requests"][0]["status"], 201);
    assert!(all["requests"][0]["at_ms"].is_number());
    assert_eq!(all["requests"][1]["query"], json!([["by", "externalId"]]));
    assert_eq!(all["requests"][1]["status"], 404);
    let rest = crm.get("/_control/requests?after=1").await.json();
    assert_eq!(rest["requests"].as_array().unwrap().len(), 1);
    assert_eq!(rest["requests"][0]["number"], 2);
}

#[tokio::test]
async fn control_calls_are_neither_counted_nor_limited() {
    let crm = Crm::start().await;
    crm.crm.set_requests_per_second(1);
    crm.order(&json!({"externalId": "lg-1"})).await;
    for _ in 0..5 {
        assert_eq!(crm.get("/_control/orders").await.status, 200);
    }
    let stats = crm.get("/_control/stats").await.json();
    assert_eq!(stats["received"], 1);
    assert_eq!(stats["peak_per_second"], 1);
    assert_eq!(stats["by_status"], json!({"201": 1}));
    assert_eq!(stats["by_outcome"], json!({"answered": 1}));
    assert_eq!(
        (&stats["orders"], &stats["customers"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn the_records_are_shown_as_the_api_shows_them() {
    let crm = Crm::start().await;
    crm.order(&json!({"externalId": "lg-1", "firstName": "Анна"}))
        .await;
    let orders = crm.get("/_control/orders").await.json();
    assert_eq!(
        orders["orders"][0],
        crm.get("/api/v5/orders/lg-1").await.json()["order"]
    );
    let customers = crm.get("/_control/customers").await.json();
    assert_eq!(customers["customers"][0]["firstName"], "Анна");
}

#[tokio::test]
async fn a_reset_forgets_records_rules_and_requests() {
    let crm = Crm::start().await;
    crm.order(&json!({"externalId": "lg-1"})).await;
    crm.control("/_control/faults", &json!({"kind": "down"}))
        .await;
    crm.control("/_control/reset", &json!({})).await;
    assert!(crm.crm.orders().is_empty() && crm.crm.customers().is_empty());
    assert!(crm.crm.received().is_empty());
    assert_eq!(
        crm.order(&json!({"externalId": "lg-1"})).await.json()["id"],
        1
    );
}

#[tokio::test]
async fn the_account_is_changed_member_by_member() {
    let crm = Crm::start().await;
    let change = json!({
        "requests_per_second": 3, "latency_ms": 5,
        "account": {"language": "ru", "errors": "list", "sites": [{"code": "a", "name": "A"}]},
    });
    let changed = crm.control("/_control/account", &change).await.json();
    assert_eq!(changed["api_key"], "***");
    assert_eq!(changed["requests_per_second"], 3);
    assert_eq!(
        changed["account"]["time_zone"], "Europe/Moscow",
        "what is not named stays"
    );
    assert_eq!(crm.crm.account().sites[0].code, "a");
    for wrong in [
        json!({"account": {"time_zone": "Mars/Base"}}),
        json!({"account": {"colour": 1}}),
        json!({"account": {"sites": []}}),
        json!({"api_key": "short"}),
        json!({"key": "x"}),
    ] {
        assert_eq!(
            crm.control("/_control/account", &wrong).await.status,
            400,
            "{wrong}"
        );
    }
    assert_eq!(crm.crm.account().time_zone, "Europe/Moscow");
}

#[tokio::test]
async fn an_unknown_control_address_is_404() {
    let crm = Crm::start().await;
    assert_eq!(crm.get("/_control/nothing").await.status, 404);
}
