//! The gate of a drain and those who post to it.

use std::net::SocketAddr;

use futures_util::{StreamExt, stream};
use leadgate::lead::LeadId;
use leadgate::simulator::DEMO_API_KEY;
use reqwest::Client;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use crate::support::Outcome;

/// The token of the admin API.
const TOKEN: &str = "token-of-the-bench-for-the-admin";

/// How many posts are under way at once.
const POSTS: usize = 64;

/// A config whose form's customers are chosen so, with this many requests a second.
pub(crate) fn text(crm: &str, customer: &str, rate: u32) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
[store]
path = "data"
[admin]
token = "{TOKEN}"
[limits]
per_address = "1000000/s"
per_form = "1000000/s"
whole = "1000000/s"
[[destinations]]
id = "shop"
kind = "retailcrm"
url = "{crm}"
api_key = "{DEMO_API_KEY}"
requests_per_second = {rate}
[[forms]]
id = "callback"
title = "Callback"
origins = ["https://shop.example"]
  [[forms.fields]]
  name = "name"
  kind = "name"
  [[forms.fields]]
  name = "phone"
  kind = "phone"
  [[forms.fields]]
  name = "email"
  kind = "email"
  [[forms.deliver]]
  destination = "shop"
  customer = "{customer}"
  [forms.deliver.order]
  orderMethod = "callback-request"
"#
    )
}

/// Somebody who posts to the form.
#[derive(Clone)]
pub(crate) struct Poster {
    http: Client,
    url: String,
}

impl Poster {
    /// Posts to the gate at this address.
    pub(crate) fn new(address: SocketAddr) -> Outcome<Self> {
        Ok(Self {
            http: Client::builder().build()?,
            url: format!("http://{address}"),
        })
    }

    /// Posts one body and returns the lead's id.
    pub(crate) async fn post(&self, body: String) -> Outcome<LeadId> {
        let url = format!("{}/f/callback", self.url);
        let request = self.http.post(url).header(ACCEPT, "application/json");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await?.error_for_status()?;
        let answer: Value = serde_json::from_str(&answer.text().await?)?;
        let id = answer["id"].as_str().ok_or("an answer without an id")?;
        LeadId::parse(id).ok_or_else(|| format!("{id} is no id").into())
    }

    /// Whether the only destination is paused.
    pub(crate) async fn is_paused(&self) -> Outcome<bool> {
        let url = format!("{}/admin/api/destinations", self.url);
        let request = self.http.get(url).bearer_auth(TOKEN);
        let answer = request.send().await?.error_for_status()?;
        let answer: Value = serde_json::from_str(&answer.text().await?)?;
        Ok(answer["destinations"][0]["state"] == "paused")
    }

    /// Posts many.
    pub(crate) async fn post_all(&self, bodies: impl Iterator<Item = String>) -> Outcome<()> {
        let mut posts = stream::iter(bodies)
            .map(|body| self.post(body))
            .buffer_unordered(POSTS);
        while let Some(posted) = posts.next().await {
            posted?;
        }
        Ok(())
    }
}
