//! The test's own gate: started on a free port with a temporary store, a simulated CRM and a clock that can be moved.

pub(crate) mod hooks;
mod reply;
pub(crate) mod smtp;
pub(crate) mod together;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use leadgate::app::App;
use leadgate::clock::Clock;
use leadgate::config::Config;
use leadgate::simulator::{DEMO_API_KEY, Options, SimulatedCrm};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use reply::Reply;

/// The token of the admin API.
pub(crate) const TOKEN: &str = "test-token-of-the-admin-api";

/// Nothing a test waits for takes longer on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A form with one field of each kind that leads need, and custom fields that the simulated account has.
pub(crate) const CALLBACK: &str = r#"
[[forms]]
id = "callback"
title = "Обратный звонок"
origins = ["https://shop.example"]

  [[forms.fields]]
  name = "name"
  kind = "name"
  label = "Имя"

  [[forms.fields]]
  name = "phone"
  kind = "phone"
  required = true
  label = "Телефон"
  from = ["tel"]

  [[forms.fields]]
  name = "email"
  kind = "email"
  label = "Почта"

  [[forms.fields]]
  name = "guests"
  kind = "integer"
  label = "Гости"

  [[forms.deliver]]
  destination = "shop"
  [forms.deliver.order]
  orderMethod = "callback-request"
  [forms.deliver.order.customFields]
  city = "{{ city }}"
  guests = "{{ guests }}"
"#;

/// What a test may want otherwise.
pub(crate) struct Setup {
    pub(crate) forms: String,
    /// More keys of the destination.
    pub(crate) destination: String,
    pub(crate) limits: String,
    /// More keys of the server, and of the store.
    pub(crate) server: String,
    pub(crate) store: String,
    pub(crate) crm: Options,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            forms: CALLBACK.to_owned(),
            destination: "requests_per_second = 200".to_owned(),
            limits: "per_address = \"100000/s\"\nper_form = \"100000/s\"\nwhole = \"100000/s\""
                .to_owned(),
            server: String::new(),
            store: "min_free = \"1 KiB\"".to_owned(),
            crm: Options {
                requests_per_second: 0,
                ..Options::default()
            },
        }
    }
}

/// A running gate with its CRM.
pub(crate) struct TestApp {
    pub(crate) crm: SimulatedCrm,
    pub(crate) clock: Clock,
    app: App,
    setup: Setup,
    directory: TempDir,
    http: reqwest::Client,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(mut setup: Setup) -> Self {
        // Another test of this process may have been first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let crm = SimulatedCrm::start(std::mem::take(&mut setup.crm))
            .await
            .expect("the simulator starts");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Clock::system();
        let config = config(&setup, &crm.url(), directory.path());
        let app = App::start(config, clock.clone(), None)
            .await
            .expect("the gate starts");
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // The gate closes idle connections soon, on a busy machine just when the next request is on its way.
            .pool_max_idle_per_host(0)
            .build();
        Self {
            crm,
            clock,
            app,
            setup,
            directory,
            http: http.expect("a client"),
        }
    }

    /// Stops in order and starts again on the same store.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            crm,
            clock,
            app,
            setup,
            directory,
            http,
        } = self;
        app.stop().await.expect("stopped in order");
        let app = App::start(
            config(&setup, &crm.url(), directory.path()),
            clock.clone(),
            None,
        )
        .await;
        Self {
            crm,
            clock,
            app: app.expect("the gate starts again"),
            setup,
            directory,
            http,
        }
    }

    /// Takes over another config, as SIGHUP does.
    pub(crate) async fn reload(&mut self, setup: Setup) {
        self.setup = setup;
        let config = config(&self.setup, &self.crm.url(), self.directory.path());
        self.app.reload(&config).await.expect("reloaded");
    }

    /// The same, held up at the first thing it waits for until this has happened.
    pub(crate) async fn reload_while<T>(
        &mut self,
        setup: Setup,
        meanwhile: impl AsyncFnOnce(&Self) -> T,
    ) -> T {
        self.setup = setup;
        let config = config(&self.setup, &self.crm.url(), self.directory.path());
        let mut reload = std::pin::pin!(self.app.reload(&config));
        let ended = futures_util::future::poll_immediate(reload.as_mut()).await;
        let happened = meanwhile(self).await;
        let ended = match ended {
            Some(ended) => ended,
            None => reload.await,
        };
        ended.expect("reloaded");
        happened
    }

    /// Gives the destination another account; the one before it stays as it is.
    pub(crate) async fn move_to(&mut self, crm: SimulatedCrm) -> SimulatedCrm {
        let before = std::mem::replace(&mut self.crm, crm);
        let config = config(&self.setup, &self.crm.url(), self.directory.path());
        self.app.reload(&config).await.expect("reloaded");
        before
    }

    /// Where the metrics are open, if the set-up says so.
    pub(crate) fn metrics_url(&self, path: &str) -> String {
        let address = self.app.metrics_address();
        format!(
            "http://{}{path}",
            address.expect("an address for the metrics")
        )
    }

    /// Where everything of the gate is.
    pub(crate) fn folder(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.address())
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let request = request.build().expect("a request");
        // The gate gives a connection up on which nothing comes for 5 s. On a starved machine that can be before the client has written a byte.
        let again = request.try_clone().filter(|again| again.method().is_safe());
        let answer = match (self.http.execute(request).await, again) {
            (Err(error), Some(again)) if error.is_request() => self.http.execute(again).await,
            (answer, _) => answer,
        };
        Reply::read(answer.expect("an answer")).await
    }

    /// Posts as a browser's form does.
    pub(crate) async fn post_form(&self, form: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .request(reqwest::Method::POST, &format!("/f/{form}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "text/html,application/xhtml+xml")
            .body(body);
        self.send(request).await
    }

    /// Posts as a script does.
    pub(crate) async fn post_json(&self, form: &str, body: Value) -> Reply {
        let request = self
            .request(reqwest::Method::POST, &format!("/f/{form}"))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        self.send(request).await
    }

    /// Posts a lead of this phone and returns its id.
    pub(crate) async fn lead(&self, phone: &str) -> String {
        self.post_json("callback", json!({ "name": "Иван Петров", "phone": phone }))
            .await
            .lead_id()
    }

    pub(crate) async fn admin(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let request = self
            .request(method, path)
            .header(AUTHORIZATION, format!("Bearer {TOKEN}"));
        let request = match body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string()),
            None => request,
        };
        self.send(request).await
    }

    /// A page of the admin in English.
    pub(crate) async fn page(&self, path: &str) -> String {
        let request = self
            .request(reqwest::Method::GET, path)
            .header(AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(ACCEPT_LANGUAGE, "en");
        self.send(request).await.body
    }

    pub(crate) async fn admin_get(&self, path: &str) -> Value {
        self.admin(reqwest::Method::GET, path, None).await.json()
    }

    pub(crate) async fn read_lead(&self, id: &str) -> Value {
        self.admin_get(&format!("/admin/api/leads/{id}")).await
    }

    /// All leads, newest first.
    pub(crate) async fn leads(&self) -> Vec<Value> {
        let answer = self.admin_get("/admin/api/leads?limit=200").await;
        answer["leads"].as_array().expect("a list").clone()
    }

    /// Waits until the condition holds, looking anew after every change in the gate or the CRM.
    pub(crate) async fn until<F: Future<Output = bool>>(
        &self,
        what: &str,
        mut holds: impl FnMut() -> F,
    ) {
        let mut gate = self.app.store().changes();
        let mut crm = self.crm.changed();
        let waiting = async {
            loop {
                gate.borrow_and_update();
                crm.borrow_and_update();
                if holds().await {
                    return;
                }
                // A pause and a probe change neither: look again after a while too.
                let while_ = Clock::system();
                tokio::select! {
                    _ = gate.changed() => {}
                    _ = crm.changed() => {}
                    () = while_.sleep(Duration::from_millis(50)) => {}
                }
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, waiting).await.is_ok(),
            "waited in vain until {what}"
        );
    }

    pub(crate) async fn until_state(&self, id: &str, state: &str) {
        let what = format!("lead {id} is {state}");
        self.until(&what, async || self.read_lead(id).await["state"] == state)
            .await;
    }

    /// Waits until nothing is owed any more, moving the clock so that retries and probes need not be waited for.
    pub(crate) async fn until_drained(&self) {
        self.until("nothing is owed any more", async || {
            // Reading the list waits until everything that was answered is visible.
            self.leads().await;
            self.clock.advance(Duration::from_secs(15));
            self.destination().await["waiting"] == 0
        })
        .await;
    }

    /// Waits until a paused destination is healthy again, moving the clock to each probe and not beyond: leads may flow by then, and the pace
    /// is kept by the same clock.
    pub(crate) async fn until_healthy(&self) {
        self.until("the destination is healthy", async || {
            let destination = self.destination().await;
            let probe = destination["next_probe_at"].as_str();
            let probe: Option<Timestamp> = probe.and_then(|at| at.parse().ok());
            let wait = probe.map(|at| at.duration_since(self.now()));
            let wait = wait.and_then(|wait| Duration::try_from(wait).ok());
            self.clock.advance(wait.unwrap_or_default());
            destination["state"] == "healthy"
        })
        .await;
    }

    /// The only destination, as the API shows it.
    pub(crate) async fn destination(&self) -> Value {
        self.admin_get("/admin/api/destinations").await["destinations"][0].clone()
    }

    /// The external ids of the orders in the CRM.
    pub(crate) fn order_ids(&self) -> Vec<String> {
        let orders = self.crm.orders();
        orders
            .iter()
            .map(|order| order["externalId"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn config(setup: &Setup, crm: &str, directory: &Path) -> Config {
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
shutdown_grace = "5s"
{server}
[store]
path = "data"
{store}
[admin]
token = "{TOKEN}"
[limits]
{limits}
[[destinations]]
id = "shop"
kind = "retailcrm"
url = "{crm}"
api_key = "{DEMO_API_KEY}"
{destination}
{forms}
"#,
        server = setup.server,
        store = setup.store,
        limits = setup.limits,
        destination = setup.destination,
        forms = setup.forms,
    );
    match Config::parse(&text, &directory.join("config.toml")) {
        Ok(config) => config,
        Err(problems) => panic!("{:#?}", problems.problems),
    }
}

/// The address of a redirect.
pub(crate) const LOCATION_HEADER: reqwest::header::HeaderName = LOCATION;
