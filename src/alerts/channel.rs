//! The ways on which alerts leave, behind one door.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::alerts::email::Mailer;
use crate::alerts::letter::Letter;
use crate::alerts::outgoing::Doubt;
use crate::alerts::reason::Reason;
use crate::alerts::webhook::Poster;
use crate::delivery::Cause;
use crate::destination::{Destination, NotifyError};
use crate::lead::{Bilingual, DestinationId};

/// One way.
pub(super) enum Channel {
    /// By mail.
    Email(Box<Mailer>),
    /// To a receiver of webhooks.
    Webhook(Poster, String),
    /// To the people in a CRM.
    Crm(Arc<dyn Destination>),
}

/// A letter has not left.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NotSent {
    /// Whether it may have arrived all the same.
    pub(super) doubt: Doubt,
    /// How long the receiver wants to be left alone.
    pub(super) wish: Option<Duration>,
    /// Why, for the operator.
    pub(super) error: Bilingual,
}

impl Channel {
    /// A receiver of webhooks with the name under which its state is kept.
    pub(super) fn webhook(webhook: &crate::alerts::Webhook) -> Self {
        let hash = Sha256::digest(webhook.url.as_str().as_bytes());
        let hash: String = hash
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self::Webhook(Poster::new(webhook.clone()), format!("webhook-{hash}"))
    }

    /// Its name in the kept state: the same after a restart, and without the address, which may hold a token.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Email(_) => "email".to_owned(),
            Self::Webhook(_, key) => key.clone(),
            Self::Crm(destination) => format!("crm-{}", destination.id()),
        }
    }

    /// Its name for people.
    pub(super) fn name(&self) -> Bilingual {
        match self {
            Self::Email(_) => Bilingual::new("почта", "e-mail"),
            Self::Webhook(poster, _) => {
                let host = poster.host();
                Bilingual::new(format!("вебхук {host}"), format!("webhook {host}"))
            }
            Self::Crm(destination) => {
                let id = destination.id();
                Bilingual::new(
                    format!("уведомления в CRM {id}"),
                    format!("notifications in CRM {id}"),
                )
            }
        }
    }

    /// The destination that must be healthy before a letter is worth a try.
    pub(super) fn needs(&self) -> Option<&DestinationId> {
        match self {
            Self::Crm(destination) => Some(destination.id()),
            Self::Email(_) | Self::Webhook(..) => None,
        }
    }

    /// Makes one try.
    pub(super) async fn send(&self, letter: &Letter, now: Timestamp) -> Result<(), NotSent> {
        match self {
            Self::Email(mailer) => mailer.send(letter).await,
            Self::Webhook(poster, _) => poster.send(letter, now).await,
            Self::Crm(destination) => {
                let notice = letter.notice();
                let answer = destination.notify(&notice).await;
                answer.map_err(|error| not_notified(&error))
            }
        }
    }
}

/// A notice that appears twice does no harm, one that is lost does: so whatever happened, the next one tells everything.
fn not_notified(error: &NotifyError) -> NotSent {
    let text = match error {
        NotifyError::NotSupported => Bilingual::new(
            "у CRM этого вида нет своих уведомлений; уберите её из alerts.destinations",
            "this kind of CRM has no notifications; take it out of alerts.destinations",
        ),
        NotifyError::Failed(failure) if matches!(failure.cause, Cause::AccessDenied { .. }) => {
            Bilingual::new(
                "CRM не принимает ключ API для уведомлений; ему нужно право notification_write",
                "the CRM does not accept the API key for notifications; it needs the right notification_write",
            )
        }
        NotifyError::Failed(failure) => Reason::of(&failure.cause).text,
    };
    NotSent {
        doubt: Doubt::None,
        wish: None,
        error: text,
    }
}
