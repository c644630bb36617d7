//! Faults on command: what can go wrong between a client and the CRM, to which calls it happens, and how often.
//! Rules come through [`SimulatedCrm::fault`](crate::simulator::SimulatedCrm::fault) or as JSON through
//! `POST /_control/faults`; both forms are the same types.

use serde::{Deserialize, Serialize};

/// What happens to a call that a rule strikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// The connection is closed before any byte of an answer. Nothing is stored.
    Down,
    /// No answer until the faults are cleared; then the connection is closed. Nothing is stored.
    Hang,
    /// Everything works, later. Delays of several rules add up, and go together with another fault.
    Delay {
        /// Milliseconds.
        ms: u64,
        /// What is late.
        #[serde(default)]
        stage: Stage,
    },
    /// This status instead of the real answer. Nothing is stored.
    Status {
        /// The status code.
        status: u16,
        /// Seconds for a `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u64>,
        /// What the body is.
        #[serde(default)]
        body: Body,
    },
    /// 503 `Rate limit exceeded`. Nothing is stored.
    RateLimited,
    /// The HTML page with 405 of a web server in front, as for an account that does not exist. Nothing is stored.
    #[serde(rename = "html_405")]
    Html405,
    /// The call is carried out; of the answer come the headers and half of the body, then the connection is reset.
    Reset,
    /// **The call is carried out and the answer never arrives.**
    LostAnswer {
        /// Instead of being closed, the connection stays open and silent until the faults are cleared.
        #[serde(default)]
        hang: bool,
    },
    /// The call is carried out; the answer comes in drops.
    SlowDrip {
        /// Bytes at a time.
        #[serde(default = "one")]
        bytes: usize,
        /// Milliseconds between drops.
        #[serde(default = "hundred")]
        every_ms: u64,
    },
    /// Uploads: that row fails (counted from 1) and the others are stored: 460. Other calls are not touched.
    #[serde(rename = "partial_460")]
    Partial460 {
        /// The row.
        row: usize,
        /// The text about it.
        #[serde(default = "row_text")]
        text: String,
    },
    /// 200 with a page instead of JSON, as of a proxy or a login wall. Nothing is stored.
    #[serde(rename = "non_json_200")]
    NonJson200,
    /// 200 with `"success": false`. Nothing is stored.
    #[serde(rename = "success_false_200")]
    SuccessFalse200 {
        /// `errorMsg`.
        #[serde(default = "internal_text")]
        text: String,
    },
    /// 403 `Wrong "apiKey" value.` Nothing is stored.
    #[serde(rename = "wrong_key_403")]
    WrongKey403,
    /// 403 `Access denied.` Nothing is stored.
    #[serde(rename = "forbidden_403")]
    Forbidden403,
    /// 404 `Account does not exist.` Nothing is stored.
    #[serde(rename = "account_404")]
    Account404,
    /// 400 with this complaint, in the words in which the method refuses: `Order is not loaded` for orders. Nothing is stored.
    FieldError {
        /// Path of the field, e.g. `customFields.city`.
        field: String,
        /// What is said about it.
        text: String,
    },
}

impl FaultKind {
    /// The name that received requests show as their outcome.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Hang => "hang",
            Self::Delay { .. } => "delay",
            Self::Status { .. } => "status",
            Self::RateLimited => "rate_limited",
            Self::Html405 => "html_405",
            Self::Reset => "reset",
            Self::LostAnswer { .. } => "lost_answer",
            Self::SlowDrip { .. } => "slow_drip",
            Self::Partial460 { .. } => "partial_460",
            Self::NonJson200 => "non_json_200",
            Self::SuccessFalse200 { .. } => "success_false_200",
            Self::WrongKey403 => "wrong_key_403",
            Self::Forbidden403 => "forbidden_403",
            Self::Account404 => "account_404",
            Self::FieldError { .. } => "field_error",
        }
    }
}

/// Which side of the work a delay stands on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The call is carried out at once and the answer is late.
    #[default]
    Answer,
    /// The call is carried out late, even when the client has left by then.
    Processing,
}

/// The body of a [`FaultKind::Status`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A web server's page.
    #[default]
    Html,
    /// `{"success":false,"errorMsg":...}`.
    Json,
    /// None.
    Empty,
}

/// Which calls a rule is about. Everything that is named must fit; naming nothing means all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// HTTP verb.
    pub method: Option<String>,
    /// Beginning of the path, e.g. `/api/v5/orders`.
    pub path: Option<String>,
    /// Name of the API method, e.g. `orders/create`, as the received requests show it.
    pub operation: Option<String>,
}

/// Which of the calls that fit are struck, counted from the moment the rule is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// All.
    #[default]
    Always,
    /// Every nth: `every: 2` strikes the second, the fourth, ...
    Every(u64),
    /// The first n; after them the rule is spent.
    #[serde(alias = "next")]
    First(u64),
    /// Only the nth.
    Nth(u64),
    /// Each with this probability; the same seed always strikes the same calls.
    Probability {
        /// From 0 to 1.
        p: f64,
        /// Seed.
        #[serde(default)]
        seed: u64,
    },
}

/// One rule. The first rule that strikes decides; delays join in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// To which calls.
    #[serde(rename = "match", default)]
    pub target: Target,
    /// How often.
    #[serde(default)]
    pub calls: Calls,
}

impl Fault {
    /// A fault of every call.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            target: Target::default(),
            calls: Calls::Always,
        }
    }

    /// Only of this API method, e.g. `orders/create`.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.target.operation = Some(operation.to_owned());
        self
    }

    /// Only of these calls.
    #[must_use]
    pub fn calls(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }
}

fn one() -> usize {
    1
}

fn hundred() -> u64 {
    100
}

fn row_text() -> String {
    "items[0].offer.id: Offer with id 1 not found.".to_owned()
}

fn internal_text() -> String {
    "Internal error".to_owned()
}
