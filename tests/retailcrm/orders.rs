//! An order is made once: what is in the CRM after lost answers, broken connections, dropped attempts and repeats.

use std::time::Duration;

use leadgate::delivery::{Cause, Delivered, FailureKind};
use leadgate::lead::{CustomerMatching, Lead};
use leadgate::simulator::{Account, Body, Calls, DEMO_API_KEY, ErrorsShape, FaultKind};

use crate::world::{Setup, World, anna, fault, lead};

#[tokio::test]
async fn a_person_who_comes_again_costs_one_request() {
    let world = World::usual().await;
    world.delivered(&anna()).await;
    let before = world.operations().len();
    world.delivered(&anna()).await;
    assert_eq!(world.operations()[before..], ["orders/create"]);
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (1, 2)
    );
}

#[tokio::test]
async fn an_order_whose_answer_never_arrived_is_found_and_not_made_again() {
    let world = World::usual().await;
    world.crm.fault(fault(
        FaultKind::LostAnswer { hang: false },
        "orders/create",
        Calls::First(1),
    ));
    let lead = anna();
    let failure = world.failed(&lead).await;
    assert_eq!(failure.kind, FailureKind::Unknown { retry_after: None });
    assert!(failure.leaves_doubt(false));
    let report = world.deliver(&lead, true).await;
    let receipt = report.outcome.expect("delivered").receipt;
    assert_eq!(receipt.order_id, world.crm.orders()[0]["id"].as_u64());
    assert_eq!(world.crm.orders().len(), 1);
    let operations: Vec<&str> = report
        .steps
        .iter()
        .map(|step| step.operation.as_str())
        .collect();
    assert_eq!(operations, ["orders"], "looked up, nothing sent");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_unknown_outcome() {
    let world = World::usual().await;
    world
        .crm
        .fault(fault(FaultKind::Reset, "orders/create", Calls::First(1)));
    let lead = anna();
    let failure = world.failed(&lead).await;
    assert_eq!(
        (
            failure.kind,
            matches!(failure.cause, Cause::ConnectionLost { .. })
        ),
        (FailureKind::Unknown { retry_after: None }, true)
    );
    world.deliver(&lead, true).await.outcome.expect("found");
    assert_eq!(world.crm.orders().len(), 1);
}

#[tokio::test]
async fn doubt_is_cleared_by_a_look_up_that_finds_nothing_and_only_by_it() {
    let world = World::usual().await;
    let lead = anna();
    // Twice: a read that broke off is sent once more at once.
    world
        .crm
        .fault(fault(FaultKind::Down, "orders/list", Calls::First(2)));
    let failure = world
        .deliver(&lead, true)
        .await
        .outcome
        .expect_err("no look-up");
    assert!(failure.leaves_doubt(true), "{failure:?}");
    world.crm.fault(fault(
        FaultKind::RateLimited,
        "orders/create",
        Calls::First(1),
    ));
    let failure = world
        .deliver(&lead, true)
        .await
        .outcome
        .expect_err("limited");
    assert!(!failure.leaves_doubt(true), "{failure:?}");
    assert_eq!(world.crm.orders().len(), 0);
}

#[tokio::test]
async fn an_order_that_is_there_already_counts_as_delivered_in_any_language() {
    for language in [
        leadgate::simulator::Language::En,
        leadgate::simulator::Language::Ru,
    ] {
        let account = Account {
            language,
            ..Account::default()
        };
        let world = World::new(Setup {
            account,
            ..Setup::default()
        })
        .await;
        let lead = anna();
        let first = world.delivered(&lead).await;
        let second = world.delivered(&lead).await;
        assert_eq!(first.receipt, second.receipt);
        assert_eq!(world.crm.orders().len(), 1);
    }
}

#[tokio::test]
async fn a_dropped_attempt_leaves_at_most_what_the_next_one_finds() {
    let world = World::usual().await;
    world.crm.fault(fault(
        FaultKind::LostAnswer { hang: true },
        "orders/create",
        Calls::First(1),
    ));
    let lead = anna();
    let mut handled = world.crm.changed();
    tokio::select! {
        _ = world.deliver(&lead, false) => panic!("it hangs"),
        _ = async { while world.crm.orders().is_empty() { handled.changed().await.expect("running"); } } => {}
    }
    world.deliver(&lead, true).await.outcome.expect("found");
    assert_eq!(
        (world.crm.customers().len(), world.crm.orders().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn the_time_zone_never_costs_a_lead() {
    let account = Account {
        time_zone: "Asia/Yekaterinburg".to_owned(),
        ..Account::default()
    };
    let world = World::new(Setup {
        account,
        ..Setup::default()
    })
    .await;
    world.crm.fault(fault(
        FaultKind::Status {
            status: 500,
            retry_after: None,
            body: Body::Html,
        },
        "settings/get",
        Calls::First(1),
    ));
    let report = world.deliver(&anna(), false).await;
    report.outcome.expect("delivered");
    assert!(
        report
            .steps
            .iter()
            .any(|step| step.note.en.contains("Europe/Moscow")),
        "{:?}",
        report.steps
    );
    assert_eq!(world.crm.orders()[0]["createdAt"], "2026-11-22 01:30:15");
}

#[tokio::test]
async fn many_deliveries_at_once_stay_within_the_pace() {
    let setup = Setup {
        requests_per_second: 9,
        customer: CustomerMatching::None,
        ..Setup::default()
    };
    let world = World::new(setup).await;
    let leads: Vec<Lead> = (0..20).map(|_| anna()).collect();
    let all = leads.iter().map(|lead| world.delivered(lead));
    futures_util::future::join_all(all).await;
    assert_eq!(world.crm.orders().len(), 20);
    let most = world.crm.peak_per_second();
    assert!(most <= 9, "{most} in one second");
}

#[tokio::test]
async fn a_silent_crm_is_an_unknown_outcome_after_the_time_out() {
    let setup = Setup {
        timeout: Duration::from_millis(400),
        ..Setup::default()
    };
    let world = World::new(setup).await;
    let hang = FaultKind::LostAnswer { hang: true };
    world
        .crm
        .fault(fault(hang, "orders/create", Calls::First(1)));
    let failure = world.failed(&anna()).await;
    assert_eq!(failure.kind, FailureKind::Unknown { retry_after: None });
    assert_eq!(failure.cause, Cause::TimedOut { after_s: 1 });
}

#[tokio::test]
async fn a_crm_that_is_down_has_certainly_made_nothing() {
    let world = World::usual().await;
    world.crm.stop_listening().await;
    let failure = world.failed(&anna()).await;
    assert_eq!(failure.kind, FailureKind::Transient { retry_after: None });
    assert!(
        matches!(failure.cause, Cause::Unreachable { .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn the_log_of_an_attempt_holds_neither_the_person_nor_the_key() {
    let account = Account {
        errors: ErrorsShape::List,
        ..Account::default()
    };
    let order = "orderMethod = \"{{ name }}\"";
    let world = World::new(Setup {
        account,
        order,
        ..Setup::default()
    })
    .await;
    let log = format!("{:?}", world.deliver(&anna(), false).await.steps);
    for secret in ["Анна", "(912)", "9123456", "example.ru", DEMO_API_KEY] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    assert!(log.contains("refused") && log.contains("created"), "{log}");
}

#[tokio::test]
async fn an_offer_that_the_catalogue_lacks_is_told_alone_and_together_with_others() {
    let world = || {
        World::new(Setup {
            order: r#"
                [[items]]
                offer.externalId = "sofa-1"
                [[items]]
                offer.externalId = "{{ code }}"
                productName = "Кресло"
            "#,
            customer: CustomerMatching::None,
            ..Setup::default()
        })
    };
    let coded = |phone: &str, code: &str| lead(&[("phone", phone), ("code", code)]);
    let leads = [
        coded("+79120000001", "no-such"),
        coded("+79120000002", "lamp-7"),
    ];
    let text = |delivered: Delivered| delivered.warning.map(|warning| warning.text.en);
    let missed = "items[1].offer.externalId=\"no-such\" was left out: the CRM's catalogue has no such offer, the line is free text";

    let alone = world().await;
    assert_eq!(
        text(alone.delivered(&leads[0]).await).as_deref(),
        Some(missed)
    );
    assert_eq!(text(alone.delivered(&leads[1]).await), None);
    assert_eq!(alone.operations(), ["orders/create", "orders/create"]);

    let together = world().await;
    let reports = together.deliver_all(&leads, false).await;
    let told = reports.into_iter();
    let told: Vec<Option<String>> = told
        .map(|report| text(report.outcome.expect("delivered")))
        .collect();
    assert_eq!(told, [Some(missed.to_owned()), None]);
    assert_eq!(together.operations(), ["orders/upload"]);

    // The look-up after a lost answer sees it too.
    let lost = world().await;
    let kind = FaultKind::LostAnswer { hang: false };
    lost.crm
        .fault(fault(kind, "orders/create", Calls::First(1)));
    lost.failed(&leads[0]).await;
    let found = lost.deliver(&leads[0], true).await.outcome;
    assert_eq!(text(found.expect("found")).as_deref(), Some(missed));
}
