//! `item in items`: one element of a mapping, repeated for every row that a form sent.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value as Engine};

use crate::lead::Value;
use crate::lead::template::context::to_engine;
use crate::lead::template::nested::Nested;
use crate::lead::template::{CONTEXT_NAMES, Context, Program, Template, TemplateError};

/// The most rounds; more rows than a form can have fields are nobody's order.
const MOST_ROUNDS: usize = 500;

/// A parsed `name in expression`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Repetition {
    variable: Arc<str>,
    list: Template,
}

impl Repetition {
    /// Reads `item in items`: a name for the row, and an expression for the rows. The expression is checked as templates are.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let (variable, list) = source
            .split_once(" in ")
            .map(|(variable, list)| (variable.trim(), list.trim()))
            .filter(|(variable, list)| is_name(variable) && !list.is_empty())
            .ok_or_else(|| syntax("write it as \"item in items\""))?;
        if CONTEXT_NAMES.contains(&variable) || variable == "loop" {
            return Err(syntax(format!(
                "{variable} means something else; take another name"
            )));
        }
        let list = Template::parse(&format!("{{{{ {list} }}}}"))?;
        match &list.program {
            Program::Field(..) | Program::Expression(_) => Ok(Self {
                variable: variable.into(),
                list,
            }),
            Program::Static | Program::Text(_) => {
                Err(syntax("only one expression can stand after \"in\""))
            }
        }
    }

    /// One context a row, in which the row has its name and `loop` its place: `loop.index` from 1, `loop.index0`, `loop.length`, and `loop.key`, what
    /// stood in the brackets.
    ///
    /// A list has its elements for rows, a map its values, any other value is the only row, nothing has none. A text that is a JSON list
    /// counts as the list: scripts send baskets so. An error is a mistake that only shows with this lead, or too many rows.
    pub fn rounds(&self, context: &Context) -> Result<Vec<Context>, TemplateError> {
        let rows = rows(&self.list.engine_value(context)?)?;
        if rows.len() > MOST_ROUNDS {
            let text = format!("more than {MOST_ROUNDS} rows");
            return Err(Error::new(ErrorKind::InvalidOperation, text).into());
        }
        let length = rows.len();
        let rounds = rows.into_iter().enumerate().map(|(at, (key, row))| {
            let place = [
                ("index", Engine::from(at + 1)),
                ("index0", Engine::from(at)),
                ("length", Engine::from(length)),
                ("key", key),
            ];
            context.with([(&*self.variable, row), ("loop", Engine::from_pairs(place))])
        });
        Ok(rounds.collect())
    }
}

/// Key and value of every row.
fn rows(list: &Engine) -> Result<Vec<(Engine, Engine)>, Error> {
    match list.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(Vec::new()),
        ValueKind::Map => pairs(list, list.try_iter()?),
        ValueKind::Seq | ValueKind::Iterable => match keys(list) {
            Some(keys) => pairs(list, keys.into_iter()),
            None => Ok(list
                .try_iter()?
                .enumerate()
                .map(|(at, row)| (Engine::from(at), row))
                .collect()),
        },
        ValueKind::String => match json_list(list) {
            Some(inner) => rows(&inner),
            None => Ok(vec![(Engine::from(0), list.clone())]),
        },
        _ => Ok(vec![(Engine::from(0), list.clone())]),
    }
}

fn pairs(
    list: &Engine,
    keys: impl Iterator<Item = Engine>,
) -> Result<Vec<(Engine, Engine)>, Error> {
    keys.map(|key| Ok((key.clone(), list.get_item(&key)?)))
        .collect()
}

/// The keys of a list that was spelt by numbered names; the numbers may have gaps.
fn keys(list: &Engine) -> Option<Vec<Engine>> {
    let numbered = list.downcast_object_ref::<Nested>()?;
    Some(numbered.keys().map(Engine::from).collect())
}

fn json_list(text: &Engine) -> Option<Engine> {
    let text = text.as_str()?.trim();
    let list: Vec<serde_json::Value> = text
        .starts_with('[')
        .then(|| serde_json::from_str(text).ok())
        .flatten()?;
    Some(list.into_iter().map(from_json).collect())
}

fn from_json(value: serde_json::Value) -> Engine {
    use serde_json::Value as Json;
    match value {
        Json::Null => Engine::from(()),
        Json::Bool(flag) => Engine::from(flag),
        Json::Number(number) => to_engine(&Value::Number(number.to_string())),
        Json::String(text) => Engine::from(text),
        Json::Array(items) => items.into_iter().map(from_json).collect(),
        Json::Object(members) => Engine::from_pairs(
            members
                .into_iter()
                .map(|(key, value)| (key, from_json(value))),
        ),
    }
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn syntax(detail: impl Into<String>) -> TemplateError {
    Error::new(ErrorKind::SyntaxError, detail.into()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::lead::template::tests::{field, lead, text};

    fn context(pairs: &[(&str, &str)]) -> Context {
        let fields = pairs.iter().map(|(name, value)| field(name, text(value)));
        Context::new(&lead(fields.collect()))
    }

    /// The template's text in every round.
    fn said(each: &str, template: &str, context: &Context) -> Vec<String> {
        let each = Repetition::parse(each).expect("a repetition");
        let template = Template::parse(template).expect("a template");
        let rounds = each.rounds(context).expect("rounds");
        rounds
            .iter()
            .map(|round| {
                let value = template.evaluate(round).expect("a value");
                value.map(|value| value.to_text()).unwrap_or_default()
            })
            .collect()
    }

    #[test]
    fn every_numbered_row_is_a_round() {
        let context = context(&[
            ("items[1][offer]", "b"),
            ("items[0][offer]", "a"),
            ("items[0][quantity]", "2"),
            ("items[10][offer]", "c"),
        ]);
        let template = "{{ loop.index }}/{{ loop.length }} {{ loop.key }} {{ item.offer }} {{ item.quantity or 1 }}";
        assert_eq!(
            said("item in items", template, &context),
            ["1/3 0 a 2", "2/3 1 b 1", "3/3 10 c 1"]
        );
    }

    #[test]
    fn rows_may_be_keyed_by_words_and_stand_within_rows() {
        let cart = context(&[("cart[SKU-1]", "2"), ("cart[SKU-2]", "1")]);
        assert_eq!(
            said("count in cart", "{{ loop.key }} {{ count }}", &cart),
            ["SKU-1 2", "SKU-2 1"]
        );
        let deep = context(&[
            ("order.rows[0].marks[5]", "x"),
            ("order.rows[0].marks[7]", "y"),
        ]);
        let outer = Repetition::parse("row in order.rows").expect("a repetition");
        let round = outer.rounds(&deep).expect("rounds").remove(0);
        assert_eq!(
            said("mark in row.marks", "{{ mark }}{{ loop.key }}", &round),
            ["x5", "y7"]
        );
    }

    #[test]
    fn a_list_a_json_text_and_a_single_value_are_rows_too() {
        let list = Value::List(vec!["a".to_owned(), "b".to_owned()]);
        let one = Context::new(&lead(vec![
            field("sizes", list),
            field("size", text("c")),
            field(
                "cart",
                text(r#" [{"id": 7, "price": 19.90}, {"id": "8"}] "#),
            ),
        ]));
        assert_eq!(said("size in sizes", "{{ size }}", &one), ["a", "b"]);
        assert_eq!(said("s in size", "{{ s }}", &one), ["c"]);
        assert_eq!(said("s in nowhere", "x", &one), [""; 0]);
        assert_eq!(
            said("item in cart", "{{ item.id }} {{ item.price }}", &one),
            ["7 19.9", "8 "]
        );
    }

    #[test]
    fn rows_without_numbers_are_told_apart_only_when_every_field_has_all_of_them() {
        let both = |notes: &[&str]| {
            let several = |values: &[&str]| {
                Value::List(values.iter().map(|value| (*value).to_owned()).collect())
            };
            Context::new(&lead(vec![
                field("items[][offer]", several(&["a", "b"])),
                field("items[][note]", several(notes)),
            ]))
        };
        let template = "{{ item.offer }}{{ item.note }}";
        assert_eq!(
            said("item in items", template, &both(&["1", "2"])),
            ["a1", "b2"]
        );
        let unclear = both(&["2"]);
        assert_eq!(said("item in items", template, &unclear), [""; 0]);
        assert_eq!(
            unclear.fields_read(),
            BTreeSet::new(),
            "so the comment lists them"
        );
    }

    #[test]
    fn only_what_a_round_shows_counts_as_read() {
        let context = context(&[
            ("items[0][offer]", "a"),
            ("items[0][note]", "n"),
            ("size[0]", "s"),
        ]);
        said(
            "item in items",
            "{{ item.offer }} {{ size | length }}",
            &context,
        );
        assert_eq!(
            context.fields_read(),
            BTreeSet::from(["items[0][offer]".to_owned()])
        );
        let whole = Template::parse("{{ items }}").expect("a template");
        let shown = whole.evaluate(&context).expect("a value");
        assert_eq!(
            shown.map(|value| value.to_text()).as_deref(),
            Some("offer: a, note: n")
        );
    }

    #[test]
    fn what_cannot_be_a_repetition_is_refused_with_a_hint() {
        for source in [
            "items",
            "item in ",
            "utm in items",
            "loop in items",
            "a b in items",
            "item in items | shout",
            "item in a }} {{ b",
        ] {
            assert!(Repetition::parse(source).is_err(), "{source:?}");
        }
        let error = Repetition::parse("items")
            .expect_err("no \"in\"")
            .to_string();
        assert!(error.contains("item in items"), "{error}");
    }

    #[test]
    fn a_basket_beyond_all_measure_is_an_error_and_not_an_order() {
        let rows = format!("[{}]", vec!["1"; MOST_ROUNDS + 1].join(","));
        let each = Repetition::parse("item in cart").expect("a repetition");
        assert!(each.rounds(&context(&[("cart", &rows)])).is_err());
    }

    proptest! {
        #[test]
        fn numbered_fields_make_the_same_rows_in_whatever_order_they_come(
            rows in proptest::collection::vec(("[a-z]{1,4}", "[1-9]"), 1..8),
            seed in any::<u64>(),
        ) {
            let mut fields: Vec<_> = rows.iter().enumerate().flat_map(|(at, (offer, count))| {
                [(format!("items[{at}][offer]"), offer.clone()), (format!("items[{at}][count]"), count.clone())]
            }).collect();
            let length = fields.len();
            fields.rotate_left(usize::try_from(seed % length as u64).unwrap_or_default());
            if seed % 2 == 0 {
                fields.reverse();
            }
            let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let context = context(&pairs);
            let expected: Vec<String> = rows.iter().map(|(offer, count)| format!("{offer}={count}")).collect();
            prop_assert_eq!(said("item in items", "{{ item.offer }}={{ item.count }}", &context), expected);
            prop_assert_eq!(context.fields_read().len(), length, "all of them are read");
        }
    }
}
