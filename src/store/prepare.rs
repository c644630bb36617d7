//! Encodes a new lead on its caller's thread, so that the committer has only to decide and to write.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::delivery::{Delivery, DeliveryId};
use crate::lead::{Contact, FormId, LeadId};
use crate::store::record::{Indexed, Record, Said, Table, encode};
use crate::store::search::words_of_contact;
use crate::store::{IdempotencyKey, NewLead, Status, StoreError};

/// A new lead ready for the journal. The lead itself stays with its caller: to free its many small pieces on the committer's thread would make
/// both threads wait for the allocator.
pub(super) struct Prepared {
    pub(super) id: LeadId,
    pub(super) form: FormId,
    pub(super) received_at: Timestamp,
    pub(super) lead_record: Record,
    pub(super) status_record: Record,
    pub(super) key: Option<IdempotencyKey>,
}

/// Encodes the lead and what is owed for it.
pub(super) fn prepare(new: NewLead) -> Result<Prepared, StoreError> {
    let NewLead {
        lead,
        held,
        targets,
        key,
    } = new;
    let deliveries = (0u8..).zip(targets).map(|(ordinal, target)| {
        Delivery::new(
            DeliveryId {
                lead: lead.id,
                ordinal,
            },
            target,
            lead.received_at,
            held.is_some(),
        )
    });
    let status = Status {
        lead: lead.id,
        form: lead.form.clone(),
        held_reason: held,
        erased_at: None,
        contact_hashes: contact_hashes(&lead.contact),
        deeds: Vec::new(),
        deliveries: deliveries.collect(),
    };
    let indexed = Indexed {
        form: lead.form.clone(),
        words: words_of_contact(&lead.contact),
    };
    Ok(Prepared {
        lead_record: Record {
            said: Said::Lead(Arc::new(indexed)),
            ..Record::put(Table::Lead, lead.id, encode(&lead)?)
        },
        status_record: Record::status(status)?,
        id: lead.id,
        form: lead.form,
        received_at: lead.received_at,
        key,
    })
}

/// What is left of a contact in hashes: equal phone or e-mail, equal hash.
fn contact_hashes(contact: &Contact) -> Vec<u64> {
    let phone = contact
        .phone
        .as_ref()
        .map(|phone| hash("phone", phone.e164()));
    let email = contact
        .email
        .as_ref()
        .map(|email| hash("email", email.as_str()));
    phone.into_iter().chain(email).collect()
}

fn hash(kind: &str, text: &str) -> u64 {
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update([0])
        .chain_update(text)
        .finalize();
    digest
        .first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
