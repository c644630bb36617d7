//! A page of bad inputs: each gets the answer of the contract, none a 500.

use super::*;

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn to(method: Method, uri: &str) -> TestRequest {
    TestRequest::default()
        .method(method)
        .uri(uri)
        .insert_header(("accept", "application/json"))
}

#[tokio::test]
async fn unknown_forms_come_before_everything_else() {
    let gate = Gate::open();
    for request in [
        to(Method::POST, "/f/nobody"),
        to(Method::GET, "/f/nobody"),
        to(Method::POST, "/f/%00%ff"),
        to(Method::POST, "/f/nobody").insert_header(("origin", "https://evil.example")),
    ] {
        assert_eq!(gate.ask(request).await.code(), refusal(404, "unknown_form"));
    }
    let elsewhere = gate.ask(to(Method::POST, "/nowhere?phone=1")).await;
    assert_eq!(elsewhere.code(), refusal(404, "not_found"));
}

#[tokio::test]
async fn other_methods_are_told_which_are_allowed() {
    let gate = Gate::open();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = gate.ask(to(method, "/f/callback")).await;
        assert_eq!(answer.code(), refusal(405, "method"));
        assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    }
    let browser = gate.ask(TestRequest::with_uri("/f/callback")).await;
    assert_eq!(browser.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(browser.body.contains("Это адрес для отправки формы"));
    let head = gate.ask(to(Method::HEAD, "/f/callback")).await;
    assert_eq!(head.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn bodies_that_are_no_form_are_refused_by_their_kind() {
    let gate = Gate::open();
    let post = |media_type: &'static str, body: &str| {
        to(Method::POST, "/f/callback")
            .insert_header(("content-type", media_type))
            .set_payload(body.to_owned())
    };
    let urlencoded = "application/x-www-form-urlencoded";
    let table = [
        (
            post("application/json", "{\"phone\":"),
            refusal(400, "malformed"),
        ),
        (post("application/json", "[1]"), refusal(400, "malformed")),
        (post("application/json", ""), refusal(400, "malformed")),
        (
            post("multipart/form-data; boundary=X", "nonsense"),
            refusal(400, "malformed"),
        ),
        (
            post("multipart/form-data", "nonsense"),
            refusal(400, "malformed"),
        ),
        (post("text/plain", "phone=1"), refusal(415, "media_type")),
        (post("text/plain", "{}"), refusal(415, "media_type")),
        (post("application/xml", "<a/>"), refusal(415, "media_type")),
        (
            post(urlencoded, &"a".repeat(10 << 20)),
            refusal(413, "too_large"),
        ),
        (
            post(urlencoded, &"a=1&".repeat(10_000)),
            refusal(413, "too_large"),
        ),
        (
            post(
                urlencoded,
                &format!("phone=89123456789&c={}", "a".repeat(200_000)),
            ),
            refusal(422, "invalid"),
        ),
        (post(urlencoded, "phone=%zz%4"), refusal(422, "invalid")),
    ];
    for (request, expected) in table {
        assert_eq!(gate.ask(request).await.code(), expected);
    }
    gate.expect_no_lead_so_far().await;
}

#[tokio::test]
async fn broken_text_is_taken_and_headers_cannot_be_injected() {
    let gate = Gate::open();
    let answer = gate
        .post("phone=89123456789&name=100%&a=%FF%00%1b&b=x%0d%0aSet-Cookie:+a=b&_next=https://shop.example/%250d%0d%0aSet-Cookie:a=b&_id=%0d%0aX:y")
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        Some("https://leads.example.ru/f/callback/thanks?lang=ru")
    );
    assert!(answer.header("set-cookie").is_none());
    assert_eq!(gate.leads(1).await.len(), 1);
}

#[tokio::test]
async fn a_foreign_next_is_ignored() {
    let gate = Gate::open();
    for next in [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
    ] {
        let answer = gate.post(&format!("phone=89123456789&_next={next}")).await;
        let location = answer.header("location").expect("a location");
        assert!(location.starts_with("https://leads.example.ru/"), "{next}");
    }
}
