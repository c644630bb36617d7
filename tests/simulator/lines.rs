//! What an order is made of: lines and offers, payments, contragents, contact persons.

use leadgate::simulator::{Account, Language};
use serde_json::{Value, json};

use crate::client::Crm;

/// The complaints about an order that must be refused: field to text.
async fn complaints(crm: &Crm, order: &Value) -> Value {
    let before = crm.crm.orders().len();
    let reply = crm.order(order).await;
    assert_eq!(reply.status, 400, "{order}: {}", reply.text);
    assert_eq!(crm.crm.orders().len(), before, "{order} was stored");
    reply.json()["errors"].clone()
}

/// The lines of an order that is accepted.
async fn lines(crm: &Crm, items: Value) -> Vec<Value> {
    let reply = crm.order(&json!({ "items": items })).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["order"]["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_line_finds_its_offer_by_each_of_the_three_ids() {
    let crm = Crm::start().await;
    for offer in [
        json!({"id": 101}),
        json!({"externalId": "sofa-1"}),
        json!({"xmlId": "w-101"}),
        json!({"id": 101, "externalId": "lamp-7"}),
    ] {
        let stored = lines(&crm, json!([{"offer": offer, "quantity": 1}])).await;
        assert_eq!(stored[0]["offer"]["externalId"], "sofa-1", "{offer}");
        assert_eq!(stored[0]["quantity"], 1);
    }
}

#[tokio::test]
async fn a_line_whose_offer_is_not_found_is_free_text_but_a_wrong_internal_id_refuses_the_order() {
    let crm = Crm::start().await;
    let item =
        json!([{"offer": {"externalId": "no-such"}, "productName": "Кресло", "initialPrice": 5}]);
    let stored = lines(&crm, item).await;
    assert_eq!(
        stored,
        [json!({"productName": "Кресло", "initialPrice": 5})]
    );
    let wrong =
        json!({"items": [{"offer": {"id": 101}}, {"offer": {"id": 99}, "productName": "Кресло"}]});
    let errors = complaints(&crm, &wrong).await;
    assert_eq!(
        errors,
        json!({"items[1].offer.id": "Offer with id 99 not found."})
    );
}

#[tokio::test]
async fn two_lines_of_one_offer_collapse_unless_their_external_ids_differ() {
    let crm = Crm::start().await;
    let line = |size: &str| json!({"offer": {"externalId": "sofa-1"}, "comment": size});
    let stored = lines(&crm, json!([line("S"), {"offer": {"id": 102}}, line("M")])).await;
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[1]["comment"], "M", "the last one stays");
    let told_apart = |size: &str| {
        let mut line = line(size);
        line["externalIds"] = json!([{"code": "shop", "value": size}]);
        line
    };
    let stored = lines(&crm, json!([told_apart("S"), told_apart("M")])).await;
    assert_eq!(stored.len(), 2);
    let free = lines(&crm, json!([{"productName": "a"}, {"productName": "a"}])).await;
    assert_eq!(
        free.len(),
        2,
        "lines without an offer are told apart by their place"
    );
}

#[tokio::test]
async fn lines_that_break_the_rules_refuse_the_order() {
    let crm = Crm::start().await;
    let item = |item: Value| json!({ "items": [item] });
    let cases = [
        (
            item(json!({"properties": [{"name": "", "value": "x"}]})),
            "items[0].properties[0].name",
        ),
        (
            item(json!({"properties": [{"name": "Цвет", "value": " "}]})),
            "items[0].properties[0].value",
        ),
        (
            item(json!({"properties": [{"code": "цвет", "name": "Цвет", "value": "x"}]})),
            "items[0].properties[0].code",
        ),
        (
            item(json!({"externalIds": [{"code": "a"}]})),
            "items[0].externalIds[0]",
        ),
        (
            json!({"items": [
                {"externalIds": [{"code": "a", "value": "1"}]}, {"externalIds": [{"code": "a", "value": "1"}]},
            ]}),
            "items[1].externalIds[0]",
        ),
        (item(json!({"vatRate": "много"})), "items[0].vatRate"),
        (item(json!({"status": "gone"})), "items[0].status"),
        (
            item(json!({"priceType": {"code": "gold"}})),
            "items[0].priceType.code",
        ),
        (
            item(json!({"initialPrice": "100"})),
            "items[0].initialPrice",
        ),
        (item(json!({"offer": "sofa-1"})), "items[0].offer"),
        (json!({"delivery": {"vatRate": "-5"}}), "delivery.vatRate"),
        (
            json!({"delivery": {"time": {"from": "9:00"}}}),
            "delivery.time.from",
        ),
        (
            json!({"delivery": {"address": {"floor": "3"}}}),
            "delivery.address.floor",
        ),
        (json!({"shipmentStore": "no-such"}), "shipmentStore"),
    ];
    for (order, field) in cases {
        let errors = complaints(&crm, &order).await;
        assert!(errors.get(field).is_some(), "{order}: {errors}");
    }
    let right = json!([{
        "offer": {"externalId": "sofa-1"}, "vatRate": "20", "status": "in-reserve", "priceType": {"code": "base"},
        "properties": {"size": {"name": "Размер", "value": "M"}}, "markingObjects": [{"code": "010", "provider": "chestny_znak"}],
    }]);
    let stored = lines(&crm, right).await;
    let size = json!([{"code": "size", "name": "Размер", "value": "M"}]);
    assert_eq!(stored[0]["properties"], size, "a map is read by its keys");
}

#[tokio::test]
async fn a_payment_needs_a_type_that_goes_with_the_rest() {
    let crm = Crm::start().await;
    let order = |delivery: &str, payment: Value| json!({"delivery": {"code": delivery}, "payments": [payment]});
    let cases = [
        (
            order("courier", json!({"amount": 5})),
            "payments[0].type",
            "This value should not be blank.",
        ),
        (
            order("self-delivery", json!({"type": "cash-on-delivery"})),
            "payments[0].type",
            "This payment type is not supported for the type of delivery",
        ),
        (
            order(
                "courier",
                json!({"type": "cash-on-delivery", "status": "paid"}),
            ),
            "payments[0].status",
            "This payment status is not supported for the payment type",
        ),
        (
            order("courier", json!({"type": "cash", "status": "gone"})),
            "payments[0].status",
            "\"PaymentStatus\" with \"code\"=\"gone\" does not exist.",
        ),
    ];
    for (order, field, text) in cases {
        assert_eq!(
            complaints(&crm, &order).await,
            json!({ field: text }),
            "{order}"
        );
    }
    let right = order(
        "courier",
        json!({"type": "cash-on-delivery", "status": "not-paid", "amount": 10.5}),
    );
    assert_eq!(crm.order(&right).await.status, 201);
}

#[tokio::test]
async fn the_external_id_of_a_payment_exists_once_in_the_account() {
    let crm = Crm::start().await;
    let payment = |id: &str| json!({"type": "cash", "externalId": id});
    let twice = json!({"payments": [payment("p-1"), payment("p-1")]});
    assert!(
        complaints(&crm, &twice)
            .await
            .get("payments[1].externalId")
            .is_some()
    );
    let first = json!({"externalId": "lg-1", "payments": [payment("p-1")]});
    assert_eq!(crm.order(&first).await.status, 201);
    let second = json!({"externalId": "lg-2", "payments": [payment("p-1")]});
    assert_eq!(
        complaints(&crm, &second).await,
        json!({"payments[0].externalId": "Payment with externalId=p-1 already exists."})
    );
    let own = [("order", first.to_string())];
    let edited = crm
        .post("/api/v5/orders/lg-1/edit", &[(own[0].0, &own[0].1)])
        .await;
    assert_eq!(
        edited.status, 200,
        "an order keeps its own: {}",
        edited.text
    );
}

#[tokio::test]
async fn a_contragent_has_the_requisites_of_its_type_only() {
    let crm = Crm::start().await;
    let cases = [
        ("individual", "bankAccount"),
        ("individual", "legalName"),
        ("legal-entity", "OGRNIP"),
        ("legal-entity", "certificateNumber"),
        ("enterpreneur", "KPP"),
        ("enterpreneur", "OGRN"),
    ];
    for (kind, requisite) in cases {
        let contragent = json!({"contragentType": kind, requisite: "1"});
        let path = format!("contragent.{requisite}");
        let errors = complaints(&crm, &json!({ "contragent": contragent })).await;
        assert!(errors.get(&path).is_some(), "{kind}: {errors}");
        let customer = json!({"firstName": "Анна", "contragent": contragent});
        assert_eq!(crm.customer(&customer).await.status, 400, "{customer}");
    }
    let company = json!({"contragentType": "legal-entity", "legalName": "ООО", "INN": "7701", "KPP": "77", "bank": "Б"});
    assert_eq!(
        crm.order(&json!({ "contragent": company })).await.status,
        201
    );
    let other = json!({"contragent": {"contragentType": "ООО"}});
    assert!(
        complaints(&crm, &other)
            .await
            .get("contragent.contragentType")
            .is_some()
    );
}

#[tokio::test]
async fn a_contact_person_must_be_a_customer() {
    let crm = Crm::with(Account {
        language: Language::Ru,
        ..Account::default()
    })
    .await;
    let order = json!({"contact": {"externalId": "c-1"}});
    assert_eq!(
        complaints(&crm, &order).await,
        json!({"contact.externalId": "Клиент с externalId=c-1 не найден."})
    );
    crm.customer(&json!({"externalId": "c-1", "firstName": "Анна"}))
        .await;
    assert_eq!(crm.order(&order).await.status, 201);
    let nobody = json!({"contact": {}});
    assert!(complaints(&crm, &nobody).await.get("contact").is_some());
}
