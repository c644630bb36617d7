//! One attempt, from its journalled start to its journalled end.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::delivery::{
    Attempt, AttemptOutcome, Cause, Delivery, DeliveryId, Failure, FailureKind, Outcome, Step,
};
use crate::destination::{Claim, Report};
use crate::dispatch::breaker::Breaker;
use crate::dispatch::{Outlook, Target};
use crate::lead::{DestinationId, Lead};
use crate::store::{Begun, Settled, Settlement, Store, StoreError};

/// How long to wait before a record that the store refused (the disk is full, say) is tried again. The claim is kept meanwhile.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// What the attempts of one destination share.
pub(super) struct Desk {
    pub(super) id: DestinationId,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) outlook: Outlook,
    breaker: Mutex<Breaker>,
    /// Held during a probe: attempts that fail together are followed by one.
    probing: tokio::sync::Mutex<()>,
}

impl Desk {
    pub(super) fn new(id: DestinationId, store: Store, clock: Clock, outlook: Outlook) -> Self {
        let breaker = Mutex::new(Breaker::new(clock.now()));
        Self {
            id,
            store,
            clock,
            outlook,
            breaker,
            probing: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the breaker and tells the admin and the log when that changed the health.
    pub(super) fn note(&self, change: impl FnOnce(&mut Breaker)) {
        let mut breaker = self.breaker();
        let was_paused = breaker.is_paused();
        change(&mut breaker);
        let (health, is_paused) = (breaker.health(), breaker.is_paused());
        drop(breaker);
        self.outlook.set(&self.id, &health);
        match (was_paused, is_paused, &health) {
            (false, true, super::Health::Paused { cause, .. }) => {
                let waiting = self.store.waiting(&self.id).count;
                tracing::warn!(destination.id = %self.id, waiting, reason = cause.word(), "destination paused; its leads wait");
            }
            (true, false, _) => {
                tracing::info!(destination.id = %self.id, "destination healthy again");
            }
            _ => {}
        }
    }

    /// Makes one attempt. `Err` only when the store is stopped; the delivery is then in doubt at the next start.
    pub(super) async fn attempt(&self, id: DeliveryId, target: &Target) -> Result<(), StoreError> {
        let started_at = self.clock.now();
        let begun = match self.store.begin(id, started_at).await {
            Ok(begun) => begun,
            Err(StoreError::Stopped) => return Err(StoreError::Stopped),
            Err(error) => {
                // Nothing was sent, so the claim is given back after a while. Was the start journalled after all, the next attempt looks up first.
                tracing::error!(lead.id = %id.lead, %error, "an attempt cannot be started; tried again in a second");
                self.clock.sleep(RECORD_AGAIN).await;
                return Ok(());
            }
        };
        let Begun::Started { lead, delivery } = begun else {
            return Ok(());
        };
        let began = self.clock.monotonic();
        let claim = Claim {
            lead,
            delivery: *delivery,
        };
        let report = deliver(target, &claim).await;
        let duration = self.clock.monotonic().duration_since(began);
        let paused = self.judge((id, started_at), &report.outcome, target).await;
        let attempt = Attempt {
            number: claim.delivery.attempts,
            started_at,
            duration_ms: Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
            outcome: Some(outcome_word(&report.outcome, paused)),
            http_status: report
                .outcome
                .as_ref()
                .err()
                .and_then(|failure| failure.http_status),
            error: report
                .outcome
                .as_ref()
                .err()
                .map(|failure| failure.cause.clone()),
            steps: Step::bounded(report.steps.clone()),
        };
        log(&claim.lead, &self.id, &attempt, &report);
        self.settle(Settlement {
            id,
            attempt,
            outcome: report.outcome,
            schedule: target.retry.clone(),
            paused,
            jitter: rand::random(),
            now: self.clock.now(),
        })
        .await
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), StoreError> {
        loop {
            match self.store.settle(settlement.clone()).await {
                Ok(Settled::Recorded(delivery)) => {
                    log_end(&self.id, &delivery);
                    return Ok(());
                }
                Ok(Settled::Stale) => {
                    tracing::info!(lead.id = %settlement.id.lead, "the attempt was settled or erased meanwhile");
                    return Ok(());
                }
                Err(StoreError::Stopped) => return Err(StoreError::Stopped),
                Err(error) => {
                    tracing::error!(lead.id = %settlement.id.lead, %error, "an attempt cannot be recorded; tried again in a second");
                    self.clock.sleep(RECORD_AGAIN).await;
                }
            }
        }
    }

    /// Whose trouble was it? Returns whether the destination is paused now, so that the attempt costs the lead nothing.
    async fn judge(
        &self,
        (id, started_at): (DeliveryId, Timestamp),
        outcome: &Outcome,
        target: &Target,
    ) -> bool {
        match outcome {
            Err(failure) if failure.cause == Cause::Internal => {
                // Our own defect tells nothing of the destination, and waiting does not mend it: it always costs.
                self.note(|breaker| breaker.trial_lost(self.clock.now()));
                return false;
            }
            Err(failure) if failure.concerns_destination() => {
                self.suspect((id, started_at), failure, target).await;
            }
            Err(failure) if matches!(failure.kind, FailureKind::Transient { .. }) => {}
            Ok(_) | Err(_) => self.note(|breaker| breaker.answered(self.clock.now())),
        }
        self.breaker().is_paused()
    }

    /// Finds out by a probe. A wrong set-up is proven by it too: the firewall before a CRM may refuse one lead for what was typed in it.
    async fn suspect(
        &self,
        (id, started_at): (DeliveryId, Timestamp),
        failure: &Failure,
        target: &Target,
    ) {
        if self.is_paused_since(started_at) {
            return;
        }
        let _turn = self.probing.lock().await;
        if self.is_paused_since(started_at) {
            return;
        }
        match target.destination.probe().await {
            Ok(()) => {
                self.note(|breaker| breaker.failed_alone(id, &failure.cause, self.clock.now()));
            }
            Err(probe) => self.note(|breaker| breaker.pause(&probe.cause, self.clock.now())),
        }
    }

    /// Whether the destination was paused while an attempt that began then was under way. Its failure is no news then: were it counted, eight
    /// that fail together would put the next probe off as eight failed probes do.
    fn is_paused_since(&self, started_at: Timestamp) -> bool {
        let breaker = self.breaker();
        breaker.is_paused() && breaker.since() >= started_at
    }

    /// Probes a paused destination. Returns whether it answered.
    pub(super) async fn probe(&self, target: &Target) -> bool {
        let _turn = self.probing.lock().await;
        match target.destination.probe().await {
            Ok(()) => true,
            Err(failure) => {
                self.note(|breaker| breaker.pause(&failure.cause, self.clock.now()));
                false
            }
        }
    }
}

/// Delivers, and makes an unknown outcome of a panic: without a record the claim, and with it every lead of the contact, would be stuck.
async fn deliver(target: &Target, claim: &Claim) -> Report {
    // A destination keeps what it remembers behind locks that outlive a panic; the claim is only read.
    let attempt = AssertUnwindSafe(async { target.destination.deliver(claim).await });
    attempt
        .catch_unwind()
        .await
        .unwrap_or_else(|_already_printed| Report {
            outcome: Err(Failure::new(FailureKind::Unknown, Cause::Internal)),
            steps: Vec::new(),
        })
}

fn outcome_word(outcome: &Outcome, paused: bool) -> AttemptOutcome {
    match outcome {
        Ok(_) => AttemptOutcome::Delivered,
        Err(failure) => match failure.kind {
            FailureKind::Transient { .. } | FailureKind::Misconfigured if paused => {
                AttemptOutcome::Paused
            }
            FailureKind::Transient { .. } | FailureKind::Misconfigured => AttemptOutcome::Retry,
            FailureKind::Unknown => AttemptOutcome::Unknown,
            FailureKind::Rejected => AttemptOutcome::Rejected,
        },
    }
}

fn log(lead: &Arc<Lead>, destination: &DestinationId, attempt: &Attempt, report: &Report) {
    let (number, duration_ms) = (attempt.number, attempt.duration_ms.unwrap_or_default());
    let steps = report.steps.len();
    match &report.outcome {
        Ok(delivered) => {
            let order = delivered
                .receipt
                .order_number
                .as_deref()
                .unwrap_or_default();
            tracing::info!(lead.id = %lead.id, destination.id = %destination, attempt.number = number, duration_ms, steps, order, "lead delivered");
        }
        Err(failure) => {
            let outcome = attempt
                .outcome
                .map(AttemptOutcome::as_str)
                .unwrap_or_default();
            // Words only: the CRM's texts quote what was typed. They stand with the attempt, for those who may read leads.
            let (reason, fields) = (
                failure.cause.word(),
                failure.cause.refused_fields().join(" "),
            );
            tracing::warn!(
                lead.id = %lead.id, destination.id = %destination, attempt.number = number, duration_ms, steps, outcome, reason, fields,
                "attempt failed"
            );
        }
    }
}

fn log_end(destination: &DestinationId, delivery: &Delivery) {
    if delivery.state == crate::delivery::State::Failed {
        let reason = delivery
            .last_error
            .as_ref()
            .map(Cause::word)
            .unwrap_or_default();
        tracing::error!(lead.id = %delivery.id.lead, destination.id = %destination, reason, "lead failed: a person is needed");
    }
}
