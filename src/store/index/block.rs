//! The bytes of a block of leads: some neighbours with their statuses and attempts, compressed together.

use crate::lead::LeadId;
use crate::store::record::{Record, RecordValue, Table};

/// The stored records of one lead, as they stand in the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Row {
    pub(in crate::store) lead: Option<RecordValue>,
    pub(in crate::store) status: Option<RecordValue>,
    pub(super) attempts: Attempts,
}

impl Row {
    /// The record of this table that has this key behind the lead's id.
    pub(in crate::store) fn of(self, table: Table, place: &[u8]) -> Option<RecordValue> {
        match (table, place) {
            (Table::Lead, []) => self.lead,
            (Table::Status, []) => self.status,
            (Table::Attempt, place) => {
                let mut attempts = self.attempts.iter();
                let (_, found) = attempts.find(|(other, _)| *other == place)?;
                Some(found.into())
            }
            (Table::Lead | Table::Status | Table::Key, _) => None,
        }
    }

    /// All records of the lead with this id.
    pub(super) fn into_records(self, id: LeadId) -> impl Iterator<Item = Record> {
        let put = |table| move |value| Record::put(table, id, value);
        let lead = self.lead.map(put(Table::Lead));
        let status = self.status.map(put(Table::Status));
        let attempts: Vec<Record> = self
            .attempts
            .iter()
            .map(|(place, value)| Record::put(Table::Attempt, (id, *place), value.into()))
            .collect();
        lead.into_iter().chain(status).chain(attempts)
    }

    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        let bytes = |record: &Option<RecordValue>| record.as_ref().map_or(0, |value| value.len());
        bytes(&self.lead) + bytes(&self.status) + self.attempts.0.len()
    }

    /// Whether nothing is stored of it.
    pub(super) fn is_empty(&self) -> bool {
        self.lead.is_none() && self.status.is_none() && self.attempts.0.is_empty()
    }
}

/// Where an attempt stands among those of its lead: the end of its record's key, the delivery's ordinal and the attempt's number.
pub(super) type Place = [u8; 5];

/// The attempts of a lead in order, packed, because whoever reads a row seldom wants them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts(Vec<u8>);

impl Attempts {
    /// Each with its place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (place, tail) = rest.split_first_chunk()?;
            let (length, tail) = tail.split_first_chunk()?;
            let (value, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = tail;
            Some((place, value))
        })
    }

    /// Puts the attempt of a place; `None` takes it out.
    pub(super) fn put(&mut self, place: &Place, value: Option<&[u8]>) {
        let mut packed = Vec::with_capacity(self.0.len() + value.map_or(0, <[u8]>::len) + 9);
        let mut add = |(place, value): (&Place, &[u8])| {
            packed.extend_from_slice(place);
            let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
            packed.extend_from_slice(&length.to_le_bytes());
            packed.extend_from_slice(value);
        };
        let others = || self.iter().filter(|(other, _)| *other != place);
        others()
            .filter(|(other, _)| *other < place)
            .for_each(&mut add);
        value.into_iter().for_each(|value| add((place, value)));
        others().filter(|(other, _)| *other > place).for_each(add);
        self.0 = packed;
    }
}

/// The leads of a block, in order.
pub(super) type Block = Vec<(LeadId, Row)>;

/// In front of a record that is not there, where else its length stands.
const ABSENT: u32 = u32::MAX;

/// The bytes of a block.
pub(super) fn encode(block: &[(LeadId, Row)]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(2048 * block.len());
    for (id, row) in block {
        plain.extend_from_slice(id.as_bytes());
        let attempts = Some(row.attempts.0.as_slice()).filter(|attempts| !attempts.is_empty());
        for record in [row.lead.as_deref(), row.status.as_deref(), attempts] {
            let length =
                record.map_or(ABSENT, |bytes| u32::try_from(bytes.len()).unwrap_or(ABSENT));
            plain.extend_from_slice(&length.to_le_bytes());
            plain.extend_from_slice(record.unwrap_or_default());
        }
    }
    lz4_flex::compress_prepend_size(&plain)
}

/// The block with these bytes; `None` when they are damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<Block> {
    let Plain(plain) = Plain::of(bytes)?;
    let mut rest = plain.as_slice();
    let mut block = Block::new();
    while !rest.is_empty() {
        let (id, row) = packed_row(&mut rest)?;
        block.push((id, row.unpack()));
    }
    Some(block)
}

/// A block of which single leads are wanted.
pub(super) struct Plain(Vec<u8>);

impl Plain {
    /// The one with these bytes; `None` when they are damaged.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        unpack(bytes).map(Self)
    }

    /// One lead of it: `None` when it is damaged, `Some(None)` when the lead is not there.
    pub(super) fn find(&self, id: LeadId) -> Option<Option<Row>> {
        let mut rest = self.0.as_slice();
        while !rest.is_empty() {
            let (other, row) = packed_row(&mut rest)?;
            if other == id {
                return Some(Some(row.unpack()));
            }
        }
        Some(None)
    }
}

fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, _) = bytes.split_first_chunk::<4>()?;
    // LZ4 makes nothing 255 times smaller; what says so is no block, and its memory must not be asked for.
    if u32::from_le_bytes(*length) as usize > bytes.len() * 255 {
        return None;
    }
    lz4_flex::decompress_size_prepended(bytes).ok()
}

/// A row that was not copied yet.
struct PackedRow<'a>([Option<&'a [u8]>; 3]);

impl PackedRow<'_> {
    fn unpack(self) -> Row {
        let [lead, status, attempts] = self.0;
        Row {
            lead: lead.map(RecordValue::from),
            status: status.map(RecordValue::from),
            attempts: Attempts(attempts.unwrap_or_default().to_vec()),
        }
    }
}

fn packed_row<'a>(rest: &mut &'a [u8]) -> Option<(LeadId, PackedRow<'a>)> {
    let (id, tail) = rest.split_first_chunk()?;
    *rest = tail;
    let records = [record(rest)?, record(rest)?, record(rest)?];
    Some((LeadId::from_bytes(*id), PackedRow(records)))
}

/// `Some(None)` is a record that is not there, `None` a damaged block.
fn record<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    match u32::from_le_bytes(*length) {
        ABSENT => Some(None),
        length => rest.split_off(..length as usize).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            decode(&bytes);
            Plain(bytes.clone()).find(LeadId::FIRST);
            Plain::of(&bytes).map(|plain| plain.find(LeadId::FIRST));
        }

        #[test]
        fn attempts_are_kept_in_order_whatever_the_order_they_came_in(
            changes in proptest::collection::vec((any::<[bool; 2]>(), prop::option::of("[a-z]{0,9}")), 0..30),
        ) {
            let (mut attempts, mut model) = (Attempts::default(), BTreeMap::new());
            for ([a, b], value) in changes {
                let place = [0, 0, u8::from(a), 0, u8::from(b)];
                attempts.put(&place, value.as_deref().map(str::as_bytes));
                match value {
                    Some(value) => model.insert(place, value.into_bytes()),
                    None => model.remove(&place),
                };
            }
            let kept: Vec<_> = attempts.iter().map(|(place, value)| (*place, value.to_vec())).collect();
            prop_assert_eq!(kept, model.into_iter().collect::<Vec<_>>());
        }
    }
}
