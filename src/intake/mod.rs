//! The accepting side: a checked submission becomes a kept lead with what is owed for it.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::clock::Clock;
use crate::lead::{Client, FieldErrors, Form, Forms, HeldReason, LeadId, Submission};
use crate::metrics;
use crate::store::{Accepted, IdempotencyKey, NewLead, Store, StoreError};

/// The forms as they are now; a reload swaps them all at once.
pub type LiveForms = Arc<ArcSwap<Forms>>;

/// The use case "accept a submission".
#[derive(Clone)]
pub struct Intake {
    store: Store,
    clock: Clock,
    meter: metrics::Intake,
}

/// Why a submission is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The visitor can mend it.
    #[error("{} field errors", .0.0.len())]
    Invalid(FieldErrors),
    /// We cannot keep it now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Intake {
    /// An intake into this store.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            meter: metrics::Intake::default(),
        }
    }

    /// The same, counting what comes in.
    pub fn counting(self, meter: metrics::Intake) -> Self {
        Self { meter, ..self }
    }

    /// Checks the submission, screens it, and keeps the lead together with its deliveries. `Ok` means it is on the disk. A filled
    /// honeypot holds the lead; the sender is answered as everybody is.
    ///
    /// The call checks and encodes; the future only waits for the disk, and is small, because it does not hold the lead.
    pub fn accept(
        &self,
        form: &Form,
        submission: Submission,
        client: Client,
    ) -> impl Future<Output = Result<Accepted, IntakeError>> {
        let new = self.new_lead(form, submission, client);
        let kept = new.map(|new| (new.held, self.store.accept(new)));
        async move {
            let (held, kept) = kept?;
            let accepted = kept.await?;
            self.count(accepted, form, held);
            Ok(accepted)
        }
    }

    fn new_lead(
        &self,
        form: &Form,
        submission: Submission,
        client: Client,
    ) -> Result<NewLead, IntakeError> {
        let received_at = self.clock.now();
        let held = submission
            .controls
            .honeypot_filled
            .then_some(HeldReason::Honeypot);
        let key = submission.controls.id.clone().map(|text| IdempotencyKey {
            text,
            content_hash: submission.content_hash(),
        });
        let lead = submission
            .into_lead(form, LeadId::mint(received_at), received_at, client)
            .map_err(IntakeError::Invalid)?;
        let targets = form
            .deliver
            .iter()
            .map(|rule| (rule.destination.clone(), rule.create))
            .collect();
        Ok(NewLead {
            lead,
            held,
            targets,
            key,
        })
    }

    fn count(&self, accepted: Accepted, form: &Form, held: Option<HeldReason>) {
        match accepted {
            Accepted::New(_) => {
                self.meter.accepted(form.id.as_str());
                held.into_iter()
                    .for_each(|reason| self.meter.held(reason.as_str()));
            }
            Accepted::Repeated(_) => self.meter.repeated(form.id.as_str()),
        }
    }
}
