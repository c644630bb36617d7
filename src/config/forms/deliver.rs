//! The blocks `[[forms.deliver]]`: where a form's leads go, each checked against the kind of its destination.

use std::collections::BTreeSet;

use crate::config::destinations::{Destinations, Single};
use crate::config::reader::Block;
use crate::config::values;
use crate::destination::registry;
use crate::lead::{Create, CustomerMatching, DeliverRule, DestinationId};

/// The words of `create`.
const CREATE: &[(&str, Create)] = &[("order", Create::Order), ("customer", Create::Customer)];

/// The words of `customer`.
const MATCHING: &[(&str, CustomerMatching)] = &[
    ("match", CustomerMatching::Match),
    ("new", CustomerMatching::New),
    ("none", CustomerMatching::None),
];

/// Reads the rules of a form; without any its leads go to the only destination with the defaults.
pub(crate) fn read(form: &mut Block<'_>, destinations: &Destinations) -> Vec<DeliverRule> {
    let mut seen = BTreeSet::new();
    let mut rules = Vec::new();
    let blocks = form.blocks("deliver");
    if blocks.is_empty() {
        return default_rule(form, destinations).into_iter().collect();
    }
    for mut block in blocks {
        let rule = read_one(&mut block, destinations);
        if rule
            .as_ref()
            .is_some_and(|rule| !seen.insert((rule.destination.clone(), rule.create)))
        {
            let message = "the form delivers there already with the same `create`, so a lead would be made twice; remove one";
            block.problem("destination", message);
        }
        block.finish();
        rules.extend(rule);
    }
    rules
}

fn read_one(block: &mut Block<'_>, destinations: &Destinations) -> Option<DeliverRule> {
    let destination = match block.value("destination") {
        Some(_) => named(block, destinations),
        None => only(block, "destination", destinations),
    };
    let create = block.value_or("create", Create::default(), values::word(CREATE));
    let customer = block.value_or(
        "customer",
        CustomerMatching::default(),
        values::word(MATCHING),
    );
    let order = block.optional("order", values::table).unwrap_or_default();
    let customer_fields = block
        .optional("customer_fields", values::table)
        .unwrap_or_default();
    let rule = DeliverRule {
        destination: destination?,
        create,
        customer,
        order,
        customer_fields,
    };
    if let Some(kind) = destinations.kind(&rule.destination) {
        for problem in registry::check_rule(kind, &rule) {
            block.problem(&problem.path, problem.message);
        }
    }
    Some(rule)
}

/// The destination that the block names.
fn named(block: &mut Block<'_>, destinations: &Destinations) -> Option<DestinationId> {
    let id = block.optional("destination", |value| {
        values::parsed(value, "the id of a destination", DestinationId::parse)
    })?;
    if let Some(objection) = destinations.objection(&id) {
        block.problem("destination", objection);
    }
    Some(id)
}

/// The only destination there is; a problem at `key` when there are several or none.
fn only(block: &Block<'_>, key: &str, destinations: &Destinations) -> Option<DestinationId> {
    match destinations.single() {
        Single::Id(id) => return Some(id.clone()),
        Single::Unreadable => {}
        Single::None if destinations.count() == 0 => {
            block.problem(
                key,
                "there is no destination to deliver to; add [[destinations]]",
            );
        }
        Single::None => {
            let count = destinations.count();
            block.problem(
                key,
                format!("is missing, and there are {count} destinations; say which one is meant"),
            );
        }
    }
    None
}

fn default_rule(form: &Block<'_>, destinations: &Destinations) -> Option<DeliverRule> {
    Some(DeliverRule {
        destination: only(form, "deliver", destinations)?,
        create: Create::default(),
        customer: CustomerMatching::default(),
        order: toml::Table::new(),
        customer_fields: toml::Table::new(),
    })
}
