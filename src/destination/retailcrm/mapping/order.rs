//! The order of a lead.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use crate::destination::retailcrm::mapping::account_fields;
use crate::destination::retailcrm::mapping::changes::PLACEHOLDERS;
use crate::destination::retailcrm::mapping::comment::{self, Applied};
use crate::destination::retailcrm::mapping::convert::instant;
use crate::destination::retailcrm::mapping::offers;
use crate::destination::retailcrm::mapping::tree::Evaluation;
use crate::destination::retailcrm::mapping::{
    AccountFields, LeftOut, Mapping, Tree, order_external_id, rules,
};
use crate::lead::template::Context;
use crate::lead::{Lead, PersonName, UtmMarks};

/// The field that holds what found no other place; kept apart until the order is sent.
const COMMENT: &str = "managerComment";

/// An order before it is sent; repairs take values out of it.
#[derive(Clone)]
pub(in crate::destination::retailcrm) struct OrderDraft {
    fields: Map<String, Json>,
    comment: Vec<String>,
    left_out: Vec<LeftOut>,
}

impl OrderDraft {
    /// Computes the order. `customer_made` says that the mapping's customer fields reach the CRM with a customer made for this lead; what
    /// only they have read counts as passed on then, and is listed in the comment otherwise.
    pub(in crate::destination::retailcrm) fn new(
        lead: &Lead,
        mapping: &Mapping,
        zone: &TimeZone,
        customer_made: bool,
    ) -> Self {
        let context = Context::new(lead);
        let mut evaluation = Evaluation {
            context: &context,
            zone,
            left_out: Vec::new(),
        };
        let mapped = mapping.order.evaluate(&mut evaluation);
        let mut left_out = std::mem::take(&mut evaluation.left_out);
        if customer_made {
            mapping.customer_fields.evaluate(&mut evaluation);
        }
        let mut fields = defaults(lead, &mapping.order, zone);
        for (key, value) in mapped {
            match (fields.get_mut(&key), value) {
                (Some(Json::Object(known)), Json::Object(more)) => known.extend(more),
                (_, value) => drop(fields.insert(key, value)),
            }
        }
        left_out.extend(rules::settle(&mut fields, lead.id));
        let mut comment: Vec<String> = Vec::new();
        if let Some(Json::String(mapped)) = fields.shift_remove(COMMENT) {
            comment.push(mapped);
        }
        let applied = applied(lead, &mapping.order);
        comment.extend(comment::lines(
            lead,
            &context.fields_read(),
            applied,
            &left_out,
        ));
        Self {
            fields,
            comment,
            left_out,
        }
    }

    /// The order as it is sent, for this customer.
    pub(in crate::destination::retailcrm) fn json(&self, customer: Option<u64>) -> Json {
        let mut order = self.fields.clone();
        if !self.comment.is_empty() {
            order.insert(COMMENT.to_owned(), self.comment().into());
        }
        if let Some(id) = customer {
            order.insert("customer".to_owned(), json!({ "id": id }));
        }
        Json::Object(order)
    }

    /// The fields, for a repair to take one away.
    pub(in crate::destination::retailcrm) fn fields_mut(&mut self) -> &mut Map<String, Json> {
        &mut self.fields
    }

    /// Brings the custom fields to what the account is known to have; what it would lose goes into the comment, under the label that the
    /// visitor saw.
    pub(in crate::destination::retailcrm) fn fit(
        mut self,
        account: &AccountFields,
        zone: &TimeZone,
        (lead, mapping): (&Lead, &Mapping),
    ) -> Self {
        for left in account.fit(&mut self.fields, zone) {
            self.note_labelled(left, (lead, mapping));
        }
        self
    }

    /// Notes the custom fields that the order was sent with and did not keep; their lines in the comment. What counts as empty is not missed.
    pub(in crate::destination::retailcrm) fn note_dropped(
        &mut self,
        kept: &[String],
        of: (&Lead, &Mapping),
    ) -> &[String] {
        let known = self.comment.len();
        for left in account_fields::dropped(&mut self.fields, kept) {
            self.note_labelled(left, of);
        }
        self.comment.get(known..).unwrap_or_default()
    }

    fn note_labelled(&mut self, left: LeftOut, (lead, mapping): (&Lead, &Mapping)) {
        let label = mapping.order.label(&left.path, lead);
        let label = label.as_deref().unwrap_or(&left.path);
        self.comment.push(comment::line(label, &left.value));
        self.left_out.push(left);
    }

    /// The manager's comment as it is sent.
    pub(in crate::destination::retailcrm) fn comment(&self) -> String {
        self.comment.join("\n")
    }

    /// Notes what a repair has taken away: in the comment for the manager, and for the warning.
    pub(in crate::destination::retailcrm) fn note_left_out(&mut self, left: LeftOut) {
        self.comment.push(comment::left_out_line(&left));
        self.left_out.push(left);
    }

    /// The offers that the catalogue does not have: the CRM took their lines as free text, without a word (facts/retailcrm.md, 3.5). `shown` is
    /// the offer of each line of the order that is there.
    pub(in crate::destination::retailcrm) fn unlinked(
        &self,
        shown: &[Map<String, Json>],
    ) -> Vec<LeftOut> {
        offers::unlinked(&self.fields, shown)
    }

    /// What the CRM did not get where it was meant to be.
    pub(in crate::destination::retailcrm) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}

/// Every field that is filled without being mapped, in the order in which people read an order.
fn defaults(lead: &Lead, mapping: &Tree, zone: &TimeZone) -> Map<String, Json> {
    let contact = &lead.contact;
    let mut fields = Map::new();
    fields.insert("externalId".to_owned(), order_external_id(lead.id).into());
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty() && !mapping.names(&[name])) {
            fields.insert(name.to_owned(), value.into());
        }
    };
    set("createdAt", Some(&instant(lead.received_at, zone)));
    for (name, value) in names(contact.name.as_ref()) {
        set(name, value.map(cut).as_deref());
    }
    if contact.name.is_none() && !NAMES.iter().any(|name| mapping.names(&[name])) {
        set(
            "firstName",
            Some(lead.language.pick(PLACEHOLDERS[0], PLACEHOLDERS[1])),
        );
    }
    set("phone", contact.phone.as_ref().map(|phone| phone.e164()));
    set("email", contact.email.as_ref().map(|email| email.as_str()));
    set("customerComment", contact.comment.as_deref());
    let source = source(&lead.attribution.utm, mapping);
    if !source.is_empty() {
        fields.insert("source".to_owned(), Json::Object(source));
    }
    fields
}

/// The three name fields of the CRM.
const NAMES: [&str; 3] = ["lastName", "firstName", "patronymic"];

/// Longer parts of a name are cut: one-line texts of the CRM end there, and a joke in a name field must not cost the lead.
const LONGEST_NAME: usize = 255;

/// A part of a name as long as the CRM takes it.
pub(super) fn cut(part: &str) -> String {
    part.chars().take(LONGEST_NAME).collect()
}

/// A name in the CRM's three fields.
pub(super) fn names(name: Option<&PersonName>) -> [(&'static str, Option<&str>); 3] {
    [
        ("lastName", name.and_then(PersonName::last)),
        ("firstName", name.and_then(PersonName::first)),
        ("patronymic", name.and_then(PersonName::patronymic)),
    ]
}

/// The utm marks in the CRM's words.
pub(super) fn source(utm: &UtmMarks, mapping: &Tree) -> Map<String, Json> {
    let marks = [
        ("source", &utm.source),
        ("medium", &utm.medium),
        ("campaign", &utm.campaign),
        ("keyword", &utm.term),
        ("content", &utm.content),
    ];
    marks
        .into_iter()
        .filter(|(name, _)| !mapping.names(&["source", name]))
        .filter_map(|(name, mark)| {
            Some((
                name.to_owned(),
                mark.as_deref().filter(|mark| !mark.is_empty())?.into(),
            ))
        })
        .collect()
}

fn applied(lead: &Lead, mapping: &Tree) -> Applied {
    // What is cut off stands in the comment in full.
    let is_cut = names(lead.contact.name.as_ref())
        .iter()
        .any(|(_, part)| part.is_some_and(|part| part.chars().count() > LONGEST_NAME));
    Applied {
        name: !is_cut && !NAMES.iter().any(|name| mapping.names(&[name])),
        phone: !mapping.names(&["phone"]),
        email: !mapping.names(&["email"]),
        comment: !mapping.names(&["customerComment"]),
    }
}
