//! Where the visitor came from: utm marks, click and visit ids, and the page the form stood on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The marks of a visit. They are read wherever they appear: in fields, in the page's URL, in the request's query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// The five utm marks.
    #[serde(default, skip_serializing_if = "UtmMarks::is_empty")]
    pub utm: UtmMarks,
    /// Ids given by analytics and advertising systems.
    #[serde(default, skip_serializing_if = "VisitIds::is_empty")]
    pub visit: VisitIds,
}

/// The five utm marks, in the CRM's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtmMarks {
    /// `utm_source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `utm_medium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// `utm_campaign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// `utm_term`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// `utm_content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl UtmMarks {
    /// No mark is there.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Ids of the visit by their short name (`roistat`, `ym_uid`, `ga`, `gclid`, `yclid`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VisitIds(pub BTreeMap<String, String>);

impl VisitIds {
    /// No id is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The page the form stood on, as the form or the browser told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its address (`_page_url`, else the `Referer` header).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its title (`_page_title`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the visitor had come from (`_page_referrer`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    /// The host of `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}
