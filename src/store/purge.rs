//! Retention: leads whose keeping time is over are taken out, day by day. What is still owed never is.
//!
//! The time counts from the last thing that happened to a lead, not from its receipt: one that was delivered after a month of outage is kept as long
//! as any other. Found by reading, decided again by the committer a slice at a time, so that a visitor who comes meanwhile waits for one slice at
//! most. Then a snapshot without them is made and the index is renewed, and the disk has its space back.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::{Attempt, State};
use crate::lead::LeadId;
use crate::store::committer::Command;
use crate::store::decide::{self, Decision};
use crate::store::index::IdRange;
use crate::store::overlay::View;
use crate::store::record::{Record, Table, attempt_key, decode};
use crate::store::room::{Room, journal_error};
use crate::store::{Status, Store, StoreError};

/// So many leads are taken out by one command: a few milliseconds of the committer.
const SLICE: usize = 64;

/// How long leads are kept, by how they ended; `None` is for ever. What is still under way is kept whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Delivered everywhere.
    pub delivered: Option<Duration>,
    /// Given up by a person, or erased.
    pub discarded: Option<Duration>,
    /// Failed, and nobody has looked after it.
    pub failed: Option<Duration>,
    /// Held as suspected spam, and nobody has looked at it.
    pub held: Option<Duration>,
}

impl Keep {
    /// Everything, for ever.
    pub const FOREVER: Self = Self {
        delivered: None,
        discarded: None,
        failed: None,
        held: None,
    };

    fn of(&self, state: State) -> Option<Duration> {
        match state {
            State::Delivered => self.delivered,
            State::Discarded => self.discarded,
            State::Failed => self.failed,
            State::Held => self.held,
            State::Queued | State::Sending | State::Retrying => None,
        }
    }

    /// The leads that may have ended in this state and be over their time: those received so long ago. `None` when it is for ever.
    fn range(&self, state: State, now: Timestamp) -> Option<IdRange> {
        let until = now.checked_sub(self.of(state)?).ok()?;
        Some((LeadId::FIRST, LeadId::floor(until)))
    }
}

/// How many leads were taken out, by how they had ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Delivered.
    pub delivered: usize,
    /// Discarded.
    pub discarded: usize,
    /// Failed.
    pub failed: usize,
    /// Held.
    pub held: usize,
}

impl Purged {
    /// All of them.
    pub fn all(&self) -> usize {
        self.delivered + self.discarded + self.failed + self.held
    }

    fn count(&mut self, state: State) {
        match state {
            State::Delivered => self.delivered += 1,
            State::Discarded => self.discarded += 1,
            State::Failed => self.failed += 1,
            State::Held => self.held += 1,
            State::Queued | State::Sending | State::Retrying => {}
        }
    }

    fn add(&mut self, more: Self) {
        self.delivered += more.delivered;
        self.discarded += more.discarded;
        self.failed += more.failed;
        self.held += more.held;
    }
}

impl Store {
    /// Takes out the leads whose time is over. To be called once a day or so. When this returns, the journal and the snapshot hold them no
    /// more; the index too, unless the disk has no room for a second one: then the next start builds it anew.
    pub async fn purge(&self, keep: Keep, now: Timestamp) -> Result<Purged, StoreError> {
        let _turn = self.0.renewing.lock().await;
        self.catch_up().await?;
        let old = self.read(move |room| candidates(room, &keep, now)).await?;
        if old.is_empty() {
            return Ok(Purged::default());
        }
        let was_owed = self.0.damage().is_removal_owed();
        self.work(|room| room.damage().begin_removal().map_err(journal_error))
            .await?;
        let mut purged = Purged::default();
        for slice in old.chunks(SLICE) {
            let slice = slice.to_vec();
            purged.add(
                self.ask(|reply| Command::Purge(slice, (keep, now), reply))
                    .await?,
            );
        }
        if purged.all() > 0 {
            self.leave_no_trace().await?;
        } else if !was_owed {
            self.work(|room| room.damage().trust().map_err(journal_error))
                .await?;
        }
        Ok(purged)
    }
}

/// Leads that look as if their time were over, the oldest first.
fn candidates(room: &Room, keep: &Keep, now: Timestamp) -> Result<Vec<LeadId>, StoreError> {
    let index = room.index();
    let mut found = BTreeSet::new();
    if let Some(ids) = keep.range(State::Delivered, now) {
        for row in index.rows(ids) {
            found.insert(row?.0);
        }
    }
    if let Some(ids) = keep.range(State::Discarded, now) {
        for row in index.rows_near_discarded(ids) {
            found.insert(row?.0);
        }
    }
    for state in [State::Failed, State::Held] {
        if let Some(ids) = keep.range(state, now) {
            found.extend(room.outbox_now().leads_in(&[state], ids, usize::MAX));
        }
    }
    Ok(found.into_iter().collect())
}

/// Takes out those of these leads whose time is over.
pub(super) fn purge(
    leads: &[LeadId],
    (keep, now): (Keep, Timestamp),
    view: &View<'_>,
) -> Decision<Purged> {
    let mut purged = Purged::default();
    let mut records = Vec::new();
    for lead in leads {
        let Some(status) = decide::status(view, *lead)? else {
            continue;
        };
        if !is_over(&status, keep.of(status.state()), now, view)? {
            continue;
        }
        purged.count(status.state());
        records.push(Record::delete(Table::Lead, *lead.as_bytes()));
        records.push(Record::delete(Table::Status, *lead.as_bytes()));
        records.extend(decide::without_attempts(&status));
    }
    Ok((purged, records))
}

fn is_over(
    status: &Status,
    kept_for: Option<Duration>,
    now: Timestamp,
    view: &View<'_>,
) -> Result<bool, StoreError> {
    let Some(until) = kept_for.and_then(|span| now.checked_sub(span).ok()) else {
        return Ok(false);
    };
    Ok(last_change(status, view)? <= until)
}

/// When something last happened to a lead.
fn last_change(status: &Status, view: &View<'_>) -> Result<Timestamp, StoreError> {
    let mut latest = status.lead.received_at().unwrap_or_default();
    let mut note = |at: Timestamp| latest = latest.max(at);
    status.erased_at.into_iter().for_each(&mut note);
    status.deeds.iter().for_each(|deed| note(deed.at));
    for delivery in &status.deliveries {
        note(delivery.due_at);
        let order = delivery.order_status.as_ref();
        order.into_iter().for_each(|order| note(order.noted_at));
        let key = attempt_key(delivery.id, delivery.attempts);
        if let Some(bytes) = view.get(Table::Attempt, key)? {
            note(decode::<Attempt>(&bytes)?.started_at);
        }
    }
    Ok(latest)
}
