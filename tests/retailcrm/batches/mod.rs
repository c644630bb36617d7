//! Leads that go together: how few requests they take, and that each of them ends as if it had gone by itself.

mod troubles;

use leadgate::lead::{Create, CustomerMatching, Lead};
use serde_json::{Value, json};

use crate::world::{Setup, World, anna, lead, seed};

/// So many people with a phone each.
fn people(count: usize) -> Vec<Lead> {
    let person = |n| {
        let phone = format!("+7912{n:07}");
        lead(&[("name", "Иван"), ("phone", &phone)])
    };
    (0..count).map(person).collect()
}

async fn world_of(customer: CustomerMatching) -> World {
    World::new(Setup {
        customer,
        ..Setup::default()
    })
    .await
}

fn count(operations: &[String], wanted: &str) -> usize {
    operations.iter().filter(|name| *name == wanted).count()
}

/// The external ids of the orders that are there, sorted.
fn order_ids(world: &World) -> Vec<String> {
    let id = |order: Value| order["externalId"].as_str().expect("an id").to_owned();
    let mut ids: Vec<String> = world.crm.orders().into_iter().map(id).collect();
    ids.sort();
    ids
}

fn ids_of(leads: &[Lead]) -> Vec<String> {
    let mut ids: Vec<String> = leads.iter().map(|lead| format!("lg-{}", lead.id)).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn fifty_new_people_take_one_search_each_and_two_uploads() {
    let world = World::usual().await;
    let leads = people(50);
    let reports = world.deliver_all(&leads, false).await;
    let operations = world.operations();
    assert_eq!(count(&operations, "customers/list"), 50);
    assert_eq!(count(&operations, "customers/upload"), 1);
    assert_eq!(count(&operations, "orders/upload"), 1);
    assert_eq!(operations.len(), 52, "{operations:?}");
    assert_eq!(order_ids(&world), ids_of(&leads));
    for (lead, report) in leads.iter().zip(reports) {
        let receipt = report.outcome.expect("delivered").receipt;
        let orders = world.crm.orders();
        let order = orders
            .iter()
            .find(|order| order["externalId"] == format!("lg-{}", lead.id))
            .expect("its order");
        assert_eq!(receipt.order_id, order["id"].as_u64());
        assert_eq!(receipt.order_number.as_deref(), order["number"].as_str());
        assert_eq!(receipt.customer_id, order["customer"]["id"].as_u64());
        assert_eq!(
            order["phone"],
            lead.contact.phone.as_ref().expect("a phone").e164()
        );
        let steps: Vec<&str> = report
            .steps
            .iter()
            .map(|step| step.operation.as_str())
            .collect();
        assert!(
            steps.ends_with(&["customers", "customers/upload", "orders/upload"]),
            "{steps:?}"
        );
    }
    assert_eq!(world.crm.customers().len(), 50);
}

#[tokio::test]
async fn without_matching_fifty_orders_are_one_request() {
    let world = world_of(CustomerMatching::None).await;
    let leads = people(50);
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    assert_eq!(world.operations(), ["orders/upload"]);
    assert_eq!(order_ids(&world), ids_of(&leads));
}

#[tokio::test]
async fn a_known_person_with_phone_and_e_mail_takes_one_search_and_a_remembered_one_none() {
    let world = World::usual().await;
    let both = |n: usize| {
        let (phone, email) = (format!("+7912000000{n}"), format!("a{n}@example.ru"));
        lead(&[("name", "Анна"), ("phone", &phone), ("email", &email)])
    };
    for n in 0..4 {
        let (phone, email) = (format!("8 912 000-00-0{n}"), format!("a{n}@example.ru"));
        seed(
            &world,
            json!({"firstName": "Анна", "phones": [{"number": phone}], "email": email}),
        )
        .await;
    }
    let before = world.operations().len();
    let leads: Vec<Lead> = (0..4).map(both).collect();
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    let operations = world.operations().split_off(before);
    assert_eq!(count(&operations, "customers/list"), 4);
    assert_eq!(operations.len(), 5, "{operations:?}");
    let again: Vec<Lead> = (0..4).map(both).collect();
    for report in world.deliver_all(&again, false).await {
        report.outcome.expect("delivered");
    }
    assert_eq!(world.operations().split_off(before + 5), ["orders/upload"]);
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (4, 8)
    );
}

#[tokio::test]
async fn two_requests_of_one_person_in_one_batch_are_two_orders_of_one_customer() {
    let world = World::usual().await;
    let mut leads = people(6);
    leads.extend([anna(), anna(), lead(&[("email", "anna@example.ru")])]);
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (7, 9)
    );
    let of_anna: Vec<Value> = world
        .crm
        .orders()
        .into_iter()
        .filter(|order| order["email"] == "anna@example.ru")
        .map(|order| order["customer"]["id"].clone())
        .collect();
    assert_eq!(of_anna.len(), 3);
    assert!(of_anna.iter().all(|id| *id == of_anna[0]), "{of_anna:?}");
}

#[tokio::test]
async fn a_row_that_the_crm_refuses_is_mended_by_itself_and_the_others_go_with_the_upload() {
    let world = World::new(Setup {
        order: "managerId = \"{{ manager }}\"",
        ..Setup::default()
    })
    .await;
    let mut leads = people(9);
    leads.insert(4, lead(&[("phone", "+79990000000"), ("manager", "999")]));
    let reports = world.deliver_all(&leads, false).await;
    let operations = world.operations();
    assert_eq!(count(&operations, "orders/upload"), 1);
    assert_eq!(
        count(&operations, "orders/list"),
        1,
        "only what is not said to be in"
    );
    assert_eq!(
        count(&operations, "orders/create"),
        2,
        "refused, then mended"
    );
    assert_eq!(
        count(&operations, "customers/list"),
        10,
        "the customer is not chosen twice"
    );
    for (place, report) in reports.into_iter().enumerate() {
        let delivered = report.outcome.expect("delivered");
        let warning = delivered
            .warning
            .map(|warning| warning.text.en)
            .unwrap_or_default();
        assert_eq!(
            warning.contains("managerId=\"999\""),
            place == 4,
            "{warning}"
        );
    }
    assert_eq!(order_ids(&world), ids_of(&leads));
    assert_eq!(world.crm.customers().len(), 10);
}

#[tokio::test]
async fn a_customer_row_that_the_crm_refuses_is_mended_by_itself() {
    let world = World::new(Setup {
        customer_fields: "managerId = \"{{ manager }}\"",
        ..Setup::default()
    })
    .await;
    let mut leads = people(5);
    leads.insert(2, lead(&[("phone", "+79990000000"), ("manager", "999")]));
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    assert_eq!(order_ids(&world), ids_of(&leads));
    assert_eq!(world.crm.customers().len(), 6);
}

#[tokio::test]
async fn remembered_customers_that_are_gone_are_made_anew() {
    let world = World::usual().await;
    // The simulator counts from 1 again after a reset, so the remembered id must be one that is not given out again.
    for _ in 0..10 {
        seed(&world, json!({"firstName": "Чужой"})).await;
    }
    let person = people(1).remove(0);
    world.delivered(&person).await;
    world.crm.reset();
    let mut leads = people(3);
    leads.push(anna());
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    assert_eq!(order_ids(&world), ids_of(&leads));
    assert_eq!(world.crm.customers().len(), 4);
}

#[tokio::test]
async fn customers_without_orders_go_together_too_and_one_person_is_one_customer() {
    let world = World::new(Setup {
        create: Create::Customer,
        ..Setup::default()
    })
    .await;
    let mut leads = people(5);
    leads.extend([anna(), anna()]);
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (6, 0)
    );
}

#[tokio::test]
async fn a_huge_lead_goes_in_an_upload_of_its_own() {
    let world = World::new(Setup {
        customer: CustomerMatching::None,
        ..Setup::default()
    })
    .await;
    let long = "подробно ".repeat(3_000);
    let mut leads = people(3);
    for n in 0..8 {
        let phone = format!("+7999000000{n}");
        leads.push(lead(&[("phone", &phone), ("comment", &long)]));
    }
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    assert!(count(&world.operations(), "orders/upload") > 1);
    assert_eq!(order_ids(&world), ids_of(&leads));
}
