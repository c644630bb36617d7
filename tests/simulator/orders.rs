//! Orders: create, refuse, read, edit, find.

use leadgate::simulator::{Account, ErrorsShape, Language};
use serde_json::{Value, json};

use crate::api::two_stores;
use crate::client::Crm;

/// Creates an order that must be refused and returns status, `errorMsg` and `errors`.
async fn refused(crm: &Crm, order: Value) -> (u16, String, Value) {
    let before = crm.crm.orders().len();
    let reply = crm.order(&order).await;
    assert_eq!(crm.crm.orders().len(), before, "{order} was stored");
    let body = reply.json();
    assert_eq!(body["success"], false);
    let message = body["errorMsg"].as_str().unwrap().to_owned();
    (reply.status, message, body["errors"].clone())
}

#[tokio::test]
async fn a_create_is_201_with_the_id_and_the_full_order() {
    let crm = Crm::start().await;
    let order = json!({
        "externalId": "lg-1", "createdAt": "2026-03-01 10:20:30", "lastName": "Петрова", "firstName": "Анна",
        "phone": "+79123456789", "email": "anna@shop.example", "customerComment": "a+b & c=d",
        "managerId": 12, "call": false, "source": {"source": "yandex", "medium": "cpc"},
        "customFields": {"city": "Тверь", "guests": 0, "gift": false},
        "items": [{"productName": "Диван", "initialPrice": 100.5, "quantity": 2}],
        "payments": [{"type": "cash", "amount": 201}],
    });
    let reply = crm.order(&order).await;
    assert_eq!(reply.status, 201);
    let body = reply.json();
    assert_eq!(body["success"], true);
    assert_eq!(body["id"], 1);
    let stored = &body["order"];
    for (name, sent) in order.as_object().unwrap() {
        if name != "payments" {
            assert_eq!(&stored[name], sent, "{name}");
        }
    }
    assert_eq!(stored["number"], "1A");
    assert_eq!(stored["orderType"], "eshop-individual");
    assert_eq!(stored["orderMethod"], "shopping-cart");
    assert_eq!(stored["status"], "new");
    assert_eq!(stored["site"], "shop-ru");
    assert_eq!(stored["totalSumm"], 201.0);
    assert_eq!(
        stored["payments"]["1"]["type"], "cash",
        "an object keyed by id"
    );
}

#[tokio::test]
async fn empty_custom_fields_come_back_as_a_list() {
    let crm = Crm::start().await;
    let body = crm.order(&json!({"firstName": "Анна"})).await.json();
    assert_eq!(body["order"]["customFields"], json!([]));
    assert_eq!(body["order"]["payments"], json!([]));
    assert!(
        body["order"].get("lastName").is_none(),
        "empty fields are left out"
    );
}

#[tokio::test]
async fn an_unknown_custom_field_vanishes_without_an_error() {
    let crm = Crm::start().await;
    let order = json!({"firstName": "Анна", "customFields": {"no_such": "x", "city": "Тверь"}});
    let reply = crm.order(&order).await;
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.json()["order"]["customFields"],
        json!({"city": "Тверь"})
    );
}

#[tokio::test]
async fn without_created_at_the_present_moment_stands_in_the_accounts_zone() {
    let crm = Crm::start().await;
    let body = crm.order(&json!({"firstName": "Анна"})).await.json();
    let created = body["order"]["createdAt"].as_str().unwrap();
    let zone = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
    let created = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", created).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator lives in real time"
    )]
    let now = jiff::Timestamp::now();
    let age = now.duration_since(created.to_zoned(zone).unwrap().timestamp());
    assert!((0..60).contains(&age.as_secs()), "{created} is {age:?} old");
}

#[tokio::test]
async fn unknown_codes_refuse_the_order_with_the_real_texts() {
    let crm = Crm::start().await;
    let cases = [
        (
            json!({"orderType": "main"}),
            "orderType",
            "\"OrderType\" with \"code\"=\"main\" does not exist.",
        ),
        (
            json!({"orderMethod": "x"}),
            "orderMethod",
            "\"OrderMethod\" with \"code\"=\"x\" does not exist.",
        ),
        (
            json!({"status": ""}),
            "status",
            "\"Status\" with \"code\"=\"\" does not exist.",
        ),
        (
            json!({"site": "x"}),
            "site",
            "\"Site\" with \"code\"=\"x\" does not exist.",
        ),
        (
            json!({"managerId": 99}),
            "managerId",
            "\"User\" with \"id\"=\"99\" does not exist.",
        ),
        (
            json!({"delivery": {"code": "mail"}}),
            "delivery.code",
            "\"DeliveryType\" with \"code\"=\"mail\" does not exist.",
        ),
        (
            json!({"payments": [{"type": "gold"}]}),
            "payments[0].type",
            "\"PaymentType\" with \"code\"=\"gold\" does not exist.",
        ),
    ];
    assert_refused(&crm, &cases).await;
}

#[tokio::test]
async fn what_does_not_fit_or_is_not_known_refuses_the_order_with_the_real_texts() {
    let crm = Crm::start().await;
    let cases = [
        (
            json!({"delivery": {"code": "self-delivery"}, "payments": [{"type": "cash-on-delivery"}]}),
            "payments[0].type",
            "This payment type is not supported for the type of delivery",
        ),
        (
            json!({"customer": {"externalId": "2106"}}),
            "customer.externalId",
            "Customer with externalId=2106 not found.",
        ),
        (
            json!({"customer": {"id": 5}}),
            "customer.id",
            "Customer with id=5 not found.",
        ),
        (
            json!({"customFields": {"channel": "Сайт"}}),
            "customFields.channel",
            "\"CustomDictionaryElement\" with \"code\"=\"Сайт\" does not exist.",
        ),
    ];
    assert_refused(&crm, &cases).await;
}

/// Each order is refused with exactly this complaint about this field.
async fn assert_refused(crm: &Crm, cases: &[(Value, &str, &str)]) {
    for (order, field, text) in cases {
        let (status, message, errors) = refused(crm, order.clone()).await;
        assert_eq!(
            (status, message.as_str()),
            (400, "Order is not loaded"),
            "{order}"
        );
        assert_eq!(errors, json!({ *field: text }));
    }
}

#[tokio::test]
async fn fields_of_the_wrong_type_are_errors_in_the_format() {
    let crm = Crm::start().await;
    for (order, field) in [
        (json!({"managerId": "12"}), "managerId"),
        (json!({"call": "yes"}), "call"),
        (
            json!({"createdAt": "2026-03-01T10:00:00+03:00"}),
            "createdAt",
        ),
        (json!({"shipmentDate": "01.03.2026"}), "shipmentDate"),
        (json!({"email": "anna"}), "email"),
        (json!({"firstName": ["Анна"]}), "firstName"),
        (json!({"firstName": "я".repeat(256)}), "firstName"),
        (json!({"phone": 79_123_456_789_u64}), "phone"),
        (json!({"items": {"productName": "Диван"}}), "items"),
        (json!({"items": [{"quantity": "2"}]}), "items[0].quantity"),
        (json!({"payments": {"type": "cash"}}), "payments"),
        (json!({"source": "yandex"}), "source"),
        (json!({"customFields": "city"}), "customFields"),
        (json!({"mark": 11}), "mark"),
        (json!({"countryIso": "Россия"}), "countryIso"),
        (json!({"statusComment": "x"}), "statusComment"),
        (
            json!({"contragent": {"contragentType": "individual", "INN": "1"}}),
            "contragent.INN",
        ),
        (json!({"customer": {"site": "shop-ru"}}), "customer"),
    ] {
        let (status, message, errors) = refused(&crm, order.clone()).await;
        assert_eq!(
            (status, message.as_str()),
            (400, "Errors in the entity format"),
            "{order}"
        );
        assert!(errors.get(field).is_some(), "{order}: {errors}");
    }
}

#[tokio::test]
async fn custom_fields_of_the_wrong_type_refuse_the_order_all_at_once() {
    let crm = Crm::start().await;
    let order = json!({"customFields": {"guests": "two", "gift": "yes", "city": "Тверь"}});
    let (_, message, errors) = refused(&crm, order).await;
    assert_eq!(message, "Order is not loaded");
    let fields: Vec<&String> = errors.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["customFields.guests", "customFields.gift"]);
}

#[tokio::test]
async fn a_required_custom_field_that_is_left_out_refuses_the_order() {
    let mut account = Account::default();
    account.custom_fields[0].required = true;
    let crm = Crm::with(account).await;
    let (_, _, errors) = refused(&crm, json!({"firstName": "Анна"})).await;
    assert_eq!(
        errors,
        json!({"customFields.city": "This value should not be blank."})
    );
}

#[tokio::test]
async fn errors_may_be_a_list_and_in_russian() {
    let account = Account {
        errors: ErrorsShape::List,
        language: Language::Ru,
        ..Account::default()
    };
    let crm = Crm::with(account).await;
    let (status, message, errors) = refused(&crm, json!({"status": "x"})).await;
    assert_eq!((status, message.as_str()), (400, "Заказ не загружен"));
    assert_eq!(
        errors,
        json!(["\"Status\" с \"code\"=\"x\" не существует."])
    );
    crm.order(&json!({"externalId": "1"})).await;
    let (_, message, errors) = refused(&crm, json!({"externalId": "1"})).await;
    assert_eq!(message, "Заказ уже существует.");
    assert_eq!(errors, Value::Null);
}

#[tokio::test]
async fn a_second_order_of_the_same_external_id_is_refused_and_changes_nothing() {
    let crm = Crm::start().await;
    crm.order(&json!({"externalId": "lg-1", "firstName": "Анна"}))
        .await;
    let again = json!({"externalId": "lg-1", "firstName": "Борис"});
    let (status, message, errors) = refused(&crm, again).await;
    assert_eq!((status, message.as_str()), (400, "Order already exists."));
    assert_eq!(errors, Value::Null);
    assert_eq!(crm.crm.orders()[0]["firstName"], "Анна");
    assert_eq!(
        crm.crm.customers().len(),
        1,
        "the refused order made no customer"
    );
}

#[tokio::test]
async fn an_order_without_a_customer_makes_one_of_its_contact() {
    let crm = Crm::start().await;
    let order = json!({"firstName": "Анна", "phone": "+79123456789", "email": "anna@shop.example"});
    let body = crm.order(&order).await.json();
    let customers = crm.crm.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0]["phones"], json!([{"number": "+79123456789"}]));
    assert_eq!(body["order"]["customer"]["id"], customers[0]["id"]);
    assert_eq!(customers[0]["ordersCount"], 1);
}

#[tokio::test]
async fn an_order_is_attached_to_a_known_customer_by_either_id() {
    let crm = Crm::start().await;
    let id = crm
        .customer(&json!({"externalId": "c-1", "firstName": "Анна"}))
        .await
        .json()["id"]
        .clone();
    for customer in [json!({"id": id}), json!({"externalId": "c-1"})] {
        let body = crm.order(&json!({"customer": customer})).await.json();
        assert_eq!(body["order"]["customer"]["externalId"], "c-1");
    }
    assert_eq!(crm.crm.customers().len(), 1);
}

#[tokio::test]
async fn a_key_that_reaches_two_stores_has_to_name_one() {
    let crm = Crm::with(two_stores()).await;
    let (status, message, _) = refused(&crm, json!({"externalId": "lg-1"})).await;
    assert_eq!(
        (status, message.as_str()),
        (400, "Parameter 'site' is missing")
    );
    let fields = [("site", "shop-kz"), ("order", "{\"externalId\":\"lg-1\"}")];
    let created = crm.post("/api/v5/orders/create", &fields).await;
    assert_eq!(created.json()["order"]["site"], "shop-kz");
    let by_external = crm.get("/api/v5/orders/lg-1").await;
    assert_eq!(
        by_external.json()["errorMsg"],
        "Parameter 'site' is missing"
    );
    assert_eq!(
        crm.get("/api/v5/orders/lg-1?site=shop-kz").await.status,
        200
    );
    assert_eq!(crm.get("/api/v5/orders/1?by=id").await.status, 200);
    let order = json!({"site": "shop-kz", "customer": {"externalId": "c"}});
    let (_, message, _) = refused(&crm, order).await;
    assert_eq!(message, "Parameter 'site' in 'customer' is missing");
}

#[tokio::test]
async fn an_empty_external_id_is_none() {
    let crm = Crm::start().await;
    for _ in 0..2 {
        let reply = crm
            .order(&json!({"externalId": "", "firstName": "Анна"}))
            .await;
        assert_eq!(reply.status, 201);
        assert!(reply.json()["order"].get("externalId").is_none());
    }
}
