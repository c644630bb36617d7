//! Alerts by mail to a server of one's own: it is trusted by its certificate alone, and nothing is told to it before the connection is protected.

use reqwest::Method;

use crate::support::smtp::{Mail, MailServer};
use crate::support::{CALLBACK, Setup, TestApp};

/// A gate that tells of this server, which it trusts by this certificate.
fn setup(server: &MailServer, tls: &str, trusted: Option<&str>) -> Setup {
    let port = server.port();
    let ca = trusted.map_or(String::new(), |pem| format!("ca = '''{pem}'''\n"));
    let email = format!(
        "[alerts.email]\nhost = \"localhost\"\nport = {port}\ntls = \"{tls}\"\nuser = \"alerts\"\npassword = \"hunter2\"\nfrom = \"alerts@shop.example\"\nto = [\"anna@shop.example\"]\n{ca}"
    );
    Setup {
        forms: format!("[alerts]\nlanguage = \"en\"\n{email}\n{CALLBACK}"),
        ..Setup::default()
    }
}

/// Presses the button that sends a test; the page that tells how it went.
async fn test(app: &TestApp) -> String {
    app.admin(Method::POST, "/admin/alerts/test", None).await;
    app.page("/admin/alerts").await
}

/// The mail of the test, once the server is trusted; before that it gets none.
async fn mail_to(server: &MailServer, tls: &str) -> Mail {
    let mut app = TestApp::with(setup(server, tls, None)).await;
    let page = test(&app).await;
    assert!(page.contains("not sent"), "nobody has signed it: {page}");
    assert_eq!(server.mails().len(), 0);
    app.reload(setup(server, tls, Some(&server.certificate)))
        .await;
    let page = test(&app).await;
    assert!(!page.contains("not sent"), "{page}");
    server.mail(1).await
}

fn is_told_and_protected(mail: &Mail) {
    assert_eq!(mail.header("Subject"), "leadgate: test of alerts");
    // "\0alerts\0hunter2" in base64.
    assert_eq!(mail.login.as_deref(), Some("PLAIN AGFsZXJ0cwBodW50ZXIy"));
    assert!(mail.protected);
}

#[tokio::test]
async fn a_mail_server_of_ones_own_is_trusted_by_its_certificate_and_logged_in_to_under_tls() {
    let server = MailServer::start_with_tls().await;
    is_told_and_protected(&mail_to(&server, "tls").await);
}

#[tokio::test]
async fn with_starttls_the_login_and_the_mail_come_after_the_handshake_and_the_certificate_counts()
{
    let server = MailServer::start_with_starttls().await;
    is_told_and_protected(&mail_to(&server, "starttls").await);
}

#[tokio::test]
async fn a_server_that_does_not_offer_starttls_gets_neither_the_password_nor_the_mail() {
    let server = MailServer::start().await;
    let app = TestApp::with(setup(&server, "starttls", None)).await;
    let page = test(&app).await;
    assert!(page.contains("not sent"), "{page}");
    assert_eq!(server.logins(), 0);
    assert_eq!(server.mails().len(), 0);
}
