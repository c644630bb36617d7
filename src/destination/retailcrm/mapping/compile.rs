//! A mapping as it is written in the config: every key is looked up in the table of fields, every fixed value is tried, every text with braces is
//! a template. All mistakes are found here, at once, so that none is found by a lead.
//!
//! A list is written as its elements. One with `for_each = "item in items"` stands for as many as the form has sent rows.

use jiff::tz::TimeZone;

use crate::destination::registry::MappingProblem;
use crate::destination::retailcrm::fields::{self, CUSTOM_TYPES, Field, Kind, NoField};
use crate::destination::retailcrm::mapping::convert::{convert, expected};
use crate::destination::retailcrm::mapping::tree::{Element, Node, Tree, join};
use crate::destination::retailcrm::suggest::hint;
use crate::lead::Value;
use crate::lead::template::{Repetition, Template};

/// The key that repeats an element.
const FOR_EACH: &str = "for_each";

/// The reader of one mapping; gathers its mistakes.
pub(super) struct Compiler<'a> {
    /// All mistakes so far.
    pub(super) problems: &'a mut Vec<MappingProblem>,
}

impl Compiler<'_> {
    /// Reads the mapping of one entity; `path` is its key in the deliver block.
    pub(super) fn compile(
        &mut self,
        table: &toml::Table,
        fields: &'static [Field],
        path: &str,
    ) -> Tree {
        Tree(self.entries(table, Some(fields), path))
    }

    /// The entries of a table; without `fields` its keys are the account's (custom fields).
    fn entries(
        &mut self,
        table: &toml::Table,
        fields: Option<&'static [Field]>,
        path: &str,
    ) -> Vec<(String, Node)> {
        let mut entries = Vec::new();
        for (written, value) in table {
            let (key, below) = written
                .split_once('.')
                .map_or((written.as_str(), None), |(key, rest)| (key, Some(rest)));
            let path = join(path, key);
            let Some(kind) = self.kind(fields, key, &path) else {
                continue;
            };
            let wrapped;
            let value = match below {
                // A key with dots is a path: the same as nested tables.
                Some(rest) => {
                    wrapped = toml::Value::Table(
                        [(rest.to_owned(), value.clone())].into_iter().collect(),
                    );
                    &wrapped
                }
                None => value,
            };
            if let Some(node) = self.node(value, kind, &path) {
                self.add(&mut entries, key, node, &path);
            }
        }
        entries
    }

    fn kind(&mut self, fields: Option<&'static [Field]>, key: &str, path: &str) -> Option<Kind> {
        let Some(fields) = fields else {
            return Some(Kind::Open);
        };
        match fields::find(fields, key) {
            Ok(kind) => Some(kind),
            Err(NoField::Ours(remedy)) => self.problem(path, remedy),
            Err(NoField::Unknown(meant)) => {
                let text = format!(
                    "RetailCRM has no such field{}; a field of your own goes below customFields",
                    hint(meant)
                );
                self.problem(path, &text)
            }
        }
    }

    fn node(&mut self, value: &toml::Value, kind: Kind, path: &str) -> Option<Node> {
        match (value, kind) {
            (toml::Value::Table(table), Kind::Object(fields)) => {
                Some(Node::Object(self.entries(table, Some(fields), path)))
            }
            (toml::Value::Table(table), Kind::Custom) => {
                Some(Node::Object(self.custom_fields(table, path)))
            }
            (toml::Value::Table(table), Kind::Open) => {
                Some(Node::Object(self.entries(table, None, path)))
            }
            (toml::Value::Array(items), Kind::List(member)) => {
                Some(self.list(items, *member, path))
            }
            (toml::Value::Array(items), Kind::Open) => Some(self.list(items, kind, path)),
            (_, Kind::Object(_) | Kind::Custom) => {
                self.problem(path, "is an object; write its fields as a table")
            }
            (toml::Value::Table(_), Kind::List(_)) => self.problem(
                path,
                "is a list; write it in brackets, or as [[...]] tables",
            ),
            (toml::Value::Table(_) | toml::Value::Array(_), _) => {
                self.problem(path, "takes one value")
            }
            (toml::Value::String(text), _) if has_braces(text) => match Template::parse(text) {
                Ok(template) => Some(Node::Computed(template, kind)),
                Err(error) => self.problem(path, &format!("the template cannot be read: {error}")),
            },
            (literal, Kind::List(member)) if is_plain(*member) => {
                Some(self.list(std::slice::from_ref(literal), *member, path))
            }
            (literal, _) => self.literal(literal, kind, path),
        }
    }

    /// The account's own fields; `{ type = "date", value = "{{ day }}" }` tells the type of one.
    fn custom_fields(&mut self, table: &toml::Table, path: &str) -> Vec<(String, Node)> {
        let nodes = table.iter().filter_map(|(code, value)| {
            let path = join(path, code);
            let node = match value {
                toml::Value::Table(typed) => self.typed(typed, &path)?,
                value => self.node(value, Kind::Open, &path)?,
            };
            Some((code.clone(), node))
        });
        nodes.collect()
    }

    fn typed(&mut self, table: &toml::Table, path: &str) -> Option<Node> {
        let word = table.get("type").and_then(toml::Value::as_str);
        let (Some(word), Some(value), 2) = (word, table.get("value"), table.len()) else {
            return self.problem(path, "takes one value, or { type = \"...\", value = ... }");
        };
        let Some(kind) = fields::custom_kind(word) else {
            let words: Vec<&str> = CUSTOM_TYPES.iter().map(|(name, _)| *name).collect();
            let text = format!(
                "is no type of a custom field; there are {}",
                words.join(", ")
            );
            return self.problem(&join(path, "type"), &text);
        };
        self.node(value, kind, &join(path, "value"))
    }

    fn list(&mut self, items: &[toml::Value], member: Kind, path: &str) -> Node {
        let elements = items.iter().enumerate().filter_map(|(index, item)| {
            let path = format!("{path}[{index}]");
            match (item, member) {
                (toml::Value::Table(table), Kind::Object(fields)) => {
                    self.element(table, fields, member, &path)
                }
                _ => Some(Element {
                    each: None,
                    node: self.node(item, member, &path)?,
                    fields: &[],
                    member,
                }),
            }
        });
        Node::List(elements.collect())
    }

    /// An element with fields, repeated or not.
    fn element(
        &mut self,
        table: &toml::Table,
        fields: &'static [Field],
        member: Kind,
        path: &str,
    ) -> Option<Element> {
        let mut table = table.clone();
        let each = match table.remove(FOR_EACH) {
            Some(each) => Some(self.repetition(&each, &join(path, FOR_EACH))?),
            None => None,
        };
        let entries = self.entries(&table, Some(fields), path);
        let named = |name: &str| {
            let begins = |key: &String| key.split('.').next() == Some(name);
            table.keys().any(begins)
        };
        if let Some(lacking) = fields::lacks(fields, named) {
            let text = format!("is none without {lacking}; add it, or remove the element");
            let _none: Option<()> = self.problem(path, &text);
        }
        Some(Element {
            each,
            node: Node::Object(entries),
            fields,
            member,
        })
    }

    fn repetition(&mut self, each: &toml::Value, path: &str) -> Option<Repetition> {
        let Some(text) = each.as_str() else {
            return self.problem(path, "is a text; write it as \"item in items\"");
        };
        match Repetition::parse(text) {
            Ok(each) => Some(each),
            Err(error) => self.problem(path, &format!("cannot be read: {error}")),
        }
    }

    /// A value that is the same for every lead, tried out now.
    fn literal(&mut self, value: &toml::Value, kind: Kind, path: &str) -> Option<Node> {
        let value = match value {
            toml::Value::Integer(number) => Value::Integer(*number),
            toml::Value::Float(number) => Value::Number(number.to_string()),
            toml::Value::Boolean(flag) => Value::Boolean(*flag),
            other => Value::Text(
                other
                    .as_str()
                    .map_or_else(|| other.to_string(), str::to_owned),
            ),
        };
        match convert(&value, kind, &TimeZone::UTC) {
            Ok(_) => Some(Node::Fixed(value, kind)),
            Err(_) => {
                let text = format!(
                    "\"{}\" does not fit: {}",
                    value.to_text(),
                    expected(kind).en
                );
                self.problem(path, &text)
            }
        }
    }

    fn add(&mut self, entries: &mut Vec<(String, Node)>, key: &str, node: Node, path: &str) {
        match (entries.iter_mut().find(|(known, _)| known == key), node) {
            (None, node) => entries.push((key.to_owned(), node)),
            (Some((_, Node::Object(known))), Node::Object(more)) => {
                for (key, node) in more {
                    let path = join(path, &key);
                    if known.iter().any(|(known, _)| *known == key) {
                        let _none: Option<()> = self.problem(&path, "is given twice; keep one");
                    } else {
                        known.push((key, node));
                    }
                }
            }
            (Some(_), _) => {
                let _none: Option<()> = self.problem(path, "is given twice; keep one");
            }
        }
    }

    fn problem<T>(&mut self, path: &str, message: &str) -> Option<T> {
        self.problems.push(MappingProblem {
            path: path.to_owned(),
            message: message.to_owned(),
        });
        None
    }
}

fn has_braces(text: &str) -> bool {
    ["{{", "{%", "{#"]
        .iter()
        .any(|opening| text.contains(opening))
}

/// A value without fields of its own.
fn is_plain(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Object(_) | Kind::List(_) | Kind::Custom | Kind::Open
    )
}
