//! The door: every use case of the store, for async callers.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};

use crate::delivery::{Attempt, Cause, Delivery, DeliveryId, State};
use crate::lead::{DestinationId, FormId, Lead, LeadId};
use crate::store::committer::Command;
use crate::store::decide::Verdict;
use crate::store::prepare::prepare;
use crate::store::query::{self, Sources};
use crate::store::record::{Table, decode};
use crate::store::{
    Accepted, Begun, Due, FailedDelivery, Filter, FormCount, LeadPage, Look, NewLead, Order,
    OrderSeen, Ordered, Page, Settled, Settlement, Signature, Status, Store, StoreError,
    StoredLead, Waiting, sweep,
};

impl Store {
    /// Keeps a lead with what is owed for it. When this returns `Ok`, it is on the disk.
    ///
    /// It is encoded by the call: the future only waits, and is small, because it does not hold the lead.
    pub fn accept(&self, new: NewLead) -> impl Future<Output = Result<Accepted, StoreError>> {
        let prepared = prepare(new).map(Box::new);
        async move {
            let prepared = prepared?;
            self.ask(|reply| Command::Accept(prepared, reply)).await
        }
    }

    /// Deliveries of one destination due at or before the window's end, the earliest first, without those in `skip`. The window's
    /// beginning, if given, leaves out those due earlier.
    pub fn due(
        &self,
        destination: &DestinationId,
        window: (Option<Timestamp>, Timestamp),
        limit: usize,
        skip: &HashSet<DeliveryId>,
    ) -> Vec<Due> {
        self.outbox().due(destination, window, limit, skip)
    }

    /// The due deliveries of one destination in one lane, the earliest first.
    pub fn due_in_lane(&self, destination: &DestinationId, look: Look<'_>) -> Vec<Due> {
        self.outbox().in_lane(destination, look)
    }

    /// When, after `after`, the next delivery of this destination has its time.
    pub fn next_due_after(
        &self,
        destination: &DestinationId,
        after: Timestamp,
    ) -> Option<Timestamp> {
        self.outbox().next_due_after(destination, after)
    }

    /// Journals that the next attempt of a delivery starts. Nothing may go to the CRM before this returns.
    pub async fn begin(&self, id: DeliveryId, at: Timestamp) -> Result<Begun, StoreError> {
        let Some(delivery) = self.ask(|reply| Command::Begin(id, at, reply)).await? else {
            return Ok(Begun::NotOwed);
        };
        self.catch_up().await?;
        let lead = self
            .read(move |room| room.index().get(Table::Lead, id.lead.as_bytes()))
            .await?;
        match lead {
            Some(bytes) => Ok(Begun::Started {
                lead: Arc::new(decode::<Lead>(&bytes)?),
                delivery: Box::new(delivery),
            }),
            None => Ok(Begun::NotOwed),
        }
    }

    /// [`Store::begin`] for several deliveries with one fdatasync; the answers are in their order.
    pub async fn begin_all(
        &self,
        ids: Vec<DeliveryId>,
        at: Timestamp,
    ) -> Result<Vec<Begun>, StoreError> {
        let begun = self.ask(|reply| Command::BeginAll(ids, at, reply)).await?;
        self.catch_up().await?;
        self.read(move |room| {
            let with_lead = |delivery: Option<Delivery>| {
                let Some(delivery) = delivery else {
                    return Ok(Begun::NotOwed);
                };
                let key = delivery.id.lead;
                let Some(bytes) = room.index().get(Table::Lead, key.as_bytes())? else {
                    return Ok(Begun::NotOwed);
                };
                Ok(Begun::Started {
                    lead: Arc::new(decode::<Lead>(&bytes)?),
                    delivery: Box::new(delivery),
                })
            };
            begun.into_iter().map(with_lead).collect()
        })
        .await
    }

    /// [`Store::settle`] for several attempts with one fdatasync; the answers are in their order.
    pub async fn settle_all(
        &self,
        settlements: Vec<Settlement>,
    ) -> Result<Vec<Settled>, StoreError> {
        self.ask(|reply| Command::SettleAll(settlements, reply))
            .await
    }

    /// Records how an attempt ended and what follows: both or neither. Returns when readers see it.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        let settlement = Box::new(settlement);
        self.ask(|reply| Command::Settle(settlement, reply)).await
    }

    /// Carries out what an operator asks for one lead.
    pub async fn order(
        &self,
        lead: LeadId,
        order: Order,
        signature: impl Into<Signature>,
    ) -> Result<Ordered, StoreError> {
        let signature = signature.into();
        let verdict = self
            .ask(|reply| Command::Order(lead, order, signature, reply))
            .await?;
        self.ordered(lead, verdict).await
    }

    async fn ordered(&self, lead: LeadId, verdict: Verdict) -> Result<Ordered, StoreError> {
        match verdict {
            Verdict::Done => Ok(self
                .lead(lead)
                .await?
                .map_or(Ordered::Unknown, |lead| Ordered::Done(Box::new(lead)))),
            Verdict::Conflict(conflict) => Ok(Ordered::Conflict(conflict)),
            Verdict::Unknown => Ok(Ordered::Unknown),
        }
    }

    /// Takes deliveries out of work whose form or destination has left the config: `judge` says of each unsettled one why it must go,
    /// if it must. Returns how many went.
    pub async fn orphan(
        &self,
        judge: impl Fn(&Status, &Delivery) -> Option<Cause> + Send + 'static,
    ) -> Result<usize, StoreError> {
        self.catch_up().await?;
        let unsettled: HashSet<DeliveryId> = self.outbox().all().into_iter().collect();
        let gone = self.read(move |room| {
            let mut gone = Vec::new();
            let leads = unsettled.iter().map(|id| id.lead).collect();
            for status in sweep::statuses(&room.index(), leads) {
                let status = status?;
                let deliveries = status.deliveries.iter();
                let deliveries = deliveries.filter(|delivery| unsettled.contains(&delivery.id));
                gone.extend(deliveries.filter_map(|delivery| {
                    let cause = judge(&status, delivery)?;
                    Some((delivery.id, cause))
                }));
            }
            Ok(gone)
        });
        let gone = gone.await?;
        if gone.is_empty() {
            return Ok(0);
        }
        self.ask(|reply| Command::Orphan(gone, reply)).await
    }

    /// Notes where orders stand in the CRM; returns how many of them stand elsewhere than was known. Nothing is written for the others.
    pub async fn note_orders(
        &self,
        seen: Vec<OrderSeen>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.ask(|reply| Command::NoteOrders(seen, now, reply))
            .await
    }

    /// One lead. Like all reading: sees every lead that has been answered before the call.
    pub async fn lead(&self, id: LeadId) -> Result<Option<StoredLead>, StoreError> {
        self.catch_up().await?;
        self.read(move |room| query::lead(&room.index(), id)).await
    }

    /// The attempts of one delivery, the oldest first.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.catch_up().await?;
        self.read(move |room| {
            let attempts = room.index().attempts(id)?;
            attempts.iter().map(|bytes| Ok(decode(bytes)?)).collect()
        })
        .await
    }

    /// A page of the list, newest first.
    pub async fn leads(&self, filter: Filter, page: Page) -> Result<LeadPage, StoreError> {
        self.catch_up().await?;
        self.read(move |room| {
            let sources = Sources {
                index: &room.index(),
                outbox: &room.outbox,
            };
            query::leads(sources, &filter, page)
        })
        .await
    }

    /// Adds up the statuses of the leads in the list, newest first, at most `most` of them and a few hundred in memory at a
    /// time. Tells also whether there were more.
    pub async fn fold<T: Send + 'static>(
        &self,
        filter: Filter,
        most: usize,
        start: T,
        add: impl Fn(&mut T, &Status) + Send + 'static,
    ) -> Result<(T, bool), StoreError> {
        self.catch_up().await?;
        self.read(move |room| {
            let sources = Sources {
                index: &room.index(),
                outbox: &room.outbox,
            };
            query::fold(sources, &filter, most, (start, add))
        })
        .await
    }

    /// The outbox of one destination in numbers.
    pub fn waiting(&self, destination: &DestinationId) -> Waiting {
        self.outbox().waiting(destination)
    }

    /// How many leads are in this state; only for states that are not final (failed, held, retrying, sending, queued).
    pub fn count(&self, state: State) -> usize {
        self.outbox().count(state)
    }

    /// The leads of one form in numbers.
    pub async fn form_count(
        &self,
        form: FormId,
        since: Timestamp,
    ) -> Result<FormCount, StoreError> {
        self.catch_up().await?;
        self.read(move |room| {
            let newest = query::newest_of(&room.index(), &form)?;
            let since = (LeadId::floor(since), LeadId::LAST);
            Ok(FormCount {
                leads_since: room.index().count_of(&form, since)?,
                last_lead_at: newest.and_then(|id| id.received_at()),
            })
        })
        .await
    }

    /// Fires when new work or new states are visible to the readers.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.applied.clone()
    }

    /// Every delivery that fails from now on. A reader that falls behind is told how many it has missed.
    pub fn failures(&self) -> broadcast::Receiver<FailedDelivery> {
        self.0.failures.subscribe()
    }

    /// Whether a lead could be kept now.
    pub fn can_accept(&self) -> Result<(), StoreError> {
        if self.0.commands.is_closed() {
            return Err(StoreError::Stopped);
        }
        self.0.disk.room_for_leads()
    }
}
