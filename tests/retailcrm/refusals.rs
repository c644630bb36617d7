//! What the CRM refuses: whose trouble it is, and what can be left out so that the lead arrives.

use leadgate::delivery::{Cause, FailureKind};
use leadgate::simulator::{Account, Body, Calls, ErrorsShape, FaultKind, Site};

use crate::world::{Setup, World, anna, fault, lead};

#[tokio::test]
async fn a_wrong_key_and_a_foreign_page_are_the_destinations_trouble() {
    let world = World::new(Setup {
        key: "another-key-of-thirty-two-characters",
        ..Setup::default()
    })
    .await;
    let failure = world.failed(&anna()).await;
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    assert!(
        matches!(failure.cause, Cause::AccessDenied { .. }),
        "{failure:?}"
    );
    assert_eq!(
        world.destination.probe().await.expect_err("refused").kind,
        FailureKind::Misconfigured
    );

    let world = World::usual().await;
    world.destination.probe().await.expect("healthy");
    for kind in [
        FaultKind::Html405,
        FaultKind::Account404,
        FaultKind::Forbidden403,
    ] {
        world.crm.clear_faults();
        world
            .crm
            .fault(fault(kind.clone(), "orders/create", Calls::Always));
        assert_eq!(
            world.failed(&anna()).await.kind,
            FailureKind::Misconfigured,
            "{kind:?}"
        );
    }
    world.crm.clear_faults();
    world
        .crm
        .fault(fault(FaultKind::Html405, "customers/list", Calls::Always));
    let stranger = lead(&[("phone", "9120000000")]);
    assert!(matches!(
        world.failed(&stranger).await.cause,
        Cause::NotTheCrm { status: 405, .. }
    ));
}

#[tokio::test]
async fn a_missing_store_is_the_destinations_trouble() {
    let site = |code: &str| Site {
        code: code.to_owned(),
        name: code.to_owned(),
        url: String::new(),
    };
    let account = Account {
        sites: vec![site("a"), site("b")],
        ..Account::default()
    };
    let world = World::new(Setup {
        account,
        ..Setup::default()
    })
    .await;
    let failure = world.failed(&anna()).await;
    assert_eq!(failure.kind, FailureKind::Misconfigured, "{failure:?}");
}

#[tokio::test]
async fn a_server_error_after_a_create_is_unknown_and_after_a_read_only_a_delay() {
    let world = World::usual().await;
    let error = FaultKind::Status {
        status: 500,
        retry_after: None,
        body: Body::Html,
    };
    world
        .crm
        .fault(fault(error.clone(), "customers/list", Calls::First(1)));
    let lead = anna();
    assert_eq!(
        world.failed(&lead).await.kind,
        FailureKind::Transient { retry_after: None }
    );
    world
        .crm
        .fault(fault(error, "orders/create", Calls::First(1)));
    assert_eq!(
        world.failed(&lead).await.kind,
        FailureKind::Unknown { retry_after: None }
    );
}

#[tokio::test]
async fn an_unknown_code_is_left_out_and_written_into_the_comment() {
    use leadgate::simulator::Language::{En, Ru};
    for (language, errors) in [
        (En, ErrorsShape::Map),
        (En, ErrorsShape::List),
        (Ru, ErrorsShape::Map),
        (Ru, ErrorsShape::List),
    ] {
        let account = Account {
            language,
            errors,
            ..Account::default()
        };
        let order = "orderMethod = \"no-such\"\nstatus = \"gone\"\nmanagerId = 99\n\"customFields.city\" = \"{{ city }}\"";
        let world = World::new(Setup {
            account,
            order,
            ..Setup::default()
        })
        .await;
        let delivered = world.delivered(&anna()).await;
        let order = world.crm.orders().remove(0);
        let comment = order["managerComment"].as_str().expect("comment");
        for line in ["orderMethod: no-such", "status: gone", "managerId: 99"] {
            assert!(
                comment.lines().any(|written| written == line),
                "{language:?} {errors:?}: {comment}"
            );
        }
        assert_eq!(
            order["customFields"]["city"], "Казань",
            "what is right stays"
        );
        let warning = delivered.warning.expect("a warning");
        assert!(
            warning
                .text
                .ru
                .contains("orderMethod=\"no-such\" не передано"),
            "{warning:?}"
        );
    }
}

/// Every part of a shop's order that can name something the account does not have, and something it has.
const BASKET: &str = r#"
    delivery.code = "mail"
    delivery.cost = "300,50"
    delivery.address.text = "{{ city }}, ул. Баумана"
    customFields.channel = "Сайт"
    customFields.interests = ["light", "sound"]
    customFields.guests = "{{ city }}"
    [[items]]
    offer.id = 99
    quantity = 2
    [[items]]
    offer.externalId = "sofa-1"
    [[payments]]
    type = "gold"
    amount = "100,10"
    [[payments]]
    type = "cash"
    amount = 5
"#;

#[tokio::test]
async fn a_basket_arrives_without_what_the_account_does_not_have() {
    use leadgate::simulator::Language::{En, Ru};
    for (language, errors) in [
        (En, ErrorsShape::Map),
        (En, ErrorsShape::List),
        (Ru, ErrorsShape::Map),
        (Ru, ErrorsShape::List),
    ] {
        let account = Account {
            language,
            errors,
            ..Account::default()
        };
        let world = World::new(Setup {
            account,
            order: BASKET,
            ..Setup::default()
        })
        .await;
        let warning = world.delivered(&anna()).await.warning.expect("a warning");
        let order = world.crm.orders().remove(0);
        let about = format!("{language:?} {errors:?}: {order}");
        let address = &order["delivery"]["address"]["text"];
        assert_eq!(*address, "Казань, ул. Баумана", "{about}");
        assert_eq!(order["delivery"]["cost"], 300.5, "{about}");
        assert_eq!(order["items"][0]["quantity"], 2, "{about}");
        assert_eq!(order["items"][1]["offer"]["id"], 101, "{about}");
        assert_eq!(order["payments"]["1"]["amount"], 5, "{about}");
        assert_eq!(order["payments"].get("2"), None, "{about}");
        // "This value is not valid." without a place costs all custom fields, whose types only the account knows.
        let (custom, line) = match errors {
            ErrorsShape::Map => (
                serde_json::json!({"interests": ["light"]}),
                "customFields.guests: Казань",
            ),
            ErrorsShape::List => (
                serde_json::json!([]),
                "customFields: interests: light, guests: Казань",
            ),
        };
        assert_eq!(order["customFields"], custom, "{about}");
        let comment = order["managerComment"].as_str().expect("comment");
        for line in [
            "delivery.code: mail",
            "payments[0]: type: gold, amount: 100.1",
            "customFields.channel: Сайт",
            "customFields.interests[1]: sound",
            line,
            "items[0].offer.id: 99",
        ] {
            assert!(
                comment.lines().any(|written| written == line),
                "{line}: {about}"
            );
        }
        let shown = "payments[0]=\"type: gold, amount: 100.1\" was left out: ";
        assert!(warning.text.en.contains(shown), "{warning:?}");
        assert!(world.operations().len() <= 6, "{:?}", world.operations());
    }
}

#[tokio::test]
async fn a_refusal_without_a_place_is_understood_and_the_goods_stay() {
    let account = Account {
        errors: ErrorsShape::List,
        ..Account::default()
    };
    let order = r#"
        delivery.code = "self-delivery"
        [[payments]]
        type = "cash-on-delivery"
        [[items]]
        offer.externalId = "sofa-1"
    "#;
    let world = World::new(Setup {
        account,
        order,
        ..Setup::default()
    })
    .await;
    let delivered = world.delivered(&anna()).await;
    assert!(delivered.warning.is_some());
    let order = world.crm.orders().remove(0);
    let comment = order["managerComment"].as_str().expect("comment");
    assert!(comment.contains("cash-on-delivery"), "{comment}");
    assert_eq!(order["delivery"]["code"], "self-delivery");
    assert_eq!(order["items"][0]["offer"]["id"], 101);
}

#[tokio::test]
async fn a_refusal_that_says_nothing_costs_custom_fields_first_and_goods_last() {
    let order = r#"
        orderMethod = "landing-page"
        customFields.city = "{{ city }}"
        [[items]]
        offer.externalId = "sofa-1"
    "#;
    let refused = |times| {
        let text = "Что-то не так".to_owned();
        fault(
            FaultKind::SuccessFalse200 { text },
            "orders/create",
            Calls::First(times),
        )
    };
    let setup = || Setup {
        order,
        ..Setup::default()
    };
    let world = World::new(setup()).await;
    world.crm.fault(refused(1));
    world.delivered(&anna()).await;
    let stored = world.crm.orders().remove(0);
    assert_eq!(stored["items"][0]["offer"]["id"], 101);
    assert_eq!(stored["orderMethod"], "landing-page");
    assert_eq!(stored["managerComment"], "customFields: city: Казань");

    let world = World::new(setup()).await;
    world.crm.fault(refused(2));
    world.delivered(&anna()).await;
    let stored = world.crm.orders().remove(0);
    assert_eq!(stored["items"][0]["offer"]["id"], 101);
    let comment = stored["managerComment"].as_str().expect("comment");
    assert!(comment.contains("orderMethod: landing-page"), "{comment}");

    let world = World::new(setup()).await;
    world.crm.fault(refused(3));
    world.delivered(&anna()).await;
    let stored = world.crm.orders().remove(0);
    let comment = stored["managerComment"].as_str().expect("comment");
    assert!(
        comment.contains("items: offer: externalId: sofa-1"),
        "{comment}"
    );

    let world = World::new(setup()).await;
    world.crm.fault(refused(1000));
    assert_eq!(world.failed(&anna()).await.kind, FailureKind::Rejected);
    assert!(
        world.operations().len() < 15,
        "an attempt ends: {:?}",
        world.operations()
    );
}

#[tokio::test]
async fn a_refusal_of_the_person_needs_a_person() {
    let world = World::usual().await;
    let error = FaultKind::FieldError {
        field: "firstName".to_owned(),
        text: "bad".to_owned(),
    };
    world
        .crm
        .fault(fault(error, "orders/create", Calls::Always));
    let failure = world.failed(&anna()).await;
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(
        matches!(failure.cause, Cause::Refused { errors, .. } if errors == [("firstName".to_owned(), "bad".to_owned())])
    );
}

#[tokio::test]
async fn a_customer_that_the_crm_refuses_does_not_cost_the_order() {
    let world = World::new(Setup {
        customer_fields: "vip = true",
        ..Setup::default()
    })
    .await;
    let error = FaultKind::FieldError {
        field: "externalId".to_owned(),
        text: "bad".to_owned(),
    };
    world
        .crm
        .fault(fault(error, "customers/create", Calls::Always));
    let delivered = world.delivered(&anna()).await;
    assert!(
        delivered
            .warning
            .expect("a warning")
            .text
            .ru
            .contains("клиент не создан")
    );
    assert_eq!(world.crm.orders().len(), 1);
}
