//! How the destinations are, and what waits for each.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;
use crate::dispatch::{DestinationHealth, Health, Outlook};
use crate::http::admin::auth::Operator;
use crate::http::admin::languages::ApiLanguage;
use crate::http::admin::reason::Reason;
use crate::lead::Language;
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
        .map(|entry| DestinationView::new(entry, store.waiting(&entry.id), now, language))
        .collect();
    Ok(HttpResponse::Ok().json(Listed { destinations }))
}

impl DestinationView {
    fn new(
        entry: &DestinationHealth,
        waiting: Waiting,
        now: Timestamp,
        language: Language,
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
        insta::assert_json_snapshot!(
            DestinationView::new(&entry, waiting, now, Language::En),
            @r#"
        {
          "id": "shop",
          "kind": "retailcrm",
          "state": "paused",
          "since": "2026-11-21T07:32:00Z",
          "reason": "the CRM did not answer within 30 s",
          "waiting": 14,
          "oldest_waiting_s": 480,
          "next_probe_at": "2026-11-21T07:32:00Z"
        }
        "#
        );
    }
}
