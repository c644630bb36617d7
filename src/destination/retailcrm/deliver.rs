//! One attempt: the requests that hand a lead over, in their order.
//!
//! ```text
//!  in doubt? -- order looked up by external id --> there: delivered
//!      | not there: the doubt is cleared
//!  customer: known, found, or made
//!      |
//!  orders/create --> made: delivered
//!      | refused: perhaps it is there already --> looked up
//!      | refused: the customer is unknown     --> chosen again, once
//!      | refused: one value                   --> left out, again
//! ```
//!
//! Dropping the future at any point is safe: every record is made under an external id that the next attempt looks up.

use jiff::tz::TimeZone;

use crate::delivery::{
    Cause, Delivered, Failure, FailureKind, Lane, Note, Outcome, Receipt, Step, Warning,
};
use crate::destination::retailcrm::Account;
use crate::destination::retailcrm::api::{Api, Fault, OrderRecord, Refusal};
use crate::destination::retailcrm::customer::Chosen;
use crate::destination::retailcrm::mapping::{
    CustomerDraft, LeftOut, Mapping, OrderDraft, order_external_id,
};
use crate::destination::retailcrm::repair::{self, MOST_REPAIRS};
use crate::destination::{Claim, Report};
use crate::lead::{Bilingual, Create, Lead};

/// One attempt under way.
pub(super) struct Attempt<'a> {
    /// The account it goes to.
    pub(super) account: &'a Account,
    /// Its API, with the pace of the lane.
    pub(super) api: &'a Api,
    /// A saved request counts more than a saved second: in the backlog, and wherever many go together.
    pub(super) is_sparing: bool,
    /// The lead.
    pub(super) lead: &'a Lead,
    /// The form's mapping, as it is now.
    pub(super) mapping: &'a Mapping,
    /// An earlier attempt may have made something.
    pub(super) in_doubt: bool,
    /// The requests so far.
    pub(super) steps: Vec<Step>,
    /// Phone and e-mail were found to be of two customers.
    pub(super) in_conflict: bool,
    /// The order has been looked up and is not there.
    pub(super) doubt_cleared: bool,
    /// The customer, when it has been chosen together with those of other leads.
    pub(super) chosen: Option<Chosen>,
    /// What a new customer would be, when that has been computed before; repairs are in it.
    pub(super) customer: Option<CustomerDraft>,
    /// What the delivery will be marked with.
    pub(super) warnings: Vec<Note>,
}

/// What has been tried with an order that the CRM refuses.
#[derive(Default)]
struct Tried {
    other_customer: bool,
    repairs: usize,
}

impl<'a> Attempt<'a> {
    /// An attempt of this claim.
    pub(super) fn new(
        account: &'a Account,
        lane: Lane,
        claim: &'a Claim,
        mapping: &'a Mapping,
    ) -> Self {
        Self {
            account,
            api: account.api(lane),
            is_sparing: lane == Lane::Backlog,
            lead: &claim.lead,
            mapping,
            in_doubt: claim.delivery.in_doubt,
            steps: Vec::new(),
            in_conflict: false,
            doubt_cleared: false,
            chosen: None,
            customer: None,
            warnings: Vec::new(),
        }
    }

    /// Runs it to its end.
    pub(super) async fn run(mut self) -> Report {
        let outcome = self.finish().await;
        self.report(outcome)
    }

    /// How it ended, with its requests.
    pub(super) fn report(self, outcome: Outcome) -> Report {
        let doubt_cleared = self.doubt_cleared;
        let outcome = outcome.map_err(|failure| Failure {
            doubt_cleared,
            ..failure
        });
        Report {
            outcome,
            steps: self.steps,
        }
    }

    /// Does what is still to be done.
    pub(super) async fn finish(&mut self) -> Outcome {
        match self.mapping.create {
            Create::Order => self.deliver_order().await,
            Create::Customer => self.deliver_customer().await,
        }
    }

    /// Adds a sentence to the delivery's warning.
    pub(super) fn warn(&mut self, warning: Note) {
        self.warnings.push(warning);
    }

    pub(super) async fn zone(&mut self) -> TimeZone {
        self.account.zone.get(self.api, &mut self.steps).await
    }

    async fn deliver_order(&mut self) -> Outcome {
        if self.in_doubt && !self.doubt_cleared {
            if let Some(order) = self.look_up().await? {
                return Ok(self.order_met(&order).await);
            }
            self.doubt_cleared = true;
        }
        let zone = self.zone().await;
        let mut customer_draft = self
            .customer
            .take()
            .unwrap_or_else(|| self.customer_draft(&zone));
        let chosen = match self.chosen {
            Some(chosen) => chosen,
            None => self.choose_customer(&mut customer_draft).await?,
        };
        let mut draft = self.draft(&zone, chosen, &customer_draft);
        let mut chosen = chosen.id;
        let mut tried = Tried::default();
        loop {
            let refusal = match self
                .api
                .create_order(&draft.json(chosen), &mut self.steps)
                .await
            {
                Ok(order) => {
                    self.save_dropped(&order, &mut draft).await;
                    return Ok(self.order_delivered(&order, (&draft, chosen)));
                }
                Err(Fault::Refused(refusal)) => refusal,
                Err(fault) => return Err(fault.into_failure()),
            };
            if self.may_be_there(&refusal)
                && let Some(order) = self.look_up().await?
            {
                self.save_dropped(&order, &mut draft).await;
                return Ok(self.order_delivered(&order, (&draft, chosen)));
            }
            match chosen {
                Some(id) if names_customer(&refusal, id) => {
                    chosen = self
                        .other_customer(id, &mut tried, &mut customer_draft)
                        .await?;
                }
                _ => self.repair(&mut draft, refusal, &mut tried)?,
            }
        }
    }

    /// The order, before it is sent.
    pub(super) fn draft(
        &self,
        zone: &TimeZone,
        chosen: Chosen,
        customer: &CustomerDraft,
    ) -> OrderDraft {
        let made = chosen.made.then_some(customer);
        self.account
            .order_draft((self.lead, self.mapping), zone, made)
    }

    /// A customer of this lead, as far as the account is known.
    pub(super) fn customer_draft(&self, zone: &TimeZone) -> CustomerDraft {
        self.account.customer_draft((self.lead, self.mapping), zone)
    }

    async fn look_up(&mut self) -> Result<Option<OrderRecord>, Failure> {
        let external_id = order_external_id(self.lead.id);
        self.api
            .find_order(&external_id, &mut self.steps)
            .await
            .map_err(Fault::into_failure_of_read)
    }

    /// `Order already exists.` in any language: it complains of no field, or of the external id.
    fn may_be_there(&self, refusal: &Refusal) -> bool {
        let external_id = order_external_id(self.lead.id);
        refusal.errors.is_empty()
            || refusal
                .errors
                .iter()
                .any(|(field, text)| field.ends_with("externalId") || text.contains(&external_id))
    }

    async fn other_customer(
        &mut self,
        lost: u64,
        tried: &mut Tried,
        draft: &mut CustomerDraft,
    ) -> Result<Option<u64>, Failure> {
        let id = if tried.other_customer {
            None
        } else {
            self.choose_again(lost, draft).await?.id
        };
        tried.other_customer = true;
        if id.is_none() {
            self.warn(Note {
                text: Bilingual::new(
                    format!("CRM не приняла клиента {lost}, заказ отправлен без него"),
                    format!("the CRM did not take the customer {lost}; the order went without it"),
                ),
                about: Bilingual::new(
                    "CRM не приняла клиента, заказ отправлен без него",
                    "the CRM did not take the customer; the order went without it",
                ),
            });
        }
        Ok(id)
    }

    /// Takes the value out that the CRM complains of, or gives up.
    fn repair(
        &self,
        draft: &mut OrderDraft,
        refusal: Refusal,
        tried: &mut Tried,
    ) -> Result<(), Failure> {
        tried.repairs += 1;
        let mut left = Vec::new();
        if tried.repairs <= MOST_REPAIRS {
            left = repair::leave_out(draft.fields_mut(), &refusal);
        }
        if left.is_empty() {
            left = repair::leave_out_all(draft.fields_mut(), &refusal);
        }
        if left.is_empty() {
            return Err(refusal.into_failure());
        }
        left.into_iter().for_each(|left| draft.note_left_out(left));
        Ok(())
    }

    /// The end of an attempt whose order is there, with what was to be sent of it, and the customer it was sent with.
    pub(super) fn order_delivered(
        &mut self,
        order: &OrderRecord,
        (draft, customer): (&OrderDraft, Option<u64>),
    ) -> Delivered {
        self.warnings
            .extend(draft.left_out().iter().map(LeftOut::note));
        let unlinked = order.offers.as_ref().map(|shown| draft.unlinked(shown));
        self.warnings
            .extend(unlinked.iter().flatten().map(LeftOut::note));
        if let Some((sent, shown)) = customer.zip(order.customer.as_ref()) {
            let known = &self.account.known;
            known.compare(&self.lead.contact, sent, shown);
        }
        Delivered {
            receipt: Receipt {
                order_id: order.id,
                order_number: order.number.clone(),
                customer_id: order.customer_id.or(customer),
                url: order
                    .id
                    .map(|id| self.api.page(&["orders", &id.to_string(), "edit"])),
            },
            warning: self.warning(),
        }
    }

    pub(super) fn warning(&self) -> Option<Warning> {
        Warning::of(&self.warnings)
    }
}

/// The refusal is about the customer: its field is named, or the text quotes the id.
fn names_customer(refusal: &Refusal, id: u64) -> bool {
    let id = id.to_string();
    let quotes = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word == id)
            && {
                let text = text.to_lowercase();
                text.contains("customer") || text.contains("клиент")
            }
    };
    let is_customer = |field: &str| {
        field == "customer" || field.starts_with("customer.") || field.starts_with("customer[")
    };
    refusal
        .errors
        .iter()
        .any(|(field, text)| is_customer(field) || quotes(text))
        || quotes(&refusal.message)
}

/// The lead's form no longer delivers here.
pub(super) fn no_rule(lead: &Lead) -> Failure {
    Failure::new(
        FailureKind::Rejected,
        Cause::FormGone {
            form: lead.form.to_string(),
        },
    )
}
