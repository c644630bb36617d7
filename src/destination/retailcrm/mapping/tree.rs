//! A mapping as it is written in the config, compiled: every key found in the table of fields, every text a template. All mistakes are
//! found here, at once, so that none is found by a lead.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::destination::registry::MappingProblem;
use crate::destination::retailcrm::fields::{self, Field, Kind, NoField};
use crate::destination::retailcrm::mapping::convert::convert;
use crate::destination::retailcrm::mapping::{LeftOut, comment};
use crate::destination::retailcrm::suggest::hint;
use crate::lead::template::{Context, Template};
use crate::lead::{Bilingual, Lead, Value};

/// A compiled mapping of one entity.
#[derive(Clone, Debug)]
pub(in crate::destination::retailcrm) struct Tree(Vec<(String, Node)>);

/// One value of a mapping.
#[derive(Clone, Debug)]
enum Node {
    Fixed(Value, Kind),
    Computed(Template, Kind),
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
}

/// What evaluating a mapping needs and what it leaves behind.
pub(super) struct Evaluation<'a> {
    /// The lead, as templates see it.
    pub(super) context: &'a Context,
    /// The account's zone.
    pub(super) zone: &'a TimeZone,
    /// The values that did not fit their fields.
    pub(super) left_out: Vec<LeftOut>,
}

/// The reader of one mapping; gathers its mistakes.
pub(super) struct Compiler<'a> {
    /// All mistakes so far.
    pub(super) problems: &'a mut Vec<MappingProblem>,
}

impl Tree {
    /// The mapping's own value of a top-level field, evaluated; `Ok(None)` when it is empty.
    pub(super) fn evaluate(&self, evaluation: &mut Evaluation<'_>) -> Map<String, Json> {
        object(&self.0, "", evaluation)
    }

    /// Whether the mapping names this field, and so replaces its default: `["source", "medium"]`.
    pub(super) fn names(&self, path: &[&str]) -> bool {
        let mut entries = &self.0;
        for (depth, name) in path.iter().enumerate() {
            match entries.iter().find(|(key, _)| key == name) {
                Some((_, Node::Object(inner))) if depth + 1 < path.len() => entries = inner,
                found => return found.is_some(),
            }
        }
        true
    }

    /// The values that are the same for every lead, by their path: `check` compares them with the account.
    pub(in crate::destination::retailcrm) fn fixed(&self) -> Vec<(String, String)> {
        let mut fixed = Vec::new();
        visit(&self.0, "", &mut |path, node| {
            if let Node::Fixed(value, _) = node {
                let texts = match value {
                    Value::List(items) => items.clone(),
                    other => vec![other.to_text()],
                };
                fixed.extend(texts.into_iter().map(|text| (path.to_owned(), text)));
            }
        });
        fixed
    }

    /// The value at a path, if it is one template or one fixed value.
    fn leaf(&self, path: &str) -> Option<&Node> {
        let mut entries = &self.0;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let (_, node) = entries.iter().find(|(key, _)| key == name)?;
            match node {
                Node::Object(inner) => entries = inner,
                leaf => return names.peek().is_none().then_some(leaf),
            }
        }
        None
    }

    /// The name of the submitted field that a value is, when its template is that field and nothing else.
    pub(in crate::destination::retailcrm) fn field_alone(&self, path: &str) -> Option<&str> {
        match self.leaf(path)? {
            Node::Computed(template, _) => template.field(),
            _ => None,
        }
    }

    /// What the visitor read beside the only field that a value was computed from.
    pub(super) fn label(&self, path: &str, lead: &Lead) -> Option<String> {
        let Node::Computed(template, _) = self.leaf(path)? else {
            return None;
        };
        let context = Context::new(lead);
        template.evaluate(&context).ok()?;
        let read = context.fields_read();
        let mut fields = lead
            .fields
            .iter()
            .filter(|field| read.contains(&field.name));
        match (fields.next(), fields.next()) {
            (Some(only), None) => Some(comment::label(only).to_owned()),
            _ => None,
        }
    }

    /// The codes of the mapped custom fields.
    pub(in crate::destination::retailcrm) fn custom_codes(&self) -> Vec<String> {
        let custom = self.0.iter().find(|(key, _)| key == "customFields");
        match custom {
            Some((_, Node::Object(codes))) => codes.iter().map(|(code, _)| code.clone()).collect(),
            _ => Vec::new(),
        }
    }
}

fn visit(entries: &[(String, Node)], path: &str, with: &mut dyn FnMut(&str, &Node)) {
    for (key, node) in entries {
        visit_node(node, &join(path, key), with);
    }
}

fn visit_node(node: &Node, path: &str, with: &mut dyn FnMut(&str, &Node)) {
    with(path, node);
    match node {
        Node::Object(entries) => visit(entries, path, with),
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                visit_node(item, &format!("{path}[{index}]"), with);
            }
        }
        Node::Fixed(..) | Node::Computed(..) => {}
    }
}

/// A key below a path: `delivery.address`, `items[0].comment`.
pub(in crate::destination::retailcrm) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn object(
    entries: &[(String, Node)],
    path: &str,
    evaluation: &mut Evaluation<'_>,
) -> Map<String, Json> {
    let mut values = Map::new();
    for (key, node) in entries {
        if let Some(value) = evaluate(node, &join(path, key), evaluation) {
            values.insert(key.clone(), value);
        }
    }
    values
}

/// The JSON of one value; nothing when it is empty or does not fit.
fn evaluate(node: &Node, path: &str, evaluation: &mut Evaluation<'_>) -> Option<Json> {
    let (value, kind) = match node {
        Node::Object(entries) => {
            let values = object(entries, path, evaluation);
            return (!values.is_empty()).then_some(Json::Object(values));
        }
        Node::List(items) => {
            let values: Vec<Json> = items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| evaluate(item, &format!("{path}[{index}]"), evaluation))
                .collect();
            return (!values.is_empty()).then_some(Json::Array(values));
        }
        Node::Fixed(value, kind) => (value.clone(), *kind),
        Node::Computed(template, kind) => match template.evaluate(evaluation.context) {
            Ok(value) => (value?, *kind),
            Err(error) => {
                let why = Bilingual::new(
                    format!("шаблон не вычислен: {error}"),
                    format!("the template cannot be evaluated: {error}"),
                );
                evaluation.left_out.push(LeftOut {
                    path: path.to_owned(),
                    value: String::new(),
                    why,
                });
                return None;
            }
        },
    };
    convert(&value, kind, evaluation.zone).unwrap_or_else(|expected| {
        let (path, value) = (path.to_owned(), value.to_text());
        evaluation.left_out.push(LeftOut {
            path,
            value,
            why: Bilingual::new(expected.0, expected.1),
        });
        None
    })
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
            (toml::Value::Table(table), Kind::Open) => {
                Some(Node::Object(self.entries(table, None, path)))
            }
            (toml::Value::Array(items), Kind::List(member)) => {
                Some(self.list(items, *member, path))
            }
            (toml::Value::Array(items), Kind::Open) => Some(self.list(items, kind, path)),
            (_, Kind::Object(_)) => self.problem(path, "is an object; write its fields as a table"),
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
            (literal, _) => self.literal(literal, kind, path),
        }
    }

    fn list(&mut self, items: &[toml::Value], member: Kind, path: &str) -> Node {
        let items = items.iter().enumerate();
        Node::List(
            items
                .filter_map(|(index, item)| self.node(item, member, &format!("{path}[{index}]")))
                .collect(),
        )
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
            Err(_) => self.problem(
                path,
                &format!(
                    "\"{}\" does not fit: {}",
                    value.to_text(),
                    expectation(kind)
                ),
            ),
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

fn expectation(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "the field takes a whole number",
        Kind::Number => "the field takes a number",
        Kind::Boolean => "the field takes true or false",
        Kind::Date => "the field takes a date, 2026-11-21",
        Kind::DateTime => "the field takes a date and time, 2026-11-21 10:00:00",
        Kind::Text | Kind::List(_) | Kind::Object(_) | Kind::Open => "the field takes another type",
    }
}
