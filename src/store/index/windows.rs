//! Which leads are worth reading: for each quarter of a second in which leads came, an entry for what they have in common.
//!
//! A lead of its own in each list would cost sled an entry per lead and list. Leads of one [`Window`] share one; a reader looks at all
//! leads of the window and keeps those it wants. In the usual shop a window holds one lead, in a flood some thousands.

use std::ops::Bound;

use sled::Batch;

use crate::lead::{FormId, LeadId};
use crate::store::StoreError;
use crate::store::index::IdRange;

/// All leads received within the same 256 ms: the first five of the six bytes of an id that tell the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct Window([u8; 5]);

impl Window {
    /// The window of a lead.
    pub(in crate::store) fn of(lead: LeadId) -> Self {
        let [a, b, c, d, e, ..] = *lead.as_bytes();
        Self([a, b, c, d, e])
    }

    /// The ids of its leads that are in a range.
    pub(super) fn within(self, (low, high): IdRange) -> IdRange {
        let mut bytes = [0; 16];
        bytes[..5].copy_from_slice(&self.0);
        let first = LeadId::from_bytes(bytes);
        bytes[5..].fill(u8::MAX);
        let last = LeadId::from_bytes(bytes);
        // The very last id of a window is nobody's: its random bits would all have to be 1, and a UUID's version is not.
        (first.max(low), last.min(high))
    }
}

/// A list of windows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum List {
    /// Windows with leads that are not in a final state.
    Open,
    /// Windows with leads that are or were discarded.
    Discarded,
    /// Windows with leads of a form; their entries hold how many.
    Form(FormId),
}

/// What the lists of all forms begin with.
const FORMS: &[u8] = b"f";

impl List {
    fn prefix(&self) -> Vec<u8> {
        match self {
            Self::Open => vec![b'o'],
            Self::Discarded => vec![b'x'],
            Self::Form(form) => [FORMS, form.as_str().as_bytes(), &[0]].concat(),
        }
    }

    fn key(&self, window: Window) -> Vec<u8> {
        let mut key = self.prefix();
        key.extend_from_slice(&window.0);
        key
    }

    /// Puts a window on the list.
    pub(super) fn add(&self, window: Window, batch: &mut Batch) {
        batch.insert(self.key(window), &[]);
    }

    /// Takes a window off the list.
    pub(super) fn remove(&self, window: Window, batch: &mut Batch) {
        batch.remove(self.key(window));
    }

    /// Puts a window on the list with its count of leads.
    pub(super) fn set_count(&self, window: Window, count: u32, batch: &mut Batch) {
        batch.insert(self.key(window), &count.to_be_bytes());
    }

    /// The count of leads of a window; 0 when it is not on the list.
    pub(super) fn count(&self, db: &sled::Db, window: Window) -> Result<u32, StoreError> {
        Ok(self.entry(db, window)?.unwrap_or(0))
    }

    /// The same, 0 on a list that does not count; `None` when the window is not on the list.
    pub(super) fn entry(&self, db: &sled::Db, window: Window) -> Result<Option<u32>, StoreError> {
        Ok(db.get(self.key(window))?.as_deref().map(count))
    }

    /// The windows that overlap a range of ids, newest first, with their counts.
    pub(super) fn newest_first(
        &self,
        db: &sled::Db,
        (low, high): IdRange,
    ) -> impl Iterator<Item = Result<(Window, u32), StoreError>> + use<> {
        let bounds = (
            Bound::Included(self.key(Window::of(low))),
            Bound::Included(self.key(Window::of(high))),
        );
        db.range(bounds).rev().filter_map(|entry| match entry {
            Ok((key, value)) => {
                let window = Window(*key.last_chunk()?);
                Some(Ok((window, count(&value))))
            }
            Err(error) => Some(Err(error.into())),
        })
    }
}

/// On how many places of the lists of all forms at least one lead is counted.
pub(super) fn places_of_forms(db: &sled::Db) -> Result<u64, StoreError> {
    let mut places = 0;
    for entry in db.scan_prefix(FORMS) {
        places += u64::from(count(&entry?.1) > 0);
    }
    Ok(places)
}

fn count(value: &[u8]) -> u32 {
    value.try_into().map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn leads_of_one_window_are_within_it_and_others_are_not() {
        let at = |ms| Timestamp::from_millisecond(ms).expect("a time");
        let (a, b, other) = (at(256_000), at(256_255), at(256_256));
        let (a, b, other) = (LeadId::mint(a), LeadId::mint(b), LeadId::mint(other));
        assert_eq!(Window::of(a), Window::of(b));
        assert_ne!(Window::of(a), Window::of(other));
        let (low, high) = Window::of(a).within((LeadId::FIRST, LeadId::LAST));
        assert!((low..high).contains(&a) && (low..high).contains(&b));
        assert!(!(low..high).contains(&other));
        assert_eq!(Window::of(a).within((b, LeadId::LAST)).0, b);
    }

    #[test]
    fn a_list_is_read_newest_first_and_only_where_it_is_asked() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let (list, longer) = (
            List::Form(FormId::parse("a").expect("id")),
            List::Form(FormId::parse("ab").expect("id")),
        );
        let ids: Vec<LeadId> = (0..4_i64)
            .map(|n| LeadId::mint(Timestamp::from_millisecond(n * 1_000).expect("a time")))
            .collect();
        let mut batch = Batch::default();
        for (id, count) in ids.iter().zip(1..) {
            list.set_count(Window::of(*id), count, &mut batch);
            longer.set_count(Window::of(*id), 9, &mut batch);
        }
        db.apply_batch(batch).expect("applied");
        let read: Vec<u32> = list
            .newest_first(&db, (ids[1], ids[3]))
            .map(|window| window.expect("read").1)
            .collect();
        assert_eq!(read, [4, 3, 2]);
    }
}
