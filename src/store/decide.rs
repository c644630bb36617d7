//! The decisions of the committer: from a command and what is stored to the records that follow. No I/O but reads.

use jiff::Timestamp;

use crate::delivery::{Attempt, Cause, Conflict, Delivery, DeliveryId, SettleRules, State};
use crate::lead::{Attribution, Client, Contact, Lead, LeadId, Page};
use crate::store::deed::{self, DeedKind, Signature};
use crate::store::overlay::View;
use crate::store::prepare::Prepared;
use crate::store::record::{
    KeyRecord, Record, RecordKey, Table, attempt_key, decode, encode, key_of,
};
use crate::store::{Accepted, Order, OrderSeen, Settled, Settlement, Status, StoreError};

/// What was decided, and the records that make it true.
pub(super) type Decision<T> = Result<(T, Vec<Record>), StoreError>;

/// A new lead, or the repetition of one. Key, lead and deliveries are one group of records: all or none.
pub(super) fn accept(mut new: Prepared, view: &View<'_>) -> Decision<Accepted> {
    let Some(key) = new.key.take() else {
        return Ok((
            Accepted::New(new.id),
            vec![new.lead_record, new.status_record],
        ));
    };
    let (id, form, received_at) = (new.id, &new.form, new.received_at);
    let plain = key_of(form, &key.text, None);
    let first = key_record(view, plain)?;
    let exact = key_of(form, &key.text, Some(&key.content_hash));
    // Of the key with the content, not of the content alone: a phone could be found by trying all phones.
    let content = first_bytes(&exact);
    let binding = |content| KeyRecord {
        lead: id,
        bound_at: received_at,
        content,
        reused_at: None,
    };
    match first {
        Some(first) if first.is_remembered(received_at) && first.content == content => {
            if is_erased(view, first.lead)? {
                return new_and_bound(new, (plain, &binding(content)));
            }
            Ok((Accepted::Repeated(first.lead), Vec::new()))
        }
        Some(first) if first.is_needed(received_at) => {
            if let Some(known) = key_record(view, exact)?
                && known.is_remembered(received_at)
                && !is_erased(view, known.lead)?
            {
                return Ok((Accepted::Repeated(known.lead), Vec::new()));
            }
            let reused = KeyRecord {
                reused_at: Some(received_at),
                ..first
            };
            let records = vec![
                put_key(exact, &binding(0))?,
                put_key(plain, &reused)?,
                marked_as_reused(new.lead_record)?,
                new.status_record,
            ];
            Ok((Accepted::New(new.id), records))
        }
        _ => new_and_bound(new, (plain, &binding(content))),
    }
}

fn new_and_bound(new: Prepared, (key, binding): ([u8; 16], &KeyRecord)) -> Decision<Accepted> {
    let records = vec![put_key(key, binding)?, new.lead_record, new.status_record];
    Ok((Accepted::New(new.id), records))
}

/// Whether a lead's person was erased: whoever sends the same again is somebody to call back, whom nobody knows.
fn is_erased(view: &View<'_>, lead: LeadId) -> Result<bool, StoreError> {
    Ok(status(view, lead)?.is_some_and(|status| status.erased_at.is_some()))
}

/// The record of the same lead, marked as one whose key had come before with other content.
fn marked_as_reused(record: Record) -> Result<Record, StoreError> {
    let value = record.value.as_deref().unwrap_or_default();
    let lead = Lead {
        key_reused: true,
        ..decode(value)?
    };
    Ok(Record::put(Table::Lead, record.key, encode(&lead)?))
}

fn key_record(view: &View<'_>, key: impl Into<RecordKey>) -> Result<Option<KeyRecord>, StoreError> {
    let bytes = view.get(Table::Key, key)?;
    Ok(bytes.map(|bytes| decode(&bytes)).transpose()?)
}

fn put_key(key: [u8; 16], record: &KeyRecord) -> Result<Record, StoreError> {
    Ok(Record::put(Table::Key, key, encode(record)?))
}

fn first_bytes(hash: &[u8]) -> u64 {
    hash.first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Starts the next attempt of a delivery; `None` when it is not owed (any more).
pub(super) fn begin(id: DeliveryId, at: Timestamp, view: &View<'_>) -> Decision<Option<Delivery>> {
    let Some(mut status) = status(view, id.lead)? else {
        return Ok((None, Vec::new()));
    };
    let Some(delivery) = delivery_mut(&mut status, id) else {
        return Ok((None, Vec::new()));
    };
    let Ok(started) = delivery.start() else {
        return Ok((None, Vec::new()));
    };
    if view.get(Table::Lead, id.lead)?.is_none() {
        return lost(status, id);
    }
    if let Some(delivery) = delivery_mut(&mut status, id) {
        *delivery = started.clone();
    }
    let attempt = Attempt {
        number: started.attempts,
        started_at: at,
        duration_ms: None,
        outcome: None,
        http_status: None,
        error: None,
        steps: Vec::new(),
    };
    Ok((
        Some(started),
        vec![put_attempt(id, &attempt)?, Record::status(status)?],
    ))
}

/// Starts the next attempt of several deliveries. After an error those before it are started all the same: their next attempt looks up first.
pub(super) fn begin_all(
    ids: &[DeliveryId],
    at: Timestamp,
    view: &mut View<'_>,
) -> Decision<Vec<Option<Delivery>>> {
    let mut started = Vec::with_capacity(ids.len());
    for id in ids {
        let (delivery, records) = begin(*id, at, view)?;
        // Added one by one: two of them may belong to one lead.
        view.add(records);
        started.push(delivery);
    }
    Ok((started, Vec::new()))
}

/// The lead of this delivery went with a damaged part of the journal: a person must know.
fn lost(mut status: Status, id: DeliveryId) -> Decision<Option<Delivery>> {
    let detail = "the lead itself is lost with a damaged part of the journal; look for it in the newest backup".to_owned();
    let orphaned = delivery_mut(&mut status, id)
        .map(|delivery| (delivery.orphan(Cause::Mapping { detail }), delivery));
    match orphaned {
        Some((Ok(orphaned), delivery)) => *delivery = orphaned,
        _ => return Ok((None, Vec::new())),
    }
    Ok((None, vec![Record::status(status)?]))
}

/// Records how an attempt ended.
pub(super) fn settle(settlement: &Settlement, view: &View<'_>) -> Decision<Settled> {
    let id = settlement.id;
    let stale = || Ok((Settled::Stale, Vec::new()));
    let Some(mut status) = status(view, id.lead)? else {
        return stale();
    };
    let Some(delivery) = delivery_mut(&mut status, id) else {
        return stale();
    };
    let rules = SettleRules {
        schedule: &settlement.schedule,
        now: settlement.now,
        jitter: settlement.jitter,
        paused: settlement.paused,
    };
    let Some(settled) = delivery.settle(settlement.attempt.number, &settlement.outcome, rules)
    else {
        return stale();
    };
    *delivery = settled.clone();
    let records = vec![
        put_attempt(id, &settlement.attempt)?,
        Record::status(status)?,
    ];
    Ok((Settled::Recorded(Box::new(settled)), records))
}

/// Records how several attempts ended. After an error those before it are settled all the same.
pub(super) fn settle_all(
    settlements: &[Settlement],
    view: &mut View<'_>,
) -> Decision<Vec<Settled>> {
    let mut settled = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        let (now, records) = settle(settlement, view)?;
        view.add(records);
        settled.push(now);
    }
    Ok((settled, Vec::new()))
}

/// How an operator's order was met.
#[derive(Debug)]
pub(super) enum Verdict {
    Done,
    Conflict(Conflict),
    Unknown,
}

/// Changes every delivery of a lead that the order applies to. A conflict when there is none.
pub(super) fn order(
    lead: LeadId,
    order: Order,
    signature: &Signature,
    view: &View<'_>,
) -> Decision<Verdict> {
    let Some(mut status) = status(view, lead)?.filter(|status| status.erased_at.is_none()) else {
        return Ok((Verdict::Unknown, Vec::new()));
    };
    let mut conflict = None;
    let mut changed = false;
    for delivery in &mut status.deliveries {
        let next = match &order {
            Order::ResendOf(selection) if !selection.takes(delivery) => continue,
            Order::Resend | Order::ResendOf(_) => delivery.resend(signature.at),
            Order::Release => delivery.release(signature.at),
            Order::Discard => delivery.discard(),
        };
        match next {
            Ok(next) => {
                *delivery = next;
                changed = true;
            }
            Err(error) => conflict = conflict.or(Some(error)),
        }
    }
    if changed {
        deed::note(&mut status.deeds, order.into(), signature);
    }
    match conflict {
        _ if changed => Ok((Verdict::Done, vec![Record::status(status)?])),
        Some(conflict) => Ok((Verdict::Conflict(conflict), Vec::new())),
        None => Ok((
            Verdict::Conflict(Conflict {
                state: State::Discarded,
                asked: "changed",
            }),
            Vec::new(),
        )),
    }
}

/// Takes the person out of a lead and gives up what is still owed for it.
pub(super) fn erase(id: LeadId, signature: &Signature, view: &View<'_>) -> Decision<Verdict> {
    let (Some(status), Some(lead)) = (status(view, id)?, view.get(Table::Lead, id)?) else {
        return Ok((Verdict::Unknown, Vec::new()));
    };
    let lead: Lead = decode(&lead)?;
    let shell = Lead {
        contact: Contact::default(),
        fields: Vec::new(),
        attribution: Attribution::default(),
        page: Page::default(),
        client: Client::default(),
        ..lead
    };
    let mut records: Vec<Record> = without_attempts(&status).collect();
    let mut deeds = status.deeds.clone();
    deed::note(&mut deeds, DeedKind::Erase, signature);
    let erased = Status {
        deeds,
        erased_at: status.erased_at.or(Some(signature.at)),
        contact_hashes: Vec::new(),
        deliveries: status.deliveries.iter().map(Delivery::erase).collect(),
        ..status
    };
    records.push(Record::put(Table::Lead, id, encode(&shell)?));
    records.push(Record::status(erased)?);
    Ok((Verdict::Done, records))
}

/// What deletes the logs of all attempts of a lead.
pub(super) fn without_attempts(status: &Status) -> impl Iterator<Item = Record> {
    status.deliveries.iter().flat_map(|delivery| {
        (1..=delivery.attempts)
            .map(|number| Record::delete(Table::Attempt, attempt_key(delivery.id, number)))
    })
}

/// Takes deliveries out of work, each for its reason. Those that are no longer unsettled stay. Returns how many went.
pub(super) fn orphan(gone: &[(DeliveryId, Cause)], view: &mut View<'_>) -> Decision<usize> {
    let mut count = 0;
    for (id, cause) in gone {
        let Some(mut status) = status(view, id.lead)? else {
            continue;
        };
        let Some(delivery) = delivery_mut(&mut status, *id) else {
            continue;
        };
        let Ok(orphaned) = delivery.orphan(cause.clone()) else {
            continue;
        };
        *delivery = orphaned;
        count += 1;
        // Added one by one: two of them may belong to one lead.
        view.add(vec![Record::status(status)?]);
    }
    Ok((count, Vec::new()))
}

/// Notes where orders stand in the CRM. Those that are known to stand there, or are not the delivery's order any more, are passed over.
/// Returns how many were news.
pub(super) fn note_orders(
    seen: &[OrderSeen],
    now: Timestamp,
    view: &mut View<'_>,
) -> Decision<usize> {
    let mut count = 0;
    for seen in seen {
        let Some(mut status) = status(view, seen.id.lead)? else {
            continue;
        };
        let Some(delivery) = delivery_mut(&mut status, seen.id) else {
            continue;
        };
        let Some(noted) = delivery.note_order(seen.order, &seen.standing, now) else {
            continue;
        };
        *delivery = noted;
        count += 1;
        // Added one by one: two of them may belong to one lead.
        view.add(vec![Record::status(status)?]);
    }
    Ok((count, Vec::new()))
}

/// Forgets those of these idempotency keys that are not needed any more. Returns how many.
pub(super) fn forget_keys(
    keys: Vec<RecordKey>,
    now: Timestamp,
    view: &View<'_>,
) -> Decision<usize> {
    let mut records = Vec::new();
    for key in keys {
        // Looked at again: it may have been bound anew since it was found.
        if key_record(view, key)?.is_some_and(|record| !record.is_needed(now)) {
            records.push(Record::delete(Table::Key, key));
        }
    }
    Ok((records.len(), records))
}

pub(super) fn status(view: &View<'_>, lead: LeadId) -> Result<Option<Status>, StoreError> {
    let bytes = view.get(Table::Status, lead)?;
    Ok(bytes.map(|bytes| decode(&bytes)).transpose()?)
}

fn delivery_mut(status: &mut Status, id: DeliveryId) -> Option<&mut Delivery> {
    status
        .deliveries
        .iter_mut()
        .find(|delivery| delivery.id == id)
}

fn put_attempt(id: DeliveryId, attempt: &Attempt) -> Result<Record, StoreError> {
    Ok(Record::put(
        Table::Attempt,
        attempt_key(id, attempt.number),
        encode(attempt)?,
    ))
}
