//! Who gets in, and from where.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;

use super::{Answer, PASSWORD, PUBLIC, World, run};
use crate::http::admin::{API, PAGES};

async fn log_in(world: &World, name: &str, password: &str) -> Answer {
    let form = [
        ("name", name),
        ("password", password),
        ("next", "/admin/forms"),
    ];
    world
        .send(
            TestRequest::post()
                .uri("/admin/login")
                .insert_header(("Origin", PUBLIC))
                .set_form(form),
        )
        .await
}

/// `name=value` of the session cookie.
async fn session(world: &World) -> String {
    let answer = log_in(world, "anna", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    cookie.split(';').next().expect("a cookie").to_owned()
}

#[test]
fn no_address_of_the_api_answers_a_stranger() {
    run(async {
        let world = World::new();
        for row in API {
            let path = format!(
                "/admin/api{}",
                row.path.replace("{id}", "x").replace("{action}", "erase")
            );
            let method = Method::from_bytes(row.method.as_bytes()).expect("a method");
            for wrong in [None, Some("Bearer wrong"), Some("Basic YTpi")] {
                let mut request = TestRequest::default().method(method.clone()).uri(&path);
                if let Some(wrong) = wrong {
                    request = request.insert_header(("Authorization", wrong));
                }
                let answer = world.send(request).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
                assert_eq!(answer.json()["code"], "unauthorized", "{path}");
            }
        }
        let unknown = world
            .send(TestRequest::get().uri("/admin/api/secrets"))
            .await;
        assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn every_page_shows_a_stranger_the_way_in() {
    run(async {
        let world = World::new();
        for row in PAGES
            .iter()
            .filter(|row| !row.path.starts_with("/static") && !row.path.starts_with("/language"))
        {
            let path = format!(
                "/admin{}",
                row.path.replace("{id}", "x").replace("{action}", "erase")
            );
            let method = Method::from_bytes(row.method.as_bytes()).expect("a method");
            let answer = world
                .send(TestRequest::default().method(method).uri(&path))
                .await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert!(
                answer
                    .header("location")
                    .starts_with("/admin/login?next=%2Fadmin%2F"),
                "{path}"
            );
        }
    });
}

#[test]
fn the_right_password_opens_a_session_in_a_locked_down_cookie() {
    run(async {
        let world = World::new();
        let answer = log_in(&world, "anna", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), "/admin/forms");
        let cookie = answer.header("set-cookie").to_owned();
        assert!(cookie.starts_with("__Host-leadgate="), "{cookie}");
        assert!(
            cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
        let cookie = session(&world).await;
        let list = |cookie: String| {
            world.send(
                TestRequest::get()
                    .uri("/admin/api/leads")
                    .insert_header(("Cookie", cookie)),
            )
        };
        assert_eq!(list(cookie.clone()).await.status, StatusCode::OK);
        world.clock.advance(Duration::from_secs(12 * 3600 + 1));
        assert_eq!(list(cookie).await.status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_answered_alike_and_get_slower() {
    run(async {
        let world = World::new();
        let known = log_in(&world, "anna", "wrong").await;
        let unknown = log_in(&world, "boris", "wrong").await;
        assert_eq!(known.status, StatusCode::UNAUTHORIZED);
        assert_eq!(known.body.replace("anna", "boris"), unknown.body);
        assert!(known.header("set-cookie").is_empty());
        for _ in 0..3 {
            log_in(&world, "anna", "wrong").await;
        }
        let early = log_in(&world, "anna", PASSWORD).await;
        assert_eq!(early.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(!early.header("retry-after").is_empty());
        world.clock.advance(Duration::from_secs(3));
        assert_eq!(
            log_in(&world, "anna", PASSWORD).await.status,
            StatusCode::SEE_OTHER
        );
    });
}

#[test]
fn a_request_forged_by_another_page_changes_nothing() {
    run(async {
        let world = World::new();
        let cookie = session(&world).await;
        let post = |path: &str, from: Option<(&'static str, &'static str)>| {
            let mut request = TestRequest::post()
                .uri(path)
                .insert_header(("Cookie", cookie.clone()));
            if let Some(header) = from {
                request = request.insert_header(header);
            }
            world.send(request)
        };
        for path in [
            "/admin/api/leads/resend",
            "/admin/alerts/test",
            "/admin/logout",
        ] {
            for from in [
                None,
                Some(("Origin", "https://evil.example")),
                Some(("Origin", "null")),
            ] {
                let answer = post(path, from).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {from:?}");
            }
        }
        let ours = post("/admin/api/leads/resend", Some(("Origin", PUBLIC))).await;
        assert_eq!(ours.status, StatusCode::OK);
        let ours = post(
            "/admin/api/leads/resend",
            Some(("Sec-Fetch-Site", "same-origin")),
        )
        .await;
        assert_eq!(ours.status, StatusCode::OK);
    });
}

#[test]
fn a_log_in_posted_by_another_page_is_refused() {
    run(async {
        let world = World::new();
        let request = TestRequest::post()
            .uri("/admin/login")
            .insert_header(("Origin", "https://evil.example"))
            .set_form([("name", "anna"), ("password", PASSWORD)]);
        assert_eq!(world.send(request).await.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn logging_out_and_a_changed_password_end_the_session() {
    run(async {
        let world = World::new();
        let (first, second) = (session(&world).await, session(&world).await);
        let status = |cookie: &str| {
            let request = TestRequest::get()
                .uri("/admin/api/forms")
                .insert_header(("Cookie", cookie.to_owned()));
            world.send(request)
        };
        let out = TestRequest::post()
            .uri("/admin/logout")
            .insert_header(("Origin", PUBLIC))
            .insert_header(("Cookie", first.clone()));
        assert_eq!(world.send(out).await.status, StatusCode::SEE_OTHER);
        assert_eq!(status(&first).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(status(&second).await.status, StatusCode::OK);
        world
            .access
            .replace(crate::http::settings::Admin::default());
        assert_eq!(status(&second).await.status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn guesses_sent_all_at_once_are_not_all_looked_at() {
    run(async {
        let world = World::new();
        let guesses = (0..12).map(|_| log_in(&world, "anna", "wrong"));
        let answers = futures_util::future::join_all(guesses).await;
        let looked_at = answers
            .iter()
            .filter(|answer| answer.status == StatusCode::UNAUTHORIZED)
            .count();
        assert_eq!(looked_at, 4);
    });
}

#[test]
fn a_head_request_is_answered_like_a_get() {
    run(async {
        let world = World::new();
        let request = TestRequest::default()
            .method(Method::HEAD)
            .uri("/admin/login");
        assert_eq!(world.send(request).await.status, StatusCode::OK);
    });
}
