//! One try of a delivery, as it is kept for the operator.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Cause;

/// One try. Written when it starts (before the first byte goes to the CRM) and again when it is settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took; `None` while it is under way, and for ever when the process died in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How it ended; `None` likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AttemptOutcome>,
    /// The HTTP status of the answer that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cause>,
    /// The requests it was made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// How an attempt ended: the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The destination has the lead.
    Delivered,
    /// It certainly has not; again later.
    Retry,
    /// Nobody knows; looked up before the next try.
    Unknown,
    /// Refused as it is.
    Rejected,
    /// The destination is in trouble; the attempt cost nothing.
    Paused,
}

impl AttemptOutcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
        }
    }
}

/// One request of an attempt. Holds no personal data and no key: those are masked where it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it was for, in the CRM's words: `orders/create`.
    pub operation: String,
    /// The status of the answer, if one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// From the first byte sent to the last byte read.
    pub duration_ms: u64,
    /// What it brought, in a few words: `found 1`, `created`, `timed out`.
    pub note: String,
}
