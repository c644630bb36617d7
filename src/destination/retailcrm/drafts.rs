//! What a lead becomes, as far as the account is known: the same for what is sent and for what is only shown.

use jiff::tz::TimeZone;

use crate::destination::retailcrm::Account;
use crate::destination::retailcrm::known_fields::Entity;
use crate::destination::retailcrm::mapping::{CustomerDraft, LeftOut, Mapping, OrderDraft, join};
use crate::lead::Lead;

impl Account {
    /// The order, before it is sent; `made` is the customer, when one is made for it.
    pub(super) fn order_draft(
        &self,
        (lead, mapping): (&Lead, &Mapping),
        zone: &TimeZone,
        made: Option<&CustomerDraft>,
    ) -> OrderDraft {
        let mut draft = OrderDraft::new(lead, mapping, zone, made.is_some());
        if let Some(fields) = self.fields.of(Entity::Order) {
            draft = draft.fit(&fields, zone, (lead, mapping));
        }
        for left in made.map(CustomerDraft::left_out).unwrap_or_default() {
            draft.note_left_out(LeftOut {
                path: join("customer", &left.path),
                ..left.clone()
            });
        }
        draft
    }

    /// A customer of the lead, before it is sent.
    pub(super) fn customer_draft(
        &self,
        (lead, mapping): (&Lead, &Mapping),
        zone: &TimeZone,
    ) -> CustomerDraft {
        let draft = CustomerDraft::new(lead, mapping, zone);
        match self.fields.of(Entity::Customer) {
            Some(fields) => draft.fit(&fields, zone),
            None => draft,
        }
    }
}
