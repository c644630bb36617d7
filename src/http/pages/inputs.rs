//! The inputs that our pages are made of. Each keeps its value exactly, line breaks included.

use maud::{Markup, html};

use crate::http::body::Pairs;
use crate::lead::FieldKind;

/// A value that travels along unseen.
pub(super) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// An idempotency key for a submission that has none: from this page on a double click makes one lead.
pub(super) fn id_if_absent(typed: &Pairs) -> Markup {
    let has_one = typed
        .iter()
        .any(|(name, value)| name == "_id" && !value.is_empty());
    html! {
        @if !has_one { (hidden("_id", &format!("{:032x}", rand::random::<u128>()))) }
    }
}

/// One visible input, with what a screen reader must be told of it.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// The HTML id; also the root of the id of its complaint.
    pub(super) id: &'a str,
    /// The name it is sent under.
    pub(super) name: &'a str,
    /// What was typed; several for a choice.
    pub(super) values: &'a [&'a str],
    /// Whether it may not stay empty.
    pub(super) required: bool,
    /// A complaint stands below it, under the id `{id}-error`.
    pub(super) is_wrong: bool,
}

impl Input<'_> {
    fn value(&self) -> &str {
        self.values.first().copied().unwrap_or_default()
    }

    fn described_by(&self) -> Option<String> {
        self.is_wrong.then(|| format!("{}-error", self.id))
    }

    fn is_invalid(&self) -> Option<&'static str> {
        self.is_wrong.then_some("true")
    }

    /// A line or, where the value has line breaks or is long, a box. The browser's own validation is off: ours has the last word anyway,
    /// and it knows Russian phones.
    pub(super) fn text(&self, kind: &FieldKind) -> Markup {
        let value = self.value();
        if value.contains(['\n', '\r']) || value.len() > 120 {
            return self.text_box();
        }
        let (kind, autocomplete) = match kind {
            FieldKind::Phone => ("tel", Some("tel")),
            FieldKind::Email => ("email", Some("email")),
            FieldKind::Name => ("text", Some("name")),
            FieldKind::Url => ("url", None),
            _ => ("text", None),
        };
        html! {
            input id=(self.id) type=(kind) name=(self.name) value=(value) autocomplete=[autocomplete]
                aria-required=[self.required.then_some("true")]
                aria-invalid=[self.is_invalid()] aria-describedby=[self.described_by()];
        }
    }

    fn text_box(&self) -> Markup {
        html! {
            // A parser of HTML drops the first line break of a box; this one is for it.
            textarea id=(self.id) name=(self.name) rows="5"
                aria-required=[self.required.then_some("true")]
                aria-invalid=[self.is_invalid()] aria-describedby=[self.described_by()] { "\n" (self.value()) }
        }
    }

    /// A tick before its label.
    pub(super) fn tick(&self, label: &str) -> Markup {
        let is_ticked = !matches!(
            self.value().trim().to_lowercase().as_str(),
            "" | "0" | "false" | "off" | "no" | "нет"
        );
        let value = if is_ticked { self.value() } else { "on" };
        html! {
            label.tick {
                input id=(self.id) type="checkbox" name=(self.name) value=(value) checked[is_ticked]
                    aria-required=[self.required.then_some("true")]
                    aria-invalid=[self.is_invalid()] aria-describedby=[self.described_by()];
                span { (label) }
            }
        }
    }

    /// One tick for each option: those of `options` and whatever else was sent. Several may be chosen where several were, or where the
    /// name says so.
    pub(super) fn choice(&self, options: &[String]) -> Markup {
        let others = self
            .values
            .iter()
            .copied()
            .filter(|value| !value.is_empty() && !options.iter().any(|option| option == value));
        let all: Vec<&str> = options.iter().map(String::as_str).chain(others).collect();
        let is_list = self.name.ends_with("[]") || self.values.len() > 1;
        let kind = if is_list { "checkbox" } else { "radio" };
        html! {
            div.options id=(self.id) tabindex="-1" {
                @for option in all {
                    label.tick {
                        input type=(kind) name=(self.name) value=(option) checked[self.values.contains(&option)]
                            aria-invalid=[self.is_invalid()] aria-describedby=[self.described_by()];
                        span { (option) }
                    }
                }
            }
        }
    }
}
