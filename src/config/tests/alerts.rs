//! The block `[alerts]`.

use super::{SHOP, parse, problems, warnings};
use crate::alerts::Tls;

#[test]
fn without_the_block_nobody_is_told_anything() {
    let alerts = parse(SHOP).expect("a good config").alerts;
    assert_eq!(alerts.email, None);
    assert!(alerts.webhooks.is_empty() && alerts.destinations.is_empty());
}

#[test]
fn a_destination_knows_whether_its_notifications_show_the_alerts() {
    let shows = |alerts: &str| {
        let config = parse(&format!("{SHOP}{alerts}")).expect("a good config");
        config.destinations[0].shows_alerts
    };
    assert!(!shows(""));
    assert!(shows("[alerts]\ndestinations = [\"shop\"]"));
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = format!(
        r#"{SHOP}
        [alerts]
        digest = "0s"
        destinations = ["shop", "shpo"]
        [alerts.email]
        host = "smtp.shop.example"
        tls = "ssl"
        port = 0
        user = "anna"
        from = "leadgate"
        to = ["anna@shop.example", "boris at shop"]
        ca = "my certificate"
        [[alerts.webhooks]]
        url = "hooks.shop.example"
        secret = "hunter2"
        [[alerts.webhooks]]
        url = "https://hooks.shop.example/"
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        [[alerts.webhooks]]
        url = "https://hooks.shop.example"
        "#
    );
    assert_eq!(
        problems(&text),
        [
            "alerts.digest: expected a duration above zero such as \"10s\", found \"0s\"",
            "alerts.destinations[1]: there is no destination \"shpo\"; did you mean `shop`?",
            "alerts.email.password: is missing beside `user`; add it, or remove `user`",
            "alerts.email.tls: expected one of `tls`, `starttls`, `none`, found \"ssl\"",
            "alerts.email.port: expected a whole number from 1 to 65535, found 0",
            "alerts.email.from: expected an e-mail address such as \"leadgate <alerts@shop.example>\", found \"leadgate\"",
            "alerts.email.to[1]: expected an e-mail address such as \"leadgate <alerts@shop.example>\", found \"boris at shop\"",
            "alerts.email.ca: is no certificate in PEM (-----BEGIN CERTIFICATE-----)",
            "alerts.webhooks[0].url: expected an address such as \"https://shop.example/thanks\", found \"hooks.shop.example\"",
            "alerts.webhooks[0].secret: expected whsec_ and 24 to 64 bytes in base64, as the receiver shows it; `openssl rand -base64 32` makes the part after whsec_",
            "alerts.webhooks[2].secret: expected whsec_ and 24 to 64 bytes in base64, as the receiver shows it; `openssl rand -base64 32` makes the part after whsec_",
            "alerts.webhooks[2].url: the same url stands at `alerts.webhooks[1].url`; each must have its own",
        ]
    );
}

#[test]
fn a_mail_server_has_the_usual_port_of_its_protection() {
    let port = |tls: &str| {
        let text = format!(
            "{SHOP}\n[alerts.email]\nhost = \"127.0.0.1\"\ntls = \"{tls}\"\nfrom = \"a@shop.example\"\nto = [\"b@shop.example\"]"
        );
        let email = parse(&text).expect("a good config").alerts.email;
        email.map(|email| (email.tls, email.port))
    };
    assert_eq!(port("tls"), Some((Tls::Implicit, 465)));
    assert_eq!(port("starttls"), Some((Tls::StartTls, 587)));
    assert_eq!(port("none"), Some((Tls::None, 25)));
}

#[test]
fn a_password_goes_unprotected_to_this_machine_only() {
    let text = |host: &str| {
        format!(
            "{SHOP}\n[alerts.email]\nhost = \"{host}\"\ntls = \"none\"\nuser = \"a\"\npassword = \"b\"\nfrom = \"a@shop.example\"\nto = [\"b@shop.example\"]"
        )
    };
    for host in ["127.0.0.1", "localhost"] {
        assert!(parse(&text(host)).is_ok(), "{host}");
    }
    assert_eq!(
        problems(&text("mail.shop.example")),
        [
            "alerts.email.tls: \"none\" would show the password to the network; write \"tls\" or \"starttls\""
        ]
    );
}

#[test]
fn somebody_must_read_the_mails() {
    let text =
        format!("{SHOP}\n[alerts.email]\nhost = \"mail\"\nfrom = \"a@shop.example\"\nto = []");
    assert_eq!(
        problems(&text),
        ["alerts.email.to: is empty; write who reads the alerts: [\"anna@shop.example\"]"]
    );
}

#[test]
fn a_webhook_over_plain_http_is_warned_of() {
    let of_webhooks = |text: &str| -> Vec<String> {
        let mut warnings = warnings(text);
        warnings.retain(|warning| warning.starts_with("alerts"));
        warnings
    };
    let text = |url: &str| {
        format!(
            "{SHOP}\n[[alerts.webhooks]]\nurl = \"{url}\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\""
        )
    };
    assert_eq!(of_webhooks(&text("http://127.0.0.1:9/hook")), [""; 0]);
    assert_eq!(
        of_webhooks(&text("http://hooks.shop.example/")),
        [
            "alerts.webhooks[0].url: http shows the ids of leads to the network; write https if the receiver has it"
        ]
    );
}
