//! What people see.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use jiff::Timestamp;

use super::{Answer, World, bearer, delivered, rejected, run};
use crate::alerts::{Settings, SigningKey, Webhook};
use crate::delivery::Cause;
use crate::destination::{Finding, Severity};
use crate::dispatch::{Checked, DestinationHealth, Health};
use crate::lead::{Bilingual, FormId, HeldReason, LeadId};

pub(super) async fn page(world: &World, path: &str, language: &str) -> Answer {
    let request = TestRequest::get()
        .uri(path)
        .insert_header(bearer())
        .insert_header(("Accept-Language", language.to_owned()));
    world.send(request).await
}

/// The words of a page as a person reads them, a line for each block; times differ from run to run and are left out.
pub(super) fn text(body: &str) -> String {
    let (_, main) = body.split_once("<main").expect("a page");
    let mut text = String::new();
    for piece in main.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.split(' ').next().unwrap_or_default();
        match name {
            "time" => text.push_str("[time]"),
            "a" | "/a" | "button" | "/button" | "code" | "/code" | "strong" | "/strong"
            | "span" | "/span" | "/time" => {}
            _ => text.push('\n'),
        }
        if name != "time" {
            text.push_str(words);
        }
    }
    let plain = text.replace("&quot;", "\"").replace("&amp;", "&");
    let lines = plain.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn has_cyrillic(text: &str) -> bool {
    // The name of the other language is written in that language.
    text.replace("Русский", "")
        .chars()
        .any(|c| ('\u{400}'..='\u{4ff}').contains(&c))
}

/// A check that has found something, and one after it that was not answered.
fn disagreeing(now: Timestamp) -> Checked {
    let finding = Finding {
        key_path: "forms.callback.deliver[0].order.customFields.gorod".to_owned(),
        severity: Severity::Problem,
        message: Bilingual::new("нет такого поля", "there is no such field"),
        instead: Some(Bilingual::new("есть: city", "it has: city")),
        remedy: Bilingual::new("заведите его", "add it"),
    };
    Checked {
        at: Some(now),
        findings: vec![finding],
        unanswered: Some((now, Cause::RateLimited)),
    }
}

/// A world with one lead of each sort, a paused destination and a refused origin; paths of all its pages.
async fn busy() -> (World, Vec<String>) {
    let world = World::new();
    let failed = world
        .lead(
            &[
                ("name", "Failed"),
                ("phone", "89123456789"),
                ("_page_url", "https://shop.example/?utm_source=ya"),
            ],
            None,
        )
        .await;
    world.attempt(failed, rejected()).await;
    let sent = world
        .lead(&[("name", "Sent"), ("colour", "red")], None)
        .await;
    world.attempt(sent, delivered()).await;
    let held = world
        .lead(&[("phone", "89123456780")], Some(HeldReason::Honeypot))
        .await;
    let erased = world.lead(&[("name", "Erased")], None).await;
    world
        .post(&format!("/admin/api/leads/{erased}/erase"), "")
        .await;
    let now = world.clock.now();
    world.outlook.reset(vec![DestinationHealth {
        id: super::shop(),
        kind: "retailcrm",
        health: Health::Paused {
            since: now,
            cause: Cause::TimedOut { after_s: 30 },
            next_probe_at: now,
        },
    }]);
    world.outlook.note_check(&super::shop(), disagreeing(now));
    let form = FormId::parse("callback").expect("an id");
    world.refused.record(&form, "https://new.example", now);
    tell_nobody_who_listens(&world).await;
    (world, paths_of(&[failed, sent, held, erased]))
}

/// All pages there are, with these leads.
fn paths_of(leads: &[LeadId]) -> Vec<String> {
    let mut paths: Vec<String> = [
        "/admin/",
        "/admin/forms",
        "/admin/destinations",
        "/admin/alerts",
        "/admin/erasures",
        "/admin/failures",
        "/admin/?cause=refused:site",
        "/admin/failures?resent=3",
        "/admin/login",
        "/admin/?q=nobody-has-this",
        "/admin/?state=dead",
        "/admin/nowhere",
        "/admin/resend/confirm?state=failed",
        "/admin/?state=failed&resent=2",
    ]
    .map(str::to_owned)
    .into();
    for id in leads {
        paths.push(format!("/admin/leads/{id}"));
        paths.push(format!("/admin/leads/{id}?done=conflict"));
        paths.push(format!("/admin/leads/{id}/preview"));
        paths.push(format!("/admin/leads/{id}/erase/confirm"));
    }
    paths
}

/// Alerts by a webhook that nobody receives, and a test that was sent in vain.
async fn tell_nobody_who_listens(world: &World) {
    let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
    let url = "https://no-such-host.invalid/".parse().expect("an address");
    let settings = Settings {
        webhooks: vec![Webhook { url, key }],
        ..Settings::default()
    };
    let public_url = super::PUBLIC.parse().expect("an address");
    let place = (&public_url, &jiff::tz::TimeZone::UTC);
    world.alerts.assign(&settings, &[], place);
    world.alerts.send_test().await;
}

#[test]
fn the_alerts_page_tells_who_is_told_and_how_the_last_test_went() {
    run(async {
        let world = World::new();
        let nobody = page(&world, "/admin/alerts", "en").await;
        assert!(nobody.body.contains("Nobody is told"), "{}", nobody.body);
        tell_nobody_who_listens(&world).await;
        let page = page(&world, "/admin/alerts", "en").await.body;
        for words in [
            "webhook no-such-host.invalid",
            "Send a test",
            "The last test",
            "not sent",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
    });
}

#[test]
fn every_page_is_wholly_in_the_language_it_is_asked_in() {
    run(async {
        let (world, paths) = busy().await;
        for path in &paths {
            let english = page(&world, path, "en").await;
            assert!(
                english.body.contains("<html lang=\"en\">"),
                "{path}: {}",
                english.body
            );
            assert!(!has_cyrillic(&english.body), "{path}: {}", english.body);
            let russian = page(&world, path, "ru").await;
            assert!(russian.body.contains("<html lang=\"ru\">"), "{path}");
            assert!(has_cyrillic(&russian.body), "{path}");
        }
    });
}

#[test]
fn every_page_is_protected_by_its_headers_and_has_nothing_inline() {
    run(async {
        let (world, paths) = busy().await;
        for path in &paths {
            let answer = page(&world, path, "ru").await;
            assert!(
                answer
                    .header("content-security-policy")
                    .starts_with("default-src 'none'"),
                "{path}"
            );
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert!(!answer.body.contains(" style="), "{path}");
            assert!(
                !answer.body.contains("<script>") && !answer.body.contains("onclick"),
                "{path}"
            );
        }
    });
}

#[test]
fn what_a_visitor_typed_is_shown_and_never_run() {
    run(async {
        let world = World::new();
        let evil = "<script>alert(1)</script>";
        let id = world
            .lead(&[("name", evil), (evil, "\"><img src=x>")], None)
            .await;
        for path in [
            "/admin/".to_owned(),
            format!("/admin/leads/{id}"),
            "/admin/?q=%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
        ] {
            let body = page(&world, &path, "ru").await.body;
            assert!(!body.contains(evil) && !body.contains("<img"), "{path}");
        }
        assert!(
            page(&world, "/admin/", "ru")
                .await
                .body
                .contains("&lt;script&gt;")
        );
    });
}

#[test]
fn the_list_shows_state_order_attempts_and_the_last_error() {
    run(async {
        let (world, _) = busy().await;
        let body = page(&world, "/admin/", "en").await.body;
        assert!(body.contains("<a class=\"crm\" href=\"https://demo.retailcrm.ru/orders/1042/edit\" target=\"_blank\" rel=\"noopener noreferrer\">1042C</a>"), "{body}");
        assert!(body.contains("the CRM refused: Errors in the input parameters; site: unknown"));
        assert!(body.contains("<span class=\"pill failed\">failed</span>"));
        assert!(body.contains("unreachable since"));
        assert!(
            body.contains("Needs attention <span class=\"count\">2</span>"),
            "{body}"
        );
        assert!(body.contains("data erased"));
    });
}

#[test]
fn a_filtered_list_carries_its_filters_on() {
    run(async {
        let (world, _) = busy().await;
        let body = page(&world, "/admin/?q=shop&form=callback&state=held", "en")
            .await
            .body;
        assert!(
            body.contains("href=\"/admin/?state=delivered&amp;form=callback&amp;q=shop\""),
            "{body}"
        );
        assert!(
            body.contains("<option value=\"callback\" selected>"),
            "{body}"
        );
        assert!(
            body.contains(
                "/admin/api/leads.csv?state=held&amp;form=callback&amp;q=shop&amp;lang=en"
            )
        );
    });
}

#[test]
fn the_first_run_shows_how_to_post_a_lead() {
    run(async {
        let world = World::new();
        let body = page(&world, "/admin/", "en").await.body;
        assert!(body.contains("No leads yet"));
        assert!(body.contains("&lt;form action=&quot;https://leads.example.ru/f/callback&quot; method=&quot;post&quot;&gt;"), "{body}");
    });
}

#[test]
fn a_refused_origin_is_shown_with_the_line_that_allows_it() {
    run(async {
        let (world, _) = busy().await;
        let body = page(&world, "/admin/forms", "en").await.body;
        assert!(
            body.contains(
                "origins = [&quot;https://shop.example&quot;, &quot;https://new.example&quot;]"
            ),
            "{body}"
        );
    });
}

#[test]
fn an_action_redirects_back_to_the_lead_and_says_what_was_done() {
    run(async {
        let world = World::new();
        let id = world
            .lead(&[("name", "Held")], Some(HeldReason::Honeypot))
            .await;
        let address = format!("/admin/leads/{id}");
        let released = world.post(&format!("{address}/release"), "").await;
        assert_eq!(released.status, StatusCode::SEE_OTHER);
        assert_eq!(
            released.header("location"),
            format!("{address}?done=release")
        );
        let late = world.post(&format!("{address}/discard"), "").await;
        assert_eq!(late.header("location"), format!("{address}?done=conflict"));
        let body = page(&world, late.header("location"), "en").await.body;
        assert!(body.contains("nothing was done"));
        let forged = page(&world, &format!("{address}?done=%3Cb%3E"), "en")
            .await
            .body;
        assert!(!forged.contains("notice good"));
    });
}

#[test]
fn everything_that_a_filter_finds_can_be_resent_from_the_list() {
    run(async {
        let (world, _) = busy().await;
        let list = page(&world, "/admin/?state=failed&form=callback", "en").await;
        let confirm = "/admin/resend/confirm?state=failed&form=callback";
        assert!(list.body.contains(&confirm.replace('&', "&amp;")));
        let asked = page(&world, confirm, "en").await;
        let action = "/admin/resend?state=failed&form=callback";
        assert!(asked.body.contains(&action.replace('&', "&amp;")));
        let done = world.post(action, "").await;
        assert_eq!(
            done.header("location"),
            "/admin/?state=failed&form=callback&resent=1"
        );
        let after = page(&world, done.header("location"), "en").await;
        assert!(after.body.contains("Back to work: 1 lead"));
        assert!(after.body.contains("Nothing found"));
    });
}

#[test]
fn the_language_is_remembered_in_a_cookie() {
    run(async {
        let world = World::new();
        let answer = page(&world, "/admin/language/en?next=%2Fadmin%2Fforms", "ru").await;
        assert_eq!(answer.header("location"), "/admin/forms");
        let cookie = answer
            .header("set-cookie")
            .split(';')
            .next()
            .expect("a cookie")
            .to_owned();
        let request = TestRequest::get()
            .uri("/admin/forms")
            .insert_header(bearer())
            .insert_header(("Cookie", cookie));
        assert!(
            world
                .send(request)
                .await
                .body
                .contains("<html lang=\"en\">")
        );
        let foreign = page(&world, "/admin/language/en?next=https://evil.example", "ru").await;
        assert_eq!(foreign.header("location"), "/admin/");
    });
}

#[test]
fn static_files_are_not_sent_again_to_those_who_have_them() {
    run(async {
        let world = World::new();
        let get = |tag: Option<String>| {
            let request = TestRequest::get().uri("/admin/static/admin.css");
            world.send(match tag {
                Some(tag) => request.insert_header(("If-None-Match", tag)),
                None => request,
            })
        };
        let first = get(None).await;
        assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
        let again = get(Some(first.header("etag").to_owned())).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert!(again.body.is_empty());
    });
}
