//! Custom fields that the account does not have: RetailCRM drops them without a word, and the manager reads the value all the same.

use leadgate::delivery::{FailureKind, Warning};
use leadgate::lead::Lead;
use leadgate::simulator::{Calls, FaultKind};
use serde_json::Value;

use crate::world::{Setup, World, anna, fault, lead, post};

const UNKNOWN: &str = "[customFields]\ngorod = \"{{ city }}\"\nroistat = \"{{ phone }}\"";

async fn world(customer_fields: &'static str) -> World {
    World::new(Setup {
        order: UNKNOWN,
        customer_fields,
        ..Setup::default()
    })
    .await
}

fn comment(order: &Value) -> &str {
    order["managerComment"].as_str().unwrap_or_default()
}

fn order_of(world: &World, lead: &Lead) -> Value {
    let id = format!("lg-{}", lead.id);
    let mut orders = world.crm.orders().into_iter();
    orders
        .find(|order| order["externalId"] == id)
        .expect("its order")
}

fn says(warning: Option<&Warning>, text: &str) -> bool {
    warning.is_some_and(|warning| warning.text.en.contains(text))
}

#[tokio::test]
async fn before_the_first_check_a_dropped_field_is_seen_in_the_reply_and_written_into_the_comment()
{
    let world = world("").await;
    let delivered = world.delivered(&anna()).await;
    let warning = delivered.warning.as_ref();
    assert!(says(warning, "customFields.gorod=\"Казань\" was left out"));
    assert!(!says(warning, "roistat"), "{warning:?}");
    let orders = world.crm.orders();
    assert_eq!(orders.len(), 1);
    assert!(comment(&orders[0]).contains("city: Казань"), "{orders:?}");
    assert_eq!(
        world.operations().last().map(String::as_str),
        Some("orders/edit")
    );
}

#[tokio::test]
async fn an_order_whose_comment_cannot_be_completed_is_delivered_and_the_warning_holds_the_value() {
    let world = world("").await;
    world
        .crm
        .fault(fault(FaultKind::Forbidden403, "orders/edit", Calls::Always));
    let delivered = world.delivered(&anna()).await;
    assert!(says(delivered.warning.as_ref(), "Казань"));
    assert_eq!(world.crm.orders().len(), 1);
}

#[tokio::test]
async fn after_a_check_the_field_is_not_sent_and_one_request_does_it_all() {
    let world = world("").await;
    world.destination.check().await.expect("answered");
    let before = world.operations().len();
    let delivered = world.delivered(&anna()).await;
    assert!(says(
        delivered.warning.as_ref(),
        "the account has no such field"
    ));
    let order = world.crm.orders().remove(0);
    assert!(comment(&order).contains("city: Казань"), "{order}");
    assert!(order["customFields"]["roistat"].is_string(), "{order}");
    assert!(
        !world.operations()[before..].contains(&"orders/edit".to_owned()),
        "the comment was complete at once"
    );
}

#[tokio::test]
async fn what_a_new_customer_could_not_hold_stands_in_the_order() {
    let world = world("\"customFields.town\" = \"из {{ city }}\"").await;
    world.destination.check().await.expect("answered");
    let delivered = world.delivered(&anna()).await;
    assert!(says(
        delivered.warning.as_ref(),
        "customer.customFields.town"
    ));
    let order = world.crm.orders().remove(0);
    assert!(comment(&order).contains("из Казань"), "{order}");
}

#[tokio::test]
async fn orders_that_went_together_keep_a_dropped_field_each_in_the_comment() {
    let world = world("").await;
    let town = |phone, city| lead(&[("name", "Иван"), ("phone", phone), ("city", city)]);
    let leads = [
        town("+79120000001", "Казань"),
        town("+79120000002", "Пермь"),
    ];
    let reports = world.deliver_all(&leads, false).await;
    for (lead, (report, city)) in leads
        .iter()
        .zip(reports.into_iter().zip(["Казань", "Пермь"]))
    {
        let warning = report.outcome.expect("delivered").warning;
        let lost = format!("customFields.gorod=\"{city}\" was left out");
        assert!(says(warning.as_ref(), &lost), "{warning:?}");
        let order = order_of(&world, lead);
        assert!(
            comment(&order).contains(&format!("city: {city}")),
            "{order}"
        );
    }
    let operations = world.operations();
    assert!(
        operations.contains(&"orders/upload".to_owned()),
        "{operations:?}"
    );
    assert!(
        !operations.contains(&"orders/list".to_owned()),
        "the upload's answer tells"
    );
}

/// The order is made and its answer lost; its look-up comes later.
async fn lose_answer(world: &World, lead: &Lead) {
    let lost = FaultKind::LostAnswer { hang: false };
    let made_unheard = fault(lost, "orders/create", Calls::First(1));
    world.crm.fault(made_unheard);
    assert_eq!(
        world.failed(lead).await.kind,
        FailureKind::Unknown { retry_after: None }
    );
    world.crm.clear_faults();
}

#[tokio::test]
async fn an_order_met_by_a_look_up_is_completed_once_and_warned_of_every_time() {
    let world = world("").await;
    let anna = anna();
    lose_answer(&world, &anna).await;
    for edits in [["orders/list", "orders/edit"].as_slice(), &["orders/list"]] {
        let before = world.operations().len();
        let delivered = world.deliver(&anna, true).await.outcome.expect("found");
        let warning = delivered.warning.as_ref();
        assert!(says(warning, "customFields.gorod=\"Казань\" was left out"));
        assert_eq!(world.operations()[before..], *edits);
        let order = order_of(&world, &anna);
        assert_eq!(comment(&order).matches("city: Казань").count(), 1);
    }
}

#[tokio::test]
async fn what_a_manager_wrote_before_the_look_up_stays() {
    let world = world("").await;
    let anna = anna();
    lose_answer(&world, &anna).await;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("by", "id")
        .append_pair("site", "shop-ru")
        .append_pair("order", "{\"managerComment\": \"перезвонить\"}")
        .finish();
    let path = format!("/api/v5/orders/{}/edit", order_of(&world, &anna)["id"]);
    let answer = post(&world, &path, &form).await;
    assert_eq!(answer["success"], true, "{answer}");
    world.deliver(&anna, true).await.outcome.expect("found");
    let order = order_of(&world, &anna);
    assert_eq!(comment(&order), "перезвонить\ncity: Казань");
}

#[tokio::test]
async fn orders_met_by_one_look_up_are_completed_too() {
    let world = world("").await;
    let leads = [anna(), anna()];
    for lead in &leads {
        lose_answer(&world, lead).await;
    }
    for report in world.deliver_all(&leads, true).await {
        let warning = report.outcome.expect("found").warning;
        assert!(says(warning.as_ref(), "Казань"), "{warning:?}");
    }
    for lead in &leads {
        let order = order_of(&world, lead);
        assert!(comment(&order).contains("city: Казань"), "{order}");
    }
}

#[tokio::test]
async fn an_order_that_turns_out_to_be_there_already_is_completed_too() {
    let world = world("").await;
    let anna = anna();
    lose_answer(&world, &anna).await;
    let delivered = world.delivered(&anna).await;
    assert!(says(delivered.warning.as_ref(), "Казань"));
    let order = order_of(&world, &anna);
    assert!(comment(&order).contains("city: Казань"), "{order}");
    assert_eq!(world.crm.orders().len(), 1);
}

#[tokio::test]
async fn the_preview_shows_only_fields_that_the_account_has() {
    let world = world("\"customFields.town\" = \"из {{ city }}\"").await;
    let claim = world.claim(&anna(), false);
    let shown = || {
        let preview = world.destination.preview(&claim).expect("a mapping");
        let made = |operation: &str| {
            let request = preview
                .requests
                .iter()
                .find(|one| one.operation == operation);
            format!("{:?}", request.map(|request| &request.form))
        };
        (made("customers/create"), made("orders/create"))
    };
    let (customer, order) = shown();
    assert!(customer.contains("town"), "{customer}");
    assert!(order.contains("gorod"), "{order}");
    world.destination.check().await.expect("answered");
    let (customer, order) = shown();
    assert!(!customer.contains("town"), "{customer}");
    assert!(!order.contains("gorod"), "{order}");
    assert!(order.contains("roistat"), "{order}");
    assert!(order.contains("city: Казань"), "{order}");
    assert!(order.contains("из Казань"), "{order}");
}
