//! An attempt of `create = "customer"`: a registration or a newsletter. The customer is made, or brought up to date without losing what it had.

use crate::delivery::{Delivered, Failure, Note, Outcome, Receipt};
use crate::destination::retailcrm::api::{Customer, CustomerKey, Fault};
use crate::destination::retailcrm::customer::{self, Found, Made};
use crate::destination::retailcrm::deliver::Attempt;
use crate::destination::retailcrm::mapping::{CustomerDraft, LeftOut};
use crate::destination::retailcrm::repair::MOST_REPAIRS;
use crate::lead::{Bilingual, CustomerMatching};

impl Attempt<'_> {
    /// Makes or updates the customer; nothing else.
    pub(super) async fn deliver_customer(&mut self) -> Outcome {
        let zone = self.zone().await;
        let mut draft = self.customer_draft(&zone);
        let found = match self.mapping.customer {
            CustomerMatching::Match => self.search().await?,
            CustomerMatching::New | CustomerMatching::None => Found::Nobody,
        };
        if self.in_conflict {
            draft.keep_apart(self.account.conflict);
        }
        let id = match found {
            Found::Customer(known) => match self.update(known, &mut draft).await? {
                Some(id) => id,
                None => self.made(&mut draft).await?,
            },
            Found::Nobody | Found::NoCustomer => self.made(&mut draft).await?,
        };
        self.warnings
            .extend(draft.left_out().iter().map(LeftOut::note));
        if !draft.unread().is_empty() {
            let fields = draft.unread().join(", ");
            self.warn(Note::plain(Bilingual::new(
                format!("в карточке клиента нет места для полей: {fields}"),
                format!("the customer has no place for the fields: {fields}"),
            )));
        }
        let url = Some(self.api.page(&["customers", &id.to_string()]));
        Ok(Delivered {
            receipt: Receipt {
                customer_id: Some(id),
                url,
                ..Receipt::default()
            },
            warning: self.warning(),
        })
    }

    async fn made(&mut self, draft: &mut CustomerDraft) -> Result<u64, Failure> {
        match self.make_customer(draft).await? {
            Made::Customer(id) => {
                self.learn_made(id);
                Ok(id)
            }
            Made::Refused(refusal) => Err(refusal.into_failure()),
        }
    }

    /// Brings a known customer up to date; its id, or `None` when it is gone.
    async fn update(
        &mut self,
        known: Customer,
        draft: &mut CustomerDraft,
    ) -> Result<Option<u64>, Failure> {
        let mut known = known;
        let mut repairs = 0;
        loop {
            let Some(changes) = draft.changes(&known.record) else {
                return Ok(Some(known.id));
            };
            match self
                .api
                .edit_customer(known.id, &changes, &mut self.steps)
                .await
            {
                Ok(()) => return Ok(Some(known.id)),
                Err(Fault::Refused(refusal)) => {
                    repairs += 1;
                    if repairs > MOST_REPAIRS || !customer::leave_out(draft, &refusal) {
                        return Err(refusal.into_failure());
                    }
                }
                Err(Fault::Missing { combined_to }) => {
                    let into = CustomerKey::Id(combined_to.unwrap_or(known.id));
                    match self.follow(into).await? {
                        Some(other) if other.id != known.id => known = other,
                        _ => return Ok(None),
                    }
                }
                Err(Fault::Failed(failure)) => return Err(failure),
            }
        }
    }
}
