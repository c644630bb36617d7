//! What the attempts of one destination share: the store, the clock, and what is thought of the destination.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::delivery::{Cause, DeliveryId, Failure, FailureKind};
use crate::destination::{Claim, Report};
use crate::dispatch::breaker::Breaker;
use crate::dispatch::{Health, Outlook, Target};
use crate::lead::DestinationId;
use crate::metrics;
use crate::store::Store;

/// What the attempts of one destination share.
pub(super) struct Desk {
    pub(super) id: DestinationId,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) outlook: Outlook,
    pub(super) meter: metrics::Dispatch,
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
            meter: metrics::Dispatch::default(),
            breaker,
            probing: tokio::sync::Mutex::new(()),
        }
    }

    /// The same, counting.
    pub(super) fn counting(self, meter: metrics::Dispatch) -> Self {
        Self { meter, ..self }
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
        // Under the lock, so that of two changes at once the later one is what is seen.
        self.outlook.set(&self.id, &health);
        drop(breaker);
        match (was_paused, is_paused, &health) {
            (false, true, Health::Paused { cause, .. }) => {
                let waiting = self.store.waiting(&self.id).count;
                tracing::warn!(destination.id = %self.id, waiting, reason = cause.word(), "destination paused; its leads wait");
            }
            (true, false, _) => {
                tracing::info!(destination.id = %self.id, "destination healthy again");
            }
            _ => {}
        }
    }

    /// Whose trouble was it? Leads that went together count as one: what one request met, all of them met.
    pub(super) async fn judge(
        &self,
        started_at: Timestamp,
        reports: &[(&Claim, &Report)],
        target: &Target,
    ) {
        let mut troubled = None;
        let (mut answered, mut told_nothing) = (false, false);
        for (claim, report) in reports {
            match &report.outcome {
                // Our own defect tells nothing of the destination.
                Err(failure) if failure.cause == Cause::Internal => told_nothing = true,
                Err(failure) if failure.concerns_destination() => {
                    troubled = troubled.or(Some((claim.delivery.id, failure)));
                }
                // It asks for fewer requests: those that follow at once would be more.
                Err(failure) if matches!(failure.kind, FailureKind::Transient { .. }) => {
                    told_nothing = true;
                }
                // No request, no answer. It has failed for good, so the next trial is of another lead, and need not wait.
                Err(failure) if failure.cause.is_found_without_asking() => {}
                Ok(_) | Err(_) => answered = true,
            }
        }
        match troubled {
            // It works, so those that failed beside failed for themselves.
            _ if answered => self.note(|breaker| {
                // A batch that began before an outage may end in it: its first leads were taken while all was well.
                if !breaker.is_paused_since(started_at) {
                    breaker.answered(self.clock.now());
                }
            }),
            Some((id, failure)) => self.suspect((id, started_at), failure, target).await,
            None if told_nothing => self.note(|breaker| {
                if !breaker.is_paused_since(started_at) {
                    breaker.trial_lost(self.clock.now());
                }
            }),
            None => {}
        }
    }

    /// Finds out by a probe. A wrong set-up is proven by it too: the firewall before a CRM may refuse one lead for what was typed in it.
    async fn suspect(
        &self,
        (id, started_at): (DeliveryId, Timestamp),
        failure: &Failure,
        target: &Target,
    ) {
        if self.breaker().is_paused_since(started_at) {
            return;
        }
        let _turn = self.probing.lock().await;
        if self.breaker().is_paused_since(started_at) {
            return;
        }
        match target.destination.probe().await {
            Ok(()) => {
                self.note(|breaker| breaker.failed_alone(id, &failure.cause, self.clock.now()));
            }
            Err(probe) => self.note(|breaker| breaker.pause(&probe.cause, self.clock.now())),
        }
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
