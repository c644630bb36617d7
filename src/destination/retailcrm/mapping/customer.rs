//! The customer of a lead.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use crate::destination::retailcrm::contacts::is_same_phone;
use crate::destination::retailcrm::mapping::convert::instant;
use crate::destination::retailcrm::mapping::order::{cut, names, source};
use crate::destination::retailcrm::mapping::tree::Evaluation;
use crate::destination::retailcrm::mapping::{
    AccountFields, LeftOut, Mapping, comment, customer_external_id,
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
        let mapped = mapping.customer_fields.evaluate(&mut evaluation);
        let left_out = evaluation.left_out;
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
        Json::Object(customer)
    }

    /// What must change in a customer that exists: mapped values that differ, defaults where it has nothing. `None` when nothing must.
    pub(in crate::destination::retailcrm) fn changes(
        &self,
        known: &Map<String, Json>,
    ) -> Option<Json> {
        let mut changes: Map<String, Json> = self
            .mapped
            .iter()
            .filter(|(key, value)| !covers(known.get(*key), value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        // Another person's parts of a name must not be mixed into the one that is there.
        let has_name = ["lastName", "firstName"]
            .iter()
            .any(|name| known.get(*name).is_some_and(is_filled));
        let wanted: &[&str] = if has_name || !self.named {
            &["email"]
        } else {
            &["lastName", "firstName", "patronymic", "email"]
        };
        for name in wanted {
            let taken = known.get(*name).is_some_and(is_filled) || self.mapped.contains_key(*name);
            if let Some(value) = self.defaults.get(*name).filter(|_| !taken) {
                changes.insert((*name).to_owned(), value.clone());
            }
        }
        if let Some(phones) = self.more_phones(known) {
            changes.insert("phones".to_owned(), phones);
        }
        (!changes.is_empty()).then_some(Json::Object(changes))
    }

    /// The known phones and the lead's, if that is a new one. All of them: nothing says that the CRM keeps those that are not sent.
    fn more_phones(&self, known: &Map<String, Json>) -> Option<Json> {
        let ours = self.defaults.get("phones")?.as_array()?.first()?;
        let number = |phone: &Json| {
            phone
                .get("number")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut phones: Vec<Json> = match known.get("phones") {
            Some(Json::Array(phones)) => phones.clone(),
            Some(Json::Object(phones)) => phones.values().cloned().collect(),
            _ => Vec::new(),
        };
        if phones
            .iter()
            .any(|theirs| is_same_phone(&number(ours), &number(theirs)))
        {
            return None;
        }
        phones.push(ours.clone());
        Some(Json::Array(phones))
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

fn is_filled(value: &Json) -> bool {
    !matches!(value, Json::Null) && value != "" && *value != json!([]) && *value != json!({})
}

/// Whether what is known already says what is wanted; an object is compared by the members that are wanted.
fn covers(known: Option<&Json>, wanted: &Json) -> bool {
    match (known, wanted) {
        (Some(Json::Object(known)), Json::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| covers(known.get(key), value)),
        (known, wanted) => known == Some(wanted),
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
            Some(lead.language.pick("Без имени", "No name").into()),
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
