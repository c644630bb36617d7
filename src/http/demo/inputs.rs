//! The inputs of the two forms, each with an empty place beside it where the script puts what is wrong with it.

use maud::{Markup, html};

/// A line, a date or a number.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// The id of the form; the root of the ids of its inputs.
    pub(super) form: &'a str,
    /// The name it is sent under.
    pub(super) name: &'a str,
    /// What the visitor reads above it.
    pub(super) label: &'a str,
    /// The type of the input.
    pub(super) kind: &'a str,
    /// What a browser may fill in.
    pub(super) autocomplete: &'a str,
    /// Whether it may not stay empty.
    pub(super) required: bool,
    /// An example, shown below the input.
    pub(super) hint: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// An optional line of text that no browser fills in.
    pub(super) fn new(form: &'a str, name: &'a str, label: &'a str) -> Self {
        Self {
            form,
            name,
            label,
            kind: "text",
            autocomplete: "off",
            required: false,
            hint: None,
        }
    }

    /// The same with another type and with what a browser may fill in.
    pub(super) fn filled_by(self, kind: &'a str, autocomplete: &'a str) -> Self {
        Self {
            kind,
            autocomplete,
            ..self
        }
    }

    pub(super) fn show(&self) -> Markup {
        let id = id(self.form, self.name);
        // A number is a plain line with a number pad: an input of the type number hides from us what it cannot read.
        let (kind, mode) = match self.kind {
            "number" => ("text", Some("numeric")),
            kind => (kind, None),
        };
        html! {
            div.field {
                label for=(id) { (self.label) @if self.required { span.star aria-hidden="true" { " *" } } }
                input id=(id) type=(kind) name=(self.name) inputmode=[mode] autocomplete=(self.autocomplete)
                    required[self.required] aria-describedby=(described_by(&id, self.hint));
                @if let Some(hint) = self.hint { p.hint id={ (id) "-hint" } { (hint) } }
                (complaint(&id, self.name))
            }
        }
    }
}

/// A box for a longer text.
pub(super) fn text_box(form: &str, name: &str, label: &str) -> Markup {
    let id = id(form, name);
    html! {
        div.field.wide {
            label for=(id) { (label) }
            textarea id=(id) name=(name) rows="3" aria-describedby=(described_by(&id, None)) {}
            (complaint(&id, name))
        }
    }
}

/// One of several; each option is what is sent and what is shown.
pub(super) fn select(form: &str, name: &str, label: &str, options: &[(&str, &str)]) -> Markup {
    let id = id(form, name);
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) aria-describedby=(described_by(&id, None)) {
                @for (value, shown) in options { option value=(value) { (shown) } }
            }
            (complaint(&id, name))
        }
    }
}

/// Any of several; each option is what is sent and what is shown.
pub(super) fn ticks(form: &str, name: &str, label: &str, options: &[(&str, &str)]) -> Markup {
    let id = id(form, name);
    html! {
        fieldset.field.wide id=(id) aria-describedby=(described_by(&id, None)) {
            legend { (label) }
            div.ticks {
                @for (value, shown) in options {
                    label.tick { input type="checkbox" name=(name) value=(value); span { (shown) } }
                }
            }
            (complaint(&id, name))
        }
    }
}

/// A tick that the visitor must set.
pub(super) fn consent(form: &str, name: &str, label: &str) -> Markup {
    let id = id(form, name);
    html! {
        div.field.wide {
            label.tick.plain {
                input id=(id) type="checkbox" name=(name) value="on" required
                    aria-describedby=(described_by(&id, None));
                span { (label) }
            }
            (complaint(&id, name))
        }
    }
}

/// The trap for programs that fill in everything; out of sight, out of the tab order and out of what screen readers tell.
pub(super) fn trap(form: &str, label: &str) -> Markup {
    let id = id(form, "gotcha");
    html! {
        div.trap aria-hidden="true" {
            label for=(id) { (label) }
            input id=(id) type="text" name="_gotcha" tabindex="-1" autocomplete="off";
        }
    }
}

/// A control that travels along unseen.
pub(super) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

fn id(form: &str, name: &str) -> String {
    format!("{form}-{name}")
}

fn described_by(id: &str, hint: Option<&str>) -> String {
    match hint {
        Some(_) => format!("{id}-hint {id}-error"),
        None => format!("{id}-error"),
    }
}

/// Where the script says what is wrong with the field `name`.
fn complaint(id: &str, name: &str) -> Markup {
    html! { p.error id={ (id) "-error" } data-leadgate-error=(name) {} }
}
