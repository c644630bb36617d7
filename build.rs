//! Makes the page script small: joins `static/leadgate/*.js` and writes `leadgate.js`, the script up to its arguments, where
//! `src/http/script/mod.rs` includes it.
//!
//! Here and not at a start, because the source is known now: a broken script is a failed build, and the minifier, the largest library of
//! all, is compiled without optimising and is no part of the binary.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// Where the source is.
const DIRECTORY: &str = "static/leadgate";

/// The parts of the source, in the order in which they are joined.
const PARTS: [&str; 6] = [
    "start.js",
    "storage.js",
    "send.js",
    "show.js",
    "capture.js",
    "api.js",
];

/// What stands where the rules and the gate's address will be, which only the running gate knows.
const PLACEHOLDERS: &str = "(LEADGATE_RULES,LEADGATE_HOME)";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DIRECTORY}");
    let mut joined = String::new();
    for part in PARTS {
        let path = format!("{DIRECTORY}/{part}");
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        joined.push_str(&text);
        joined.push('\n');
    }
    let whole = format!("(function(rules,home){{\"use strict\";\n{joined}}}){PLACEHOLDERS};");
    let small = minified(&whole)?;
    let end = small
        .rfind(PLACEHOLDERS)
        .ok_or("the minifier has changed the script's arguments")?;
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: cargo runs this")?;
    fs::write(PathBuf::from(out).join("leadgate.js"), &small[..end])?;
    Ok(())
}

/// Without comments, with short names for what is inside the script's functions.
fn minified(source: &str) -> Result<String, String> {
    let allocator = Allocator::default();
    let mut parsed = Parser::new(&allocator, source, SourceType::script()).parse();
    if let Some(error) = parsed.diagnostics.errors().next() {
        let offset = error
            .labels
            .first()
            .map_or(0, |label| label.offset() as usize);
        let place = source.get(offset..).and_then(|rest| rest.lines().next());
        let place = place.unwrap_or_default();
        return Err(format!("{DIRECTORY}: {} at `{place}`", error.message));
    }
    let small = Minifier::new(MinifierOptions::default()).minify(&allocator, &mut parsed.program);
    Ok(Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(small.scoping)
        .build(&parsed.program)
        .code)
}
