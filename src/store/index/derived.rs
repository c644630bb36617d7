//! The entries that are derived from records, so that lists, filters and search need not read every lead.

use sled::Batch;

use crate::delivery::State;
use crate::lead::{FormId, Lead, LeadId};
use crate::store::index::StatusChange;
use crate::store::record::{KeyRecord, Record, Table, decode};
use crate::store::search::{tokens_of_lead, tokens_of_status};
use crate::store::{Status, StoreError};

/// Adds to `batch` what follows from one record, given the value it replaces.
pub(super) fn update(
    record: &Record,
    old: Option<&[u8]>,
    batch: &mut Batch,
) -> Result<Option<StatusChange>, StoreError> {
    let new = record.value.as_deref();
    match record.table {
        Table::Lead => {
            let (old, new) = (read::<Lead>(old)?, read::<Lead>(new)?);
            replace(
                batch,
                old.as_ref().map(lead_entries),
                new.as_ref().map(lead_entries),
            );
            Ok(None)
        }
        Table::Status => {
            let (old, new) = (read::<Status>(old)?, read::<Status>(new)?);
            replace(
                batch,
                old.as_ref().map(status_entries),
                new.as_ref().map(status_entries),
            );
            Ok(Some((old, new)))
        }
        Table::Key => {
            let entry = |bytes| -> Result<Option<Vec<Vec<u8>>>, StoreError> {
                let bound = read::<KeyRecord>(bytes)?.map(|bound| bound.bound_at.as_millisecond());
                Ok(bound.map(|at| vec![expiry_key(at.max(0).unsigned_abs(), &record.key)]))
            };
            replace(batch, entry(old)?, entry(new)?);
            Ok(None)
        }
        Table::Attempt => Ok(None),
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: Option<&[u8]>) -> Result<Option<T>, StoreError> {
    Ok(bytes.map(decode).transpose()?)
}

/// Entries that stay are not touched: a settle changes one entry of many.
fn replace(batch: &mut Batch, old: Option<Vec<Vec<u8>>>, new: Option<Vec<Vec<u8>>>) {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    for gone in old.iter().filter(|entry| !new.contains(entry)) {
        batch.remove(gone.as_slice());
    }
    for added in new.iter().filter(|entry| !old.contains(entry)) {
        batch.insert(added.as_slice(), &[]);
    }
}

fn lead_entries(lead: &Lead) -> Vec<Vec<u8>> {
    let mut entries: Vec<_> = tokens_of_lead(lead)
        .iter()
        .map(|token| token_key(token, lead.id))
        .collect();
    entries.push([form_prefix(&lead.form).as_slice(), lead.id.as_bytes()].concat());
    entries
}

fn status_entries(status: &Status) -> Vec<Vec<u8>> {
    let tokens = tokens_of_status(status);
    let mut entries: Vec<_> = tokens
        .iter()
        .map(|token| token_key(token, status.lead))
        .collect();
    entries.push(
        [
            state_prefix(status.state()).as_slice(),
            status.lead.as_bytes(),
        ]
        .concat(),
    );
    entries
}

/// What the entries of leads in a state begin with.
pub(super) fn state_prefix(state: State) -> [u8; 2] {
    // Stored, so the letters stay as they are whatever becomes of the enum.
    let letter = match state {
        State::Failed => b'f',
        State::Held => b'h',
        State::Retrying => b'r',
        State::Sending => b's',
        State::Queued => b'q',
        State::Delivered => b'd',
        State::Discarded => b'x',
    };
    [b's', letter]
}

/// What the entries of a form's leads begin with.
pub(super) fn form_prefix(form: &FormId) -> Vec<u8> {
    [b"f", form.as_str().as_bytes(), &[0]].concat()
}

/// What the entries of leads with such a token begin with.
pub(super) fn token_prefix(token: &str) -> Vec<u8> {
    [b"t", token.as_bytes()].concat()
}

fn token_key(token: &str, lead: LeadId) -> Vec<u8> {
    [token_prefix(token).as_slice(), &[0], lead.as_bytes()].concat()
}

/// The entry of an idempotency key among all keys by age.
pub(super) fn expiry_key(millis: u64, key: &[u8]) -> Vec<u8> {
    [b"e", millis.to_be_bytes().as_slice(), key].concat()
}
