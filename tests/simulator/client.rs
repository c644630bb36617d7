//! A plain HTTP client for the tests: it adds the key, encodes forms, and gives back what came.

use std::time::Duration;

use form_urlencoded::Serializer;
use leadgate::simulator::{Account, DEMO_API_KEY, Options, SimulatedCrm};
use serde_json::Value;

/// No answer of a healthy simulator takes so long; a test that hangs fails here.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer as it came.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }
}

/// A simulator and a client for it.
pub(crate) struct Crm {
    pub(crate) crm: SimulatedCrm,
    http: reqwest::Client,
    key: Option<String>,
}

impl Crm {
    /// The demo account without a rate limit.
    pub(crate) async fn start() -> Self {
        Self::with(Account::default()).await
    }

    pub(crate) async fn with(account: Account) -> Self {
        Self::options(Options {
            account,
            requests_per_second: 0,
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn options(options: Options) -> Self {
        // Another test of this process may have been first.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        Self {
            crm: SimulatedCrm::start(options).await.unwrap(),
            http: http_client(),
            key: Some(DEMO_API_KEY.to_owned()),
        }
    }

    /// Makes the next calls over new connections.
    pub(crate) fn forget_connections(&mut self) {
        self.http = http_client();
    }

    /// The same simulator asked with another key.
    pub(crate) fn set_key(&mut self, key: Option<&str>) {
        self.key = key.map(str::to_owned);
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        self.send(reqwest::Method::GET, path, None).await
    }

    /// Posts an urlencoded form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.try_post(path, fields).await.unwrap()
    }

    pub(crate) async fn try_post(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Reply, reqwest::Error> {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = "application/x-www-form-urlencoded";
        self.send(reqwest::Method::POST, path, Some((kind, body)))
            .await
    }

    pub(crate) async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.crm.url()));
        if let Some(key) = &self.key {
            request = request.header("X-API-KEY", key);
        }
        if let Some((kind, body)) = body {
            request = request.header("Content-Type", kind).body(body);
        }
        let response = request.send().await?;
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Ok(Reply {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after"),
            text: response.text().await?,
        })
    }

    /// Creates an order from JSON.
    pub(crate) async fn order(&self, order: &Value) -> Reply {
        self.post("/api/v5/orders/create", &[("order", &order.to_string())])
            .await
    }

    /// Creates a customer from JSON.
    pub(crate) async fn customer(&self, customer: &Value) -> Reply {
        let fields = [("customer", customer.to_string())];
        self.post("/api/v5/customers/create", &[(fields[0].0, &fields[0].1)])
            .await
    }

    /// Posts JSON to the control endpoint.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> Reply {
        let body = Some(("application/json", body.to_string()));
        self.send(reqwest::Method::POST, path, body).await.unwrap()
    }
}

fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .unwrap()
}
