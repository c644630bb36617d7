//! Records: decided facts, as they stand in the journal, in a snapshot and in sled.
//!
//! A record is a whole state to put or a key to delete, never a delta, so applying it twice does no harm. Its value is a version byte
//! and JSON: readable with any tool at three in the morning, and a new field needs no new version.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::delivery::DeliveryId;
use crate::lead::{FormId, LeadId};
use crate::store::{KEY_LIFETIME, Status};

/// The version byte before every value.
pub(super) const VERSION: u8 = 1;

/// What kind of record; the byte stands before the key in the journal and in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Table {
    /// [`crate::lead::Lead`] by lead id.
    Lead,
    /// [`crate::store::Status`] by lead id.
    Status,
    /// [`crate::delivery::Attempt`] by lead id, ordinal and number.
    Attempt,
    /// [`KeyRecord`] by [`key_of`].
    Key,
}

impl Table {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Lead, Self::Status, Self::Attempt, Self::Key];

    /// The byte before the key.
    pub(super) fn prefix(self) -> u8 {
        match self {
            Self::Lead => b'L',
            Self::Status => b'S',
            Self::Attempt => b'A',
            Self::Key => b'K',
        }
    }

    fn from_prefix(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.prefix() == byte)
    }
}

/// The longest key: an attempt's.
const LONGEST_KEY: usize = 16 + 1 + 4;

/// A record's key. In place, because keys are looked up, noted and dropped a dozen times for each lead.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RecordKey {
    length: u8,
    bytes: [u8; LONGEST_KEY],
}

impl RecordKey {
    /// `None` when it is longer than any key.
    fn read(key: &[u8]) -> Option<Self> {
        let mut bytes = [0; LONGEST_KEY];
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        let length = u8::try_from(key.len()).ok()?;
        Some(Self { length, bytes })
    }
}

impl Deref for RecordKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let length = usize::from(self.length);
        self.bytes.get(..length).unwrap_or(&self.bytes)
    }
}

impl From<[u8; 16]> for RecordKey {
    fn from(key: [u8; 16]) -> Self {
        let mut bytes = [0; LONGEST_KEY];
        let (whole, _) = bytes.split_at_mut(key.len());
        whole.copy_from_slice(&key);
        Self { length: 16, bytes }
    }
}

/// Of an attempt: its lead, then the delivery's ordinal and the attempt's number.
impl From<(LeadId, [u8; 5])> for RecordKey {
    fn from((lead, place): (LeadId, [u8; 5])) -> Self {
        let mut key = Self::from(lead);
        let (_, rest) = key.bytes.split_at_mut(16);
        rest.copy_from_slice(&place);
        Self { length: 21, ..key }
    }
}

impl From<LeadId> for RecordKey {
    fn from(lead: LeadId) -> Self {
        (*lead.as_bytes()).into()
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

/// A stored value. Shared, because a group on its way to sled, the overlay and the last block of the index hold the same bytes.
pub(super) type RecordValue = Arc<[u8]>;

/// One record: what is under this key from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) table: Table,
    pub(super) key: RecordKey,
    /// `None` deletes.
    pub(super) value: Option<RecordValue>,
    pub(super) said: Said,
}

/// What a value says, kept by whoever has just written it: for the applier, to whom reading a new lead again was a seventh of its work.
#[derive(Clone, Debug, Default)]
pub(super) enum Said {
    /// Whoever wants to know reads the value.
    #[default]
    InValue,
    Lead(Arc<Indexed>),
    Status(Arc<Status>),
}

/// It adds nothing to the value.
impl PartialEq for Said {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Said {}

/// What of a lead the index is derived from.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) form: FormId,
    /// The words it is found by, one a line: in one piece, because another thread frees it.
    pub(super) words: String,
}

impl Record {
    pub(super) fn put(table: Table, key: impl Into<RecordKey>, value: RecordValue) -> Self {
        Self {
            table,
            key: key.into(),
            value: Some(value),
            said: Said::InValue,
        }
    }

    pub(super) fn delete(table: Table, key: impl Into<RecordKey>) -> Self {
        Self {
            table,
            key: key.into(),
            value: None,
            said: Said::InValue,
        }
    }

    /// The state of a lead.
    pub(super) fn status(status: Status) -> Result<Self, serde_json::Error> {
        let put = Self::put(Table::Status, status.lead, encode(&status)?);
        Ok(Self {
            said: Said::Status(Arc::new(status)),
            ..put
        })
    }

    /// Whether a newer leadgate wrote the value.
    pub(super) fn is_newer(&self) -> bool {
        let version = self.value.as_deref().and_then(<[u8]>::first);
        version.is_some_and(|version| *version > VERSION)
    }
}

/// An idempotency key's binding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    /// The lead it led to.
    pub(super) lead: LeadId,
    /// When it was bound; remembered for [`crate::store::KEY_LIFETIME`].
    pub(super) bound_at: Timestamp,
    /// The beginning of [`key_of`] with the content it came with; 0 in the record of one further content, whose own key tells it.
    #[serde(default)]
    pub(super) content: u64,
    /// When another content came with the same key: each has a record of its own, and this one stays as long as they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reused_at: Option<Timestamp>,
}

impl KeyRecord {
    /// Whether the binding still counts.
    pub(super) fn is_remembered(&self, now: Timestamp) -> bool {
        is_recent(self.bound_at, now)
    }

    /// Whether the record is needed: for itself, or to tell that the key was reused.
    pub(super) fn is_needed(&self, now: Timestamp) -> bool {
        self.is_remembered(now) || self.reused_at.is_some_and(|at| is_recent(at, now))
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    SignedDuration::try_from(KEY_LIFETIME).is_ok_and(|lifetime| now.duration_since(at) < lifetime)
}

/// The stored form of a value.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<RecordValue, serde_json::Error> {
    let mut buffer = BUFFER.take();
    buffer.clear();
    buffer.push(VERSION);
    serde_json::to_writer(&mut buffer, value)?;
    let value = buffer.as_slice().into();
    buffer.shrink_to(BUFFER_KEPT);
    BUFFER.set(buffer);
    Ok(value)
}

/// What a thread keeps for the next value, in bytes: more than any usual one has.
const BUFFER_KEPT: usize = 16 << 10;

thread_local! {
    /// Where a thread encodes. Pieces that grow into the allocator's large ones make it tidy up, which cost more than the encoding.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reads a stored value. Every version that was ever written is read here.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json),
        Some((version, _)) => Err(serde::de::Error::custom(format!(
            "version {version} is newer than this leadgate"
        ))),
        None => Err(serde::de::Error::custom("the record is empty")),
    }
}

/// The key of an attempt; attempts of one delivery sort by number.
pub(super) fn attempt_key(id: DeliveryId, number: u32) -> RecordKey {
    let [a, b, c, d] = number.to_be_bytes();
    RecordKey::from((id.lead, [id.ordinal, a, b, c, d]))
}

/// The key under which an idempotency key is remembered. Hashed, because the client's text may be anything, up to personal data. With
/// `content` it names one submission; without, the client's key as such.
pub(super) fn key_of(form: &FormId, text: &str, content: Option<&[u8; 32]>) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(form.as_str());
    hash.update([0]);
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
    if let Some(content) = content {
        hash.update(content);
    }
    let hash = hash.finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// Marks a deletion in a payload, where else the length of the value stands.
const DELETED: u32 = u32::MAX;

/// The payload of a frame: these records.
pub(super) fn encode_payload(records: &[Record], out: &mut Vec<u8>) {
    out.extend_from_slice(
        &u32::try_from(records.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    for record in records {
        out.push(record.table.prefix());
        out.extend_from_slice(
            &u16::try_from(record.key.len())
                .unwrap_or(u16::MAX)
                .to_le_bytes(),
        );
        out.extend_from_slice(&record.key);
        match &record.value {
            Some(value) => {
                out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(DELETED).to_le_bytes());
                out.extend_from_slice(value);
            }
            None => out.extend_from_slice(&DELETED.to_le_bytes()),
        }
    }
}

/// Reads a payload; `None` when it is not one (its checksum was right, so another program wrote it).
pub(super) fn decode_payload(mut bytes: &[u8]) -> Option<Vec<Record>> {
    let count = u32::from_le_bytes(take(&mut bytes)?);
    let mut records = Vec::with_capacity(count.min(4096) as usize);
    for _ in 0..count {
        let [prefix] = take::<1>(&mut bytes)?;
        let table = Table::from_prefix(prefix)?;
        let key_length = u16::from_le_bytes(take(&mut bytes)?);
        let key = RecordKey::read(bytes.split_off(..usize::from(key_length))?)?;
        let value = match u32::from_le_bytes(take(&mut bytes)?) {
            DELETED => None,
            length => Some(bytes.split_off(..length as usize)?.into()),
        };
        let said = Said::InValue;
        records.push(Record {
            table,
            key,
            value,
            said,
        });
    }
    bytes.is_empty().then_some(records)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let key = proptest::collection::vec(any::<u8>(), 0..=LONGEST_KEY);
        (0usize..4, key, any::<Option<Vec<u8>>>()).prop_map(|(table, key, value)| Record {
            table: Table::ALL[table],
            key: RecordKey::read(&key).expect("a key"),
            value: value.map(RecordValue::from),
            said: Said::InValue,
        })
    }

    proptest! {
        #[test]
        fn a_payload_reads_back_as_it_was_written(records in proptest::collection::vec(any_record(), 0..20)) {
            let mut bytes = Vec::new();
            encode_payload(&records, &mut bytes);
            prop_assert_eq!(decode_payload(&bytes), Some(records));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            decode_payload(&bytes);
        }

        #[test]
        fn attempts_of_a_delivery_sort_by_number(a: u32, b: u32, ordinal: u8) {
            let id = DeliveryId { lead: LeadId::from_bytes([7; 16]), ordinal };
            prop_assert_eq!((*attempt_key(id, a)).cmp(&attempt_key(id, b)), a.cmp(&b));
        }
    }

    #[test]
    fn two_keys_that_read_alike_when_joined_are_two() {
        let (a, b) = (
            FormId::parse("a").expect("id"),
            FormId::parse("ab").expect("id"),
        );
        assert_ne!(key_of(&a, "bc", None), key_of(&b, "c", None));
        assert_ne!(key_of(&a, "x", None), key_of(&a, "x", Some(&[0; 32])));
    }

    #[test]
    fn a_record_of_a_newer_version_is_refused_with_a_reason() {
        let error = decode::<KeyRecord>(&[9, b'{', b'}']).expect_err("unknown version");
        assert!(error.to_string().contains("newer"));
    }
}
