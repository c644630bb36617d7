//! What goes wrong with a request that is for many, and that each of its leads still ends well.

use std::time::Duration;

use leadgate::delivery::{Cause, FailureKind};
use leadgate::lead::{CustomerMatching, Lead};
use leadgate::simulator::{Body, Calls, FaultKind};

use crate::batches::{count, ids_of, order_ids, people, world_of};
use crate::world::{World, fault};

/// The answer of a web server that stands before the CRM.
fn page(status: u16, retry_after: Option<u64>) -> FaultKind {
    FaultKind::Status {
        status,
        retry_after,
        body: Body::Html,
    }
}

/// All that can happen to a request that is for many.
fn troubles() -> Vec<FaultKind> {
    let status = |status| page(status, None);
    vec![
        FaultKind::Down,
        FaultKind::Reset,
        FaultKind::LostAnswer { hang: false },
        status(500),
        status(403),
        status(413),
        status(503),
        FaultKind::RateLimited,
        FaultKind::Html405,
        FaultKind::NonJson200,
        FaultKind::SuccessFalse200 {
            text: "Internal error".into(),
        },
        FaultKind::Forbidden403,
        FaultKind::Account404,
        FaultKind::Partial460 {
            row: 3,
            text: "Что-то пошло не так".into(),
        },
    ]
}

/// Hands over those that share their doubt together; those that are left, each with the doubt that is left.
async fn deliver_again(world: &World, open: &[(Lead, bool)], trouble: &str) -> Vec<(Lead, bool)> {
    let mut left = Vec::new();
    for doubt in [false, true] {
        let part = open.iter().filter(|(_, in_doubt)| *in_doubt == doubt);
        let part: Vec<Lead> = part.map(|(lead, _)| lead.clone()).collect();
        if part.is_empty() {
            continue;
        }
        let reports = world.deliver_all(&part, doubt).await;
        for (lead, report) in part.into_iter().zip(reports) {
            if let Err(failure) = report.outcome {
                assert_ne!(failure.kind, FailureKind::Rejected, "{trouble}");
                left.push((lead, failure.leaves_doubt(doubt)));
            }
        }
    }
    left
}

async fn ends_well(kind: FaultKind, operation: &str, in_doubt: bool) {
    let trouble = format!("{kind:?} at {operation}, in doubt: {in_doubt}");
    let world = World::usual().await;
    world.crm.fault(fault(kind, operation, Calls::First(1)));
    let leads = people(6);
    let mut open: Vec<(Lead, bool)> = leads.iter().map(|lead| (lead.clone(), in_doubt)).collect();
    for _ in 0..2 {
        open = deliver_again(&world, &open, &trouble).await;
    }
    assert!(open.is_empty(), "{trouble}: {} are left", open.len());
    assert_eq!(order_ids(&world), ids_of(&leads), "{trouble}");
    assert_eq!(world.crm.customers().len(), 6, "{trouble}");
}

/// The upload of orders and the customers of fresh leads are columns of the fault matrix, over the whole gate. What a backlog asks besides is here.
#[tokio::test]
async fn whatever_happens_to_a_request_for_many_every_lead_ends_as_one_order_and_one_customer() {
    let requests = [
        ("customers/upload", false),
        ("orders/upload", true),
        ("orders/list", true),
    ];
    for (operation, in_doubt) in requests {
        for kind in troubles() {
            ends_well(kind, operation, in_doubt).await;
        }
    }
}

#[tokio::test]
async fn after_a_lost_answer_the_orders_are_looked_up_with_one_request_and_nothing_is_sent_again() {
    let world = world_of(CustomerMatching::None).await;
    let lost = FaultKind::LostAnswer { hang: false };
    world
        .crm
        .fault(fault(lost, "orders/upload", Calls::First(1)));
    let leads = people(50);
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("found");
    }
    assert_eq!(world.operations(), ["orders/upload", "orders/list"]);
    for report in world.deliver_all(&leads, true).await {
        report.outcome.expect("found");
    }
    assert_eq!(
        world.operations(),
        ["orders/upload", "orders/list", "orders/list"]
    );
    assert_eq!(order_ids(&world), ids_of(&leads));
}

#[tokio::test]
async fn after_an_answer_that_says_nothing_of_the_rows_nothing_is_sent_again_before_the_schedule() {
    // A gateway that lost patience, in six ways; and none at all.
    let pages = [408, 502, 503, 504, 520, 524].map(|status| page(status, None));
    for kind in pages.into_iter().chain([FaultKind::Down]) {
        let world = world_of(CustomerMatching::None).await;
        let trouble = format!("{kind:?}");
        let once = fault(kind, "orders/upload", Calls::First(1));
        world.crm.fault(once);
        let leads = people(4);
        for report in world.deliver_all(&leads, false).await {
            let failure = report.outcome.expect_err("nobody knows");
            let unknown = FailureKind::Unknown { retry_after: None };
            assert_eq!(failure.kind, unknown, "{trouble}");
        }
        let operations = world.operations();
        assert_eq!(operations, ["orders/upload", "orders/list"], "{trouble}");
        for report in world.deliver_all(&leads, true).await {
            report.outcome.expect("delivered");
        }
        assert_eq!(order_ids(&world), ids_of(&leads), "{trouble}");
    }
}

#[tokio::test]
async fn an_upload_that_is_asked_to_wait_is_not_looked_up_at_once_and_neither_goes_the_rest() {
    let world = world_of(CustomerMatching::None).await;
    let asked = page(503, Some(40));
    let once = fault(asked, "orders/upload", Calls::First(1));
    world.crm.fault(once);
    let leads = people(60);
    let reports = world.deliver_all(&leads, false).await;
    assert_eq!(world.operations(), ["orders/upload"]);
    let retry_after = Some(Duration::from_secs(40));
    for (place, report) in reports.into_iter().enumerate() {
        let kind = report.outcome.expect_err("asked to wait").kind;
        let expected = if place < 50 {
            FailureKind::Unknown { retry_after }
        } else {
            FailureKind::Transient { retry_after }
        };
        assert_eq!(kind, expected, "{place}");
    }
}

#[tokio::test]
async fn a_look_after_an_upload_that_is_asked_to_wait_is_waited_for() {
    let world = world_of(CustomerMatching::None).await;
    let lost = fault(FaultKind::Down, "orders/upload", Calls::First(1));
    world.crm.fault(lost);
    let asked = fault(page(503, Some(40)), "orders/list", Calls::First(1));
    world.crm.fault(asked);
    let retry_after = Some(Duration::from_secs(40));
    for report in world.deliver_all(&people(4), false).await {
        let kind = report.outcome.expect_err("nobody knows").kind;
        assert_eq!(kind, FailureKind::Unknown { retry_after });
    }
}

#[tokio::test]
async fn an_upload_that_fails_as_a_whole_is_sent_again_in_halves() {
    let world = world_of(CustomerMatching::None).await;
    let error = fault(page(500, None), "orders/upload", Calls::First(2));
    world.crm.fault(error);
    let leads = people(8);
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    let operations = world.operations();
    assert_eq!(
        operations,
        [
            "orders/upload", // eight
            "orders/list",
            "orders/upload", // the first four
            "orders/list",
            "orders/upload", // the other four
            "orders/upload", // the first two
            "orders/upload",
        ]
    );
    assert_eq!(order_ids(&world), ids_of(&leads));
}

#[tokio::test]
async fn a_key_that_is_refused_stops_the_batch_with_the_first_request() {
    let world = world_of(CustomerMatching::None).await;
    world.crm.fault(fault(
        FaultKind::Forbidden403,
        "orders/upload",
        Calls::Always,
    ));
    for report in world.deliver_all(&people(50), false).await {
        let failure = report.outcome.expect_err("refused");
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(matches!(failure.cause, Cause::AccessDenied { .. }));
    }
    assert_eq!(world.operations(), ["orders/upload"]);
}

#[tokio::test]
async fn a_crm_that_dies_under_the_searches_is_not_asked_for_every_lead() {
    let world = World::usual().await;
    world
        .crm
        .fault(fault(FaultKind::Down, "customers/list", Calls::Always));
    for report in world.deliver_all(&people(50), false).await {
        let failure = report.outcome.expect_err("down");
        assert_eq!(failure.kind, FailureKind::Transient { retry_after: None });
    }
    // Eight at once, each tried again once.
    assert!(
        world.operations().len() <= 2 * (8 + 3),
        "{}",
        world.operations().len()
    );
}

#[tokio::test]
async fn an_upload_that_the_account_does_not_know_falls_back_to_single_orders() {
    let world = world_of(CustomerMatching::None).await;
    let unknown = FaultKind::SuccessFalse200 {
        text: "Not supported".into(),
    };
    world
        .crm
        .fault(fault(unknown, "orders/upload", Calls::Always));
    let leads = people(20);
    for report in world.deliver_all(&leads, false).await {
        report.outcome.expect("delivered");
    }
    let operations = world.operations();
    assert!(count(&operations, "orders/upload") <= 7, "{operations:?}");
    assert_eq!(count(&operations, "orders/create"), 20);
    assert_eq!(order_ids(&world), ids_of(&leads));
}
