//! One attempt, from its journalled start to its journalled end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryId, Failure, FailureKind, Outcome,
};
use crate::destination::{Claim, Report};
use crate::dispatch::breaker::Breaker;
use crate::dispatch::{Outlook, Target};
use crate::lead::{DestinationId, Language, Lead};
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
                tracing::warn!(destination.id = %self.id, waiting, reason = %cause.text(Language::En), "destination paused; its leads wait");
            }
            (true, false, _) => {
                tracing::info!(destination.id = %self.id, "destination healthy again");
            }
            _ => {}
        }
    }

    /// Makes one attempt. `Err` when the store is stopped or broken; the delivery is then in doubt at the next start.
    pub(super) async fn attempt(&self, id: DeliveryId, target: &Target) -> Result<(), StoreError> {
        let started_at = self.clock.now();
        let begun = self.store.begin(id, started_at).await;
        if let Err(StoreError::Journal(error)) = &begun {
            // Without the record nothing may be sent; as nothing was, the claim is given back after a while.
            tracing::error!(lead.id = %id.lead, %error, "an attempt cannot be started; tried again in a second");
            self.clock.sleep(RECORD_AGAIN).await;
            return Ok(());
        }
        let Begun::Started { lead, delivery } = begun? else {
            return Ok(());
        };
        let began = self.clock.monotonic();
        let claim = Claim {
            lead,
            delivery: *delivery,
        };
        let report = target.destination.deliver(&claim).await;
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
            steps: report.steps.clone(),
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
            Err(failure) if failure.concerns_destination() => {
                self.suspect((id, started_at), failure, target).await;
            }
            Err(failure) if matches!(failure.kind, FailureKind::Transient { .. }) => {}
            Ok(_) | Err(_) => self.note(|breaker| breaker.answered(self.clock.now())),
        }
        self.breaker().is_paused()
    }

    async fn suspect(
        &self,
        (id, started_at): (DeliveryId, Timestamp),
        failure: &Failure,
        target: &Target,
    ) {
        if self.is_paused_since(started_at) {
            return;
        }
        if failure.kind == FailureKind::Misconfigured {
            self.note(|breaker| breaker.pause(&failure.cause, self.clock.now()));
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

fn outcome_word(outcome: &Outcome, paused: bool) -> AttemptOutcome {
    match outcome {
        Ok(_) => AttemptOutcome::Delivered,
        Err(failure) => match failure.kind {
            FailureKind::Misconfigured => AttemptOutcome::Paused,
            FailureKind::Transient { .. } if paused => AttemptOutcome::Paused,
            FailureKind::Transient { .. } => AttemptOutcome::Retry,
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
            tracing::warn!(
                lead.id = %lead.id, destination.id = %destination, attempt.number = number, duration_ms, steps, outcome, reason = %failure,
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
            .map(|cause| cause.text(Language::En))
            .unwrap_or_default();
        tracing::error!(lead.id = %delivery.id.lead, destination.id = %destination, reason, "lead failed: a person is needed");
    }
}
