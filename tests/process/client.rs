//! A visitor and an operator: a plain HTTP client that gives back what came.

use std::net::SocketAddr;
use std::time::Duration;

use form_urlencoded::Serializer;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use serde_json::Value;

use crate::home::TOKEN;

/// No answer takes so long; a gate that hangs fails here.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a form was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) location: Option<String>,
    text: String,
}

impl Answer {
    /// The lead id of a 200.
    pub(crate) fn lead(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        let body: Value = serde_json::from_str(&self.text).expect("JSON");
        assert_eq!(body["ok"], true, "{body}");
        body["id"].as_str().expect("an id").to_owned()
    }
}

/// What is posted, and how the answer is wished.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Json,
    Page,
}

/// The address of one gate.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        // Another test of this process may have been first.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self { address, http }
    }

    /// Posts the form `callback`. `Err` when the connection broke: nobody knows then whether the lead was kept.
    pub(crate) async fn try_post(
        &self,
        wish: Wish,
        fields: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let accept = match wish {
            Wish::Json => "application/json",
            Wish::Page => "text/html",
        };
        let response = self
            .http
            .post(format!("http://{}/f/callback", self.address))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, accept)
            .body(body)
            .send()
            .await?;
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().expect("text").to_owned())
        };
        Ok(Answer {
            status: response.status().as_u16(),
            request_id: header("x-request-id").unwrap_or_default(),
            retry_after: header(RETRY_AFTER.as_str()),
            location: header(LOCATION.as_str()),
            text: response.text().await?,
        })
    }

    /// Posts the form `callback` and wants JSON.
    pub(crate) async fn post(&self, fields: &[(&str, &str)]) -> Answer {
        self.try_post(Wish::Json, fields).await.expect("answered")
    }

    /// Asks the admin API.
    pub(crate) async fn admin(&self, path: &str) -> Value {
        let response = self
            .http
            .get(format!("http://{}/admin/api/{path}", self.address))
            .bearer_auth(TOKEN)
            .send()
            .await
            .expect("answered");
        assert_eq!(response.status().as_u16(), 200, "{path}");
        serde_json::from_str(&response.text().await.expect("a body")).expect("JSON")
    }

    /// The lead as the admin API tells it, `None` when it is not there.
    pub(crate) async fn has_lead(&self, id: &str) -> bool {
        let response = self
            .http
            .get(format!("http://{}/admin/api/leads/{id}", self.address))
            .bearer_auth(TOKEN)
            .send()
            .await
            .expect("answered");
        match response.status().as_u16() {
            200 => true,
            404 => false,
            other => panic!("{other} for lead {id}"),
        }
    }

    /// Has the lead's person erased. `Err` when the connection broke: nobody knows then whether it was done.
    pub(crate) async fn erase(&self, lead: &str) -> Result<u16, reqwest::Error> {
        let url = format!("http://{}/admin/api/leads/{lead}/erase", self.address);
        let response = self.http.post(url).bearer_auth(TOKEN).send().await?;
        Ok(response.status().as_u16())
    }

    /// Every lead there is, newest first.
    pub(crate) async fn leads(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut path = "leads?limit=200".to_owned();
        loop {
            let page = self.admin(&path).await;
            all.extend(page["leads"].as_array().expect("leads").iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => path = format!("leads?limit=200&cursor={cursor}"),
                None => return all,
            }
        }
    }

    /// The state of a lead; `None` when the gate does not tell.
    pub(crate) async fn try_state(&self, lead: &str) -> Option<String> {
        let url = format!("http://{}/admin/api/leads/{lead}", self.address);
        let response = self.http.get(url).bearer_auth(TOKEN).send().await.ok()?;
        let body: Value = serde_json::from_str(&response.text().await.ok()?).ok()?;
        body["state"].as_str().map(str::to_owned)
    }

    /// The only destination.
    pub(crate) async fn destination(&self) -> Value {
        self.admin("destinations").await["destinations"][0].clone()
    }
}
