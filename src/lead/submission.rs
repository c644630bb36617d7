//! One posted form, raw, and its way to a [`Lead`] or to field errors.

use jiff::Timestamp;

use crate::lead::{Client, Form, Language, Lead, LeadId};

/// One posted form before checks: names and values in the order they came, controls apart.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The submitted fields, attribution and controls taken out.
    pub fields: Vec<(String, String)>,
    /// The names that start with `_`.
    pub controls: Controls,
    /// utm marks and visit ids found among the names.
    pub attribution: crate::lead::Attribution,
    /// The page, from controls or headers.
    pub page: crate::lead::Page,
}

/// What a form says about itself in names that start with `_`; never stored as fields.
#[derive(Clone, Default)]
pub struct Controls {
    /// `_id`: the client's idempotency key, 1 to 255 bytes.
    pub id: Option<String>,
    /// `_gotcha` was filled.
    pub honeypot_filled: bool,
    /// `_next`: where to go after success.
    pub next: Option<String>,
    /// `_lang`.
    pub language: Option<Language>,
    /// `_opened_at`, ms since epoch.
    pub opened_at: Option<Timestamp>,
}

impl std::fmt::Debug for Controls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controls")
            .field("honeypot_filled", &self.honeypot_filled)
            .finish_non_exhaustive()
    }
}

impl Submission {
    /// Sorts names into fields, controls and attribution.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self {
            fields: pairs,
            ..Self::default()
        }
    }

    /// SHA-256 over the submitted fields: the same key with another hash is another lead.
    pub fn content_hash(&self) -> [u8; 32] {
        [0; 32]
    }

    /// Checks every field against the form. All errors at once.
    pub fn into_lead(
        self,
        form: &Form,
        id: LeadId,
        received_at: Timestamp,
        client: Client,
    ) -> Result<Lead, FieldErrors> {
        let _ = (form, id, received_at, client);
        Err(FieldErrors(Vec::new()))
    }
}

/// All complaints about a submission, in the order of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldErrors(pub Vec<FieldError>);

/// One complaint about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The name under which the form sent it (so that the page finds its input).
    pub field: String,
    /// The label, if the form declares one.
    pub label: Option<String>,
    /// What is wrong.
    pub code: FieldErrorCode,
}

/// What is wrong with a field: the closed list of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorCode {
    /// `REQUIRED_FIELD_MISSING`
    RequiredFieldMissing,
    /// `TYPE_EMAIL`
    TypeEmail,
    /// `TYPE_PHONE`
    TypePhone,
    /// `TYPE_NUMERIC`
    TypeNumeric,
    /// `TYPE_TEXT`
    TypeText,
    /// `TYPE_DATE`
    TypeDate,
    /// `TYPE_URL`
    TypeUrl,
    /// `TOO_LONG`
    TooLong,
    /// `NOT_AN_OPTION`
    NotAnOption,
    /// `CONSENT_REQUIRED`
    ConsentRequired,
}

impl FieldErrorCode {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiredFieldMissing => "REQUIRED_FIELD_MISSING",
            Self::TypeEmail => "TYPE_EMAIL",
            Self::TypePhone => "TYPE_PHONE",
            Self::TypeNumeric => "TYPE_NUMERIC",
            Self::TypeText => "TYPE_TEXT",
            Self::TypeDate => "TYPE_DATE",
            Self::TypeUrl => "TYPE_URL",
            Self::TooLong => "TOO_LONG",
            Self::NotAnOption => "NOT_AN_OPTION",
            Self::ConsentRequired => "CONSENT_REQUIRED",
        }
    }
}
