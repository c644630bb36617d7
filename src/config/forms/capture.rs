//! The block `[forms.capture]`: how the script finds a form in a page.

use std::collections::BTreeMap;

use toml::Value;

use crate::config::reader::Block;
use crate::config::values;
use crate::lead::{Capture, CaptureMode};

/// The words of `mode`.
const MODES: &[(&str, CaptureMode)] =
    &[("form", CaptureMode::Form), ("button", CaptureMode::Button)];

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
    let js = js(&mut block);
    block.finish();
    Some(Capture {
        mode,
        selector: selector?,
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
