//! One posted form, raw, and its way to a [`Lead`] or to field errors.
//!
//! Sorting comes first ([`Submission::from_pairs`]): controls, attribution and page are taken out of the names, what remains
//! are fields. Checking comes second ([`Submission::into_lead`]): each declared field by its kind, then who the visitor is.

mod check;
mod contact;
mod controls;
mod error;
mod number;
mod parse;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use crate::lead::submission::controls::Controls;
pub use crate::lead::submission::error::{FieldError, FieldErrorCode, FieldErrors};
pub use crate::lead::submission::number::decimal;

use crate::lead::submission::check::Check;
use crate::lead::{Attribution, Client, Form, Lead, LeadId, Page, text};

/// The longest field name that is kept, in characters.
const MAX_NAME_CHARS: usize = 255;

/// The name of a value that came without one.
const UNNAMED: &str = "unnamed";

/// One posted form before checks: names and values in the order they came, controls apart.
#[derive(Clone, Default)]
pub struct Submission {
    /// The submitted fields, attribution and controls taken out. A name may come more than once.
    pub fields: Vec<(String, String)>,
    /// The names that start with `_`.
    pub controls: Controls,
    /// utm marks and visit ids found among the names.
    pub attribution: Attribution,
    /// The page, from controls or headers.
    pub page: Page,
}

/// The names only: values are the visitor's.
impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Submission")
            .field("fields", &names)
            .field("controls", &self.controls)
            .finish_non_exhaustive()
    }
}

impl Submission {
    /// Sorts decoded names, in the order they came, into fields, controls and attribution.
    ///
    /// A name that starts with `_` is never a field. Marks in fields win over those in the page's address. Values are cleaned:
    /// control characters other than newline and tab are gone, line ends are `\n`, spaces at the ends are gone.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut submission = Self::default();
        let mut page_url = None;
        for (name, value) in pairs {
            let (name, value) = (text::into_folded_line(name), text::cleaned(value));
            if submission.attribution.take(&name, &value) {
                continue;
            }
            if name.starts_with('_') {
                let name = text::lower_case(&name);
                submission
                    .controls
                    .take(&name, &value, &mut submission.page);
                page_url = page_url.or_else(|| (name == "_page_url").then_some(value));
            } else if !name.is_empty() {
                submission
                    .fields
                    .push((text::into_cut(name, MAX_NAME_CHARS), value));
            } else if !value.is_empty() {
                submission.fields.push((UNNAMED.to_owned(), value));
            }
        }
        if let Some(url) = &page_url {
            submission.attribution.take_from_url(url);
        }
        submission
    }

    /// Takes the `Referer` header as the page's address when the form did not tell it by `_page_url`.
    #[must_use]
    pub fn with_referer(mut self, referer: &str) -> Self {
        if self.page.url.is_none() && self.page.set_url(referer) {
            self.attribution.take_from_url(referer);
        }
        self
    }

    /// SHA-256 over the submitted fields: the same key with another hash is another lead. The order counts; controls, marks
    /// and the page do not, because they differ between a submission and its honest repetition.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for text in self.fields.iter().flat_map(|(name, value)| [name, value]) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().into()
    }

    /// Checks every field against the form. All errors at once.
    ///
    /// Declared fields come first in the lead, in the form's order, then the others as they came. A submission without a
    /// single filled field is refused even when nothing is required: there is nobody to call back.
    pub fn into_lead(
        self,
        form: &Form,
        id: LeadId,
        received_at: Timestamp,
        client: Client,
    ) -> Result<Lead, FieldErrors> {
        let mut check = Check::new(form, &self.fields);
        check.declared_fields();
        check.other_fields();
        let checked = check.finish()?;
        let (fields, contact) = contact::recognise(form, checked);
        Ok(Lead {
            id,
            form: form.id.clone(),
            form_title: form.title.clone(),
            received_at,
            language: self.controls.language.unwrap_or(form.language),
            contact,
            fields,
            attribution: self.attribution,
            page: self.page,
            client,
            key_reused: false,
        })
    }
}

#[cfg(test)]
mod tests;
