//! Writes records and what is derived from them into the index. One writer at a time: the start, then the applier thread.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::iter::Peekable;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sled::Batch;

use crate::lead::{Contact, FormId, LeadId};
use crate::store::index::block::Row;
use crate::store::index::blocks::Blocks;
use crate::store::index::rows::{self, Tail};
use crate::store::index::windows::{self, List, Window};
use crate::store::index::words::Entry as WordEntry;
use crate::store::index::{ALL_IDS, APPLIED, Index, keys};
use crate::store::record::{Record, Said, Table, decode};
use crate::store::search::{words_of_contact, words_of_status};
use crate::store::{Status, StoreError};

/// What a group changed that the outbox must know: statuses before and after.
pub(in crate::store) type StatusChange = (Option<Status>, Option<Arc<Status>>);

/// What a new writer meets.
pub(in crate::store) enum Found {
    /// This lead, in whatever state it is; all that are not final are met, and the newest.
    Lead(Status),
    /// Leads in final states that were not looked at.
    PassedOver,
}

/// So many leads without any that is open are read past before the next window with one is looked for by itself.
const PASSED: usize = 8;

/// The one who writes.
pub(in crate::store) struct IndexWriter {
    index: Index,
    /// `None` when it has to be read.
    tail: Option<Tail>,
    /// How many leads of each window are not final; windows without any are not listed.
    open: BTreeMap<Window, u32>,
    /// Words were written for a lead that has lost them since: an erased person is still in the runs.
    has_stale_words: bool,
}

/// The part of a lead that is derived from; the rest is not read.
#[derive(Deserialize)]
struct Source {
    form: FormId,
    contact: Contact,
}

/// What is derived from a lead.
struct Derived<'a> {
    form: FormId,
    words: Vec<Cow<'a, str>>,
}

impl<'a> Derived<'a> {
    fn of(record: &'a Record) -> Result<Option<Self>, StoreError> {
        match (&record.said, &record.value) {
            (_, None) => Ok(None),
            (Said::Lead(said), _) => Ok(Some(Self {
                form: said.form.clone(),
                words: said.words.lines().map(Cow::Borrowed).collect(),
            })),
            (_, Some(value)) => Self::read(value).map(Some),
        }
    }

    fn read(value: &[u8]) -> Result<Self, StoreError> {
        let Source { form, contact } = decode(value)?;
        let words = words_of_contact(&contact);
        let words = words.lines().map(|word| Cow::Owned(word.to_owned()));
        Ok(Self {
            form,
            words: words.collect(),
        })
    }
}

/// What one call of `apply` gathers from records.
struct Changes<'a> {
    tail: Tail,
    rows: BTreeMap<LeadId, Row>,
    keys: keys::Changed,
    lists: windows::Changes,
    words: Vec<WordEntry<'a>>,
    statuses: Vec<StatusChange>,
}

impl IndexWriter {
    /// The writer of an index. Tells of all leads that are not final, oldest first, of where it looked for them, and of the newest lead in
    /// whatever state.
    pub(in crate::store) fn new(
        index: Index,
        mut found: impl FnMut(Found),
    ) -> Result<Self, StoreError> {
        let mut open = BTreeMap::new();
        let listed: Vec<(Window, u32)> = List::Open
            .newest_first(&index.db, ALL_IDS)
            .collect::<Result<_, _>>()?;
        let mut windows = listed
            .into_iter()
            .rev()
            .map(|(window, _)| window)
            .peekable();
        while let Some(window) = windows.next() {
            for row in rows_from(&index.blocks, window, &mut windows) {
                let (id, row) = row?;
                let Some(status) = read::<Status>(row.status.as_deref())? else {
                    continue;
                };
                if is_open(&status) {
                    *open.entry(Window::of(id)).or_default() += 1;
                }
                found(Found::Lead(status));
            }
            found(Found::PassedOver);
        }
        // Open or not: what comes by a clock that was put back must not be taken for newer.
        if let Some(newest) = rows::newest_first(&index.blocks, ALL_IDS).next()
            && let Some(status) = read::<Status>(newest?.1.status.as_deref())?
            && !is_open(&status)
        {
            found(Found::Lead(status));
        }
        Ok(Self {
            open,
            ..Self::empty(index)
        })
    }

    /// The writer of an index without leads.
    pub(in crate::store) fn empty(index: Index) -> Self {
        Self {
            index,
            tail: None,
            open: BTreeMap::new(),
            has_stale_words: false,
        }
    }

    /// Whether this writer has met an erased person whose words are in the index: it must be built anew from a snapshot without them.
    pub(in crate::store) fn has_stale_words(&self) -> bool {
        self.has_stale_words
    }

    /// For reading.
    pub(in crate::store) fn index(&self) -> &Index {
        &self.index
    }

    /// Applies records. With `sequence`, notes that the journal up to there is applied.
    pub(in crate::store) fn apply<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
        sequence: Option<u64>,
    ) -> Result<Vec<StatusChange>, StoreError> {
        let tail = match self.tail.take() {
            Some(tail) => tail,
            None => Tail::read(&self.index.blocks)?,
        };
        let mut changes = Changes::new(tail);
        for record in records {
            let Some((key, place)) = record.key.split_first_chunk() else {
                continue;
            };
            let id = LeadId::from_bytes(*key);
            match record.table {
                Table::Lead => self.lead(id, record, &mut changes)?,
                Table::Status => self.status(id, record, &mut changes)?,
                Table::Key => {
                    changes.keys.insert(*key, record.value.clone());
                }
                Table::Attempt => {
                    let row = changes.row(&self.index.blocks, id)?;
                    if let Ok(place) = place.try_into() {
                        row.attempts.put(place, record.value.as_deref());
                    }
                }
            }
        }
        self.write(changes, sequence)
    }

    fn write(
        &mut self,
        changes: Changes<'_>,
        sequence: Option<u64>,
    ) -> Result<Vec<StatusChange>, StoreError> {
        let Index { db, blocks, .. } = &self.index;
        let mut batch = Batch::default();
        let tail = rows::put(blocks, changes.tail, changes.rows)?;
        let moves = self.index.keys.put(changes.keys)?;
        changes.lists.put(db, &mut batch)?;
        let run = self.index.words.add(changes.words)?;
        if let Some(sequence) = sequence {
            batch.insert(APPLIED, &sequence.to_be_bytes());
        }
        blocks.apply(batch)?;
        self.tail = tail;
        self.index.keys.moved(moves)?;
        if let Some(run) = run {
            self.index.words.added(run)?;
        }
        self.index.blocks.tidy()?;
        Ok(changes.statuses)
    }

    fn lead<'a>(
        &mut self,
        id: LeadId,
        record: &'a Record,
        changes: &mut Changes<'a>,
    ) -> Result<(), StoreError> {
        let row = changes.row(&self.index.blocks, id)?;
        let old = std::mem::replace(&mut row.lead, record.value.clone());
        let old = old.as_deref().map(Derived::read).transpose()?;
        let new = Derived::of(record)?;
        if old.is_none() || new.is_none() {
            let mut count = |lead: &Derived<'_>, more| {
                let list = List::Form(lead.form.clone());
                changes.lists.count(list, Window::of(id), more);
            };
            old.iter().for_each(|old| count(old, -1));
            new.iter().for_each(|new| count(new, 1));
        }
        let known = old.map(|old| old.words).unwrap_or_default();
        if let Some(Derived { words, .. }) = new {
            self.has_stale_words |= known.iter().any(|word| !words.contains(word));
            changes.add_words(id, words, &known);
        }
        Ok(())
    }

    fn status(
        &mut self,
        id: LeadId,
        record: &Record,
        changes: &mut Changes<'_>,
    ) -> Result<(), StoreError> {
        let row = changes.row(&self.index.blocks, id)?;
        let old = std::mem::replace(&mut row.status, record.value.clone());
        let old: Option<Status> = read(old.as_deref())?;
        let new = match &record.said {
            Said::Status(said) => Some(Arc::clone(said)),
            _ => read(record.value.as_deref())?.map(Arc::new),
        };
        let words = |status: &Status| words_of_status(status).into_iter().map(Cow::Owned);
        let known: Vec<_> = old.iter().flat_map(words).collect();
        if let Some(new) = &new {
            changes.add_words(id, words(new).collect(), &known);
            if new.state() == crate::delivery::State::Discarded {
                changes.lists.set(List::Discarded, Window::of(id), true);
            }
        }
        let was_open = old.as_ref().is_some_and(is_open);
        let is_open = new.as_deref().is_some_and(is_open);
        self.count_open(Window::of(id), (was_open, is_open), &mut changes.lists);
        changes.statuses.push((old, new));
        Ok(())
    }

    fn count_open(
        &mut self,
        window: Window,
        (was, is): (bool, bool),
        lists: &mut windows::Changes,
    ) {
        match (was, is, self.open.entry(window)) {
            (false, true, Entry::Vacant(entry)) => {
                entry.insert(1);
                lists.set(List::Open, window, true);
            }
            (false, true, Entry::Occupied(mut entry)) => *entry.get_mut() += 1,
            (true, false, Entry::Occupied(mut entry)) if *entry.get() > 1 => *entry.get_mut() -= 1,
            (true, false, Entry::Occupied(entry)) => {
                entry.remove();
                lists.set(List::Open, window, false);
            }
            _ => {}
        }
    }
}

impl<'a> Changes<'a> {
    fn new(tail: Tail) -> Self {
        Self {
            tail,
            rows: BTreeMap::new(),
            keys: keys::Changed::new(),
            lists: windows::Changes::default(),
            words: Vec::new(),
            statuses: Vec::new(),
        }
    }

    /// The words of a lead that it is not found by yet.
    fn add_words(&mut self, id: LeadId, words: Vec<Cow<'a, str>>, known: &[Cow<'_, str>]) {
        let new = words.into_iter().filter(|word| !known.contains(word));
        self.words.extend(new.map(|word| (word, id)));
    }

    /// The row as it will be after what was gathered so far.
    fn row(&mut self, blocks: &Blocks, id: LeadId) -> Result<&mut Row, StoreError> {
        match self.rows.entry(id) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(self.tail.row(blocks, id)?)),
        }
    }
}

/// The leads from a window on, oldest first, as long as the next of these windows is near. Takes out the windows that it comes by.
fn rows_from(
    blocks: &Blocks,
    mut window: Window,
    windows: &mut Peekable<impl Iterator<Item = Window>>,
) -> impl Iterator<Item = Result<(LeadId, Row), StoreError>> {
    let mut passed = 0;
    rows::oldest_first(blocks, window.within(ALL_IDS).0).take_while(move |row| {
        let Ok((id, _)) = row else { return true };
        let here = Window::of(*id);
        while let Some(next) = windows.next_if(|next| *next <= here) {
            (window, passed) = (next, 0);
        }
        passed += usize::from(here != window);
        here == window || (passed <= PASSED && windows.peek().is_some())
    })
}

fn is_open(status: &Status) -> bool {
    !status.state().is_final()
}

fn read<T: DeserializeOwned>(bytes: Option<&[u8]>) -> Result<Option<T>, StoreError> {
    Ok(bytes.map(decode).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NewLead;
    use crate::store::prepare::prepare;
    use crate::store::query::tests::lead;

    #[test]
    fn what_records_say_of_a_new_lead_is_what_is_read_from_them() {
        let prepared = prepare(NewLead {
            lead: lead(1, "Анна-Мария Ёлкина"),
            held: None,
            targets: Vec::new(),
            key: None,
        });
        let prepared = prepared.expect("encoded");
        let value = |record: &Record| record.value.clone().expect("a value");
        let record = &prepared.lead_record;
        let said = Derived::of(record).expect("read").expect("a lead");
        let value_of_lead = value(record);
        let read = Derived::read(&value_of_lead).expect("read");
        assert!(matches!(record.said, Said::Lead(_)));
        assert_eq!((said.form, &said.words), (read.form, &read.words));
        assert!(said.words.len() > 1, "{:?}", said.words);
        let Said::Status(said) = &prepared.status_record.said else {
            panic!("a new lead's status says nothing");
        };
        let read: Status = decode(&value(&prepared.status_record)).expect("read");
        assert_eq!(**said, read);
    }
}
