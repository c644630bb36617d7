//! Names with brackets as the lists and maps they spell: `items[0][offer]` is `items[0].offer` to a template, and `for_each` walks through `items`.
//!
//! PHP's brackets, ASP.NET's `items[0].offer` and dots are read alike; a JSON body arrives with such names too. The flat name stays reachable as
//! `fields["items[0][offer]"]`. Only the last step to a value counts as reading its field.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use minijinja::Value as Engine;
use minijinja::value::{Enumerator, Object, ObjectRepr};

use crate::lead::template::context::Fields;
use crate::lead::{Lead, Value};

/// One level of a name: its keys in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    children: Vec<(String, Node)>,
}

/// What stands under a key.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A submitted field.
    Leaf(Leaf),
    /// A further level.
    Branch(Branch),
}

/// A value of a submitted field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The field's flat name.
    pub(super) field: String,
    /// Which of its values, when the name had empty brackets: `items[][offer]` sent once a row.
    pub(super) at: Option<usize>,
}

impl Branch {
    /// The child under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let found = self.children.iter().find(|(known, _)| known == key);
        found.map(|(_, node)| node)
    }

    /// The keys, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.children.iter().map(|(key, _)| key.as_str())
    }

    /// Every key is a number: a list, in the order of the numbers.
    pub(super) fn is_list(&self) -> bool {
        self.keys().all(|key| number(key).is_some())
    }

    /// Adds a leaf; a name that is taken keeps its first meaning.
    fn insert(&mut self, keys: &[String], leaf: Leaf) {
        let Some((key, rest)) = keys.split_first() else {
            return;
        };
        let at = self.children.iter().position(|(known, _)| known == key);
        match (at.map(|at| &mut self.children[at].1), rest) {
            (Some(Node::Branch(inner)), [_, ..]) => inner.insert(rest, leaf),
            (Some(_), _) => {}
            (None, []) => self.children.push((key.clone(), Node::Leaf(leaf))),
            (None, _) => {
                let mut inner = Self::default();
                inner.insert(rest, leaf);
                self.children.push((key.clone(), Node::Branch(inner)));
            }
        }
    }

    fn sort(&mut self) {
        if self.is_list() {
            self.children.sort_by_key(|(key, _)| number(key));
        }
        for (_, child) in &mut self.children {
            if let Node::Branch(inner) = child {
                inner.sort();
            }
        }
    }
}

fn number(key: &str) -> Option<u64> {
    key.parse().ok()
}

/// The branches of all bracketed names of a lead, by what stands before the first bracket.
pub(super) fn branches(lead: &Lead) -> BTreeMap<String, Branch> {
    let mut branches: BTreeMap<String, Branch> = BTreeMap::new();
    let unnumbered = countable(lead);
    for field in &lead.fields {
        let Some((base, keys)) = keys(&field.name) else {
            continue;
        };
        let leaf = |at| Leaf {
            field: field.name.clone(),
            at,
        };
        match keys.iter().position(String::is_empty) {
            None => branches.entry(base).or_default().insert(&keys, leaf(None)),
            Some(open) if unnumbered.contains(&base) => {
                let branch = branches.entry(base).or_default();
                for at in 0..rows(&field.value) {
                    let mut keys = keys.clone();
                    keys[open] = at.to_string();
                    branch.insert(&keys, leaf(Some(at)));
                }
            }
            Some(_) => {}
        }
    }
    branches.values_mut().for_each(Branch::sort);
    branches
}

/// The names whose rows came without numbers and can still be told apart: each of their fields has a value for every row. An empty value is
/// not kept, so with fewer values nobody knows which row they belong to, and a wrong price on a line is worse than none.
fn countable(lead: &Lead) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for field in &lead.fields {
        if let Some((base, keys)) = keys(&field.name) {
            let is_open = keys.iter().any(String::is_empty);
            // Zero rows stand for numbered ones: both together cannot be told apart either.
            let count = if is_open { rows(&field.value) } else { 0 };
            counts.entry(base).or_default().insert(count);
        }
    }
    counts.retain(|_, rows| rows.len() == 1);
    counts.into_keys().collect()
}

fn rows(value: &Value) -> usize {
    match value {
        Value::List(items) => items.len(),
        _ => 1,
    }
}

/// `items[0][offer]` as `items` and its keys; `None` for a name that is no such path.
fn keys(name: &str) -> Option<(String, Vec<String>)> {
    let end = name.find(['[', '.']).filter(|end| *end > 0)?;
    let (base, mut rest) = name.split_at(end);
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']')?,
            None => {
                let inside = rest.strip_prefix('.')?;
                let end = inside.find(['[', '.']).unwrap_or(inside.len());
                Some(inside.split_at(end)).filter(|(key, _)| !key.is_empty())?
            }
        };
        keys.push(key.trim().to_owned());
        rest = after;
    }
    Some((base.to_owned(), keys))
}

/// One level of bracketed names, as a template meets it: a list when its keys are numbers, else a map.
pub(super) struct Nested {
    /// Where the values are, and the note of what was read.
    pub(super) fields: Arc<Fields>,
    /// The level.
    pub(super) branch: Branch,
}

impl Nested {
    /// The keys, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.branch.keys()
    }
}

impl Object for Nested {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.branch.is_list() {
            ObjectRepr::Seq
        } else {
            ObjectRepr::Map
        }
    }

    /// By key: `items[2]` is what was sent as `items[2]`, also when there was no `items[1]`.
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        match key.as_str() {
            Some(key) => self.get_value_by_str(key),
            None => self.get_value_by_str(&key.to_string()),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        self.fields.enter(self.branch.get(key)?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let keys: Vec<String> = self.branch.keys().map(str::to_owned).collect();
        if !self.branch.is_list() {
            return Enumerator::Values(keys.into_iter().map(Engine::from).collect());
        }
        // Lazily: counting the rows reads none of them.
        let nested = Arc::clone(self);
        let rows = keys.into_iter();
        Enumerator::Iter(Box::new(
            rows.map(move |key| nested.get_value_by_str(&key).unwrap_or_default()),
        ))
    }

    /// `offer: 12, quantity: 2`, for a comment.
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_list = self.branch.is_list();
        for (at, key) in self.branch.keys().enumerate() {
            let value = self.get_value_by_str(key).unwrap_or_default();
            match (at, is_list) {
                (0, _) => {}
                (_, true) => f.write_str("; ")?,
                (_, false) => f.write_str(", ")?,
            }
            if !is_list {
                write!(f, "{key}: ")?;
            }
            write!(f, "{value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.branch.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<String> {
        keys(name).map(|(base, keys)| format!("{base} {}", keys.join(" ")))
    }

    #[test]
    fn names_are_taken_apart_in_every_spelling() {
        for name in ["items[0][offer]", "items[0].offer", "items.0.offer"] {
            assert_eq!(read(name).as_deref(), Some("items 0 offer"), "{name}");
        }
        assert_eq!(read("items[][offer]").as_deref(), Some("items  offer"));
        for name in ["items", "[0]", "items[0", "items[0]x", "items.", "a..b", ""] {
            assert_eq!(read(name), None, "{name:?}");
        }
    }
}
