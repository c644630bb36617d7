//! One attempt of one delivery or of many together, from its journalled start to its journalled end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::delivery::{
    Attempt, AttemptOutcome, Cause, DeliveryId, Failure, FailureKind, Lane, Outcome, State, Step,
};
use crate::destination::{Claim, Report};
use crate::dispatch::Target;
use crate::dispatch::desk::Desk;
use crate::lead::{DestinationId, Lead};
use crate::metrics::Attempted;
use crate::store::{Begun, Settled, Settlement, StoreError};

/// How long to wait before a record that the store refused (the disk is full, say) is tried again. The claim is kept meanwhile.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// How an attempt went, for the slow start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// The destination answered.
    Well,
    /// It was in trouble, or asked for fewer requests.
    Badly,
}

impl Desk {
    /// Makes one attempt of each of these. `Err` only when the store is stopped; the deliveries are then in doubt at the next start.
    pub(super) async fn attempt(
        &self,
        ids: Vec<DeliveryId>,
        lane: Lane,
        target: &Target,
    ) -> Result<Went, StoreError> {
        let started_at = self.clock.now();
        let claims = self.begin(ids, started_at).await?;
        if claims.is_empty() {
            return Ok(Went::Well);
        }
        let began = self.clock.monotonic();
        let reports = deliver(target, lane, &claims).await;
        let duration = self.clock.monotonic().duration_since(began);
        let reported: Vec<(&Claim, &Report)> = claims.iter().zip(&reports).collect();
        self.judge(started_at, &reported, target).await;
        let paused = self.breaker().is_paused();
        let went = reports
            .iter()
            .map(went)
            .max_by_key(|went| *went == Went::Badly);
        let settlements = claims.iter().zip(reports).map(|(claim, report)| {
            let attempt = attempt(claim, (started_at, duration), &report, paused);
            log(&claim.lead, &self.id, &attempt, &report);
            self.count(&claim.lead, &attempt, duration);
            Settlement {
                id: claim.delivery.id,
                attempt,
                paused: paused && !is_ours(&report.outcome),
                outcome: report.outcome,
                schedule: target.retry.clone(),
                jitter: rand::random(),
                now: self.clock.now(),
            }
        });
        self.settle(settlements.collect()).await?;
        Ok(went.unwrap_or(Went::Well))
    }

    /// Journals the starts; only what is started may be sent.
    async fn begin(&self, ids: Vec<DeliveryId>, at: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let begun = match self.store.begin_all(ids.clone(), at).await {
            Err(StoreError::Stopped) => return Err(StoreError::Stopped),
            // One that cannot be read must not keep the others: each for itself.
            Err(_some_trouble) if ids.len() > 1 => {
                let each = ids.iter().map(|id| self.begin_one(*id, at));
                join_all(each).await.into_iter().collect::<Result<_, _>>()?
            }
            Err(error) => {
                self.cannot_start(&ids, &error).await;
                Vec::new()
            }
            Ok(begun) => begun,
        };
        let claims = begun.into_iter().filter_map(|begun| match begun {
            Begun::Started { lead, delivery } => Some(Claim {
                lead,
                delivery: *delivery,
            }),
            Begun::NotOwed => None,
        });
        Ok(claims.collect())
    }

    async fn begin_one(&self, id: DeliveryId, at: Timestamp) -> Result<Begun, StoreError> {
        match self.store.begin(id, at).await {
            Err(StoreError::Stopped) => Err(StoreError::Stopped),
            Err(error) => {
                self.cannot_start(&[id], &error).await;
                Ok(Begun::NotOwed)
            }
            Ok(begun) => Ok(begun),
        }
    }

    /// Nothing was sent, so the claims are given back after a while. Was the start journalled after all, the next attempt looks up first.
    async fn cannot_start(&self, ids: &[DeliveryId], error: &StoreError) {
        for id in ids {
            tracing::error!(lead.id = %id.lead, %error, "an attempt cannot be started; tried again in a second");
        }
        self.clock.sleep(RECORD_AGAIN).await;
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<(), StoreError> {
        match self.store.settle_all(settlements.clone()).await {
            Err(StoreError::Stopped) => Err(StoreError::Stopped),
            // One that cannot be recorded must not keep the others: each for itself.
            Err(_some_trouble) => {
                let each = settlements
                    .into_iter()
                    .map(|settlement| self.settle_one(settlement));
                join_all(each).await.into_iter().collect()
            }
            Ok(settled) => {
                for (settlement, settled) in settlements.iter().zip(settled) {
                    self.settled(settlement.id, &settled);
                }
                Ok(())
            }
        }
    }

    async fn settle_one(&self, settlement: Settlement) -> Result<(), StoreError> {
        loop {
            match self.store.settle(settlement.clone()).await {
                Ok(settled) => {
                    self.settled(settlement.id, &settled);
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
}

impl Desk {
    fn count(&self, lead: &Lead, attempt: &Attempt, took: Duration) {
        let Some(outcome) = attempt.outcome else {
            return;
        };
        let age = self.clock.now().duration_since(lead.received_at);
        let is_delivered = outcome == AttemptOutcome::Delivered;
        let attempted = Attempted {
            outcome: outcome.as_str(),
            took,
            // Received later than now when the clock was put back.
            delivered_after: is_delivered.then(|| Duration::try_from(age).unwrap_or_default()),
        };
        self.meter.attempted(self.id.as_str(), attempted);
    }

    fn settled(&self, id: DeliveryId, settled: &Settled) {
        let delivery = match settled {
            Settled::Recorded(delivery) => delivery,
            Settled::Stale => {
                tracing::info!(lead.id = %id.lead, "the attempt was settled or erased meanwhile");
                return;
            }
        };
        if delivery.state == State::Failed {
            let reason = delivery.last_error.as_ref().map_or("", Cause::word);
            self.meter.failed(self.id.as_str(), reason);
            tracing::error!(lead.id = %id.lead, destination.id = %self.id, reason, "lead failed: a person is needed");
        }
    }
}

/// Delivers. After a panic each lead goes by itself, so that it costs only the one whose trouble it is; without a record the claims, and with
/// them every lead of their contacts, would be stuck.
async fn deliver(target: &Target, lane: Lane, claims: &[Claim]) -> Vec<Report> {
    if let Some(reports) = guarded(target, lane, claims).await {
        return reports;
    }
    if claims.len() == 1 {
        return vec![broken_off()];
    }
    let mut reports = Vec::with_capacity(claims.len());
    for claim in claims {
        let mut claim = claim.clone();
        claim.delivery.in_doubt = true;
        let alone = guarded(target, lane, &[claim]).await;
        let report = alone.and_then(|mut reports| reports.pop());
        reports.push(report.map_or_else(broken_off, still_in_doubt));
    }
    reports
}

/// `None` after a panic, or when there is not one report for each claim.
async fn guarded(target: &Target, lane: Lane, claims: &[Claim]) -> Option<Vec<Report>> {
    // A destination keeps what it remembers behind locks that outlive a panic; the claims are only read.
    let attempt = AssertUnwindSafe(async { target.destination.deliver(lane, claims).await });
    let reports = attempt.catch_unwind().await.ok()?;
    (reports.len() == claims.len()).then_some(reports)
}

fn broken_off() -> Report {
    Report {
        outcome: Err(Failure::new(
            FailureKind::Unknown { retry_after: None },
            Cause::Internal,
        )),
        steps: Vec::new(),
    }
}

/// What was broken off may have sent something; unless that was looked up since, nobody knows.
fn still_in_doubt(report: Report) -> Report {
    let outcome = report.outcome.map_err(|failure| match failure.kind {
        FailureKind::Transient { .. } | FailureKind::Misconfigured if !failure.doubt_cleared => {
            Failure {
                kind: FailureKind::Unknown {
                    retry_after: failure.kind.retry_after(),
                },
                ..failure
            }
        }
        _ => failure,
    });
    Report { outcome, ..report }
}

/// Our own defect: waiting does not mend it, so it always costs.
fn is_ours(outcome: &Outcome) -> bool {
    let failure = outcome.as_ref().err();
    failure.is_some_and(|failure| failure.cause == Cause::Internal)
}

fn went(report: &Report) -> Went {
    match &report.outcome {
        Err(failure) if failure.concerns_destination() || failure.cause == Cause::RateLimited => {
            Went::Badly
        }
        Ok(_) | Err(_) => Went::Well,
    }
}

fn attempt(
    claim: &Claim,
    (started_at, duration): (Timestamp, Duration),
    report: &Report,
    paused: bool,
) -> Attempt {
    let failure = report.outcome.as_ref().err();
    Attempt {
        number: claim.delivery.attempts,
        started_at,
        duration_ms: Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        outcome: Some(outcome_word(&report.outcome, paused)),
        http_status: failure.and_then(|failure| failure.http_status),
        error: failure.map(|failure| failure.cause.clone()),
        steps: Step::bounded(report.steps.clone()),
    }
}

fn outcome_word(outcome: &Outcome, paused: bool) -> AttemptOutcome {
    match outcome {
        Ok(_) => AttemptOutcome::Delivered,
        Err(failure) => match failure.kind {
            FailureKind::Transient { .. } | FailureKind::Misconfigured if paused => {
                AttemptOutcome::Paused
            }
            FailureKind::Transient { .. } | FailureKind::Misconfigured => AttemptOutcome::Retry,
            FailureKind::Unknown { .. } => AttemptOutcome::Unknown,
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
