//! Reads the statuses of many leads at once: of all that is unsettled, when the config has changed or the process starts.

use std::collections::BTreeSet;

use crate::lead::LeadId;
use crate::store::index::{Index, Row};
use crate::store::record::decode;
use crate::store::{Status, StoreError};

/// So many leads are read past on the way to the next one that is wanted before that one is looked for by itself.
const PASSED: usize = 16;

type Rows<'a> = Box<dyn Iterator<Item = Result<(LeadId, Row), StoreError>> + 'a>;

/// The statuses of these leads, the newest first; those that are not there are left out. Neighbours are read together: to read one lead
/// alone means to unpack its whole block, which made half of the start with 100 000 waiting leads (`benches/growth`).
pub(super) fn statuses(
    index: &Index,
    leads: BTreeSet<LeadId>,
) -> impl Iterator<Item = Result<Status, StoreError>> {
    let mut near: Option<Rows<'_>> = None;
    let rows = leads.into_iter().rev().map(move |id| {
        if let Some(rows) = &mut near
            && let Some(row) = look(rows, id)?
        {
            return Ok(Some(row));
        }
        let rows = near.insert(Box::new(index.rows((LeadId::FIRST, id.next()))));
        look(rows, id)
    });
    rows.filter_map(|row| match row {
        Ok(row) => Some(decode(&row?.status?).map_err(StoreError::from)),
        Err(error) => Some(Err(error)),
    })
}

/// The row of a lead, if it is among the next ones. One newer than the lead is passed; one older means that the lead is not there, and is lost
/// to this reading.
fn look(rows: &mut Rows<'_>, id: LeadId) -> Result<Option<Row>, StoreError> {
    for row in rows.take(PASSED) {
        let (read, row) = row?;
        if read <= id {
            return Ok((read == id).then_some(row));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::FormId;
    use crate::store::index::IndexWriter;
    use crate::store::record::{Record, Table, encode};

    fn id(n: u32) -> LeadId {
        LeadId::from_bytes(u128::from(n).to_be_bytes())
    }

    fn record(n: u32) -> Record {
        let status = Status {
            lead: id(n),
            form: FormId::parse("callback").expect("id"),
            held_reason: None,
            erased_at: None,
            contact_hashes: Vec::new(),
            deeds: Vec::new(),
            deliveries: Vec::new(),
        };
        let value = encode(&status).expect("JSON");
        Record::put(Table::Status, *id(n).as_bytes(), value)
    }

    #[test]
    fn leads_near_each_other_and_far_apart_are_found_and_missing_ones_left_out() {
        let directory = tempfile::tempdir().expect("directory");
        let index = Index::open(directory.path()).expect("an index");
        let mut writer = IndexWriter::empty(index);
        // Every third number is missing.
        let there = (1..2_000).filter(|n| n % 3 != 0);
        let records: Vec<Record> = there.map(record).collect();
        writer.apply(&records, Some(1)).expect("applied");
        let asked = [
            1, 2, 3, 4, 5, 6, 9, 10, 700, 701, 702, 1_500, 1_501, 1_999, 5_000,
        ];
        let found: Vec<LeadId> = statuses(writer.index(), asked.map(id).into())
            .map(|status| status.expect("a status").lead)
            .collect();
        let expected = [1_999, 1_501, 701, 700, 10, 5, 4, 2, 1];
        assert_eq!(found, expected.map(id));
    }
}
