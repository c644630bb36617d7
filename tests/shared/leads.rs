//! Leads as a visitor would send them, for the tests that put them into a store themselves.

use jiff::Timestamp;
use leadgate::lead::{Client, Form, FormId, Language, Lead, LeadId, OriginRule, Submission};

/// When everything begins.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// A lead of the form `callback` with these fields.
pub(crate) fn lead_at(received_at: Timestamp, fields: &[(&str, &str)]) -> Lead {
    let form = Form {
        id: FormId::parse("callback").expect("an id"),
        title: "Callback".into(),
        origins: OriginRule::Any,
        language: Language::En,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: Vec::new(),
        deliver: Vec::new(),
    };
    let pairs = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let id = LeadId::mint(received_at);
    Submission::from_pairs(pairs.collect())
        .into_lead(&form, id, received_at, Client::default())
        .expect("a valid submission")
}
