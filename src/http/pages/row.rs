//! One field of the page for field errors: which of what was typed belongs to it, and how it is shown.

use maud::{Markup, html};

use crate::http::body::Pairs;
use crate::http::pages::inputs::Input;
use crate::lead::{Attribution, FieldError, FieldErrors, FieldKind, FieldSpec, Form, Language};

/// A field that is shown, with what was typed into it.
pub(super) struct Row<'a> {
    id: String,
    name: &'a str,
    spec: Option<&'a FieldSpec>,
    values: Vec<&'a str>,
    error: Option<&'a FieldError>,
}

/// All rows: the declared fields in the form's order, then what else was typed, then what is missing altogether.
pub(super) fn rows<'a>(form: &'a Form, errors: &'a FieldErrors, typed: &'a Pairs) -> Vec<Row<'a>> {
    let declared = form
        .fields
        .iter()
        .filter(|spec| spec.kind != FieldKind::Hidden);
    let mut rows: Vec<Row<'a>> = declared
        .map(|spec| Row::declared(spec, errors, typed))
        .collect();
    let declared_rows = rows.len();
    for (name, value) in typed {
        let is_shown = rows[..declared_rows].iter().any(|row| row.name == name);
        if !is_shown && !travels_unseen(form, name) {
            rows.push(Row::other(name, vec![value], errors));
        }
    }
    for error in errors.0.iter().filter(|error| !error.field.is_empty()) {
        if !rows.iter().any(|row| row.has(error)) {
            rows.push(Row::other(&error.field, Vec::new(), errors));
        }
    }
    for (at, row) in rows.iter_mut().enumerate() {
        row.id = format!("field-{}", at + 1);
    }
    rows
}

/// Whether a name is sent again without being shown: controls, attribution, and fields that the form declares as hidden.
pub(super) fn travels_unseen(form: &Form, name: &str) -> bool {
    let is_hidden =
        |spec: &FieldSpec| spec.kind == FieldKind::Hidden && place(spec, name).is_some();
    name.starts_with('_')
        || Attribution::default().take(name, "")
        || form.fields.iter().any(is_hidden)
}

/// Which of a field's names the submitted name is: the declared one is 0. The same comparison as in [`crate::lead::Submission::into_lead`].
fn place(spec: &FieldSpec, name: &str) -> Option<usize> {
    let folded = |name: &str| {
        let lower = name.to_lowercase();
        lower.strip_suffix("[]").map(str::to_owned).unwrap_or(lower)
    };
    let name = folded(name);
    std::iter::once(&spec.name)
        .chain(&spec.from)
        .position(|known| folded(known) == name)
}

impl<'a> Row<'a> {
    /// Of several names under which the field was sent the first that has a value, as when it is checked.
    fn declared(spec: &'a FieldSpec, errors: &'a FieldErrors, typed: &'a Pairs) -> Self {
        let sent = typed.iter().filter_map(|(name, value)| {
            place(spec, name).map(|place| ((value.trim().is_empty(), place), name.as_str()))
        });
        let name = sent
            .min_by_key(|(order, _)| *order)
            .map_or(spec.name.as_str(), |(_, name)| name);
        Self {
            id: String::new(),
            name,
            spec: Some(spec),
            values: typed
                .iter()
                .filter(|(sent, _)| sent == name)
                .map(|(_, value)| value.as_str())
                .collect(),
            error: errors
                .0
                .iter()
                .find(|error| place(spec, &error.field).is_some()),
        }
    }

    fn other(name: &'a str, values: Vec<&'a str>, errors: &'a FieldErrors) -> Self {
        Self {
            id: String::new(),
            name,
            spec: None,
            values,
            error: errors.0.iter().find(|error| error.field == name),
        }
    }

    fn has(&self, error: &FieldError) -> bool {
        self.error.is_some_and(|mine| std::ptr::eq(mine, error))
    }

    /// The HTML id of its input.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Neither declared nor complained about: shown only to whom unfolds it.
    pub(super) fn is_folded(&self) -> bool {
        self.spec.is_none() && self.error.is_none()
    }

    /// What the visitor knows it by.
    pub(super) fn label(&self) -> &str {
        let declared = self.spec.and_then(|spec| spec.label.as_deref());
        let complained = self.error.and_then(|error| error.label.as_deref());
        declared.or(complained).unwrap_or(self.name)
    }

    /// The complaint about it.
    pub(super) fn message(&self, language: Language) -> Option<&'static str> {
        self.error.map(|error| error.code.message(language))
    }

    /// The input with its label and its complaint.
    pub(super) fn show(&self, language: Language) -> Markup {
        let message = self.message(language);
        let input = Input {
            id: &self.id,
            name: self.name,
            values: &self.values,
            required: self.spec.is_some_and(|spec| spec.required),
            is_wrong: message.is_some(),
        };
        html! {
            div.field.wrong[message.is_some()] {
                (self.labelled(input))
                @if let Some(message) = message { p.error id={ (self.id) "-error" } { (message) } }
            }
        }
    }

    fn labelled(&self, input: Input<'_>) -> Markup {
        match self.spec.map_or(&FieldKind::Text, |spec| &spec.kind) {
            FieldKind::Boolean | FieldKind::Consent => input.tick(self.label()),
            FieldKind::Choice(options) if !options.is_empty() => html! {
                fieldset {
                    legend { (self.label()) (self.star()) }
                    (input.choice(options))
                }
            },
            kind => html! {
                label for=(self.id) { (self.label()) (self.star()) }
                (input.text(kind))
            },
        }
    }

    /// The usual mark of a field that may not stay empty; the input itself says so to a screen reader.
    fn star(&self) -> Markup {
        html! {
            @if self.spec.is_some_and(|spec| spec.required) { span.star aria-hidden="true" { " *" } }
        }
    }
}
