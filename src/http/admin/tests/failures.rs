//! The page of failures by cause.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;

use super::access::session;
use super::pages::{page, text};
use super::{World, bearer, rejected, run};
use crate::delivery::{Cause, Failure, FailureKind, Outcome};

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
