//! Orders through the official client.

use serde_json::{Value, json};

use super::{Official, Simulated};

/// A whole checkout.
fn checkout(external: &str) -> Value {
    json!({
        "externalId": external, "firstName": "Анна", "lastName": "Ким", "phone": "+7 912 345-67-89",
        "email": "anna@example.ru", "orderMethod": "landing-page", "createdAt": "2026-03-01 10:00:00",
        "customerComment": "50% скидка & +подарок=да", "managerId": 12,
        "items": [
            {"productName": "Лампа", "initialPrice": 1990.5, "quantity": 2, "offer": {"externalId": "sku-1"}},
            {"productName": "Подарок", "initialPrice": 0, "quantity": 1},
        ],
        "delivery": {"code": "courier", "cost": 300, "address": {"text": "Москва, Тверская 1"}},
        "payments": [{"type": "cash-on-delivery", "amount": 4281, "status": "not-paid"}],
        "source": {"source": "yandex", "campaign": "spring"},
        "customFields": {"city": "Казань", "guests": 2, "channel": "phone", "interests": ["light"], "no_such": 1},
    })
}

fn made(client: &mut Official, external: &str) -> Value {
    client
        .call("order_create", json!([checkout(external), "shop-ru"]))
        .good(201)
}

#[test]
fn an_order_is_made_read_and_edited() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let made = made(&mut client, "o-1");
    let id = made["id"].as_u64().unwrap();
    assert_eq!(made["order"]["id"], id);
    let read = client
        .call("order", json!(["o-1", "externalId", "shop-ru"]))
        .good(200);
    let order = &read["order"];
    assert_eq!(order["customerComment"], "50% скидка & +подарок=да");
    assert_eq!(order["totalSumm"], 3981.0);
    assert_eq!(
        (&order["status"], &order["orderType"], &order["site"]),
        (&json!("new"), &json!("eshop-individual"), &json!("shop-ru"))
    );
    assert_eq!(
        order["customFields"],
        json!({"city": "Казань", "guests": 2, "channel": "phone", "interests": ["light"]})
    );
    assert_eq!(order["payments"]["1"]["type"], "cash-on-delivery");
    assert_eq!(
        order["customer"]["firstName"], "Анна",
        "the CRM makes a customer of its own"
    );
    assert_eq!(client.call("order", json!([id, "id"])).good(200), read);

    let change = json!({"externalId": "o-1", "status": "complete", "customFields": {"guests": 5}});
    let edited = client.call("order_edit", json!([change])).good(200);
    assert_eq!(edited["id"], id);
    let order = client.call("order", json!([id, "id"])).good(200)["order"].clone();
    assert_eq!(order["status"], "complete");
    assert_eq!(order["customFields"]["guests"], 5);
    assert_eq!(order["customFields"]["city"], "Казань");
    assert_eq!(order["items"].as_array().unwrap().len(), 2);
    let renamed = json!([[{"id": id, "externalId": "o-9"}]]);
    client.call("orders_fix_external_ids", renamed).good(200);
    client.call("order", json!(["o-9"])).good(200);
    let (error, _) = client.call("order", json!(["o-1"])).refused(404);
    assert_eq!(error, "Not found");
}

#[test]
fn orders_are_listed_with_the_filters_there_are_and_their_statuses_read() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    let id = made(&mut client, "o-1")["id"].clone();
    let other = json!({"externalId": "o-2", "firstName": "Пётр", "status": "no-call"});
    let other = client.call("order_create", json!([other])).good(201)["id"].clone();
    let mut found = |filter: Value| {
        let answer = client.call("orders", json!([filter, 20, 1])).good(200);
        let rows = answer["orders"].as_array().unwrap().clone();
        let ids = rows.iter().map(|row| row["externalId"].as_str().unwrap());
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    for filter in [
        json!({"externalIds": ["o-1", "none"]}),
        json!({"ids": [id]}),
        json!({"numbers": ["1A"]}),
        json!({"customer": "9123456789"}),
        json!({"email": "anna@example.ru"}),
        json!({"orderMethods": ["landing-page"], "sites": ["shop-ru"]}),
        json!({"managers": [12], "createdAtFrom": "2026-03-01", "createdAtTo": "2026-03-01"}),
        json!({"sourceName": "yandex", "campaignName": "spring"}),
        json!({"customFields": {"city": "Казань", "guests": {"min": 1, "max": 2}}}),
    ] {
        assert_eq!(found(filter.clone()), ["o-1"], "{filter}");
    }
    assert_eq!(
        found(json!({"extendedStatus": ["approval-group"]})),
        ["o-2"]
    );
    assert_eq!(found(Value::Null), ["o-2", "o-1"], "newest first");

    let statuses = client
        .call("orders_statuses", json!([[other], ["o-1"]]))
        .good(200);
    assert_eq!(
        statuses["orders"],
        json!([
            {"id": other, "externalId": "o-2", "status": "no-call", "group": "approval"},
            {"id": id, "externalId": "o-1", "status": "new", "group": "new"},
        ])
    );
}

#[test]
fn what_an_order_may_not_be_is_refused_with_the_crms_words() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    made(&mut client, "o-1");
    let mut refused = |order: Value| client.call("order_create", json!([order])).refused(400);
    let (error, errors) = refused(checkout("o-1"));
    assert_eq!(
        (error.as_str(), errors),
        ("Order already exists.", json!({}))
    );
    let (error, errors) = refused(json!({"orderMethod": "landing-pge", "firstName": "А"}));
    assert_eq!(error, "Order is not loaded");
    assert_eq!(
        errors,
        json!({"orderMethod": "\"OrderMethod\" with \"code\"=\"landing-pge\" does not exist."})
    );
    let (_, errors) = refused(json!({"customer": {"externalId": "none", "site": "shop-ru"}}));
    assert_eq!(
        errors,
        json!({"customer.externalId": "Customer with externalId=none not found."})
    );
    let (_, errors) = refused(json!({"customFields": {"channel": "Телефон"}}));
    assert!(errors.get("customFields.channel").is_some(), "{errors}");
    let (error, errors) = refused(json!({"items": {"productName": "Лампа"}}));
    assert_eq!(error, "Errors in the entity format");
    assert_eq!(errors, json!({"items": "This value is not valid."}));
    let (error, _) = client
        .call("order_edit", json!([{"externalId": "none", "call": true}]))
        .refused(404);
    assert_eq!(error, "An attempt was made to edit a nonexistent record");
}

#[test]
fn orders_are_uploaded_row_by_row_and_at_most_fifty() {
    let crm = Simulated::without_limit();
    let mut client = crm.client();
    made(&mut client, "o-1");
    let rows = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| json!({"externalId": format!("u-{number}"), "firstName": "Мария"}))
            .collect()
    };
    let answer = client
        .call("orders_upload", json!([rows(50), "shop-ru"]))
        .good(200);
    assert_eq!(answer["uploadedOrders"].as_array().unwrap().len(), 50);
    assert_eq!(answer["orders"][49]["externalId"], "u-49");

    let mixed = json!([checkout("o-1"), {"externalId": "u-50", "firstName": "Мария"}]);
    let told = client.call("orders_upload", json!([mixed]));
    assert_eq!(told.body["uploadedOrders"][0]["externalId"], "u-50");
    assert_eq!(told.body["failedOrders"], json!([{"externalId": "o-1"}]));
    let (error, errors) = told.refused(460);
    assert_eq!(error, "Orders are loaded with errors");
    assert_eq!(errors, json!(["Order with externalId=o-1 already exists."]));
    client.call("orders_upload", json!([rows(51)])).refused(400);
}
