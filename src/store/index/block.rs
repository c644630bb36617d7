//! The bytes of a block of leads: some neighbours with their statuses, compressed together.

use crate::lead::LeadId;
use crate::store::record::Table;

/// The stored records of one lead, as they stand in the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Row {
    pub(in crate::store) lead: Option<Vec<u8>>,
    pub(in crate::store) status: Option<Vec<u8>>,
}

impl Row {
    /// The record of this table; only leads and statuses are in rows.
    pub(in crate::store) fn of(self, table: Table) -> Option<Vec<u8>> {
        match table {
            Table::Lead => self.lead,
            Table::Status => self.status,
            Table::Attempt | Table::Key => None,
        }
    }

    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        let bytes = |record: &Option<Vec<u8>>| record.as_ref().map_or(0, Vec::len);
        bytes(&self.lead) + bytes(&self.status)
    }

    /// Whether nothing is stored of it.
    pub(super) fn is_empty(&self) -> bool {
        self.lead.is_none() && self.status.is_none()
    }
}

/// The leads of a block, in order.
pub(super) type Block = Vec<(LeadId, Row)>;

/// In front of a record that is not there, where else its length stands.
const ABSENT: u32 = u32::MAX;

/// The bytes of a block.
pub(super) fn encode(block: &[(LeadId, Row)]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(1024 * block.len());
    for (id, row) in block {
        plain.extend_from_slice(id.as_bytes());
        for record in [&row.lead, &row.status] {
            let length = record
                .as_ref()
                .map_or(ABSENT, |bytes| u32::try_from(bytes.len()).unwrap_or(ABSENT));
            plain.extend_from_slice(&length.to_le_bytes());
            plain.extend_from_slice(record.as_deref().unwrap_or_default());
        }
    }
    lz4_flex::compress_prepend_size(&plain)
}

/// The block with these bytes; `None` when they are damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<Block> {
    let (length, _) = bytes.split_first_chunk::<4>()?;
    // LZ4 makes nothing 255 times smaller; what says so is no block, and its memory must not be asked for.
    if u32::from_le_bytes(*length) as usize > bytes.len() * 255 {
        return None;
    }
    let plain = lz4_flex::decompress_size_prepended(bytes).ok()?;
    let mut rest = plain.as_slice();
    let mut block = Block::new();
    while !rest.is_empty() {
        let (id, tail) = rest.split_first_chunk::<16>()?;
        rest = tail;
        let row = Row {
            lead: record(&mut rest)?,
            status: record(&mut rest)?,
        };
        block.push((LeadId::from_bytes(*id), row));
    }
    Some(block)
}

/// `Some(None)` is a record that is not there, `None` a damaged block.
fn record(rest: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    match u32::from_le_bytes(*length) {
        ABSENT => Some(None),
        length => Some(Some(rest.split_off(..length as usize)?.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            decode(&bytes);
        }
    }
}
