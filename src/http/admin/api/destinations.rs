//! How the destinations are, and what waits for each.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;
use crate::destination::{Finding, Severity};
use crate::dispatch::{Checked, DestinationHealth, Health, Outlook};
use crate::http::admin::auth::Operator;
use crate::http::admin::languages::ApiLanguage;
use crate::http::admin::reason::Reason;
use crate::lead::{Bilingual, Language};
use crate::store::{Store, Waiting};

#[derive(Serialize)]
struct Listed {
    destinations: Vec<DestinationView>,
}

#[derive(Debug, Serialize)]
struct DestinationView {
    id: String,
    kind: &'static str,
    state: &'static str,
    since: Timestamp,
    reason: Option<String>,
    waiting: usize,
    oldest_waiting_s: Option<i64>,
    next_probe_at: Option<Timestamp>,
    #[serde(flatten)]
    check: CheckView,
}

/// What the latest check of the account has brought.
#[derive(Debug, Serialize)]
struct CheckView {
    /// When the account last answered all questions.
    checked_at: Option<Timestamp>,
    /// Why the latest check was not answered.
    check_error: Option<String>,
    findings: Vec<FindingView>,
}

#[derive(Debug, Serialize)]
struct FindingView {
    key_path: String,
    severity: &'static str,
    message: String,
    /// What the account has instead.
    instead: Option<String>,
    remedy: String,
}

/// `GET /admin/api/destinations`, in the order of the config.
pub(crate) async fn list(
    _operator: Operator,
    ApiLanguage(language): ApiLanguage,
    (outlook, store): (web::Data<Outlook>, web::Data<Store>),
    clock: web::Data<Clock>,
) -> Result<HttpResponse, Reason> {
    let now = clock.now();
    let destinations = outlook
        .destinations()
        .iter()
        .map(|entry| {
            let check = CheckView::new(&outlook.checked(&entry.id), language);
            DestinationView::new(entry, store.waiting(&entry.id), now, (check, language))
        })
        .collect();
    Ok(HttpResponse::Ok().json(Listed { destinations }))
}

impl DestinationView {
    fn new(
        entry: &DestinationHealth,
        waiting: Waiting,
        now: Timestamp,
        (check, language): (CheckView, Language),
    ) -> Self {
        let (state, since, reason, next_probe_at) = match &entry.health {
            Health::Healthy { since } => ("healthy", *since, None, None),
            Health::Paused {
                since,
                cause,
                next_probe_at,
            } => (
                "paused",
                *since,
                Some(cause.text(language)),
                Some(*next_probe_at),
            ),
        };
        Self {
            id: entry.id.to_string(),
            kind: entry.kind,
            state,
            since,
            reason,
            waiting: waiting.count,
            oldest_waiting_s: waiting
                .oldest_received_at
                .map(|oldest| now.duration_since(oldest).as_secs().max(0)),
            next_probe_at,
            check,
        }
    }
}

impl CheckView {
    fn new(checked: &Checked, language: Language) -> Self {
        let error = checked.unanswered.as_ref();
        Self {
            checked_at: checked.at,
            check_error: error.map(|(_, cause)| cause.text(language)),
            findings: checked
                .findings
                .iter()
                .map(|finding| FindingView::new(finding, language))
                .collect(),
        }
    }
}

impl FindingView {
    fn new(finding: &Finding, language: Language) -> Self {
        let text = |text: &Bilingual| text.pick(language).to_owned();
        Self {
            key_path: finding.key_path.clone(),
            severity: match finding.severity {
                Severity::Problem => "problem",
                Severity::Warning => "warning",
            },
            message: text(&finding.message),
            instead: finding.instead.as_ref().map(text),
            remedy: text(&finding.remedy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Cause;
    use crate::lead::DestinationId;

    #[test]
    fn a_paused_destination_says_since_when_why_and_how_much_waits() {
        let since = "2026-11-21T07:32:00Z".parse().expect("an instant");
        let entry = DestinationHealth {
            id: DestinationId::parse("shop").expect("an id"),
            kind: "retailcrm",
            health: Health::Paused {
                since,
                cause: Cause::TimedOut { after_s: 30 },
                next_probe_at: since,
            },
        };
        let waiting = Waiting {
            count: 14,
            oldest_received_at: Some(since),
        };
        let now = since + jiff::SignedDuration::from_mins(8);
        let checked = Checked {
            at: Some(since),
            findings: vec![Finding {
                key_path: "forms.quiz.deliver[0].order.orderMethod".to_owned(),
                severity: Severity::Problem,
                message: Bilingual::new("нет такого кода", "no such code"),
                instead: Some(Bilingual::same("quiz-form")),
                remedy: Bilingual::new("исправьте", "correct it"),
            }],
            unanswered: Some((since, Cause::RateLimited)),
        };
        let check = CheckView::new(&checked, Language::En);
        insta::assert_json_snapshot!(
            DestinationView::new(&entry, waiting, now, (check, Language::En)),
            @r#"
        {
          "id": "shop",
          "kind": "retailcrm",
          "state": "paused",
          "since": "2026-11-21T07:32:00Z",
          "reason": "the CRM did not answer within 30 s",
          "waiting": 14,
          "oldest_waiting_s": 480,
          "next_probe_at": "2026-11-21T07:32:00Z",
          "checked_at": "2026-11-21T07:32:00Z",
          "check_error": "the CRM asks for fewer requests",
          "findings": [
            {
              "key_path": "forms.quiz.deliver[0].order.orderMethod",
              "severity": "problem",
              "message": "no such code",
              "instead": "quiz-form",
              "remedy": "correct it"
            }
          ]
        }
        "#
        );
    }
}
