//! Alerts as signed webhooks, by the Standard Webhooks specification: any 2xx is a success, everything else is tried again.

use std::time::Duration;

use jiff::Timestamp;

use crate::alerts::channel::NotSent;
use crate::alerts::letter::Letter;
use crate::alerts::outgoing::Doubt;
use crate::alerts::settings::Webhook;
use crate::destination::client::{HttpClient, JsonPost, TransportError};
use crate::lead::Bilingual;

/// How long a receiver may take; the specification recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Posts to one receiver.
pub(super) struct Poster {
    http: HttpClient,
    webhook: Webhook,
}

impl Poster {
    pub(super) fn new(webhook: Webhook) -> Self {
        Self {
            http: HttpClient::new(TIMEOUT),
            webhook,
        }
    }

    pub(super) fn host(&self) -> &str {
        self.webhook.host()
    }

    /// Posts a letter. The timestamp is that of the try, as receivers refuse old ones.
    pub(super) async fn send(&self, letter: &Letter, now: Timestamp) -> Result<(), NotSent> {
        let (body, at) = (letter.json().to_string(), now.as_second());
        let signature = self.webhook.key.sign(&letter.id, at, &body);
        let post = JsonPost {
            url: self.webhook.url.clone(),
            headers: vec![
                ("webhook-id", letter.id.clone()),
                ("webhook-timestamp", at.to_string()),
                ("webhook-signature", signature),
            ],
            body,
        };
        match self.http.post_json(post).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(NotSent {
                // A receiver behind a proxy that timed out may have taken it all the same.
                doubt: if answer.status >= 500 {
                    Doubt::MayHaveArrived
                } else {
                    Doubt::None
                },
                wish: answer.retry_after,
                error: refusal(answer.status),
            }),
            // The answer is of no interest, and it was no refusal.
            Err(TransportError::TooLong { status }) if (200..300).contains(&status) => Ok(()),
            Err(error) => Err(NotSent {
                doubt: if error.may_have_arrived() {
                    Doubt::MayHaveArrived
                } else {
                    Doubt::None
                },
                wish: None,
                error: Bilingual::same(error.to_string()),
            }),
        }
    }
}

fn refusal(status: u16) -> Bilingual {
    match status {
        410 => Bilingual::new(
            "получатель ответил 410: его больше нет; уберите этот блок alerts.webhooks",
            "the receiver answered 410: it is gone; take this block of alerts.webhooks away",
        ),
        300..=399 => Bilingual::new(
            format!(
                "получатель перенаправил ({status}); укажите в alerts.webhooks.url его настоящий адрес"
            ),
            format!(
                "the receiver redirects ({status}); write its real address into alerts.webhooks.url"
            ),
        ),
        401 | 403 => Bilingual::new(
            format!("получатель не принял подпись ({status}); проверьте alerts.webhooks.secret"),
            format!(
                "the receiver did not accept the signature ({status}); check alerts.webhooks.secret"
            ),
        ),
        _ => Bilingual::new(
            format!("получатель ответил статусом {status}"),
            format!("the receiver answered with status {status}"),
        ),
    }
}
