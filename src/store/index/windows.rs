//! Which leads are worth reading: for each quarter of a second in which leads came, an entry for what they have in common.
//!
//! Leads of one [`Window`] share an entry of each list; a reader looks at all leads of the window and keeps those it wants. In the usual shop a
//! window holds one lead, in a flood some thousands.

use std::collections::BTreeMap;

use sled::Batch;

use crate::lead::{FormId, LeadId};
use crate::store::StoreError;
use crate::store::index::IdRange;
use crate::store::index::packs::{self, Packs};

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
    fn packs(&self) -> Packs<5, 4> {
        Packs::of(match self {
            Self::Open => vec![b'o'],
            Self::Discarded => vec![b'x'],
            Self::Form(form) => [FORMS, form.as_str().as_bytes(), &[0]].concat(),
        })
    }

    /// What the list has of a window: how many leads, 0 on a list that does not count; `None` when the window is not on the list.
    pub(super) fn entry(&self, db: &sled::Db, window: Window) -> Result<Option<u32>, StoreError> {
        let entry = self.packs().get(db, window.0)?;
        Ok(entry.map(u32::from_be_bytes))
    }

    /// The windows that overlap a range of ids, newest first, with their counts.
    pub(super) fn newest_first(
        &self,
        db: &sled::Db,
        (low, high): IdRange,
    ) -> impl Iterator<Item = Result<(Window, u32), StoreError>> + use<> {
        let windows = (Window::of(low).0, Window::of(high).0);
        let entries = self.packs().newest_first(db, windows);
        entries.map(|entry| {
            let (window, count) = entry?;
            Ok((Window(window), u32::from_be_bytes(count)))
        })
    }
}

/// What becomes of a window on a list.
#[derive(Clone, Copy)]
enum Change {
    On,
    Off,
    /// So many leads more, or less; a window without any is not on the list.
    More(i64),
}

impl Change {
    fn made(self, old: Option<[u8; 4]>) -> Option<[u8; 4]> {
        let count = match self {
            Self::On => return Some([0; 4]),
            Self::Off => return None,
            Self::More(more) => i64::from(old.map_or(0, u32::from_be_bytes)) + more,
        };
        let count = u32::try_from(count).ok().filter(|count| *count > 0);
        count.map(u32::to_be_bytes)
    }
}

/// What becomes of the lists with one batch.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<List, BTreeMap<Window, Change>>);

impl Changes {
    /// A window is put on a list, or taken off.
    pub(super) fn set(&mut self, list: List, window: Window, is_on: bool) {
        let change = if is_on { Change::On } else { Change::Off };
        self.0.entry(list).or_default().insert(window, change);
    }

    /// A window has so many leads more on a list that counts.
    pub(super) fn count(&mut self, list: List, window: Window, more: i64) {
        let change = self.0.entry(list).or_default().entry(window);
        let change = change.or_insert(Change::More(0));
        if let Change::More(sum) = change {
            *sum += more;
        }
    }

    /// Adds all this to `batch`.
    pub(super) fn put(self, db: &sled::Db, batch: &mut Batch) -> Result<(), StoreError> {
        for (list, windows) in self.0 {
            let changes = windows
                .into_iter()
                .map(|(window, change)| (window.0, change));
            list.packs()
                .put(db, changes, |old, change| change.made(old), batch)?;
        }
        Ok(())
    }
}

/// On how many places of the lists of all forms at least one lead is counted.
pub(super) fn places_of_forms(db: &sled::Db) -> Result<u64, StoreError> {
    let mut places = 0;
    for pack in db.scan_prefix(FORMS) {
        places += packs::entries_in::<5, 4>(&pack?.1);
    }
    Ok(places)
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
        let mut changes = Changes::default();
        for (id, count) in ids.iter().zip(1..) {
            changes.count(list.clone(), Window::of(*id), count);
            changes.count(longer.clone(), Window::of(*id), 9);
        }
        apply(&db, changes);
        let read: Vec<u32> = list
            .newest_first(&db, (ids[1], ids[3]))
            .map(|window| window.expect("read").1)
            .collect();
        assert_eq!(read, [4, 3, 2]);
        assert_eq!(places_of_forms(&db).expect("read"), 8);
    }

    #[test]
    fn a_window_is_listed_as_long_as_it_has_leads() {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let form = List::Form(FormId::parse("a").expect("id"));
        let window = Window::of(LeadId::mint(Timestamp::UNIX_EPOCH));
        let mut entries = Vec::new();
        for (more, is_on) in [(2, true), (-1, true), (-1, false)] {
            let mut changes = Changes::default();
            changes.count(form.clone(), window, more - 1);
            changes.count(form.clone(), window, 1);
            changes.set(List::Open, window, !is_on);
            changes.set(List::Open, window, is_on);
            apply(&db, changes);
            let entry = |list: &List| list.entry(&db, window).expect("read");
            entries.push((entry(&form), entry(&List::Open)));
        }
        assert_eq!(
            entries,
            [(Some(2), Some(0)), (Some(1), Some(0)), (None, None)]
        );
    }

    fn apply(db: &sled::Db, changes: Changes) {
        let mut batch = Batch::default();
        changes.put(db, &mut batch).expect("put");
        db.apply_batch(batch).expect("applied");
    }
}
