//! The block `[alerts]`: who is told when a person is needed.

use url::{Host, Url};

use crate::alerts::{Email, MailAddress, Settings, SigningKey, Tls, Webhook};
use crate::config::destinations::Destinations;
use crate::config::reader::Block;
use crate::config::unique::Unique;
use crate::config::values;
use crate::lead::DestinationId;
use crate::secret::Secret;

/// The words of `tls`.
const TLS: &[(&str, Tls)] = &[
    ("tls", Tls::Implicit),
    ("starttls", Tls::StartTls),
    ("none", Tls::None),
];

/// Reads `[alerts]`.
pub(crate) fn read(mut block: Block<'_>, destinations: &Destinations) -> Settings {
    let default = Settings::default();
    let language = block.value_or(
        "language",
        default.language,
        values::word(values::LANGUAGES),
    );
    let digest = block.value_or("digest", default.digest, values::time_limit);
    let waiting_longer_than = block.value_or(
        "waiting_longer_than",
        default.waiting_longer_than,
        values::time_limit,
    );
    let named = block.list("destinations", |value| {
        values::parsed(value, "the id of a destination", DestinationId::parse)
    });
    for (place, id) in named.iter().flatten().enumerate() {
        if let Some(objection) = destinations.objection(id) {
            block.problem(&format!("destinations[{place}]"), objection);
        }
    }
    let email = email(block.block("email"));
    let mut urls = Unique::new("url");
    let webhooks = block.blocks("webhooks").into_iter();
    let webhooks = webhooks.filter_map(|block| webhook(block, &mut urls));
    let settings = Settings {
        language,
        digest,
        waiting_longer_than,
        email,
        webhooks: webhooks.collect(),
        destinations: named.unwrap_or_default(),
    };
    block.finish();
    settings
}

/// Reads `[alerts.email]`; `None` when it is not there or a problem was noted.
fn email(mut block: Block<'_>) -> Option<Email> {
    if !block.is_there() {
        return None;
    }
    let host = block.required("host", values::text);
    let tls = block.value_or("tls", Tls::Implicit, values::word(TLS));
    let port = block.value_or("port", u32::from(tls.port()), values::whole(1..=65_535));
    let login = login(&mut block);
    let ca = block.secret("ca");
    if ca
        .as_ref()
        .is_some_and(|ca| !ca.reveal().contains("-----BEGIN CERTIFICATE-----"))
    {
        block.problem(
            "ca",
            "is no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        );
    }
    if let (Tls::None, Some(_), Some(host)) = (tls, &login, &host)
        && !is_this_machine(host)
    {
        let message =
            "\"none\" would show the password to the network; write \"tls\" or \"starttls\"";
        block.problem("tls", message);
    }
    let from = block.required("from", address);
    let to = block.list("to", address);
    if block.value("to").is_none() {
        block.problem(
            "to",
            "is missing; write who reads the alerts: [\"anna@shop.example\"]",
        );
    } else if to.as_ref().is_some_and(Vec::is_empty) && block.value("to").is_some_and(is_empty) {
        block.problem(
            "to",
            "is empty; write who reads the alerts: [\"anna@shop.example\"]",
        );
    }
    block.finish();
    Some(Email {
        host: host?,
        port: u16::try_from(port).unwrap_or(tls.port()),
        tls,
        login,
        ca,
        from: from?,
        to: to?,
    })
}

/// `user` and `password`: both or neither.
fn login(block: &mut Block<'_>) -> Option<(String, Secret)> {
    let user = block.optional("user", values::text);
    let password = block.secret("password");
    match (block.value("user"), block.value("password")) {
        (Some(_), None) => {
            block.problem(
                "password",
                "is missing beside `user`; add it, or remove `user`",
            );
        }
        (None, Some(_)) => {
            block.problem(
                "user",
                "is missing beside `password`; add it, or remove `password`",
            );
        }
        _ => {}
    }
    user.zip(password)
}

fn address(value: &toml::Value) -> Result<MailAddress, crate::config::mistake::Mistake> {
    values::parsed(
        value,
        "an e-mail address such as \"leadgate <alerts@shop.example>\"",
        MailAddress::parse,
    )
}

fn is_empty(value: &toml::Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

fn is_this_machine(host: &str) -> bool {
    Url::parse(&format!("smtp://{host}")).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || is_loopback_address(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

/// Under a scheme that is not of the web an address is kept as a name.
fn is_loopback_address(name: &str) -> bool {
    name.parse()
        .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Reads one of `[[alerts.webhooks]]`; `None` when a problem was noted.
fn webhook(mut block: Block<'_>, urls: &mut Unique) -> Option<Webhook> {
    let url = block.required("url", values::web_address);
    if let Some(url) = &url {
        urls.claim(&block, "url", url.as_str());
    }
    if let Some(url) = &url
        && url.scheme() == "http"
        && !values::is_loopback(url)
    {
        let message =
            "http shows the ids of leads to the network; write https if the receiver has it";
        block.warning("url", message);
    }
    if block.value("secret").is_none() {
        block.problem("secret", SECRET);
    }
    let secret = block.secret("secret");
    let key = secret
        .as_ref()
        .map(|secret| SigningKey::parse(secret.reveal()));
    if matches!(key, Some(None)) {
        block.problem("secret", SECRET);
    }
    block.finish();
    Some(Webhook {
        url: url?,
        key: key??,
    })
}

/// What belongs into `secret`.
const SECRET: &str = "expected whsec_ and 24 to 64 bytes in base64, as the receiver shows it; `openssl rand -base64 32` makes the part after whsec_";
