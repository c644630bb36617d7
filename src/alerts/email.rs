//! Alerts by mail, over SMTP. The only user of lettre.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as Protection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use url::{Host, Url};

use crate::alerts::channel::NotSent;
use crate::alerts::letter::Letter;
use crate::alerts::outgoing::Doubt;
use crate::alerts::settings::{Email, Tls};
use crate::lead::Bilingual;

/// The longest wait for one answer of the server.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The longest that a whole mail may take, a dozen answers.
const WHOLE: Duration = Duration::from_secs(60);

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// Sends mails through one server.
pub(super) struct Mailer {
    /// The transport, or why TLS could not be set up.
    smtp: Result<Smtp, String>,
    settings: Email,
    /// The host of the public address: how we greet, and the right side of message ids.
    host: String,
}

impl Mailer {
    pub(super) fn new(settings: Email, public_url: &Url) -> Self {
        let host = public_url.host_str().unwrap_or("localhost").to_owned();
        let smtp = transport(&settings, public_url).map_err(|error| error.to_string());
        Self {
            smtp,
            settings,
            host,
        }
    }

    /// Sends a letter to all readers in one mail.
    pub(super) async fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        let certainly = |detail: String| NotSent {
            doubt: Doubt::None,
            wish: None,
            error: Bilingual::same(detail),
        };
        let smtp = self
            .smtp
            .as_ref()
            .map_err(|error| certainly(error.clone()))?;
        let mail = self
            .compose(letter)
            .map_err(|error| certainly(error.to_string()))?;
        match tokio::time::timeout(WHOLE, smtp.send(mail)).await {
            Ok(Ok(_answer)) => Ok(()),
            Ok(Err(error)) => Err(not_sent(&error)),
            Err(_elapsed) => Err(NotSent {
                doubt: Doubt::MayHaveArrived,
                wish: None,
                error: Bilingual::new(
                    "почтовый сервер отвечает слишком медленно",
                    "the mail server answers too slowly",
                ),
            }),
        }
    }

    fn compose(&self, letter: &Letter) -> Result<lettre::Message, lettre::error::Error> {
        let mut builder = lettre::Message::builder()
            .from(self.settings.from.0.clone())
            .subject(letter.subject.clone())
            .date(SystemTime::from(letter.at))
            .message_id(Some(format!("<{}@{}>", letter.id, self.host)))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        for reader in &self.settings.to {
            builder = builder.to(reader.0.clone());
        }
        builder.body(letter.text())
    }
}

fn transport(settings: &Email, public_url: &Url) -> Result<Smtp, lettre::transport::smtp::Error> {
    // Ignored when it is installed already: the provider is one per process, and it is always this one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let protection = match settings.tls {
        Tls::None => Protection::None,
        Tls::Implicit => Protection::Wrapper(trust(settings)?),
        Tls::StartTls => Protection::Required(trust(settings)?),
    };
    let greeting = match public_url.host() {
        Some(Host::Ipv4(address)) => ClientId::Ipv4(address),
        Some(Host::Ipv6(address)) => ClientId::Ipv6(address),
        Some(Host::Domain(name)) => ClientId::Domain(name.to_owned()),
        None => ClientId::default(),
    };
    let mut builder = Smtp::builder_dangerous(&settings.host)
        .port(settings.port)
        .tls(protection)
        .timeout(Some(TIMEOUT))
        .hello_name(greeting);
    if let Some((user, password)) = &settings.login {
        let login = Credentials::new(user.clone(), password.reveal().to_owned());
        builder = builder.credentials(login);
    }
    Ok(builder.build())
}

fn trust(settings: &Email) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.ca {
        let own = Certificate::from_pem(pem.reveal().as_bytes())?;
        builder = builder.add_root_certificate(own);
    }
    builder.build()
}

/// A server that says no has not taken it; of a connection that breaks nobody knows.
fn not_sent(error: &lettre::transport::smtp::Error) -> NotSent {
    let refused =
        error.is_transient() || error.is_permanent() || error.is_client() || error.is_tls();
    NotSent {
        doubt: if refused {
            Doubt::None
        } else {
            Doubt::MayHaveArrived
        },
        wish: None,
        error: Bilingual::same(whole_chain(error)),
    }
}

fn whole_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(source) = inner {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        inner = source.source();
    }
    text
}

/// `Auto-Submitted: auto-generated` (RFC 3834): nobody's absence note answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
