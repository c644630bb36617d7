//! A submission's way to a lead, rule by rule.

mod checking;
mod contact;
mod laws;
mod sorting;

use super::*;
use crate::lead::{FieldKind, FieldSpec, FormId, Language, OriginRule, Value};

fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn submission(given: &[(&str, &str)]) -> Submission {
    Submission::from_pairs(pairs(given))
}

fn spec(name: &str, kind: FieldKind) -> FieldSpec {
    FieldSpec {
        name: name.to_owned(),
        kind,
        required: false,
        from: Vec::new(),
        label: None,
        max_length: None,
    }
}

fn required(name: &str, kind: FieldKind) -> FieldSpec {
    FieldSpec {
        required: true,
        ..spec(name, kind)
    }
}

fn form(fields: Vec<FieldSpec>) -> Form {
    Form {
        id: FormId::parse("callback").expect("an id"),
        title: "Звонок".to_owned(),
        origins: OriginRule::Any,
        language: Language::Ru,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields,
        deliver: Vec::new(),
    }
}

fn accept(fields: Vec<FieldSpec>, submission: Submission) -> Result<Lead, FieldErrors> {
    let id = LeadId::from_bytes([1; 16]);
    submission.into_lead(&form(fields), id, Timestamp::UNIX_EPOCH, Client::default())
}

/// The lead of these fields, which must pass.
fn lead(fields: Vec<FieldSpec>, given: &[(&str, &str)]) -> Lead {
    accept(fields, submission(given)).expect("a lead")
}

/// The errors of these fields, as `field CODE`.
fn errors(fields: Vec<FieldSpec>, given: &[(&str, &str)]) -> Vec<String> {
    let errors = accept(fields, submission(given)).expect_err("errors");
    errors
        .0
        .iter()
        .map(|error| format!("{} {}", error.field, error.code.as_str()))
        .collect()
}

/// `name=value` of every field.
fn values(lead: &Lead) -> Vec<String> {
    lead.fields
        .iter()
        .map(|field| format!("{}={}", field.name, field.value.to_text()))
        .collect()
}
