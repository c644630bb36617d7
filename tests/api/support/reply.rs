//! An answer that was read to its end.

use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;

/// Status, headers and body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self {
            status,
            headers,
            body: response.text().await.expect("a body"),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    pub(crate) fn header(&self, name: impl Into<HeaderNameOrText>) -> &str {
        let name = name.into().0;
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// The id of the lead in a JSON answer that accepted one.
    pub(crate) fn lead_id(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["id"].as_str().expect("an id").to_owned()
    }

    /// The word for a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A header's name, as a constant or as text.
pub(crate) struct HeaderNameOrText(HeaderName);

impl From<HeaderName> for HeaderNameOrText {
    fn from(name: HeaderName) -> Self {
        Self(name)
    }
}

impl From<&'static str> for HeaderNameOrText {
    fn from(name: &'static str) -> Self {
        Self(HeaderName::from_static(name))
    }
}
