//! What a sender is told: redirect, JSON, the page of field errors, the page that keeps what was typed.

use super::*;

#[tokio::test]
async fn a_browser_is_redirected_to_our_page_when_nobody_says_where() {
    let gate = Gate::open();
    let answer = gate.post("phone=8+912+345-67-89&name=Anna").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let to = "https://leads.example.ru/f/callback/thanks?lang=ru";
    assert_eq!(answer.header("location"), Some(to));
    assert_eq!(gate.leads(1).await.len(), 1);
    let thanks = gate
        .ask(TestRequest::with_uri("/f/callback/thanks?lang=en"))
        .await;
    assert_eq!(thanks.status, StatusCode::OK);
    assert!(thanks.body.contains("Thank you!"));
}

#[tokio::test]
async fn a_script_gets_the_id_and_where_to_go() {
    let gate = Gate::open();
    let answer = gate
        .ask(json(
            r#"{"phone":79123456789,"_next":"https://shop.example/ok"}"#,
        ))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(body["ok"], true);
    assert_eq!(body["next"], "https://shop.example/ok");
    let lead = &gate.leads(1).await[0].lead;
    assert_eq!(body["id"], lead.id.to_string());
    let phone = lead.contact.phone.as_ref().expect("a phone");
    assert_eq!(phone.e164(), "+79123456789");
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_one_lead() {
    let gate = Gate::open();
    let first = gate
        .ask(json(r#"{"phone":"+79123456789","_id":"k1"}"#))
        .await;
    let by_header = json(r#"{"phone":"+79123456789"}"#).insert_header(("idempotency-key", "k1"));
    let second = gate.ask(by_header).await;
    assert_eq!(first.body, second.body);
    assert_eq!(gate.leads(1).await.len(), 1);
}

#[tokio::test]
async fn field_errors_come_all_at_once_in_the_language_asked_for() {
    let gate = Gate::open();
    let answer = gate
        .ask(json(r#"{"phone":"nonsense","size":"XXL","_lang":"en"}"#))
        .await;
    assert_eq!(answer.code(), (422, "invalid".to_owned()));
    let errors = answer.json()["errors"].clone();
    let told: Vec<(&str, &str)> = errors
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| {
            (
                error["field"].as_str().expect("text"),
                error["code"].as_str().expect("text"),
            )
        })
        .collect();
    assert_eq!(told, [("phone", "TYPE_PHONE"), ("size", "NOT_AN_OPTION")]);
    assert!(errors[0]["message"].as_str().expect("text").is_ascii());
}

#[tokio::test]
async fn the_page_of_field_errors_keeps_everything_typed_and_can_be_sent() {
    let gate = Gate::open();
    let body = "name=%22%3E%3Cscript%3E&tel=12&message=one%0D%0Atwo&utm_source=ya&_next=https%3A%2F%2Fshop.example%2Fok";
    let answer = gate.post(body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = &answer.body;
    for kept in [
        "value=\"&quot;&gt;&lt;script&gt;\"",
        "name=\"tel\" value=\"12\"",
        "one\r\ntwo</textarea>",
        "name=\"utm_source\" value=\"ya\"",
        "name=\"_next\" value=\"https://shop.example/ok\"",
        "name=\"_id\" value=\"",
        "aria-invalid=\"true\" aria-describedby=\"field-2-error\"",
        "id=\"field-2-error\"",
        "href=\"#field-2\"",
        "lang=\"ru\"",
    ] {
        assert!(page.contains(kept), "{kept} in {page}");
    }
    assert!(!page.contains("<script"));
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'"));
    gate.expect_no_lead_so_far().await;
}

#[tokio::test]
async fn a_submission_with_nothing_in_it_is_asked_for_what_is_missing() {
    let gate = Gate::open();
    let answer = gate.ask(TestRequest::post().uri("/f/callback")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("href=\"#field-2\""), "{}", answer.body);
}

#[tokio::test]
async fn a_file_is_refused_by_name_together_with_the_other_errors() {
    let gate = Gate::open();
    let body = "--X\r\nContent-Disposition: form-data; name=\"cv\"; filename=\"a.pdf\"\r\n\r\nPDF\r\n\
                --X\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n12\r\n--X--\r\n";
    let request = TestRequest::post()
        .uri("/f/callback")
        .insert_header(("content-type", "multipart/form-data; boundary=X"))
        .insert_header(("accept", "application/json"))
        .set_payload(body);
    let errors = gate.ask(request).await.json()["errors"].clone();
    assert_eq!(errors[0]["code"], "TYPE_PHONE");
    assert_eq!(errors[1]["field"], "cv");
    assert_eq!(errors[1]["code"], "TYPE_TEXT");
}

#[tokio::test]
async fn over_the_rate_a_page_keeps_what_was_typed_and_a_script_is_told_when() {
    let gate = Gate::open();
    let from = "203.0.113.9:1000".parse().expect("an address");
    for _ in 0..20 {
        let answer = gate
            .ask(urlencoded("phone=89123456789").peer_addr(from))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }
    let script = gate.ask(json(r#"{"phone":"1"}"#).peer_addr(from)).await;
    assert_eq!(script.code(), (429, "rate_limited".to_owned()));
    let wait: u64 = script
        .header("retry-after")
        .expect("a wait")
        .parse()
        .expect("seconds");
    assert!((1..=3).contains(&wait));
    let page = gate
        .ask(urlencoded("phone=89123456789&comment=a%0Ab").peer_addr(from))
        .await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        page.body.contains("name=\"comment\" value=\"a\nb\""),
        "{}",
        page.body
    );
    // The proxy is trusted, so another visitor behind it is another sender.
    let other = urlencoded("phone=89123456789")
        .peer_addr("127.0.0.1:1".parse().expect("an address"))
        .insert_header(("x-forwarded-for", "203.0.113.9, 198.51.100.1"));
    assert_eq!(gate.ask(other).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_store_without_room_asks_to_try_again_and_keeps_what_was_typed() {
    let gate = Gate::with_room(u64::MAX);
    let script = gate.ask(json(r#"{"phone":"89123456789"}"#)).await;
    assert_eq!(script.code(), (503, "unavailable".to_owned()));
    assert_eq!(script.header("retry-after"), Some("5"));
    let page = gate.post("phone=89123456789&_lang=en").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("name=\"phone\" value=\"89123456789\""));
    assert!(page.body.contains("Send again"));
    let health = gate.ask(TestRequest::with_uri("/healthz")).await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_filled_honeypot_is_answered_as_everybody_is() {
    let gate = Gate::open();
    let answer = gate.post("phone=89123456789&_gotcha=x").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(gate.leads(1).await[0].status.held_reason.is_some());
}

#[tokio::test]
async fn windows_1251_arrives_as_russian() {
    let gate = Gate::open();
    let request = urlencoded("phone=89123456789&name=%C0%ED%ED%E0").insert_header((
        "content-type",
        "application/x-www-form-urlencoded; charset=windows-1251",
    ));
    gate.ask(request).await;
    let lead = &gate.leads(1).await[0].lead;
    assert_eq!(lead.contact.name.as_ref().expect("a name").typed(), "Анна");
}
