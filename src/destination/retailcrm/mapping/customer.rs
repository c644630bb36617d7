//! The customer of a lead.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use crate::destination::retailcrm::mapping::changes::{PLACEHOLDERS, Wanted, tags_of_a_new_one};
use crate::destination::retailcrm::mapping::convert::instant;
use crate::destination::retailcrm::mapping::order::{cut, names, source};
use crate::destination::retailcrm::mapping::tree::Evaluation;
use crate::destination::retailcrm::mapping::{
    AccountFields, LeftOut, Mapping, comment, customer_external_id, rules,
};
use crate::lead::Lead;
use crate::lead::template::Context;

/// A customer before it is sent: what the mapping says apart from what is filled by default, because only the former may replace what the
/// CRM already has.
#[derive(Clone)]
pub(in crate::destination::retailcrm) struct CustomerDraft {
    mapped: Map<String, Json>,
    defaults: Map<String, Json>,
    /// The lead tells a name; without one the placeholder is only for a new customer.
    named: bool,
    left_out: Vec<LeftOut>,
    unread: Vec<String>,
}

impl CustomerDraft {
    /// Computes the customer.
    pub(in crate::destination::retailcrm) fn new(
        lead: &Lead,
        mapping: &Mapping,
        zone: &TimeZone,
    ) -> Self {
        let context = Context::new(lead);
        let mut evaluation = Evaluation {
            context: &context,
            zone,
            left_out: Vec::new(),
        };
        let mut mapped = mapping.customer_fields.evaluate(&mut evaluation);
        let mut left_out = evaluation.left_out;
        left_out.extend(rules::settle(&mut mapped, lead.id));
        let unread = comment::unread_labels(lead, &context.fields_read());
        let named = lead.contact.name.is_some();
        Self {
            mapped,
            defaults: defaults(lead, mapping, zone),
            named,
            left_out,
            unread,
        }
    }

    /// A new customer.
    pub(in crate::destination::retailcrm) fn json(&self) -> Json {
        let mut customer = self.defaults.clone();
        for (key, value) in &self.mapped {
            match (customer.get_mut(key), value) {
                (Some(Json::Object(known)), Json::Object(more)) => known.extend(more.clone()),
                (_, value) => drop(customer.insert(key.clone(), value.clone())),
            }
        }
        tags_of_a_new_one(&mut customer);
        Json::Object(customer)
    }

    /// What must change in a customer that exists: mapped values that differ, defaults where it has nothing. `None` when nothing must.
    pub(in crate::destination::retailcrm) fn changes(
        &self,
        known: &Map<String, Json>,
    ) -> Option<Json> {
        let wanted = Wanted {
            mapped: &self.mapped,
            defaults: &self.defaults,
            named: self.named,
        };
        wanted.changes(known)
    }

    /// The mapped fields and the default ones, for a repair to take one away.
    pub(in crate::destination::retailcrm) fn parts_mut(
        &mut self,
    ) -> (&mut Map<String, Json>, &mut Map<String, Json>) {
        (&mut self.mapped, &mut self.defaults)
    }

    /// Brings the custom fields to what the account is known to have; what it would lose is left out.
    pub(in crate::destination::retailcrm) fn fit(
        mut self,
        account: &AccountFields,
        zone: &TimeZone,
    ) -> Self {
        let left_out = account.fit(&mut self.mapped, zone);
        self.left_out.extend(left_out);
        self
    }

    /// Notes what a repair has taken away.
    pub(in crate::destination::retailcrm) fn note_left_out(&mut self, left: LeftOut) {
        self.left_out.push(left);
    }

    /// What the CRM did not get where it was meant to be.
    pub(in crate::destination::retailcrm) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The labels of submitted fields for which a customer alone has no place: it has no comment.
    pub(in crate::destination::retailcrm) fn unread(&self) -> &[String] {
        &self.unread
    }
}

fn defaults(lead: &Lead, mapping: &Mapping, zone: &TimeZone) -> Map<String, Json> {
    let (contact, tree) = (&lead.contact, &mapping.customer_fields);
    let mut fields = Map::new();
    fields.insert(
        "externalId".to_owned(),
        customer_external_id(lead.id).into(),
    );
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value.filter(|_| !tree.names(&[name])) {
            fields.insert(name.to_owned(), value);
        }
    };
    set("createdAt", Some(instant(lead.received_at, zone).into()));
    for (name, value) in names(contact.name.as_ref()) {
        set(name, value.map(|part| cut(part).into()));
    }
    if contact.name.is_none() && !tree.names(&["lastName"]) {
        set(
            "firstName",
            Some(lead.language.pick(PLACEHOLDERS[0], PLACEHOLDERS[1]).into()),
        );
    }
    set(
        "email",
        contact.email.as_ref().map(|email| email.as_str().into()),
    );
    // Trap 14: a list of objects, not a text.
    set(
        "phones",
        contact
            .phone
            .as_ref()
            .map(|phone| json!([{ "number": phone.e164() }])),
    );
    let source = source(&lead.attribution.utm, tree);
    if !source.is_empty() {
        fields.insert("source".to_owned(), Json::Object(source));
    }
    fields
}
