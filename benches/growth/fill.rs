//! Fills a store as a year of leads would, through the store's own door: accepted in groups, delivered, refused, held, discarded; the newest wait.

use std::path::Path;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use leadgate::config::Config;
use leadgate::delivery::{Attempt, AttemptOutcome, DeliveryId, RetrySchedule};
use leadgate::lead::{HeldReason, LeadId, Submission};
use leadgate::store::{Begun, IdempotencyKey, NewLead, Order, Settings, Settlement, Store};

use crate::people::received_at;
use crate::support::Outcome;
use crate::wire;

/// Leads that are accepted, begun and settled together.
const GROUP: u32 = 512;

/// Among the first so many the rare states are common enough to fill a page.
const FIRST: u32 = 900;

/// Every so many a lead of the rarer form.
const BANQUETS: u32 = 10;

/// What is to be filled in.
pub(crate) struct Plan {
    /// How many in all.
    pub(crate) leads: u32,
    /// How many of them wait: the newest.
    pub(crate) waiting: u32,
    /// When the last comes.
    pub(crate) now: Timestamp,
}

/// What was filled in.
pub(crate) struct Filled {
    /// The id of each.
    pub(crate) ids: Vec<LeadId>,
    /// Bytes of the names and values that came in with a lead, on average.
    pub(crate) sent_per_lead: f64,
    /// Bytes of a lead, as JSON, on average.
    pub(crate) bytes_per_lead: f64,
}

/// Where a lead ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    Failed,
    Held,
    Discarded,
    Queued,
    Retrying,
}

impl Plan {
    fn fate(&self, number: u32) -> Fate {
        if number >= self.leads - self.waiting {
            return if number.is_multiple_of(4) {
                Fate::Retrying
            } else {
                Fate::Queued
            };
        }
        let every = if number < FIRST { 15 } else { 500 };
        match number % every {
            0 => Fate::Failed,
            1 => Fate::Held,
            2 => Fate::Discarded,
            _ => Fate::Delivered,
        }
    }

    /// Fills this directory and leaves it as a clean stop does, with everything settled in a snapshot.
    pub(crate) async fn fill(&self, data: &Path, config: &Config) -> Outcome<Filled> {
        let store = Store::open(&Settings {
            path: data.to_owned(),
            min_free: 0,
        })?;
        let mut filled = Filled {
            ids: Vec::with_capacity(self.leads as usize),
            sent_per_lead: 0.0,
            bytes_per_lead: 0.0,
        };
        let (mut sent, mut bytes) = (0, 0);
        for start in (0..self.leads).step_by(GROUP as usize) {
            let numbers: Vec<u32> = (start..self.leads.min(start + GROUP)).collect();
            let pairs = numbers.iter().flat_map(|number| wire::pairs(*number));
            sent += pairs
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>();
            let new = numbers.iter().map(|number| self.lead(*number, config));
            let new = new.collect::<Outcome<Vec<NewLead>>>()?;
            for new in &new {
                bytes += serde_json::to_vec(&new.lead)?.len();
            }
            filled.ids.extend(new.iter().map(|new| new.lead.id));
            try_join_all(new.into_iter().map(|new| store.accept(new))).await?;
            self.settle(&store, &numbers, &filled.ids).await?;
        }
        filled.sent_per_lead = sent as f64 / f64::from(self.leads);
        filled.bytes_per_lead = bytes as f64 / f64::from(self.leads);
        store.snapshot().await?;
        store.close().await?;
        Ok(filled)
    }

    fn lead(&self, number: u32, config: &Config) -> Outcome<NewLead> {
        let form = if number % BANQUETS == 3 {
            "banquet"
        } else {
            "callback"
        };
        let form = config.forms.get(form).ok_or("no form")?;
        let at = received_at(number, self.leads, self.now);
        let submission = Submission::from_pairs(wire::pairs(number));
        let key = IdempotencyKey {
            text: format!("visit-{number}"),
            content_hash: submission.content_hash(),
        };
        let is_remembered =
            self.now.duration_since(at).unsigned_abs() < leadgate::store::KEY_LIFETIME;
        let lead = submission
            .into_lead(form, LeadId::mint(at), at, wire::client(number))
            .map_err(|refused| format!("{refused:?}"))?;
        let is_kept_back = matches!(self.fate(number), Fate::Held | Fate::Discarded);
        Ok(NewLead {
            lead,
            held: is_kept_back.then_some(HeldReason::Honeypot),
            targets: form
                .deliver
                .iter()
                .map(|rule| (rule.destination.clone(), rule.create))
                .collect(),
            key: is_remembered.then_some(key),
        })
    }

    /// Brings leads that were accepted to where they end.
    async fn settle(&self, store: &Store, numbers: &[u32], ids: &[LeadId]) -> Outcome<()> {
        let id = |number: u32| ids[number as usize];
        let discarded = numbers
            .iter()
            .filter(|number| self.fate(**number) == Fate::Discarded);
        let orders =
            discarded.map(|number| store.order(id(*number), Order::Discard, ("anna", self.now)));
        try_join_all(orders).await?;
        let is_attempted = |fate| matches!(fate, Fate::Delivered | Fate::Failed | Fate::Retrying);
        let attempted: Vec<u32> = numbers
            .iter()
            .copied()
            .filter(|number| is_attempted(self.fate(*number)))
            .collect();
        let begun = attempted.iter().map(|number| DeliveryId {
            lead: id(*number),
            ordinal: 0,
        });
        let begun = store.begin_all(begun.collect(), self.now).await?;
        let settled = begun
            .into_iter()
            .zip(attempted)
            .map(|(begun, number)| match begun {
                Begun::Started { delivery, .. } => Ok(self.settlement(number, delivery.id)),
                Begun::NotOwed => Err("a lead is not owed".into()),
            });
        store.settle_all(settled.collect::<Outcome<_>>()?).await?;
        Ok(())
    }

    fn settlement(&self, number: u32, id: DeliveryId) -> Settlement {
        let (outcome, kind, status) = match self.fate(number) {
            Fate::Failed => (wire::rejected(), AttemptOutcome::Rejected, Some(400)),
            Fate::Retrying => (wire::unreachable(), AttemptOutcome::Retry, None),
            _ => (
                wire::delivered(number),
                AttemptOutcome::Delivered,
                Some(201),
            ),
        };
        let now = received_at(number, self.leads, self.now);
        Settlement {
            id,
            attempt: Attempt {
                number: 1,
                started_at: now,
                duration_ms: Some(180),
                outcome: Some(kind),
                http_status: status,
                error: outcome.as_ref().err().map(|failure| failure.cause.clone()),
                steps: vec![wire::step(id, number, status)],
            },
            outcome,
            schedule: RetrySchedule::default(),
            paused: false,
            jitter: 0.0,
            now,
        }
    }
}
