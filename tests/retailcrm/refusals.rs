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
    assert_eq!(world.failed(&lead).await.kind, FailureKind::Unknown);
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

#[tokio::test]
async fn a_refusal_that_names_nothing_leaves_the_bare_order() {
    let account = Account {
        errors: ErrorsShape::List,
        ..Account::default()
    };
    let order = r#"
        delivery.code = "self-delivery"
        [[payments]]
        type = "cash-on-delivery"
    "#;
    let world = World::new(Setup {
        account,
        order,
        ..Setup::default()
    })
    .await;
    let delivered = world.delivered(&anna()).await;
    assert!(delivered.warning.is_some());
    assert!(
        world.crm.orders()[0]["managerComment"]
            .as_str()
            .expect("comment")
            .contains("cash-on-delivery")
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
