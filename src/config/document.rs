//! The text of the config as a document: where a syntax error is, and in which order the keys stand.

use std::collections::HashMap;

use toml::{Table, Value};

use crate::config::Problem;

/// Parses the text; a syntax error is told with line and column.
pub(crate) fn parse(text: &str) -> Result<Table, Problem> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let place = error.span().map_or_else(String::new, |span| {
            let before = text.get(..span.start).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            format!("line {line}, column {column}: ")
        });
        Problem {
            key_path: String::new(),
            message: format!("{place}{}", error.message()),
        }
    })
}

/// Puts problems in the order in which their keys stand in the document; a missing key stands at the head of its block.
pub(crate) fn sort(problems: &mut [Problem], document: &Table) {
    let mut places = HashMap::new();
    number(document, "", &mut places);
    problems.sort_by_key(|problem| place(&problem.key_path, &places));
}

/// Numbers every key of a table and what is under it.
fn number(table: &Table, path: &str, places: &mut HashMap<String, usize>) {
    for (key, value) in table {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        number_value(value, path, places);
    }
}

fn number_value(value: &Value, path: String, places: &mut HashMap<String, usize>) {
    places.insert(path.clone(), places.len() + 1);
    match value {
        Value::Table(table) => number(table, &path, places),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                number_value(item, format!("{path}[{index}]"), places);
            }
        }
        _ => {}
    }
}

/// The number of the key or of the nearest block around it that is in the document.
fn place(path: &str, places: &HashMap<String, usize>) -> usize {
    let mut path = path;
    loop {
        if let Some(place) = places.get(path) {
            return *place;
        }
        match path.rfind(['.', '[']) {
            Some(end) => path = path.get(..end).unwrap_or_default(),
            None => return 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_is_told_with_line_and_column() {
        let problem = parse("[server]\nlisten = = 1\n").expect_err("broken");
        assert!(
            problem.message.starts_with("line 2, column 10: "),
            "{}",
            problem.message
        );
    }

    #[test]
    fn a_key_written_twice_is_a_syntax_error_at_its_second_place() {
        let problem = parse("[server]\nlisten = \"a\"\nlisten = \"b\"\n").expect_err("duplicate");
        assert!(
            problem.message.starts_with("line 3, column 1: "),
            "{}",
            problem.message
        );
    }

    #[test]
    fn problems_stand_in_the_order_of_the_document() {
        let document = parse("[b]\nx = 1\n[[a]]\ny = 1\nz = { q = 2 }").expect("a document");
        let mut problems =
            ["a[0].z.q", "a[0].missing", "a[0].y", "b.x", "nowhere"].map(|path| Problem {
                key_path: path.to_owned(),
                message: String::new(),
            });
        sort(&mut problems, &document);
        assert_eq!(
            problems.map(|problem| problem.key_path),
            ["nowhere", "b.x", "a[0].missing", "a[0].y", "a[0].z.q"]
        );
    }
}
