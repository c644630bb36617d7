//! The page that shows what the CRM would get, and the requests of an attempt on the lead's page.

use actix_web::http::StatusCode;

use super::pages::{page, text};
use super::{API_KEY, World, rejected, run};
use crate::lead::LeadId;

/// Ids and times differ from run to run.
fn stable(body: &str, id: LeadId) -> String {
    let text = text(body).replace(&id.to_string(), "[id]");
    let lines = text.lines().map(|line| {
        if line.trim_start().starts_with("\"createdAt\"") {
            "\"createdAt\": [time],"
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

async fn refused_lead(world: &World) -> LeadId {
    let typed = [
        ("name", "Anna Smith"),
        ("phone", "89123456789"),
        ("guests", "3"),
        ("colour", "red"),
    ];
    let id = world.lead(&typed, None).await;
    world.attempt(id, rejected()).await;
    id
}

#[test]
fn the_preview_shows_each_request_and_each_line_of_the_mapping() {
    run(async {
        let world = World::new();
        let id = refused_lead(&world).await;
        let path = format!("/admin/leads/{id}/preview");
        let english = page(&world, &path, "en").await.body;
        insta::assert_snapshot!(stable(&english, id));
        let russian = page(&world, &path, "ru").await.body;
        insta::assert_snapshot!(stable(&russian, id));
        assert!(!english.contains(API_KEY));
    });
}

#[test]
fn the_page_of_a_lead_leads_to_its_preview_and_shows_the_last_request_of_a_failure() {
    run(async {
        let world = World::new();
        let id = refused_lead(&world).await;
        let body = page(&world, &format!("/admin/leads/{id}"), "en").await.body;
        assert!(body.contains(&format!("href=\"/admin/leads/{id}/preview\"")));
        assert!(
            body.contains("href=\"/admin/?cause=refused%3Asite\""),
            "{body}"
        );
        assert!(
            body.contains("<details open><summary>Requests (1)</summary>"),
            "{body}"
        );
        assert!(
            body.contains("<pre class=\"wire\">POST /api/v5/orders/create\nsite=shop-ru\norder={&quot;phone&quot;:&quot;***(12)&quot;}</pre>"),
            "{body}"
        );
    });
}

#[test]
fn a_lead_whose_destination_is_gone_says_so_in_its_preview() {
    run(async {
        let world = World::new();
        let id = refused_lead(&world).await;
        world.destinations.replace(Vec::new());
        let path = format!("/admin/leads/{id}/preview");
        let body = page(&world, &path, "en").await.body;
        assert!(body.contains("destination shop is no longer in the config"));
        let posted = world.post(&path, "").await;
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    });
}
