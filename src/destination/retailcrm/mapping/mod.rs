//! From a lead to the JSON of an order and of a customer: what the form's mapping says, and a default for everything it does not name.
//! Pure; evaluated anew at every attempt, so a mended mapping helps the leads that wait.

mod account_fields;
mod changes;
mod comment;
mod compile;
mod convert;
mod customer;
mod offers;
mod order;
mod rules;
mod tree;

pub(super) use account_fields::{AccountField, AccountFields};
pub(super) use comment::readable;
pub(super) use customer::CustomerDraft;
pub(super) use order::OrderDraft;
pub(super) use tree::{Tree, join};

use jiff::tz::TimeZone;

use crate::delivery::Note;
use crate::destination::preview::MappedValue;
use crate::destination::registry::MappingProblem;
use crate::destination::retailcrm::fields;
use crate::lead::template::Context;
use crate::lead::{Bilingual, Create, CustomerMatching, DeliverRule, Lead, LeadId};

/// A deliver rule, compiled.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// What is made.
    pub(super) create: Create,
    /// How its customer is chosen.
    pub(super) customer: CustomerMatching,
    /// The order's fields.
    pub(super) order: Tree,
    /// The customer's fields.
    pub(super) customer_fields: Tree,
}

/// A value that the CRM did not get where the mapping wanted it; it goes into the comment instead.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// The CRM field: `customFields.city`.
    pub(super) path: String,
    /// What it would have got; may be empty when it could not be computed.
    pub(super) value: String,
    /// Why, in the CRM's words or in ours.
    pub(super) why: Bilingual,
}

impl LeftOut {
    /// The note of the delivery's warning. The CRM's complaint may quote the value, so what stands for all leads leaves it out.
    pub(super) fn note(&self) -> Note {
        let Self { path, value, why } = self;
        Note {
            text: self.warning(),
            about: Bilingual::new(
                format!("{path} не передано: {}", without(&why.ru, value)),
                format!("{path} was left out: {}", without(&why.en, value)),
            ),
        }
    }

    /// The sentence of the delivery's warning.
    pub(super) fn warning(&self) -> Bilingual {
        let Self { path, value, why } = self;
        let shown: String = value.chars().take(80).collect();
        let what = if value.is_empty() {
            path.clone()
        } else {
            format!("{path}=\"{shown}\"")
        };
        Bilingual::new(
            format!("{what} не передано: {}", why.ru),
            format!("{what} was left out: {}", why.en),
        )
    }
}

/// A text with every whole-word occurrence of a value taken out.
fn without(text: &str, value: &str) -> String {
    let (mut rest, mut plain) = (text, String::new());
    while !value.is_empty()
        && let Some((before, after)) = rest.split_once(value)
    {
        let touches =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        plain.push_str(before);
        plain.push_str(if touches { value } else { "…" });
        rest = after;
    }
    plain + rest
}

impl Mapping {
    /// Compiles a rule; what it cannot compile is left out and reported.
    pub(super) fn compile(rule: &DeliverRule, problems: &mut Vec<MappingProblem>) -> Self {
        let mut compiler = compile::Compiler { problems };
        let order = compiler.compile(&rule.order, fields::ORDER, "order");
        let customer_fields =
            compiler.compile(&rule.customer_fields, fields::CUSTOMER, "customer_fields");
        rules::check(&order, "order", problems);
        rules::check(&customer_fields, "customer_fields", problems);
        let rule_problem = |path: &str, message: &str| MappingProblem {
            path: path.to_owned(),
            message: message.to_owned(),
        };
        if order.names(&["customer"]) && rule.customer != CustomerMatching::None {
            problems.push(rule_problem(
                "order.customer",
                "is for customers whom RetailCRM makes itself, with customer = \"none\"; fill the gate's by customer_fields",
            ));
        }
        if rule.create == Create::Customer && !rule.order.is_empty() {
            problems.push(rule_problem("order", "no order is made with create = \"customer\"; use customer_fields, or create = \"order\""));
        }
        if rule.create == Create::Customer && rule.customer == CustomerMatching::None {
            problems.push(rule_problem(
                "customer",
                "\"none\" would make nothing with create = \"customer\"; use \"match\" or \"new\"",
            ));
        }
        if rule.create == Create::Order
            && rule.customer == CustomerMatching::None
            && !rule.customer_fields.is_empty()
        {
            problems.push(rule_problem("customer_fields", "no customer is made with customer = \"none\"; use \"match\" or \"new\", or remove them"));
        }
        Self {
            create: rule.create,
            customer: rule.customer,
            order,
            customer_fields,
        }
    }
}

impl Mapping {
    /// What each of its lines gives for this lead.
    pub(super) fn explain(&self, lead: &Lead, zone: &TimeZone) -> Vec<MappedValue> {
        let context = Context::new(lead);
        let mut evaluation = tree::Evaluation {
            context: &context,
            zone,
            left_out: Vec::new(),
        };
        let mut values = self.order.explain("order", &mut evaluation);
        values.extend(
            self.customer_fields
                .explain("customer_fields", &mut evaluation),
        );
        values
    }
}

/// The order's external id, the same on every attempt.
pub(super) fn order_external_id(lead: LeadId) -> String {
    format!("lg-{lead}")
}

/// The external id of the customer that this lead makes.
pub(super) fn customer_external_id(lead: LeadId) -> String {
    format!("lg-c-{lead}")
}

#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod tests;
