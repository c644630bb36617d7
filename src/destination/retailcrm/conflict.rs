//! Two customers for one lead: the phone is one's, the e-mail another's. The config says whose the lead is, and the delivery's warning names both, so
//! that a person may merge them in the CRM.

use crate::delivery::Note;
use crate::destination::retailcrm::ContactConflict;
use crate::destination::retailcrm::api::Customer;
use crate::destination::retailcrm::customer::{Found, has_email};
use crate::destination::retailcrm::deliver::Attempt;
use crate::destination::retailcrm::mapping::CustomerDraft;
use crate::lead::{Bilingual, Contact, Create};

/// Whom phone and e-mail lead to.
pub(super) enum Match {
    /// Nobody.
    Nobody,
    /// The same customer, or the only one.
    One(Customer),
    /// Two customers: the phone's and the e-mail's.
    Two(Customer, Customer),
}

impl Match {
    /// Judges the customers that have the phone and those that have the e-mail, each with the lowest id first. One that has both settles it.
    pub(super) fn of(contact: &Contact, by_phone: &[Customer], by_email: &[Customer]) -> Self {
        let both = by_phone
            .iter()
            .find(|customer| has_email(contact, customer));
        match (both, by_phone.first(), by_email.first()) {
            (Some(one), _, _) | (None, Some(one), None) | (None, None, Some(one)) => {
                Self::One(one.clone())
            }
            (None, Some(phone), Some(email)) => Self::Two(phone.clone(), email.clone()),
            (None, None, None) => Self::Nobody,
        }
    }
}

impl Attempt<'_> {
    /// Whose the lead is, as the config has it.
    pub(super) fn settle_conflict(&mut self, by_phone: Customer, by_email: Customer) -> Found {
        self.in_conflict = true;
        let ids = (by_phone.id, by_email.id);
        // Each contact for itself is not in doubt.
        let known = &self.account.known;
        known.learn_each(&self.lead.contact, &by_phone);
        known.learn_each(&self.lead.contact, &by_email);
        let found = match (self.account.conflict, self.mapping.create) {
            (ContactConflict::Phone, _) => Found::Customer(by_phone),
            (ContactConflict::Email, _) => Found::Customer(by_email),
            (ContactConflict::None, Create::Order) => Found::NoCustomer,
            (ContactConflict::New, _) | (ContactConflict::None, Create::Customer) => Found::Nobody,
        };
        self.warn(Note {
            text: warning(ids, &found),
            about: Bilingual::new(
                "телефон и e-mail у разных клиентов",
                "the phone and the e-mail are two customers'",
            ),
        });
        found
    }
}

impl CustomerDraft {
    /// Keeps the other customer's contact out of the one that is chosen, or two would have it.
    pub(super) fn keep_apart(&mut self, conflict: ContactConflict) {
        let (_, defaults) = self.parts_mut();
        let others = match conflict {
            ContactConflict::Phone => "email",
            ContactConflict::Email => "phones",
            ContactConflict::New | ContactConflict::None => return,
        };
        drop(defaults.remove(others));
    }
}

fn warning((phone, email): (u64, u64), found: &Found) -> Bilingual {
    let (ru, en) = match found {
        Found::Customer(customer) => (
            format!("выбран клиент {}", customer.id),
            format!("customer {} was taken", customer.id),
        ),
        Found::Nobody => (
            "создан третий клиент".to_owned(),
            "a third customer was made".to_owned(),
        ),
        Found::NoCustomer => (
            "заказ отправлен без клиента".to_owned(),
            "the order went without a customer".to_owned(),
        ),
    };
    Bilingual::new(
        format!("телефон у клиента {phone}, e-mail у клиента {email}: {ru}"),
        format!("the phone is customer {phone}'s, the e-mail customer {email}'s: {en}"),
    )
}
