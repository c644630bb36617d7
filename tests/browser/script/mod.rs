//! `leadgate.js` in a real browser, on pages of a site of its own, before a real gate whose way there can be broken.

mod front;

mod attribution;
mod button_mode;
mod form_mode;
mod programmer;
mod published;
mod queue;
mod seen;
mod weight;

use std::net::SocketAddr;
use std::time::Duration;

use leadgate::app::App;
use leadgate::clock::Clock;
use leadgate::config::Config;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::{Script, Visitor, Window, client};

pub(crate) use front::{Fault, Front, Site};

/// Nothing these tests wait for takes longer on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

const TOKEN: &str = "token-of-the-script-tests";

/// The forms of these tests: one captured by a selector, one by a button, one by its attribute only.
const FORMS: &str = r##"
[[forms]]
id = "callback"
origins = ["SITE"]
language = "ru"
  [[forms.fields]]
  name = "name"
  kind = "name"
  from = ["your-name", "fio"]
  [[forms.fields]]
  name = "phone"
  kind = "phone"
  required = true
  from = ["tel", "your-phone"]
  [[forms.fields]]
  name = "email"
  kind = "email"
  [forms.capture]
  selector = "form.lead"
  [forms.capture.js]
  cart = "return window.cart && window.cart.total"
  broken = "return nothing.at.all"

[[forms]]
id = "order"
origins = ["SITE"]
language = "ru"
  [[forms.fields]]
  name = "name"
  kind = "name"
  [[forms.fields]]
  name = "phone"
  kind = "phone"
  required = true
  from = ["tel"]
  [forms.capture]
  mode = "button"
  selector = ".order, .send"
  [forms.capture.js]
  total = "return document.querySelector('#total').textContent"

[[forms]]
id = "plain"
origins = ["SITE"]
language = "ru"

# Forms of published templates, as an operator would describe them: by what their inputs have, be it an id or only a place.
[[forms]]
id = "template"
origins = ["SITE"]
language = "en"
  [[forms.fields]]
  name = "name"
  kind = "name"
  from = ["inputFirstName", "exampleFirstName"]
  [[forms.fields]]
  name = "email"
  kind = "email"
  required = true
  from = ["inputEmail", "exampleInputEmail"]
  [forms.capture]
  selector = "#contactForm, form.template"

[[forms]]
id = "nameless"
origins = ["SITE"]
language = "en"
  [[forms.fields]]
  name = "email"
  kind = "email"
  required = true
  [forms.capture]
  submit = "take"
  selector = "form.contact-form, #contact-form"
  [forms.capture.js]
  email = "return this.querySelector('input[type=email]:not([class*=name])').value"

[[forms]]
id = "registration"
origins = ["SITE"]
language = "en"
  [[forms.fields]]
  name = "name"
  kind = "name"
  from = ["inputFirstName", "exampleFirstName"]
  [[forms.fields]]
  name = "email"
  kind = "email"
  required = true
  from = ["inputEmail", "exampleInputEmail"]
  [forms.capture]
  mode = "button"
  submit = "take"
  selector = "form a.btn-block[href='login.html']"

[[forms]]
id = "elsewhere"
origins = ["https://another.example"]
  [forms.capture]
  selector = "form.elsewhere"
"##;

/// A gate, the way to it, and a site.
pub(crate) struct World {
    pub(crate) front: Front,
    pub(crate) site: Site,
    app: App,
    _directory: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (tell, told) = watch::channel::<Option<SocketAddr>>(None);
        let (front, site) = (Front::start(told), Site::start());
        let directory = tempfile::tempdir().expect("a folder");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{}\"\n[store]\npath = {:?}\n[admin]\ntoken = \"{TOKEN}\"\n\
             [[destinations]]\nid = \"shop\"\nkind = \"retailcrm\"\nurl = \"http://127.0.0.1:9\"\napi_key = \"key\"\n{}",
            front.url(),
            directory.path().join("data"),
            FORMS.replace("SITE", &site.url("")),
        );
        let config = Config::parse(&text, &directory.path().join("config.toml"));
        let config = config.unwrap_or_else(|refused| panic!("{:#?}", refused.problems));
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let app = App::start(config, Clock::system(), None)
            .await
            .expect("a gate");
        tell.send_replace(Some(app.address()));
        // Kept alive by the front's thread.
        std::mem::forget(tell);
        Self {
            front,
            site,
            app,
            _directory: directory,
        }
    }

    /// The one line.
    pub(crate) fn line(&self, attributes: &str) -> String {
        format!(
            "<script src=\"{}/leadgate.js\" async {attributes}></script>",
            self.front.url()
        )
    }

    /// Puts a page with the one line in its head at the site's root. Returns its address.
    pub(crate) fn page(&self, language: &str, body: &str) -> String {
        self.page_at("/", language, "", body)
    }

    /// The same at a path, with attributes of the line.
    pub(crate) fn page_at(
        &self,
        path: &str,
        language: &str,
        attributes: &str,
        body: &str,
    ) -> String {
        let html = format!(
            "<!doctype html><html lang=\"{language}\"><head><title>Page</title>{}</head><body>{body}</body></html>",
            self.line(attributes)
        );
        self.site.put(path, "", &html);
        self.site.url(path)
    }

    /// All leads the gate has, newest first, each with its fields.
    pub(crate) async fn leads(&self) -> Vec<Value> {
        let list = self.admin("/admin/api/leads").await;
        let mut leads = Vec::new();
        for lead in list["leads"].as_array().expect("leads") {
            let id = lead["id"].as_str().expect("an id");
            leads.push(self.admin(&format!("/admin/api/leads/{id}")).await);
        }
        leads
    }

    /// The only lead there is.
    pub(crate) async fn only_lead(&self) -> Value {
        let mut leads = self.leads().await;
        assert_eq!(leads.len(), 1, "{leads:#?}");
        leads.remove(0)
    }

    async fn admin(&self, path: &str) -> Value {
        let address = format!("http://{}{path}", self.app.address());
        let answer = client().get(address).bearer_auth(TOKEN).send().await;
        let text = answer.expect("an answer").text().await.expect("a text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }
}

/// A visitor at a desk.
pub(crate) async fn visitor() -> Visitor {
    Visitor::new(Window::Desk, "en", Script::On).await
}

/// A form with a name and a phone, sent to `action` (none: no such attribute).
pub(crate) fn form(attributes: &str) -> String {
    format!(
        "<form {attributes}><label>Name <input name=name id=name></label> <label>Phone <input name=phone id=phone></label>\
         <button id=go>Send</button></form>"
    )
}
