//! What we receive: a submission becomes a [`Lead`] or a list of field errors. Pure: nothing here does I/O.
//!
//! A [`Submission`] is what a form posted, raw. [`Submission::into_lead`] checks it against the [`Form`] and reports all field
//! errors at once. The [`Lead`] keeps both the typed text and the parsed value of every field, so that nothing a visitor
//! wrote can get lost in parsing. [`template`] computes CRM values from a lead when it is delivered.

mod attribution;
mod bilingual;
mod email;
mod form;
mod name;
mod phone;
pub mod spoken;
mod submission;
pub mod template;
pub(crate) mod text;
mod value;

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use attribution::{Attribution, Page, UtmMarks, VisitIds};
pub use bilingual::Bilingual;
pub use email::{Email, EmailError};
pub use form::{
    Capture, CaptureMode, CaptureSubmit, Create, CustomerMatching, DeliverRule, DestinationId,
    FieldKind, FieldSpec, Form, FormId, Forms, Language, OriginRule,
};
pub use name::PersonName;
pub use phone::{Phone, PhoneError};
pub use submission::{Controls, FieldError, FieldErrorCode, FieldErrors, Submission, decimal};
pub use value::{Field, Value};

/// A lead's id: a UUIDv7, so ids sort by the time of receipt. Its text form is what the CRM sees after `lg-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeadId(Uuid);

impl LeadId {
    /// Sorts before every other id.
    pub const FIRST: Self = Self(Uuid::nil());

    /// Sorts after every other id.
    pub const LAST: Self = Self(Uuid::max());

    /// A new id for a lead received at `received_at`.
    pub fn mint(received_at: Timestamp) -> Self {
        let millis = received_at.as_millisecond().max(0).unsigned_abs();
        let random: [u8; 10] = rand::random();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Reads the text form, as it stands in URLs.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }

    /// The sixteen bytes, whose order is the order of receipt (to the millisecond).
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// When the lead was received, to the millisecond, as the id tells.
    pub fn received_at(&self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
    }

    /// The lowest id that a lead received at `at` or later can have: for ranges.
    pub fn floor(at: Timestamp) -> Self {
        let millis = at.as_millisecond().max(0).unsigned_abs();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        Self::from_bytes(bytes)
    }

    /// The id with these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The id right after this one; the last one has none and is its own.
    pub fn next(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_add(1)))
    }

    /// The id right before this one; the first one has none and is its own.
    pub fn previous(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_sub(1)))
    }
}

impl fmt::Display for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The accepted, normalised record of one submission, with its context. Never changes after it is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Minted on receipt; every external id in the CRM is derived from it.
    pub id: LeadId,
    /// The form it came through.
    pub form: FormId,
    /// The form's title as it was then.
    pub form_title: String,
    /// When the submission was received.
    pub received_at: Timestamp,
    /// The language the visitor was answered in.
    pub language: Language,
    /// Who it is.
    pub contact: Contact,
    /// Every submitted field in the order of the form, empty ones left out.
    pub fields: Vec<Field>,
    /// Where the visitor came from.
    pub attribution: Attribution,
    /// The page the form stood on.
    pub page: Page,
    /// The sender of the request.
    pub client: Client,
    /// The same idempotency key had come before with other content (pages cached with a fixed `_id` exist).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key_reused: bool,
}

/// The person's contact data as far as the fields told it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The name as typed and split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The phone, normalised, with the typed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The e-mail, lower-cased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// What the visitor wrote in the comment field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The names of the submitted fields that the four above were read from; they need no second place in the CRM.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_from: Vec<String>,
}

/// The sender of the request that brought the lead.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// The visitor's address, after trusted proxies are taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The browser's own description, cut at 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(***)")
    }
}

/// Why a lead is kept back as suspected spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// The honeypot field `_gotcha` was filled.
    Honeypot,
}

impl HeldReason {
    /// The word for it in the JSON API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Honeypot => "honeypot",
        }
    }
}
