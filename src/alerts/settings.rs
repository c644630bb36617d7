//! The block `[alerts]`, checked.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::alerts::signature::SigningKey;
use crate::lead::{DestinationId, Language};
use crate::secret::Secret;

/// The block `[alerts]`. Without `email`, `webhooks` and `destinations` nobody is told anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The language of the texts.
    pub language: Language,
    /// Each channel carries at most one message in this span; what happens meanwhile is gathered into the next.
    pub digest: Duration,
    /// A lead that waits longer than this is worth an alert.
    pub waiting_longer_than: Duration,
    /// `[alerts.email]`.
    pub email: Option<Email>,
    /// `[[alerts.webhooks]]`.
    pub webhooks: Vec<Webhook>,
    /// The CRM accounts in whose own notifications the alerts are shown.
    pub destinations: Vec<DestinationId>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Language::default(),
            digest: Duration::from_secs(600),
            waiting_longer_than: Duration::from_secs(3600),
            email: None,
            webhooks: Vec::new(),
            destinations: Vec::new(),
        }
    }
}

/// The mail server, and from whom to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The name of the SMTP server, which its certificate must bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// The user and the password, if the server wants them.
    pub login: Option<(String, Secret)>,
    /// A certificate in PEM that is trusted besides the system's: for a mail server of one's own.
    pub ca: Option<Secret>,
    /// The sender.
    pub from: MailAddress,
    /// The readers; at least one.
    pub to: Vec<MailAddress>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte on; port 465.
    Implicit,
    /// By STARTTLS, which the server must offer; port 587.
    StartTls,
    /// Not at all; port 25, for a server on this machine.
    None,
}

impl Tls {
    /// The port that is usual for it.
    pub fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// An address of a mail, with or without a name: `leadgate <alerts@shop.example>`.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(pub(super) lettre::message::Mailbox);

impl MailAddress {
    /// Reads it; `None` for what is no address.
    pub fn parse(text: &str) -> Option<Self> {
        lettre::message::Mailbox::from_str(text.trim())
            .ok()
            .map(Self)
    }
}

/// Shows the host alone: the address is a person's.
impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***@{}", self.0.email.domain())
    }
}

/// A receiver of webhooks.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where to post.
    pub url: Url,
    /// What to sign with.
    pub key: SigningKey,
}

impl Webhook {
    /// Its host, for logs and pages: the path may hold a token.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({})", self.host())
    }
}
