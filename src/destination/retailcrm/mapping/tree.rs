//! A compiled mapping, and what it makes of a lead. The order of the config is kept, so that the bytes of a request can be foretold.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::destination::preview::{Given, MappedValue};
use crate::destination::retailcrm::fields::{Field, Kind, lacks};
use crate::destination::retailcrm::mapping::convert::{convert, members};
use crate::destination::retailcrm::mapping::{LeftOut, comment};
use crate::lead::template::{Context, Repetition, Template, TemplateError};
use crate::lead::{Bilingual, Lead, Value};

/// A compiled mapping of one entity.
#[derive(Clone, Debug)]
pub(in crate::destination::retailcrm) struct Tree(pub(super) Vec<(String, Node)>);

/// One value of a mapping.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// The same for every lead.
    Fixed(Value, Kind),
    /// A template.
    Computed(Template, Kind),
    /// Fields.
    Object(Vec<(String, Node)>),
    /// Elements.
    List(Vec<Element>),
}

/// What a list of a mapping says of one element, or of one for every row that was sent.
#[derive(Clone, Debug)]
pub(super) struct Element {
    /// The rows, when the element is repeated.
    pub(super) each: Option<Repetition>,
    /// The element.
    pub(super) node: Node,
    /// The fields an element of this list may have; none in a list of plain values.
    pub(super) fields: &'static [Field],
    /// What a plain value of this list is.
    pub(super) member: Kind,
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

    /// What each line gives for a lead, a list as one line; `name` is the mapping's own in the config.
    pub(super) fn explain(&self, name: &str, evaluation: &mut Evaluation<'_>) -> Vec<MappedValue> {
        let mut values = Vec::new();
        explain(&self.0, (name, ""), evaluation, &mut values);
        values
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

    /// The value of a field that is the same for every lead, by its path.
    pub(super) fn fixed_at(&self, path: &str) -> Option<String> {
        let fixed = self.fixed().into_iter().find(|(known, _)| known == path);
        fixed.map(|(_, value)| value)
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
        Node::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                visit_node(&element.node, &format!("{path}[{index}]"), with);
            }
        }
        Node::Fixed(..) | Node::Computed(..) => {}
    }
}

fn explain(
    entries: &[(String, Node)],
    (name, path): (&str, &str),
    evaluation: &mut Evaluation<'_>,
    into: &mut Vec<MappedValue>,
) {
    for (key, node) in entries {
        let path = join(path, key);
        if let Node::Object(entries) = node {
            explain(entries, (name, &path), evaluation, into);
            continue;
        }
        let value = evaluate(node, &path, evaluation);
        // Of a list several may not fit; one says enough.
        let left = std::mem::take(&mut evaluation.left_out).into_iter().next();
        let given = match (value, left) {
            (Some(Json::String(text)), _) => Given::Value(text),
            (Some(value), _) => Given::Value(value.to_string()),
            (None, None) => Given::Empty,
            (None, Some(LeftOut { value, why, .. })) => Given::LeftOut { value, why },
        };
        into.push(MappedValue {
            path: join(name, &path),
            template: written(node),
            given,
        });
    }
}

/// A value as the config has it; of a list the templates of its elements.
fn written(node: &Node) -> String {
    let mut lines = Vec::new();
    visit_node(node, "", &mut |path, node| {
        let template = match node {
            Node::Fixed(value, _) => value.to_text(),
            Node::Computed(template, _) => template.source().to_owned(),
            Node::Object(_) | Node::List(_) => return,
        };
        lines.push(match path {
            "" => template,
            path => format!("{path} = {template}"),
        });
    });
    lines.join("\n")
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
    match node {
        Node::Object(entries) => {
            let values = object(entries, path, evaluation);
            (!values.is_empty()).then_some(Json::Object(values))
        }
        Node::List(elements) => {
            let mut values = Vec::new();
            for element in elements {
                element.evaluate(path, &mut values, evaluation);
            }
            (!values.is_empty()).then_some(Json::Array(values))
        }
        Node::Fixed(value, kind) => evaluation.fitted(value, *kind, path),
        Node::Computed(template, kind) => {
            let value = evaluation.computed(template, path)?;
            evaluation.fitted(&value, *kind, path)
        }
    }
}

impl Element {
    /// Adds the element, or one for every row.
    fn evaluate(&self, path: &str, into: &mut Vec<Json>, evaluation: &mut Evaluation<'_>) {
        let Some(each) = &self.each else {
            return self.add(path, into, evaluation);
        };
        let before = evaluation.context.fields_read();
        match each.rounds(evaluation.context) {
            Ok(rounds) => {
                for context in &rounds {
                    let mut round = Evaluation {
                        context,
                        zone: evaluation.zone,
                        left_out: Vec::new(),
                    };
                    self.add(path, into, &mut round);
                    evaluation.left_out.append(&mut round.left_out);
                }
            }
            Err(error) => evaluation.failed(path, &error, before),
        }
    }

    fn add(&self, path: &str, into: &mut Vec<Json>, evaluation: &mut Evaluation<'_>) {
        let path = format!("{path}[{}]", into.len());
        let before = evaluation.context.fields_read();
        let noted = evaluation.left_out.len();
        match &self.node {
            // Several values where one of several stands are several.
            Node::Computed(template, _) if self.fields.is_empty() => {
                let value = evaluation.computed(template, &path);
                for value in value.iter().flat_map(members) {
                    into.extend(evaluation.fitted(&value, self.member, &path));
                }
            }
            node => {
                let value = evaluate(node, &path, evaluation);
                match value.filter(|value| lacks(self.fields, |name| has(value, name)).is_none()) {
                    Some(value) => into.push(value),
                    // No element, then: a line without goods. What was typed for it goes where everything goes that nothing reads.
                    None => {
                        evaluation.left_out.truncate(noted);
                        evaluation.context.restore_read(before);
                    }
                }
            }
        }
    }
}

fn has(value: &Json, name: &str) -> bool {
    value.get(name).is_some()
}

impl Evaluation<'_> {
    /// The value of a template; none when it is empty, or cannot be computed, which is noted.
    fn computed(&mut self, template: &Template, path: &str) -> Option<Value> {
        let before = self.context.fields_read();
        template.evaluate(self.context).unwrap_or_else(|error| {
            self.failed(path, &error, before);
            None
        })
    }

    fn failed(&mut self, path: &str, error: &TemplateError, before: BTreeSet<String>) {
        self.context.restore_read(before);
        self.left_out.push(LeftOut {
            path: path.to_owned(),
            value: String::new(),
            why: Bilingual::new(
                format!("шаблон не вычислен: {error}"),
                format!("the template cannot be evaluated: {error}"),
            ),
        });
    }

    /// The JSON of a value for a field of this kind; none when it is empty, or does not fit, which is noted.
    fn fitted(&mut self, value: &Value, kind: Kind, path: &str) -> Option<Json> {
        convert(value, kind, self.zone).unwrap_or_else(|why| {
            self.left_out.push(LeftOut {
                path: path.to_owned(),
                value: value.to_text(),
                why,
            });
            None
        })
    }
}
