//! What an index finds leads by, its words and its lists of windows, against the leads that it has: that they are its leads tells nothing of
//! whether anybody finds them.
//!
//! What the writer enters is derived here once more. It promises that a lead has all its words, that a window with an open or a discarded lead
//! is on that list, and that the list of a form counts the leads of a window. What was once true may stay: words of erased people until the
//! index is built anew, windows with discarded leads that were sent after all or taken out.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::delivery::State;
use crate::lead::{Contact, FormId, LeadId};
use crate::store::index::{Index, KnownWords, List, Window};
use crate::store::record::{Record, Table, decode};
use crate::store::search::{words_of_contact, words_of_status};
use crate::store::{Status, StoreError};

use super::compare::Differences;

/// The part of a lead that it is found by.
#[derive(Deserialize)]
struct Source {
    form: FormId,
    contact: Contact,
}

/// A look at everything that is derived, under way.
pub(super) struct Derived<'a> {
    index: &'a Index,
    words: KnownWords,
    /// Where the latest lead is.
    window: Option<Window>,
    /// The lists that this window should be on, with how many of its leads are of that kind, and the first of those.
    wanted: BTreeMap<List, (u32, LeadId)>,
    /// Places of forms that were looked at and count any.
    of_forms: u64,
    differences: Differences,
}

impl<'a> Derived<'a> {
    /// Reads all words. What is found is added to what is known.
    pub(super) fn of(index: &'a Index, differences: Differences) -> Result<Self, StoreError> {
        Ok(Self {
            index,
            words: index.known_words()?,
            window: None,
            wanted: BTreeMap::new(),
            of_forms: 0,
            differences,
        })
    }

    /// Looks at the next of all records of the index, which come in the order of the leads. One that cannot be read is passed over: it differs
    /// from the truth, or the truth cannot be read either.
    pub(super) fn look_at(&mut self, record: &Record) -> Result<(), StoreError> {
        let (Some(id), Some(value)) = (record.key.first_chunk(), &record.value) else {
            return Ok(());
        };
        let id = LeadId::from_bytes(*id);
        match record.table {
            Table::Lead => {
                self.enter(id)?;
                if let Ok(Source { form, contact }) = decode(value) {
                    self.look_for((id, "words"), words_of_contact(&contact).lines());
                    self.want(List::Form(form), id);
                }
            }
            Table::Status => {
                self.enter(id)?;
                if let Ok(status) = decode::<Status>(value) {
                    let words = words_of_status(&status);
                    self.look_for((id, "order numbers"), words.iter().map(String::as_str));
                    let state = status.state();
                    if !state.is_final() {
                        self.want(List::Open, id);
                    } else if state == State::Discarded {
                        self.want(List::Discarded, id);
                    }
                }
            }
            Table::Attempt | Table::Key => {}
        }
        Ok(())
    }

    /// What was found, once all records were looked at.
    pub(super) fn finish(mut self) -> Result<Differences, StoreError> {
        self.leave()?;
        // Others count leads that there are not.
        let others = self.index.places_of_forms()?.saturating_sub(self.of_forms);
        self.differences.places += others;
        Ok(self.differences)
    }

    /// Counts those of these words, which are called so, that the lead is not found by. They are the person's, and not told.
    fn look_for<'w>(&mut self, (id, name): (LeadId, &str), words: impl Iterator<Item = &'w str>) {
        let mut missing: Vec<&str> = words.filter(|word| !self.words.has(word, id)).collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            self.differences.words += missing.len() as u64;
            self.differences.note(|| format!("{name} of lead {id}"));
        }
    }

    fn want(&mut self, list: List, id: LeadId) {
        let (count, _) = self.wanted.entry(list).or_insert((0, id));
        *count += 1;
    }

    /// Goes on to the window of this lead.
    fn enter(&mut self, id: LeadId) -> Result<(), StoreError> {
        let window = Some(Window::of(id));
        if self.window != window {
            self.leave()?;
            self.window = window;
        }
        Ok(())
    }

    /// Looks whether the window that all leads were seen of is on its lists.
    fn leave(&mut self) -> Result<(), StoreError> {
        let Some(window) = self.window else {
            return Ok(());
        };
        for (list, (count, first)) in std::mem::take(&mut self.wanted) {
            let listed = self.index.listed(&list, window)?;
            let (is_right, name) = match list {
                List::Open => (listed.is_some(), "open"),
                List::Discarded => (listed.is_some(), "discarded"),
                List::Form(_) => {
                    self.of_forms += u64::from(listed > Some(0));
                    (listed == Some(count), "of a form")
                }
            };
            if !is_right {
                self.differences.places += 1;
                let note = || format!("the list of leads that are {name} at lead {first}");
                self.differences.note(note);
            }
        }
        Ok(())
    }
}
