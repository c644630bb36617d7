//! The block `[forms.capture]`: how the script finds a form in a page.

use std::collections::BTreeMap;

use toml::Value;

use crate::config::reader::Block;
use crate::config::values;
use crate::http::script;
use crate::lead::{Capture, CaptureMode, CaptureSubmit};

/// The words of `mode`.
const MODES: &[(&str, CaptureMode)] =
    &[("form", CaptureMode::Form), ("button", CaptureMode::Button)];

/// The words of `submit`.
const SUBMIT: &[(&str, CaptureSubmit)] = &[
    ("auto", CaptureSubmit::Auto),
    ("take", CaptureSubmit::Take),
    ("copy", CaptureSubmit::Copy),
];

/// Reads the block; `None` when it is not there or a problem was noted.
pub(crate) fn read(mut block: Block<'_>) -> Option<Capture> {
    let there = block.is_there();
    let mode = block.value_or("mode", CaptureMode::default(), values::word(MODES));
    let selector = block.optional("selector", values::text);
    if there && block.value("selector").is_none() {
        block.problem(
            "selector",
            "is missing; write a CSS selector such as \"#callback\"",
        );
    }
    let submit = block.value_or("submit", CaptureSubmit::default(), values::word(SUBMIT));
    let js = js(&mut block);
    block.finish();
    Some(Capture {
        mode,
        selector: selector?,
        submit,
        js,
    })
}

/// `[forms.capture.js]`: field name -> body of a function.
fn js(block: &mut Block<'_>) -> BTreeMap<String, String> {
    let table = block.optional("js", values::table).unwrap_or_default();
    let mut functions = BTreeMap::new();
    for (name, body) in &table {
        match js_body(body) {
            Ok(body) => {
                if let Err(error) = script::check_body(&body) {
                    let message = format!(
                        "is no body of a JavaScript function: {error}; mend it, for instance \"return document.title\""
                    );
                    block.problem(&format!("js.{name}"), message);
                }
                functions.insert(name.clone(), body);
            }
            Err(mistake) => block.problem(&format!("js.{name}"), mistake),
        }
    }
    functions
}

fn js_body(value: &Value) -> Result<String, crate::config::mistake::Mistake> {
    values::parsed(value, "the body of a function in quotes", |text| {
        (!text.trim().is_empty()).then(|| text.to_owned())
    })
}
