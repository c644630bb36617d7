//! A form: what it asks, who may post it, and where its leads go. Built by `config`; read by everybody.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::secret::Secret;

/// The id of a form, as it stands in `/f/{form}`: letters, digits, `-` and `_`, at most 64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormId(Arc<str>);

/// The id of a configured destination; same alphabet as [`FormId`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DestinationId(Arc<str>);

/// Whether a text may be an id: it stands in URLs, keys and logs without escaping.
fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl FormId {
    /// Takes a text that obeys the alphabet.
    pub fn parse(text: &str) -> Option<Self> {
        is_identifier(text).then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ids are equal, and in order, as their texts are.
impl Borrow<str> for FormId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DestinationId {
    /// Takes a text that obeys the alphabet.
    pub fn parse(text: &str) -> Option<Self> {
        is_identifier(text).then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A configured source of leads.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its id.
    pub id: FormId,
    /// What people call it; the id where the config gives no title.
    pub title: String,
    /// Who may post it from a page.
    pub origins: OriginRule,
    /// The language of answers when the submission does not say one.
    pub language: Language,
    /// Where a browser goes after success, if not to our own page.
    pub success_url: Option<Url>,
    /// The key by which calls in the Roistat dialect name this form.
    pub roistat_key: Option<Secret>,
    /// What the form asks, in order. Fields it does not declare are accepted as text.
    pub fields: Vec<FieldSpec>,
    /// How the script finds the form in a page by itself, if it does.
    pub capture: Option<Capture>,
    /// Where its leads go; at least one rule.
    pub deliver: Vec<DeliverRule>,
}

/// `[forms.capture]`: how the script finds the form in a page and what it adds to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What the visitor does to send it.
    pub mode: CaptureMode,
    /// A CSS selector list of the forms or buttons; not empty.
    pub selector: String,
    /// Who answers the visitor.
    pub submit: CaptureSubmit,
    /// Fields computed in the page: name -> body of a JavaScript function.
    pub js: BTreeMap<String, String>,
}

/// What the visitor does to send a captured form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureMode {
    /// Submits a `<form>`.
    #[default]
    Form,
    /// Presses a button; the page sends by itself.
    Button,
}

/// Who answers the visitor of a captured form: the script, or the handler that the site has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureSubmit {
    /// The script, where the form is posted to us or to nobody; else as [`Copy`](Self::Copy).
    #[default]
    Auto,
    /// The script, always.
    Take,
    /// The site: its own submit goes on, and we get a copy.
    Copy,
}

/// Which `Origin` values may post a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginRule {
    /// `["*"]`.
    Any,
    /// These, besides our own `public_url`; each as the browser writes it: `https://shop.example`, lower-case, no slash.
    Listed(Vec<String>),
}

/// The two languages of everything a visitor or an admin reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Russian, the default: our users are Russian-speaking shops.
    #[default]
    Ru,
    /// English.
    En,
}

impl Language {
    /// Picks the text of this language.
    pub fn pick<'a>(self, ru: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ru => ru,
            Self::En => en,
        }
    }

    /// The value for `lang` attributes and `_lang`.
    pub fn as_str(self) -> &'static str {
        self.pick("ru", "en")
    }

    /// Reads `ru`, `en`, also with a region (`en-GB`); `None` for other languages.
    pub fn parse(text: &str) -> Option<Self> {
        let primary = text.trim().split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ru") {
            Some(Self::Ru)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }
}

/// One field that a form declares.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSpec {
    /// The name under which templates and lists know it.
    pub name: String,
    /// What may be typed.
    pub kind: FieldKind,
    /// An empty value is a field error.
    pub required: bool,
    /// Other names under which a form may send it; compared without regard to case.
    pub from: Vec<String>,
    /// What the visitor reads beside the field.
    pub label: Option<String>,
    /// The most characters a text may have.
    pub max_length: Option<usize>,
}

/// What may be typed into a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A person's name; may hold digits.
    Name,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A decimal number.
    Number,
    /// A whole number.
    Integer,
    /// A day, `2026-11-21` or `21.11.2026`.
    Date,
    /// A tick.
    Boolean,
    /// One or more of these values; any when the list is empty.
    Choice(Vec<String>),
    /// A web address.
    Url,
    /// Text that the page fills, never the visitor.
    Hidden,
    /// A tick without which the form is refused when `required`.
    Consent,
}

/// One `[[forms.deliver]]`: which destination gets the form's leads, and how.
#[derive(Clone, Debug)]
pub struct DeliverRule {
    /// The destination.
    pub destination: DestinationId,
    /// What is made there.
    pub create: Create,
    /// How the customer is chosen.
    pub customer: CustomerMatching,
    /// The mapping `[forms.deliver.order]` as it is written; the destination's kind gives it meaning.
    pub order: toml::Table,
    /// The mapping `[forms.deliver.customer_fields]`, likewise.
    pub customer_fields: toml::Table,
}

/// What a delivery makes in the CRM.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Create {
    /// A customer (see [`CustomerMatching`]) and an order.
    #[default]
    Order,
    /// A customer only.
    Customer,
}

/// How the customer of an order is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerMatching {
    /// Found by phone or e-mail, else made.
    #[default]
    Match,
    /// Always made.
    New,
    /// The order goes without one; the CRM makes its own from the order's contact data.
    None,
}

/// All forms, swapped as a whole on a reload.
#[derive(Clone, Debug, Default)]
pub struct Forms(BTreeMap<FormId, Arc<Form>>);

impl Forms {
    /// The set of these forms; ids are unique (the config reader has checked).
    pub fn new(forms: impl IntoIterator<Item = Form>) -> Self {
        Self(
            forms
                .into_iter()
                .map(|form| (form.id.clone(), Arc::new(form)))
                .collect(),
        )
    }

    /// The form with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Form>> {
        self.0.get(id)
    }

    /// All forms, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Form>> {
        self.0.values()
    }
}
