//! What holds for every key that the example names: a wrong type, a stranger beside it and its absence are each told once, at its place.

use std::path::Path;

use toml::{Table, Value};

use crate::config::example::tests::{OWN, all_in_use};
use crate::config::{Config, document};

/// The keys that have no default, besides the name of a field; a user and a password need each other.
const REQUIRED: [&str; 15] = [
    "admin.users[0].name",
    "admin.users[0].password_hash",
    "alerts.email.host",
    "alerts.email.user",
    "alerts.email.password",
    "alerts.email.from",
    "alerts.email.to",
    "alerts.webhooks[0].url",
    "alerts.webhooks[0].secret",
    "destinations[0].id",
    "destinations[0].kind",
    "destinations[0].url",
    "destinations[0].api_key",
    "forms[0].id",
    "forms[0].capture.selector",
];

fn document() -> Table {
    document::parse(&all_in_use()).expect("valid with every key in use")
}

/// The key paths of the problems of a document.
fn told(document: &Table) -> Vec<String> {
    let text = toml::to_string(document).expect("written as TOML");
    match Config::parse(&text, Path::new("config.toml")) {
        Ok(_) => Vec::new(),
        Err(refused) => refused
            .problems
            .into_iter()
            .map(|problem| problem.key_path)
            .collect(),
    }
}

/// The paths of all tables and all keys of a document, the operator's own tables left out.
fn paths(document: &Table) -> (Vec<String>, Vec<String>) {
    let (mut tables, mut keys) = (vec![String::new()], Vec::new());
    gather(document, "", &mut tables, &mut keys);
    (tables, keys)
}

fn gather(table: &Table, path: &str, tables: &mut Vec<String>, keys: &mut Vec<String>) {
    for (key, value) in table {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        keys.push(path.clone());
        if OWN.contains(&path.replace("[0]", "[]").as_str()) {
            continue;
        }
        let inner = match value {
            Value::Table(table) => vec![(path.clone(), table)],
            Value::Array(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| Some((format!("{path}[{index}]"), item.as_table()?)))
                .collect(),
            _ => Vec::new(),
        };
        for (path, table) in inner {
            tables.push(path.clone());
            gather(table, &path, tables, keys);
        }
    }
}

/// The table at a path such as `forms[0].fields[1]`.
fn table_at<'a>(document: &'a mut Table, path: &str) -> &'a mut Table {
    path.split('.')
        .filter(|step| !step.is_empty())
        .fold(document, |table, step| {
            let (key, index) = step
                .trim_end_matches(']')
                .split_once('[')
                .unwrap_or((step, ""));
            let value = table.get_mut(key).expect("the key");
            let value = if index.is_empty() {
                value
            } else {
                &mut value[index.parse::<usize>().expect("an index")]
            };
            value.as_table_mut().expect("a table")
        })
}

/// The table around a key, and the key.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

#[test]
fn a_value_of_another_type_is_told_once_at_its_own_key() {
    let good = document();
    for path in paths(&good).1 {
        let mut bad = good.clone();
        let (table, key) = split(&path);
        table_at(&mut bad, table).insert(key.to_owned(), Value::Float(1.5));
        let told = told(&bad);
        // A field whose kind is unknown is no choice, so its options are complained of too; without a destination nothing can be delivered.
        let knock_on = |told: &String| {
            path.ends_with(".kind") && told.ends_with(".options") || path == "destinations"
        };
        let (own, others): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| *told == path);
        assert_eq!(own.len(), 1, "{path}");
        assert!(others.iter().all(knock_on), "{path}: {others:?}");
    }
}

#[test]
fn a_key_that_nobody_knows_is_told_in_every_block() {
    let good = document();
    for table in paths(&good).0 {
        let mut bad = good.clone();
        table_at(&mut bad, &table).insert("zzzz".to_owned(), Value::Boolean(true));
        let expected = if table.is_empty() {
            "zzzz".to_owned()
        } else {
            format!("{table}.zzzz")
        };
        assert_eq!(told(&bad), [expected]);
    }
}

#[test]
fn only_required_keys_are_missed() {
    let good = document();
    for path in paths(&good).1 {
        let mut less = good.clone();
        let (table, key) = split(&path);
        table_at(&mut less, table).remove(key);
        let told = told(&less);
        if REQUIRED.contains(&path.as_str())
            || path.starts_with("forms[0].fields[") && path.ends_with("].name")
        {
            assert_eq!(told, [path]);
        } else if path == "destinations" {
            assert_eq!(told, ["forms[0].deliver[0].destination"]);
        } else if path.ends_with(".kind") && path.starts_with("forms") {
            assert!(
                told.iter().all(|told| told.ends_with(".options")),
                "{path}: {told:?}"
            );
        } else {
            assert_eq!(told, [""; 0], "{path}");
        }
    }
}
