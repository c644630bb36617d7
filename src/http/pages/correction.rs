//! The page for field errors: the form once more, filled in as it was, with each complaint beside its field.
//!
//! It shows the fields that the form declares, and every other field that is complained about; the rest of what was typed stands folded
//! below, so that a visitor can see that nothing is lost. Controls (`_id`, `_next`, ...) travel along unseen.

use maud::{Markup, html};

use crate::http::body::Pairs;
use crate::http::pages::inputs::{self, Input};
use crate::http::pages::{Look, document};
use crate::http::problem::{Problem, field_message};
use crate::lead::{FieldError, FieldErrors, FieldKind, FieldSpec, Form, Language};

/// The page; it posts to the address it stands at.
pub fn correction(look: &Look<'_>, form: &Form, errors: &FieldErrors, typed: &Pairs) -> Markup {
    let text = Problem::Invalid(FieldErrors(Vec::new())).text(look.language);
    let rows = rows(form, errors, typed);
    let content = html! {
        p.eyebrow { (form.title) }
        h1 { (text.title) }
        (summary(look.language, text.remedy, &rows))
        form method="post" novalidate {
            (inputs::id_if_absent(typed))
            @for (name, value) in unseen(form, typed) { (inputs::hidden(name, value)) }
            @for row in rows.iter().filter(|row| !row.is_folded()) { (row.show(look.language)) }
            @if rows.iter().any(Row::is_folded) {
                details {
                    summary { (look.language.pick("Остальное из вашей формы", "The rest of your form")) }
                    @for row in rows.iter().filter(|row| row.is_folded()) { (row.show(look.language)) }
                }
            }
            button { (look.language.pick("Отправить", "Send")) }
        }
    };
    document(look, text.title, &content)
}

/// One field of the page.
#[derive(Debug)]
struct Row<'a> {
    id: String,
    name: &'a str,
    spec: Option<&'a FieldSpec>,
    values: Vec<&'a str>,
    error: Option<&'a FieldError>,
}

fn rows<'a>(form: &'a Form, errors: &'a FieldErrors, typed: &'a Pairs) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    let seen = form
        .fields
        .iter()
        .filter(|spec| spec.kind != FieldKind::Hidden);
    for spec in seen {
        let sent: Vec<&(String, String)> = typed
            .iter()
            .filter(|(name, _)| answers(spec, name))
            .collect();
        let error = errors.0.iter().find(|error| answers(spec, &error.field));
        let filled = sent.iter().find(|(_, value)| !value.is_empty());
        let name = filled
            .or(sent.first())
            .map_or(spec.name.as_str(), |(name, _)| name.as_str());
        let values = sent
            .iter()
            .filter(|(sent, _)| sent == name)
            .map(|(_, value)| value.as_str())
            .collect();
        rows.push(Row::new(name, Some(spec), values, error));
    }
    for (name, value) in typed.iter().filter(|(name, _)| !name.starts_with('_')) {
        let shown = rows
            .iter()
            .any(|row| row.name == name && row.spec.is_some());
        if !shown && !is_hidden(form, name) && !is_attribution(name) {
            let error = errors.0.iter().find(|error| error.field == *name);
            rows.push(Row::new(name, None, vec![value], error));
        }
    }
    let missing = errors
        .0
        .iter()
        .filter(|error| !form.fields.iter().any(|spec| answers(spec, &error.field)));
    for error in missing {
        if !rows.iter().any(|row| row.name == error.field) {
            rows.push(Row::new(&error.field, None, Vec::new(), Some(error)));
        }
    }
    for (at, row) in rows.iter_mut().enumerate() {
        row.id = format!("field-{}", at + 1);
    }
    rows
}

/// What travels along unseen: controls, attribution, and fields that the form declares as hidden.
fn unseen<'a>(form: &'a Form, typed: &'a Pairs) -> impl Iterator<Item = &'a (String, String)> {
    typed
        .iter()
        .filter(|(name, _)| name.starts_with('_') || is_attribution(name) || is_hidden(form, name))
}

fn is_hidden(form: &Form, name: &str) -> bool {
    form.fields
        .iter()
        .any(|spec| spec.kind == FieldKind::Hidden && answers(spec, name))
}

fn is_attribution(name: &str) -> bool {
    name.starts_with("utm_") || matches!(name, "gclid" | "yclid" | "roistat_visit")
}

/// Whether a submitted name means this field.
fn answers(spec: &FieldSpec, name: &str) -> bool {
    let name = name.to_lowercase();
    std::iter::once(&spec.name)
        .chain(&spec.from)
        .any(|known| known.to_lowercase() == name)
}

/// Tells first what is wrong, with links to the fields. It takes the focus, so that a screen reader begins here.
fn summary(language: Language, remedy: &str, rows: &[Row<'_>]) -> Markup {
    html! {
        div.summary role="alert" tabindex="-1" autofocus {
            p { (remedy) }
            ul {
                @for row in rows {
                    @if let Some(error) = row.error {
                        li { a href={ "#" (row.id) } { (row.label()) } ": " (field_message(error.code, language)) }
                    }
                }
            }
        }
    }
}

impl<'a> Row<'a> {
    fn new(
        name: &'a str,
        spec: Option<&'a FieldSpec>,
        values: Vec<&'a str>,
        error: Option<&'a FieldError>,
    ) -> Self {
        Self {
            id: String::new(),
            name,
            spec,
            values,
            error,
        }
    }

    fn is_folded(&self) -> bool {
        self.spec.is_none() && self.error.is_none()
    }

    fn label(&self) -> &str {
        let declared = self.spec.and_then(|spec| spec.label.as_deref());
        let complained = self.error.and_then(|error| error.label.as_deref());
        declared.or(complained).unwrap_or(self.name)
    }

    fn show(&self, language: Language) -> Markup {
        let message = self.error.map(|error| field_message(error.code, language));
        let input = Input {
            id: &self.id,
            name: self.name,
            values: &self.values,
            required: self.spec.is_some_and(|spec| spec.required),
            error: message,
        };
        let kind = self.spec.map_or(&FieldKind::Text, |spec| &spec.kind);
        html! {
            div.field.wrong[message.is_some()] {
                @match kind {
                    FieldKind::Boolean | FieldKind::Consent => (input.tick(self.label())),
                    FieldKind::Choice(options) if !options.is_empty() => {
                        fieldset {
                            legend { (self.label()) (self.star()) }
                            (input.choice(options))
                        }
                    }
                    kind => {
                        label for=(self.id) { (self.label()) (self.star()) }
                        (input.text(kind))
                    }
                }
                @if let Some(message) = message { p.error id={ (self.id) "-error" } { (message) } }
            }
        }
    }

    /// The usual mark of a field that may not stay empty; the input itself says so to a screen reader.
    fn star(&self) -> Markup {
        html! {
            @if self.spec.is_some_and(|spec| spec.required) { span.star aria-hidden="true" { " *" } }
        }
    }
}
