//! Whose order it is: the customer is found by phone and e-mail, or made. A customer that this lead has made before is met again by its external id,
//! so no interruption makes two of them.

use crate::delivery::{Failure, Note};
use crate::destination::retailcrm::api::{
    Customer, CustomerFilter, CustomerKey, Fault, Refusal, Steps,
};
use crate::destination::retailcrm::conflict::Match;
use crate::destination::retailcrm::contacts::{held, search_digits};
use crate::destination::retailcrm::deliver::Attempt;
use crate::destination::retailcrm::mapping::{CustomerDraft, customer_external_id};
use crate::destination::retailcrm::repair::{self, MOST_REPAIRS};
use crate::lead::{Bilingual, Contact, CustomerMatching};

/// How many pages of inexact hits are looked through.
const MOST_PAGES: u64 = 5;

/// How many mergers in a row are followed.
const MOST_MERGERS: usize = 5;

/// The customer of an order; by default nobody that we know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The internal id; `None` lets the CRM make its own from the order's contact data.
    pub(super) id: Option<u64>,
    /// Made for this lead, now or by an earlier attempt.
    pub(super) made: bool,
}

/// What a search brought.
pub(super) enum Found {
    /// This one.
    Customer(Customer),
    /// Nobody whose the lead is: one is made.
    Nobody,
    /// The order goes without a customer of ours.
    NoCustomer,
}

/// What became of the wish to make a customer.
pub(super) enum Made {
    /// It is there.
    Customer(u64),
    /// The CRM does not take it in any form.
    Refused(Refusal),
}

impl Attempt<'_> {
    /// Chooses the customer as the rule says. `draft` is what a new one would be; repairs are left in it.
    pub(super) async fn choose_customer(
        &mut self,
        draft: &mut CustomerDraft,
    ) -> Result<Chosen, Failure> {
        match self.mapping.customer {
            CustomerMatching::None => {
                return Ok(Chosen {
                    id: None,
                    made: false,
                });
            }
            CustomerMatching::New => {}
            CustomerMatching::Match => {
                if let Some(id) = self.account.known.customer(&self.lead.contact) {
                    return Ok(Chosen {
                        id: Some(id),
                        made: false,
                    });
                }
                match self.search().await? {
                    Found::Customer(found) => {
                        return Ok(Chosen {
                            id: Some(found.id),
                            made: false,
                        });
                    }
                    Found::NoCustomer => {
                        return Ok(Chosen {
                            id: None,
                            made: false,
                        });
                    }
                    Found::Nobody => {}
                }
            }
        }
        match self.make_customer(draft).await? {
            Made::Customer(id) => {
                self.learn_made(id);
                Ok(Chosen {
                    id: Some(id),
                    made: true,
                })
            }
            Made::Refused(refusal) => {
                let text = refusal.text();
                self.warn(Note {
                    text: Bilingual::new(
                        format!("клиент не создан, заказ отправлен без него: {text}"),
                        format!("the customer was not made, the order went without it: {text}"),
                    ),
                    about: Bilingual::new(
                        "клиент не создан, заказ отправлен без него",
                        "the customer was not made, the order went without it",
                    ),
                });
                Ok(Chosen {
                    id: None,
                    made: false,
                })
            }
        }
    }

    /// After the CRM said that it does not know the customer: where it went, else a fresh search, else a new one.
    pub(super) async fn choose_again(
        &mut self,
        lost: u64,
        draft: &mut CustomerDraft,
    ) -> Result<Chosen, Failure> {
        let known = &self.account.known;
        match self.follow(CustomerKey::Id(lost)).await? {
            // It is there, and still the order may not have it: it belongs to a store the order is not for.
            Some(same) if same.id == lost => {
                known.forget(lost);
                Ok(Chosen {
                    id: None,
                    made: false,
                })
            }
            // A person's order is not a company's, whatever was merged into what.
            Some(merged) if !merged.corporate => {
                known.moved(lost, merged.id);
                Ok(Chosen {
                    id: Some(merged.id),
                    made: false,
                })
            }
            Some(_) | None => {
                known.forget(lost);
                self.choose_customer(draft).await
            }
        }
    }

    /// Remembers whose the lead is, after a customer was made for it.
    pub(super) fn learn_made(&self, id: u64) {
        let (known, contact) = (&self.account.known, &self.lead.contact);
        match self.mapping.customer {
            CustomerMatching::Match if self.in_conflict => known.learn_together(contact, id),
            CustomerMatching::Match => known.learn(contact, id),
            CustomerMatching::New | CustomerMatching::None => {}
        }
    }

    /// Finds the customer with this phone and this e-mail, and remembers whom they lead to.
    pub(super) async fn search(&mut self) -> Result<Found, Failure> {
        let contact = &self.lead.contact;
        let phone = contact.phone.as_ref();
        let phone = phone.map(|phone| CustomerFilter::Phone(search_digits(phone.e164())));
        let email = contact.email.as_ref();
        let email = email.map(|email| CustomerFilter::Email(email.as_str().to_owned()));
        let (mut phone_steps, mut email_steps) = (Steps::new(), Steps::new());
        let (by_phone, by_email) = if self.is_sparing {
            // One request where one is enough: somebody who has the phone and the e-mail settles it.
            let by_phone = self.hits(phone, has_phone, &mut phone_steps).await;
            let settled = |found: &Vec<Customer>| found.iter().any(|one| has_email(contact, one));
            let by_email = match &by_phone {
                Ok(found) if !settled(found) => self.hits(email, has_email, &mut email_steps).await,
                Ok(_) | Err(_) => Ok(Vec::new()),
            };
            (by_phone, by_email)
        } else {
            // Side by side: neither needs the other's answer, so a slow CRM is waited for once.
            tokio::join!(
                self.hits(phone, has_phone, &mut phone_steps),
                self.hits(email, has_email, &mut email_steps),
            )
        };
        self.steps.append(&mut phone_steps);
        self.steps.append(&mut email_steps);
        let (by_phone, by_email) = (by_phone?, by_email?);
        Ok(match Match::of(contact, &by_phone, &by_email) {
            Match::Nobody => Found::Nobody,
            Match::One(found) => {
                self.account.known.learn_found(contact, &found);
                Found::Customer(found)
            }
            Match::Two(by_phone, by_email) => self.settle_conflict(by_phone, by_email),
        })
    }

    /// The customers that really have the contact, the lowest id first; none without a filter. Companies do not count.
    async fn hits(
        &self,
        filter: Option<CustomerFilter>,
        fits: fn(&Contact, &Customer) -> bool,
        steps: &mut Steps,
    ) -> Result<Vec<Customer>, Failure> {
        let mut hits = Vec::new();
        let Some(filter) = filter else {
            return Ok(hits);
        };
        for page in 1..=MOST_PAGES {
            let found = self.api.find_customers(&filter, page, steps).await;
            let (customers, pages) = found.map_err(Fault::into_failure_of_read)?;
            hits.extend(
                customers
                    .into_iter()
                    .filter(|customer| !customer.corporate && fits(&self.lead.contact, customer)),
            );
            if !hits.is_empty() || page >= pages {
                break;
            }
        }
        hits.sort_by_key(|customer| customer.id);
        Ok(hits)
    }

    /// Makes the customer; when in doubt, and after every refusal, looks whether it is there already.
    pub(super) async fn make_customer(
        &mut self,
        draft: &mut CustomerDraft,
    ) -> Result<Made, Failure> {
        let ours = CustomerKey::External(customer_external_id(self.lead.id));
        if self.in_doubt
            && let Some(known) = self.follow(ours.clone()).await?
        {
            return Ok(Made::Customer(known.id));
        }
        let mut repairs = 0;
        loop {
            let refusal = match self.api.make_customer(&draft.json(), &mut self.steps).await {
                Ok(id) => return Ok(Made::Customer(id)),
                Err(Fault::Refused(refusal)) => refusal,
                Err(fault) => return Err(fault.into_failure()),
            };
            // Every refusal can mean a repeat, also after a look-up: an earlier create came late, or an upload took this row and refused another.
            if let Some(known) = self.follow(ours.clone()).await? {
                return Ok(Made::Customer(known.id));
            }
            repairs += 1;
            if repairs > MOST_REPAIRS || !leave_out(draft, &refusal) {
                return Ok(Made::Refused(refusal));
            }
        }
    }

    /// The customer with this id, or the one it was merged into.
    pub(super) async fn follow(&mut self, key: CustomerKey) -> Result<Option<Customer>, Failure> {
        let mut key = key;
        for _ in 0..MOST_MERGERS {
            match self.api.customer(&key, &mut self.steps).await {
                Ok(customer) => return Ok(Some(customer)),
                Err(Fault::Missing {
                    combined_to: Some(into),
                }) => key = CustomerKey::Id(into),
                Err(Fault::Missing { combined_to: None }) => return Ok(None),
                Err(fault) => return Err(fault.into_failure_of_read()),
            }
        }
        Ok(None)
    }
}

fn has_phone(contact: &Contact, customer: &Customer) -> bool {
    held(contact, customer.email.as_deref(), &customer.phones).0
}

/// Whether the customer has the e-mail of the contact.
pub(super) fn has_email(contact: &Contact, customer: &Customer) -> bool {
    held(contact, customer.email.as_deref(), &customer.phones).1
}

/// Takes out of the customer what the CRM complains of; false when there is nothing to take.
pub(super) fn leave_out(draft: &mut CustomerDraft, refusal: &Refusal) -> bool {
    let (mapped, defaults) = draft.parts_mut();
    let mut left = repair::leave_out(mapped, refusal);
    left.extend(repair::leave_out(defaults, refusal));
    if left.is_empty() {
        left = repair::leave_out_all(mapped, refusal);
    }
    let found = !left.is_empty();
    left.into_iter().for_each(|left| draft.note_left_out(left));
    found
}
