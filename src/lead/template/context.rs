//! What templates see of a lead, and the note of which submitted fields they have read.
//!
//! The root is an object that is asked name by name instead of a map made in advance: only so is it known afterwards which
//! fields a template touched, and those that nothing touched are listed in the CRM's comment, so that nothing typed is lost.
//! Bracketed names are met as the lists and maps they spell (`nested`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value as Engine;
use minijinja::value::{Enumerator, Object};

use crate::lead::template::nested::{Branch, Leaf, Nested, Node, branches};
use crate::lead::value::exact_float;
use crate::lead::{Lead, Value};

/// The names that mean something else than a submitted field, even when a field is called so.
pub const CONTEXT_NAMES: [&str; 7] = ["page", "utm", "visit", "client", "form", "lead", "fields"];

/// What templates are evaluated over; remembers which submitted fields were read.
pub struct Context {
    root: Arc<Root>,
    fields: Arc<Fields>,
}

impl Context {
    /// The context of one lead.
    pub fn new(lead: &Lead) -> Self {
        let fields = Arc::new(Fields::of(lead));
        let names = context_values(lead, &fields);
        Self {
            root: Arc::new(Root {
                locals: Vec::new(),
                names: Arc::new(names),
                fields: Arc::clone(&fields),
            }),
            fields,
        }
    }

    /// The same lead with more names, which win over all others; what is read through it counts for both.
    pub(super) fn with<'a>(&self, names: impl IntoIterator<Item = (&'a str, Engine)>) -> Self {
        let mut locals: Vec<_> = names
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        locals.extend(self.root.locals.iter().cloned());
        Self {
            root: Arc::new(Root {
                locals,
                names: Arc::clone(&self.root.names),
                fields: Arc::clone(&self.fields),
            }),
            fields: Arc::clone(&self.fields),
        }
    }

    /// The names of the submitted fields that templates evaluated so far have read.
    pub fn fields_read(&self) -> BTreeSet<String> {
        self.fields
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes back what was read since: a template that failed has passed nothing on.
    pub fn restore_read(&self, names: BTreeSet<String>) {
        *self
            .fields
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// What expressions are evaluated over.
    pub(super) fn root(&self) -> Engine {
        Engine::from_dyn_object(Arc::clone(&self.root))
    }

    /// A field's value as the lead has it, with its type; counts as read. None when another name stands before it.
    pub(super) fn field(&self, name: &str) -> Option<Value> {
        if self.root.local(name).is_some() {
            return None;
        }
        self.fields.read(name).cloned()
    }
}

/// The names read so far, nothing of what was typed.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("fields_read", &self.fields_read())
            .finish_non_exhaustive()
    }
}

/// The submitted fields; also what a template sees under `fields`.
pub(super) struct Fields {
    values: BTreeMap<String, Value>,
    /// The levels of bracketed names.
    branches: BTreeMap<String, Branch>,
    read: Mutex<BTreeSet<String>>,
}

impl Fields {
    /// Of two fields with one name the first counts.
    fn of(lead: &Lead) -> Self {
        let mut values = BTreeMap::new();
        for field in &lead.fields {
            values
                .entry(field.name.clone())
                .or_insert_with(|| field.value.clone());
        }
        Self {
            values,
            branches: branches(lead),
            read: Mutex::default(),
        }
    }

    fn read(&self, name: &str) -> Option<&Value> {
        let (name, value) = self.values.get_key_value(name)?;
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone());
        Some(value)
    }

    /// The value of a leaf, or the level below.
    pub(super) fn enter(self: &Arc<Self>, node: &Node) -> Option<Engine> {
        match node {
            Node::Leaf(Leaf { field, at }) => match (self.read(field)?, at) {
                (Value::List(items), Some(at)) => {
                    items.get(*at).map(|item| Engine::from(item.as_str()))
                }
                (value, _) => Some(to_engine(value)),
            },
            Node::Branch(branch) => Some(Engine::from_object(Nested {
                fields: Arc::clone(self),
                branch: branch.clone(),
            })),
        }
    }

    fn branch(self: &Arc<Self>, name: &str) -> Option<Engine> {
        let branch = self.branches.get(name)?.clone();
        self.enter(&Node::Branch(branch))
    }
}

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        self.read(key).map(to_engine).or_else(|| self.branch(key))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.values
                .keys()
                .map(|name| Engine::from(name.as_str()))
                .collect(),
        )
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// What a template sees without a dot: the context names, then the submitted fields.
struct Root {
    /// The names of a repetition, the innermost first.
    locals: Vec<(String, Engine)>,
    names: Arc<BTreeMap<&'static str, Engine>>,
    fields: Arc<Fields>,
}

impl Root {
    fn local(&self, name: &str) -> Option<&Engine> {
        let found = self.locals.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }
}

/// Its own names only: the values are the visitor's.
impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.locals.iter().map(|(name, _)| name))
            .entries(self.names.keys())
            .finish()
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        match self.local(key).or_else(|| self.names.get(key)) {
            Some(value) => Some(value.clone()),
            None => self.fields.get_value_by_str(key),
        }
    }
}

/// The values of [`CONTEXT_NAMES`].
fn context_values(lead: &Lead, fields: &Arc<Fields>) -> BTreeMap<&'static str, Engine> {
    let (utm, page) = (&lead.attribution.utm, &lead.page);
    let visit = lead
        .attribution
        .visit
        .0
        .iter()
        .map(|(id, value)| (id.as_str(), Some(value.clone())));
    BTreeMap::from([
        (
            "page",
            map([
                ("url", page.url.clone()),
                ("title", page.title.clone()),
                ("referrer", page.referrer.clone()),
                ("host", page.host.clone()),
            ]),
        ),
        (
            "utm",
            map([
                ("source", utm.source.clone()),
                ("medium", utm.medium.clone()),
                ("campaign", utm.campaign.clone()),
                ("term", utm.term.clone()),
                ("content", utm.content.clone()),
            ]),
        ),
        ("visit", map(visit)),
        (
            "client",
            map([
                (
                    "address",
                    lead.client.address.map(|address| address.to_string()),
                ),
                ("user_agent", lead.client.user_agent.clone()),
            ]),
        ),
        (
            "form",
            map([
                ("id", Some(lead.form.to_string())),
                ("title", Some(lead.form_title.clone())),
            ]),
        ),
        (
            "lead",
            map([
                ("id", Some(lead.id.to_string())),
                ("received_at", Some(lead.received_at.to_string())),
            ]),
        ),
        ("fields", Engine::from_dyn_object(Arc::clone(fields))),
    ])
}

fn map<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Engine {
    let present = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Engine::from(present.collect::<BTreeMap<_, _>>())
}

/// A field's value for arithmetic and comparison. Digits that a float would change stay text.
pub(super) fn to_engine(value: &Value) -> Engine {
    match value {
        Value::Text(text) => Engine::from(text.as_str()),
        Value::Integer(number) => Engine::from(*number),
        Value::Number(digits) => match digits.parse::<i64>() {
            Ok(whole) => Engine::from(whole),
            Err(_) => {
                exact_float(digits).map_or_else(|| Engine::from(digits.as_str()), Engine::from)
            }
        },
        Value::Boolean(flag) => Engine::from(*flag),
        Value::Date(day) => Engine::from(day.to_string()),
        Value::List(items) => Engine::from(items.clone()),
    }
}
