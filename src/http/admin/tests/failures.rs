//! The page of failures by cause.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;

use super::access::session;
use super::pages::{page, text};
use super::{World, bearer, delivered, rejected, run, shop};
use crate::delivery::{Cause, DeliveryId, Failure, FailureKind, Outcome, State};
use crate::lead::{DestinationId, LeadId};

fn unknown_method() -> Outcome {
    Err(Failure::new(
        FailureKind::Rejected,
        Cause::Refused {
            message: "Order is not loaded".to_owned(),
            errors: vec![(
                "orderMethod".to_owned(),
                "\"OrderMethod\" with \"code\"=\"landing-pge\" does not exist.".to_owned(),
            )],
        },
    ))
}

/// Two leads that failed for an order method, one for its store, one that waits for a retry.
async fn failing() -> World {
    let world = World::new();
    let timed_out = Err(Failure::new(
        FailureKind::Transient { retry_after: None },
        Cause::TimedOut { after_s: 30 },
    ));
    for outcome in [unknown_method(), unknown_method(), rejected(), timed_out] {
        let id = world.lead(&[("name", "Anna")], None).await;
        world.attempt(id, outcome).await;
    }
    world
}

#[test]
fn the_page_tells_each_cause_once_with_a_resend_and_a_list() {
    run(async {
        let world = failing().await;
        let english = page(&world, "/admin/failures", "en").await.body;
        insta::assert_snapshot!(text(&english));
        let russian = page(&world, "/admin/failures", "ru").await.body;
        insta::assert_snapshot!(text(&russian));
        let query = "cause=refused%3AorderMethod%3Alanding-pge";
        assert!(english.contains(&format!("method=\"post\" action=\"/admin/resend?{query}\"")));
        assert!(english.contains(&format!("href=\"/admin/?{query}\"")));
    });
}

#[test]
fn a_group_is_resent_by_one_post_which_leads_back_to_the_failures() {
    run(async {
        let world = failing().await;
        let action = "/admin/resend?cause=refused%3AorderMethod%3Alanding-pge";
        let done = world.post(action, "").await;
        assert_eq!(done.header("location"), "/admin/failures?resent=2");
        let after = page(&world, done.header("location"), "en").await.body;
        assert!(after.contains("Back to work: 2 leads"), "{after}");
        assert!(!after.contains("landing-pge"), "{after}");
        assert!(after.contains("the CRM does not take the store"), "{after}");
    });
}

#[test]
fn a_page_of_somebody_else_resends_no_group() {
    run(async {
        let world = failing().await;
        let cookie = session(&world).await;
        let forged = TestRequest::post()
            .uri("/admin/resend?cause=refused%3Asite")
            .insert_header(("Cookie", cookie))
            .insert_header(("Origin", "https://evil.example"));
        assert_eq!(world.send(forged).await.status, StatusCode::FORBIDDEN);
        let list = TestRequest::get()
            .uri("/admin/api/leads?cause=refused:site")
            .insert_header(bearer());
        let list = world.send(list).await.json();
        assert_eq!(list["leads"][0]["state"], "failed");
    });
}

#[test]
fn a_list_that_is_narrowed_to_a_cause_says_so_and_keeps_it() {
    run(async {
        let world = failing().await;
        let body = page(&world, "/admin/?cause=refused%3Asite", "en")
            .await
            .body;
        assert!(text(&body).contains("Only with the cause: the CRM does not take the store"));
        assert_eq!(body.matches("class=\"open\"").count(), 1);
        assert!(body.contains("<input type=\"hidden\" name=\"cause\" value=\"refused:site\">"));
        assert!(body.contains("/admin/resend/confirm?cause=refused%3Asite"));
        assert!(
            body.contains("href=\"/admin/?\""),
            "the filter can be removed"
        );
    });
}

#[test]
fn without_failures_the_page_says_so() {
    run(async {
        let world = World::new();
        let body = page(&world, "/admin/failures", "en").await.body;
        assert!(body.contains("Nothing fails"), "{body}");
    });
}

/// A lead for the shop and two branches, and how each of its deliveries ended.
async fn lead_of_three(world: &World, outcomes: [Outcome; 3]) -> LeadId {
    let branches = ["branch-1", "branch-2"].map(|id| DestinationId::parse(id).expect("an id"));
    let targets = [shop()].into_iter().chain(branches).collect();
    let lead = world.lead_for(&[("name", "Anna")], None, targets).await;
    for (ordinal, outcome) in (0..).zip(outcomes) {
        world.end(DeliveryId { lead, ordinal }, outcome).await;
    }
    lead
}

async fn states(world: &World, lead: LeadId) -> Vec<State> {
    let stored = world.store.lead(lead).await.expect("readable");
    let deliveries = stored.expect("kept").status.deliveries;
    deliveries.iter().map(|delivery| delivery.state).collect()
}

#[test]
fn the_resend_of_a_group_leaves_other_deliveries_of_its_leads_alone() {
    use State::{Delivered, Failed, Queued};
    run(async {
        for (filters, after) in [
            ("{\"cause\":\"refused:site\"}", [Queued, Delivered, Failed]),
            (
                "{\"destination\":\"branch-2\"}",
                [Failed, Delivered, Queued],
            ),
            ("{}", [Queued, Delivered, Queued]),
            ("{\"state\":\"failed\"}", [Queued, Delivered, Queued]),
            (
                "{\"state\":\"failed,delivered\",\"destination\":\"branch-1\"}",
                [Failed, Queued, Failed],
            ),
        ] {
            let world = World::new();
            let outcomes = [rejected(), delivered(), unknown_method()];
            let lead = lead_of_three(&world, outcomes).await;
            let answer = world.post("/admin/api/leads/resend", filters).await.json();
            assert_eq!(answer["resent"], 1, "{filters}");
            assert_eq!(states(&world, lead).await, after, "{filters}");
        }
    });
}

#[test]
fn a_group_that_is_at_its_destination_by_now_is_matched_and_not_resent() {
    run(async {
        let world = World::new();
        let outcomes = [rejected(), delivered(), delivered()];
        let lead = lead_of_three(&world, outcomes).await;
        let filters = "{\"destination\":\"branch-1\"}";
        let answer = world.post("/admin/api/leads/resend", filters).await.json();
        assert_eq!(
            (&answer["matched"], &answer["resent"]),
            (&1.into(), &0.into())
        );
        let after = [State::Failed, State::Delivered, State::Delivered];
        assert_eq!(states(&world, lead).await, after);
    });
}
