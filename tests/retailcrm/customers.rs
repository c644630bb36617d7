//! Whose order it is: the search and its inexactness, mergers, customers that are gone, `create = "customer"`.

use leadgate::delivery::{Cause, FailureKind};
use leadgate::lead::{Create, CustomerMatching};
use leadgate::simulator::{Body, Calls, FaultKind};
use serde_json::json;

use crate::world::{Setup, World, anna, fault, lead, merge, seed};

#[tokio::test]
async fn a_new_person_becomes_one_customer_and_one_order_with_four_requests() {
    let world = World::new(Setup {
        order: "orderMethod = \"landing-page\"\n\"customFields.city\" = \"{{ city }}\"",
        ..Setup::default()
    })
    .await;
    let lead = anna();
    let delivered = world.delivered(&lead).await;
    assert_eq!(
        world.operations(),
        [
            "customers/list",
            "customers/list",
            "customers/create",
            "orders/create"
        ]
    );
    let order = world.crm.orders().remove(0);
    assert_eq!(order["externalId"], format!("lg-{}", lead.id));
    assert_eq!(
        order["createdAt"], "2026-11-22 01:30:15",
        "the account's zone is Moscow"
    );
    assert_eq!(order["customFields"]["city"], "Казань");
    let customer = world.crm.customers().remove(0);
    assert_eq!(customer["externalId"], format!("lg-c-{}", lead.id));
    assert_eq!(order["customer"]["id"], customer["id"]);
    let receipt = delivered.receipt;
    assert_eq!(receipt.order_id, order["id"].as_u64());
    assert_eq!(receipt.order_number.as_deref(), order["number"].as_str());
    assert_eq!(receipt.customer_id, customer["id"].as_u64());
    assert_eq!(
        receipt.url,
        Some(format!("{}/orders/{}/edit", world.crm.url(), order["id"]))
    );
    assert_eq!(delivered.warning, None);
}

#[tokio::test]
async fn a_customer_whose_answer_never_arrived_is_met_again() {
    for customer in [CustomerMatching::Match, CustomerMatching::New] {
        let world = World::new(Setup {
            customer,
            ..Setup::default()
        })
        .await;
        world.crm.fault(fault(
            FaultKind::LostAnswer { hang: false },
            "customers/create",
            Calls::First(1),
        ));
        let lead = lead(&[("name", "Без контактов")]);
        assert_eq!(
            world.failed(&lead).await.kind,
            FailureKind::Unknown { retry_after: None }
        );
        world.deliver(&lead, true).await.outcome.expect("delivered");
        assert_eq!(
            (world.crm.customers().len(), world.crm.orders().len()),
            (1, 1),
            "{customer:?}"
        );
    }
}

#[tokio::test]
async fn a_customer_made_by_an_attempt_that_then_failed_is_met_again_without_doubt() {
    let world = World::new(Setup {
        customer: CustomerMatching::New,
        ..Setup::default()
    })
    .await;
    world.crm.fault(fault(
        FaultKind::RateLimited,
        "orders/create",
        Calls::First(1),
    ));
    let lead = anna();
    assert_eq!(world.failed(&lead).await.cause, Cause::RateLimited);
    world.delivered(&lead).await;
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn the_search_is_inexact_and_is_compared_again() {
    let world = World::usual().await;
    seed(&world, json!({"firstName": "Другая", "phones": [{"number": "91234567890123"}], "email": "not-anna@example.ru"})).await;
    let older = seed(
        &world,
        json!({"firstName": "Анна", "phones": [{"number": "8 (912) 345-67-89"}]}),
    )
    .await;
    seed(
        &world,
        json!({"firstName": "Анна 2", "phones": [{"number": "+7 912 345 67 89"}]}),
    )
    .await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(
        delivered.receipt.customer_id,
        Some(older),
        "the lowest id of those that have the phone"
    );
    assert_eq!(world.crm.customers().len(), 3);
}

#[tokio::test]
async fn a_match_beyond_the_first_page_is_found() {
    let world = World::usual().await;
    for number in 0..25 {
        seed(
            &world,
            json!({"firstName": "Чужой", "phones": [{"number": format!("9123456789{number:02}")}]}),
        )
        .await;
    }
    let ours = seed(
        &world,
        json!({"firstName": "Анна", "phones": [{"number": "89123456789"}]}),
    )
    .await;
    let delivered = world.delivered(&lead(&[("phone", "+79123456789")])).await;
    assert_eq!(delivered.receipt.customer_id, Some(ours));
}

#[tokio::test]
async fn an_e_mail_alone_finds_the_customer_whatever_its_case() {
    let world = World::usual().await;
    let known = seed(
        &world,
        json!({"firstName": "Анна", "email": "Anna@Example.ru"}),
    )
    .await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(known));
}

#[tokio::test]
async fn an_e_mail_given_with_another_persons_phone_is_not_taken_for_theirs_later() {
    let world = World::usual().await;
    let colleague = seed(
        &world,
        json!({"firstName": "Пётр", "phones": [{"number": "+79123456789"}], "email": "petr@example.ru"}),
    )
    .await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(delivered.receipt.customer_id, Some(colleague));
    let by_email_alone = lead(&[("name", "Анна"), ("email", "anna@example.ru")]);
    let delivered = world.delivered(&by_email_alone).await;
    assert_ne!(delivered.receipt.customer_id, Some(colleague));
}

#[tokio::test]
async fn a_customer_that_the_first_look_up_missed_is_found_when_the_create_is_refused() {
    let world = World::new(Setup {
        customer: CustomerMatching::New,
        ..Setup::default()
    })
    .await;
    let lead = anna();
    let late = json!({"firstName": "Анна", "externalId": format!("lg-c-{}", lead.id)});
    let late = seed(&world, late).await;
    let not_there = FaultKind::Status {
        status: 404,
        retry_after: None,
        body: Body::Json,
    };
    world
        .crm
        .fault(fault(not_there, "customers/get", Calls::First(1)));
    let report = world.deliver(&lead, true).await;
    let delivered = report.outcome.expect("delivered");
    assert_eq!(delivered.receipt.customer_id, Some(late));
    assert_eq!(delivered.warning, None);
    assert_eq!(world.crm.customers().len(), 1, "{:?}", world.operations());
}

#[tokio::test]
async fn leads_in_doubt_that_went_up_with_a_bad_row_make_one_customer_each() {
    let world = World::new(Setup {
        customer: CustomerMatching::New,
        customer_fields: "managerId = \"{{ manager }}\"",
        // So few that the customers wait for each other and go up together.
        requests_per_second: 6,
        ..Setup::default()
    })
    .await;
    let leads: Vec<_> = (0..6)
        .map(|n| {
            let phone = format!("+7912000000{n}");
            let manager = if n == 0 { "999" } else { "" };
            lead(&[("name", "Анна"), ("phone", &phone), ("manager", manager)])
        })
        .collect();
    let reports =
        futures_util::future::join_all(leads.iter().map(|lead| world.deliver(lead, true)));
    for report in reports.await {
        report.outcome.expect("delivered");
    }
    let operations = world.operations();
    assert!(
        operations.iter().any(|name| name == "customers/upload"),
        "they went together: {operations:?}"
    );
    assert_eq!(world.crm.orders().len(), 6);
    assert_eq!(world.crm.customers().len(), 6, "{operations:?}");
}

#[tokio::test]
async fn a_customer_that_was_merged_is_followed() {
    let world = World::usual().await;
    let first = world
        .delivered(&anna())
        .await
        .receipt
        .customer_id
        .expect("a customer");
    let heir = seed(
        &world,
        json!({"firstName": "Анна", "phones": [{"number": "+79990000000"}]}),
    )
    .await;
    merge(&world, first, heir).await;
    let delivered = world.delivered(&anna()).await;
    assert_eq!(
        delivered.receipt.customer_id,
        Some(heir),
        "{:?}",
        world.operations()
    );
    assert_eq!(delivered.warning, None);
}

#[tokio::test]
async fn a_customer_that_is_gone_is_forgotten_and_looked_for_again() {
    let world = World::usual().await;
    world.delivered(&anna()).await;
    world.crm.reset();
    let delivered = world.delivered(&anna()).await;
    let customers = world.crm.customers();
    assert_eq!(customers.len(), 1, "{:?}", world.operations());
    assert_eq!(delivered.receipt.customer_id, customers[0]["id"].as_u64());
}

#[tokio::test]
async fn create_customer_makes_one_and_later_only_completes_it() {
    let setup = || Setup {
        create: Create::Customer,
        customer_fields: "vip = true",
        ..Setup::default()
    };
    let world = World::new(setup()).await;
    let delivered = world
        .delivered(&lead(&[("name", "Анна"), ("phone", "9123456789")]))
        .await;
    let id = delivered.receipt.customer_id.expect("a customer");
    assert_eq!(
        delivered.receipt.url,
        Some(format!("{}/customers/{id}", world.crm.url()))
    );
    let again = world
        .delivered(&lead(&[
            ("name", "Аня"),
            ("phone", "9123456789"),
            ("email", "anna@example.ru"),
        ]))
        .await;
    assert_eq!(again.receipt.customer_id, Some(id));
    let customer = world.crm.customers().remove(0);
    assert_eq!(
        (&customer["firstName"], &customer["email"]),
        (&json!("Анна"), &json!("anna@example.ru"))
    );
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (1, 0)
    );
}

#[tokio::test]
async fn a_create_customer_in_doubt_makes_no_second_one() {
    let world = World::new(Setup {
        create: Create::Customer,
        customer: CustomerMatching::New,
        ..Setup::default()
    })
    .await;
    world.crm.fault(fault(
        FaultKind::LostAnswer { hang: false },
        "customers/create",
        Calls::First(1),
    ));
    let lead = anna();
    assert_eq!(
        world.failed(&lead).await.kind,
        FailureKind::Unknown { retry_after: None }
    );
    world.deliver(&lead, true).await.outcome.expect("delivered");
    assert_eq!(world.crm.customers().len(), 1);
}
