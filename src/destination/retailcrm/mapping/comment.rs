//! The end of the manager's comment: what a visitor typed and no field of the CRM got. Nothing typed is lost on the way to a manager's eyes.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::destination::retailcrm::mapping::LeftOut;
use crate::lead::{Field, Language, Lead, Value};

/// Which of the contact's defaults went into the CRM's own fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied {
    /// The name fields.
    pub(super) name: bool,
    /// `phone`.
    pub(super) phone: bool,
    /// `email`.
    pub(super) email: bool,
    /// `customerComment`.
    pub(super) comment: bool,
}

impl Applied {
    fn all(self) -> bool {
        self.name && self.phone && self.email && self.comment
    }
}

/// The lines that follow the mapped comment: the phone's extension, the fields nothing has read, the values that did not fit.
pub(super) fn lines(
    lead: &Lead,
    read: &BTreeSet<String>,
    applied: Applied,
    left_out: &[LeftOut],
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(extension) = lead
        .contact
        .phone
        .as_ref()
        .and_then(|phone| phone.extension())
    {
        lines.push(line(
            lead.language.pick("Добавочный", "Extension"),
            extension,
        ));
    }
    let unread = lead
        .fields
        .iter()
        .filter(|field| !read.contains(&field.name) && !is_contact(lead, field, applied));
    lines.extend(unread.map(|field| line(label(field), &shown(field, lead.language))));
    lines.extend(
        left_out
            .iter()
            .filter(|left| !left.value.is_empty())
            .map(left_out_line),
    );
    lines
}

/// The line of a value that the CRM did not take.
pub(super) fn left_out_line(left: &LeftOut) -> String {
    line(&left.path, &left.value)
}

/// A value for a manager's eyes: `type: cash, amount: 100`.
pub(in crate::destination::retailcrm) fn readable(value: &Json) -> String {
    let all = |parts: Vec<String>, between: &str| parts.join(between);
    match value {
        Json::String(text) => text.clone(),
        Json::Object(fields) => {
            let parts = fields.iter();
            let parts = parts.map(|(name, value)| format!("{name}: {}", readable(value)));
            all(parts.collect(), ", ")
        }
        Json::Array(items) => all(items.iter().map(readable).collect(), "; "),
        other => other.to_string(),
    }
}

/// The names of the fields that would be listed.
pub(super) fn unread_labels(lead: &Lead, read: &BTreeSet<String>) -> Vec<String> {
    let applied = Applied {
        name: true,
        phone: true,
        email: true,
        comment: false,
    };
    let unread = lead
        .fields
        .iter()
        .filter(|field| !read.contains(&field.name) && !is_contact(lead, field, applied));
    unread.map(|field| label(field).to_owned()).collect()
}

/// Whether the field went into a contact field of the CRM by default. When the mapping replaces one of the defaults, the lead does not tell
/// which field was read for which, so the values are compared.
fn is_contact(lead: &Lead, field: &Field, applied: Applied) -> bool {
    let contact = &lead.contact;
    if !contact.read_from.contains(&field.name) {
        return false;
    }
    if applied.all() {
        return true;
    }
    let text = field.value.to_text();
    let typed = field.typed.as_deref().unwrap_or(&text);
    let is = |known: Option<&str>| known.is_some_and(|known| known == text || known == typed);
    let phone = contact.phone.as_ref();
    (applied.phone && (is(phone.map(|phone| phone.e164())) || is(phone.map(|phone| phone.typed()))))
        || (applied.email && is(contact.email.as_ref().map(|email| email.as_str())))
        || (applied.comment && is(contact.comment.as_deref()))
        || (applied.name
            && contact
                .name
                .as_ref()
                .is_some_and(|name| name.typed().contains(text.trim())))
}

/// What the visitor read beside the field.
pub(super) fn label(field: &Field) -> &str {
    field.label.as_deref().unwrap_or(&field.name)
}

fn shown(field: &Field, language: Language) -> String {
    match (&field.typed, &field.value) {
        (_, Value::Boolean(true)) => language.pick("да", "yes").to_owned(),
        (_, Value::Boolean(false)) => language.pick("нет", "no").to_owned(),
        (Some(typed), _) => typed.clone(),
        (None, value) => value.to_text(),
    }
}

/// One entry. Further lines of a value are indented, so that none of them can pass for an entry of its own.
pub(super) fn line(label: &str, value: &str) -> String {
    let value = value.trim().lines().collect::<Vec<_>>().join("\n  ");
    format!("{label}: {value}")
}
