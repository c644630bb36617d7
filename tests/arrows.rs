//! The rules of the house that a compiler does not keep: who may use whom, where a crate may be named, what every file begins with.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order of `lib.rs`; each may use those before it. The leaves come first, and use nothing of ours.
const ROOMS: [&str; 15] = [
    "clock",
    "secret",
    "telemetry",
    "metrics",
    "lead",
    "delivery",
    "store",
    "destination",
    "intake",
    "dispatch",
    // After dispatch, whose outlook it watches; before http, whose admin shows its troubles.
    "alerts",
    "http",
    "config",
    "app",
    "cli",
];

/// May be used by assembly and commands only, and uses nothing of ours.
const SIMULATOR: &str = "simulator";

/// Crates that only these rooms may name.
const ONLY_IN: [(&str, &[&str]); 22] = [
    ("actix_web", &["http", "app", SIMULATOR]),
    ("argon2", &["http", "cli", "config"]),
    ("clap", &["cli"]),
    ("flate2", &["http"]),
    ("governor", &["http"]),
    ("hmac", &["alerts"]),
    ("lettre", &["alerts"]),
    ("lz4_flex", &["store"]),
    ("maud", &["http", SIMULATOR]),
    ("minijinja", &["lead"]),
    ("oxc_allocator", &["http"]),
    ("oxc_ast", &["http"]),
    ("oxc_diagnostics", &["http"]),
    ("oxc_parser", &["http"]),
    ("oxc_semantic", &["http"]),
    ("oxc_span", &["http"]),
    ("phonenumber", &["lead"]),
    ("prometheus_client", &["metrics"]),
    ("reqwest", &["destination"]),
    ("sled", &["store"]),
    ("toml", &["config", "lead", "destination"]),
    ("validator", &["lead"]),
];

/// The guide number for a file; tests of a module stand in files of their own.
const LONGEST_FILE: usize = 400;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(
        found.len() > 50,
        "the sources are read from {}",
        root.display()
    );
    found
}

fn collect(root: &Path, directory: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let inside = path.strip_prefix(root).expect("inside").to_owned();
            let first = inside
                .components()
                .next()
                .expect("a name")
                .as_os_str()
                .to_string_lossy()
                .into_owned();
            found.push(Source {
                path: inside,
                room: first.trim_end_matches(".rs").to_owned(),
                text,
            });
        }
    }
}

/// The code without comments, and without the test module at its end: tests may look anywhere.
fn code(text: &str) -> String {
    let production = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = production
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The rooms that a piece of code names through `crate::x` and `crate::{x, y::z}`.
fn rooms_used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for part in code.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            Some(list) => used.extend(top_names(list)),
            None => used.push(name_at_start(part)),
        }
    }
    used
}

fn name_at_start(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first segments in a braced list, nested braces passed over.
fn top_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut current) = (0_usize, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut current)),
            _ if depth == 0 => current.push(c),
            _ => {}
        }
    }
    names.push(current);
    names
        .iter()
        .map(|name| name_at_start(name.trim()))
        .filter(|name| !name.is_empty())
        .collect()
}

fn place(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

fn is_test_file(source: &Source) -> bool {
    source
        .path
        .components()
        .any(|part| part.as_os_str().to_string_lossy().contains("tests"))
}

#[test]
fn every_arrow_between_rooms_runs_from_left_to_right() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !is_test_file(source)) {
        for used in rooms_used(&code(&source.text)) {
            let allowed = match (place(&source.room), place(&used)) {
                _ if used == source.room => true,
                (Some(at), Some(target)) => target < at && (at > 3),
                (Some(at), None) if used == SIMULATOR => ROOMS[at] == "cli",
                // lib.rs and main.rs name everybody; a lower-case name that is no room is a macro or an item of the crate root.
                (None, _) => source.room != SIMULATOR,
                (Some(_), None) => true,
            };
            if !allowed {
                wrong.push(format!("{} uses crate::{used}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_crate_that_belongs_to_one_room_is_named_in_no_other() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !is_test_file(source)) {
        let code = code(&source.text);
        for (name, rooms) in ONLY_IN {
            let named = code.contains(&format!("{name}::"));
            let is_part_of_another_name = code.contains(&format!("_{name}::"));
            if named && !is_part_of_another_name && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn domain_rooms_do_no_io_and_read_no_clock() {
    for source in sources()
        .iter()
        .filter(|source| ["lead", "delivery"].contains(&source.room.as_str()))
    {
        let code = code(&source.text);
        for word in [
            "std::fs",
            "std::net::Tcp",
            "tokio::",
            "crate::clock",
            "std::env",
        ] {
            assert!(
                !code.contains(word),
                "{} names {word}",
                source.path.display()
            );
        }
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{}", source.path.display());
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads_at_once() {
    let long: BTreeMap<_, _> = sources()
        .into_iter()
        .map(|source| (source.path.clone(), source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn paths_are_written_from_the_crate_so_that_these_tests_can_read_them() {
    for source in sources() {
        assert!(
            !source.text.contains("super::super"),
            "{}",
            source.path.display()
        );
    }
}

#[test]
fn every_crm_has_the_same_files_a_block_in_the_example_a_simulator_and_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(root.join("config.example.toml")).expect("the example");
    let mut crms = 0;
    for entry in fs::read_dir(root.join("src/destination")).expect("a directory") {
        let path = entry.expect("an entry").path();
        if !path.is_dir() {
            continue;
        }
        crms += 1;
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for part in ["mod", "settings", "mapping", "api"] {
            let file =
                path.join(format!("{part}.rs")).exists() || path.join(part).join("mod.rs").exists();
            assert!(file, "{name} has no {part}");
        }
        assert!(
            example.contains(&format!("kind = \"{name}\"")),
            "{name} has no block in config.example.toml"
        );
        assert!(
            root.join("src/config/destinations")
                .join(format!("{name}.rs"))
                .exists(),
            "{name} has no keys"
        );
        assert!(
            root.join("tests").join(&name).exists(),
            "{name} has no tests"
        );
    }
    assert!(crms > 0);
}

#[test]
fn these_tests_would_notice_a_wrong_arrow() {
    assert_eq!(
        rooms_used("use crate::{store::{Store, query}, lead::Lead};\ncrate::http::x()"),
        ["store", "lead", "http"]
    );
    assert!(place("store") < place("http"));
    assert_eq!(
        code("use a;\n// crate::http\n#[cfg(test)]\nmod tests {\ncrate::cli"),
        "use a;"
    );
}
