//! The words of a template that the engine looks up only when it gets to them: filters, tests, functions.
//!
//! The engine's own syntax tree is not public, so this reads the code between braces once more, word by word. It runs after
//! the engine has accepted the syntax and needs to know no more of it than strings, names and signs.

use std::collections::BTreeSet;

use minijinja::{Environment, Error, ErrorKind};

use crate::lead::template::CONTEXT_NAMES;

/// One word of the code between braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    /// A name or keyword.
    Name(&'a str),
    /// What stands between quotes, escapes untouched.
    Quoted(&'a str),
    /// Any other character.
    Sign(char),
}

/// Refuses a template that uses a filter, test or function which does not exist. `names` are its undeclared root names.
pub(super) fn check(
    source: &str,
    names: &BTreeSet<String>,
    rules: &Environment<'_>,
) -> Result<(), Error> {
    for code in code_sections(source) {
        let words = words(code);
        for (at, word) in words.iter().enumerate() {
            let Word::Name(name) = word else { continue };
            let before = |n: usize| at.checked_sub(n).map(|at| words[at]);
            let is_test = |n| before(n) == Some(Word::Name("is"));
            if before(1) == Some(Word::Sign('|')) && !has_filter(rules, name) {
                return Err(Error::new(
                    ErrorKind::UnknownFilter,
                    format!("there is no filter {name}"),
                ));
            }
            let after_not = before(1) == Some(Word::Name("not")) && is_test(2);
            if (is_test(1) && *name != "not" || after_not) && !has_test(rules, name) {
                return Err(Error::new(
                    ErrorKind::UnknownTest,
                    format!("there is no test {name}"),
                ));
            }
            let called = words.get(at + 1) == Some(&Word::Sign('('));
            let free =
                !matches!(before(1), Some(Word::Sign('|' | '.'))) && !is_test(1) && !after_not;
            if called
                && free
                && names.contains(*name)
                && !rules.globals().any(|(known, _)| known == *name)
            {
                return Err(Error::new(
                    ErrorKind::UnknownFunction,
                    format!("there is no function {name}"),
                ));
            }
        }
    }
    Ok(())
}

/// The field that an expression names, if it does nothing else: `city`, `fields.city`, `fields["your-name"]`.
pub(super) fn field_alone(expression: &str) -> Option<&str> {
    let plain = |name: &&str| !CONTEXT_NAMES.contains(name) && !is_literal(name);
    match words(expression).as_slice() {
        [Word::Name(name)] => Some(*name).filter(plain),
        [Word::Name("fields"), Word::Sign('.'), Word::Name(name)] => Some(name),
        [
            Word::Name("fields"),
            Word::Sign('['),
            Word::Quoted(name),
            Word::Sign(']'),
        ] if !name.contains('\\') => Some(name),
        _ => None,
    }
}

fn is_literal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
        || [
            "true", "True", "false", "False", "none", "None", "loop", "self",
        ]
        .contains(&name)
        || ["range", "dict", "namespace", "debug"].contains(&name)
}

fn has_filter(rules: &Environment<'_>, name: &str) -> bool {
    let asked = rules.empty_state().apply_filter(name, &[]);
    !asked.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter)
}

fn has_test(rules: &Environment<'_>, name: &str) -> bool {
    let asked = rules.empty_state().perform_test(name, &[]);
    !asked.is_err_and(|error| error.kind() == ErrorKind::UnknownTest)
}

/// The code of every `{{ }}` and `{% %}`, without braces; comments and raw blocks left out.
fn code_sections(source: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        let (opening, code) = match rest.as_bytes().get(at + 1) {
            Some(b'{') => ("}}", &rest[at + 2..]),
            Some(b'%') => ("%}", &rest[at + 2..]),
            Some(b'#') => ("#}", &rest[at + 2..]),
            _ => {
                rest = &rest[at + 1..];
                continue;
            }
        };
        let end = if opening == "#}" {
            code.find(opening)
        } else {
            end_of_code(code, opening)
        };
        let end = end.unwrap_or(code.len());
        if opening != "#}" {
            sections.push(&code[..end]);
        }
        rest = code.get(end + 2..).unwrap_or_default();
        if opening == "%}" && code[..end].trim_matches(['-', '+', ' ']) == "raw" {
            rest = rest.find("endraw").map_or("", |end| &rest[end..]);
        }
    }
    sections
}

/// Where the closing braces stand, not counting those between quotes.
fn end_of_code(code: &str, closing: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in code.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if code[at..].starts_with(closing) => return Some(at),
            None => {}
        }
    }
    None
}

fn words(code: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = if is_name_char(c) {
            let length = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
            words.push(Word::Name(&rest[..length]));
            length
        } else if c == '"' || c == '\'' {
            let inner = &rest[1..];
            let length = end_of_quote(inner, c);
            words.push(Word::Quoted(&inner[..length]));
            (length + 2).min(rest.len())
        } else {
            words.push(Word::Sign(c));
            c.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    words
}

fn end_of_quote(inner: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        if !escaped && c == quote {
            return at;
        }
        escaped = !escaped && c == '\\';
    }
    inner.len()
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
