//! Origin check and CORS on the wire.

use super::*;

fn preflight(origin: &'static str) -> TestRequest {
    TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/f/callback")
        .insert_header(("origin", origin))
        .insert_header(("access-control-request-method", "POST"))
        .insert_header(("access-control-request-headers", "formspree-client"))
}

#[tokio::test]
async fn a_preflight_of_an_allowed_page_names_what_it_may_send() {
    let gate = Gate::open();
    let answer = gate.ask(preflight("https://shop.example")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    let headers = answer
        .header("access-control-allow-headers")
        .expect("a list");
    for name in [
        "content-type",
        "idempotency-key",
        "x-requested-with",
        "formspree-client",
        "formspree-session-data",
    ] {
        assert!(headers.contains(name));
    }
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("POST, OPTIONS")
    );
    assert_eq!(answer.header("access-control-max-age"), Some("86400"));
    assert_eq!(answer.header("vary"), Some("Origin"));
}

#[tokio::test]
async fn a_foreign_page_is_refused_readably_and_shown_to_the_admin() {
    let gate = Gate::open();
    let refused = gate.ask(preflight("https://evil.example")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let answer = gate
        .ask(json(r#"{"phone":"89123456789"}"#).insert_header(("origin", "https://evil.example")))
        .await;
    assert_eq!(answer.code(), (403, "origin".to_owned()));
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://evil.example")
    );
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("Retry-After, X-Request-Id")
    );
    let parts = gate.parts();
    let seen = parts.refused_origins.last_day(parts.clock.now());
    assert_eq!(seen[0].origin, "https://evil.example");
    assert_eq!(seen[0].count, 2);
    gate.expect_no_lead_so_far().await;
}

#[tokio::test]
async fn cors_headers_stand_on_refusals_of_every_kind() {
    let gate = Gate::open();
    let from_shop =
        |request: TestRequest| request.insert_header(("origin", "https://shop.example"));
    let table = [
        (from_shop(json("{")), 400),
        (from_shop(TestRequest::with_uri("/f/callback")), 405),
        (from_shop(TestRequest::post().uri("/f/nobody")), 404),
        (from_shop(TestRequest::with_uri("/f/a/b/c")), 404),
        (
            from_shop(json("{}").insert_header(("content-type", "text/plain"))),
            415,
        ),
        (from_shop(json("{\"phone\":\"1\"}")), 422),
    ];
    for (request, status) in table {
        let answer = gate.ask(request).await;
        assert_eq!(answer.status.as_u16(), status);
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some("https://shop.example"), "{status}");
    }
}

#[tokio::test]
async fn a_form_for_every_page_echoes_the_page() {
    let gate = Gate::open();
    let request = json(r#"{"phone":"89123456789","_next":"/ok"}"#)
        .uri("/f/any")
        .insert_header(("origin", "https://else.example"));
    let answer = gate.ask(request).await;
    assert_eq!(answer.json()["next"], "https://else.example/ok");
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://else.example")
    );
}

#[tokio::test]
async fn an_opaque_page_may_navigate_but_not_fetch() {
    let gate = Gate::open();
    let navigation = urlencoded("phone=89123456789")
        .insert_header(("origin", "null"))
        .insert_header(("sec-fetch-mode", "navigate"));
    assert_eq!(gate.ask(navigation).await.status, StatusCode::SEE_OTHER);
    let fetch = urlencoded("phone=89123456789")
        .insert_header(("origin", "null"))
        .insert_header(("sec-fetch-mode", "cors"));
    assert_eq!(gate.ask(fetch).await.code(), (403, "origin".to_owned()));
}

#[tokio::test]
async fn all_answers_below_f_may_be_read_by_the_page_and_no_others() {
    let gate = Gate::open();
    for (uri, may_read) in [
        ("/f", true),
        ("/f/callback/nothing/here", true),
        ("/favicon.ico", false),
        ("/healthz", false),
    ] {
        let request = TestRequest::with_uri(uri).insert_header(("origin", "https://shop.example"));
        let answer = gate.ask(request).await;
        let allowed = answer.header("access-control-allow-origin");
        let expected = may_read.then_some("https://shop.example");
        assert_eq!(allowed, expected, "{uri}");
    }
}
