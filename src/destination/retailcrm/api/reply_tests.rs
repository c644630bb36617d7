//! The classification as a table: one line per answer that is known from the field or from the CRM's own clients.

use super::*;

fn answer(status: u16, body: &str) -> HttpAnswer {
    HttpAnswer {
        status,
        retry_after: None,
        body: body.as_bytes().to_vec(),
    }
}

/// The class of an answer in one word, for the table.
fn class(purpose: Purpose, answer: &HttpAnswer) -> &'static str {
    match read(purpose, answer) {
        Ok(_) => "success",
        Err(Fault::Refused(_)) => "refused",
        Err(Fault::Missing { combined_to: None }) => "missing",
        Err(Fault::Missing {
            combined_to: Some(_),
        }) => "merged",
        Err(Fault::Failed(failure)) => match (failure.kind, failure.cause) {
            (FailureKind::Transient { .. }, Cause::RateLimited) => "rate limited",
            (FailureKind::Transient { .. }, _) => "transient",
            (FailureKind::Unknown { .. }, _) => "unknown",
            (FailureKind::Rejected, _) => "rejected",
            (FailureKind::Misconfigured, Cause::AccessDenied { .. }) => "denied",
            (FailureKind::Misconfigured, Cause::NotTheCrm { .. }) => "not the crm",
            (FailureKind::Misconfigured, _) => "misconfigured",
        },
    }
}

/// Status, body, and the class for a create, a read, a request by id.
const TABLE: &str = r#"
201 | {"success":true,"id":1} | success | success | success
200 | {"success":true} | success | success | success
200 | {"success":false,"errorMsg":"Internal error"} | refused | refused | refused
200 | {"id":1} | unknown | transient | transient
200 | {"success": | unknown | transient | transient
200 | <html></html> | unknown | not the crm | not the crm
200 |  | unknown | transient | transient
400 | {"success":false,"errorMsg":"Order already exists."} | refused | refused | refused
400 | {"success":false,"errorMsg":"Заказ не загружен","errors":["x"]} | refused | refused | refused
460 | {"success":false,"errorMsg":"Orders are loaded with errors"} | refused | refused | refused
400 | {"success":false,"errorMsg":"Parameter 'site' is missing"} | misconfigured | misconfigured | misconfigured
400 | {"success":false,"errorMsg":"Не передан параметр 'site'"} | misconfigured | misconfigured | misconfigured
400 | {"success":false,"errorMsg":"x","errors":{"site":"y"}} | misconfigured | misconfigured | misconfigured
400 | {"errorMsg":"\"apiKey\" is missing."} | denied | denied | denied
403 | {"errorMsg":"Wrong \"apiKey\" value."} | denied | denied | denied
403 | {"success":false,"errorMsg":"Доступ запрещен."} | denied | denied | denied
401 | {"success":false,"errorMsg":"x"} | denied | denied | denied
403 | <html></html> | not the crm | not the crm | not the crm
404 | {"success":false,"errorMsg":"Account does not exist."} | not the crm | not the crm | not the crm
400 | {"success":false,"errorMsg":"Аккаунт не существует."} | not the crm | not the crm | not the crm
404 | {"success":false,"errorMsg":"API method not found"} | not the crm | not the crm | not the crm
404 | {"success":false,"errorMsg":"Not found"} | not the crm | not the crm | missing
404 | {"success":false,"errorMsg":"x","combinedTo":{"id":"7"}} | not the crm | not the crm | merged
405 | {"success":false,"errorMsg":"Method Not Allowed"} | not the crm | not the crm | not the crm
405 | <html></html> | not the crm | not the crm | not the crm
302 |  | not the crm | not the crm | not the crm
413 | <html></html> | refused | refused | refused
408 |  | unknown | transient | transient
429 | <html></html> | rate limited | rate limited | rate limited
503 | {"success":false,"errorMsg":"Rate limit exceeded"} | rate limited | rate limited | rate limited
503 | {"success":false,"errorMsg":"Превышен лимит запросов"} | rate limited | rate limited | rate limited
503 | {"success":false,"errorMsg":"Maintenance"} | transient | transient | transient
503 | <html></html> | unknown | transient | transient
500 |  | unknown | transient | transient
502 | {"success":false,"errorMsg":"x"} | unknown | transient | transient
"#;

#[test]
fn every_known_answer_has_its_class() {
    for line in TABLE.trim().lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [status, body, create, list, by_id] = cells.try_into().expect("five cells");
        let answer = answer(status.parse().expect("a status"), body);
        assert_eq!(class(Purpose::Create, &answer), create, "create: {line}");
        assert_eq!(class(Purpose::Read, &answer), list, "read: {line}");
        assert_eq!(class(Purpose::ById, &answer), by_id, "by id: {line}");
    }
}

#[test]
fn errors_are_read_in_every_shape() {
    let read = |text: &str| errors(&serde_json::from_str(text).expect("JSON"));
    assert_eq!(read(r#"{}"#), []);
    assert_eq!(read(r#"{"errors":[]}"#), []);
    assert_eq!(
        read(r#"{"errors":["a","b"]}"#),
        [(String::new(), "a".into()), (String::new(), "b".into())]
    );
    assert_eq!(
        read(r#"{"errors":{"1":"a"}}"#),
        [(String::new(), "a".into())]
    );
    assert_eq!(
        read(r#"{"errors":{"orderType":["a","b"]}}"#),
        [("orderType".into(), "a; b".into())]
    );
}

#[test]
fn a_hint_is_kept_between_a_second_and_five_minutes() {
    let hinted = |seconds| HttpAnswer {
        retry_after: Some(Duration::from_secs(seconds)),
        ..answer(429, "")
    };
    for (said, kept) in [(0, 1), (20, 20), (86_400, 300)] {
        let Err(Fault::Failed(failure)) = read(Purpose::Create, &hinted(said)) else {
            panic!("a failure")
        };
        assert_eq!(
            failure.kind,
            FailureKind::Transient {
                retry_after: Some(Duration::from_secs(kept))
            }
        );
    }
}

#[test]
fn an_unanswered_create_is_unknown_unless_it_was_never_sent() {
    let broken = TransportError::Broken {
        detail: "reset".into(),
    };
    assert_eq!(
        unanswered(Purpose::Create, &broken).kind,
        FailureKind::Unknown { retry_after: None }
    );
    assert_eq!(
        unanswered(Purpose::ById, &broken).kind,
        FailureKind::Transient { retry_after: None }
    );
    let unsent = TransportError::NotSent {
        detail: "refused".into(),
    };
    assert_eq!(
        unanswered(Purpose::Create, &unsent).kind,
        FailureKind::Transient { retry_after: None }
    );
}

#[test]
fn a_hint_counts_whether_or_not_anything_may_have_been_made() {
    let retry_after = Some(Duration::from_secs(20));
    let hinted = |status, body| HttpAnswer {
        retry_after,
        ..answer(status, body)
    };
    let answers = [
        hinted(503, "<html></html>"),
        hinted(500, ""),
        hinted(408, ""),
        hinted(200, "{\"success\":"),
    ];
    for answer in answers {
        let kind = |purpose| match read(purpose, &answer) {
            Err(Fault::Failed(failure)) => failure.kind,
            other => panic!("{}: {other:?}", answer.status),
        };
        for purpose in [Purpose::Create, Purpose::Upload] {
            assert_eq!(kind(purpose), FailureKind::Unknown { retry_after });
        }
        for purpose in [Purpose::Read, Purpose::ById] {
            assert_eq!(kind(purpose), FailureKind::Transient { retry_after });
        }
    }
}
