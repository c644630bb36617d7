//! The rules of the captured forms as the script reads them; the meaning of each key stands at the head of `static/leadgate/start.js`.

use serde_json::{Map, Value, json};

use crate::http::script::javascript;
use crate::lead::{Capture, CaptureMode, CaptureSubmit, FieldSpec, Form, Forms, OriginRule};

/// A list literal with one object for each form that has capture, in the order of their ids.
pub(super) fn list(forms: &Forms) -> String {
    let rules = forms
        .iter()
        .filter_map(|form| Some(rule(form, form.capture.as_ref()?)));
    format!("[{}]", rules.collect::<Vec<_>>().join(","))
}

fn rule(form: &Form, capture: &Capture) -> String {
    let mut plain = Map::new();
    plain.insert("i".into(), form.id.as_str().into());
    if let OriginRule::Listed(origins) = &form.origins {
        plain.insert("o".into(), json!(origins));
    }
    if capture.mode == CaptureMode::Button {
        plain.insert("b".into(), true.into());
    }
    plain.insert("s".into(), capture.selector.as_str().into());
    if let Some(submit) = submit(capture.submit) {
        plain.insert("t".into(), submit.into());
    }
    plain.insert("l".into(), form.language.as_str().into());
    if !form.fields.is_empty() {
        plain.insert("f".into(), form.fields.iter().map(names).collect());
    }
    if form.roistat_key.is_some() {
        plain.insert("r".into(), true.into());
    }
    let plain = Value::Object(plain).to_string();
    match functions(capture) {
        None => plain,
        Some(functions) => format!("{},\"j\":{functions}}}", plain.trim_end_matches('}')),
    }
}

fn submit(submit: CaptureSubmit) -> Option<&'static str> {
    match submit {
        CaptureSubmit::Auto => None,
        CaptureSubmit::Take => Some("take"),
        CaptureSubmit::Copy => Some("copy"),
    }
}

/// The names of a field in lower case, without the brackets of lists; its own is the first.
fn names(field: &FieldSpec) -> Value {
    let names = std::iter::once(&field.name).chain(&field.from);
    let mut folded = Vec::new();
    for name in names {
        let name = name.to_lowercase();
        let name = name.strip_suffix("[]").unwrap_or(&name).to_owned();
        if !folded.contains(&name) {
            folded.push(name);
        }
    }
    json!(folded)
}

/// The value functions as an object of functions; the config reader has found that each is one.
fn functions(capture: &Capture) -> Option<String> {
    let list: Vec<String> = capture
        .js
        .iter()
        .map(|(name, body)| {
            format!(
                "{}:{}",
                Value::from(name.as_str()),
                javascript::function(body)
            )
        })
        .collect();
    (!list.is_empty()).then(|| format!("{{{}}}", list.join(",")))
}
