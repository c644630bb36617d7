//! The words leads are found by, in sorted runs.
//!
//! A lead has four or five words, each as good as random: an entry of sled for each would cost more than everything else about the lead
//! (measured with `benches/accept`). So the words of what is applied together are one sorted run ([`run`]). It is in memory and, for the next
//! start, in a log ([`log`]); runs of about one size become one, and what has become too large for memory one in a file.
//! So there are some dozens with a million leads ([`sizes`], [`merging`]). A search asks one run after another, those with the newest
//! leads first, until it has a page; it leaves out the runs whose filters say that they have no such word ([`filter`]), and reads of the
//! others the pages that the word may be in ([`pages`]): mostly one.
//!
//! They are files of their own, not entries of sled: a node of sled is read as a whole, and the blocks of a run made one of 70 KB, of which a
//! search wanted a fortieth. With a million leads most of what a search took was reading those (`benches/growth`).
//!
//! The words of a lead are written before sled has the lead. Where a process dies, they may be there without it, or twice after the journal
//! was replayed. Words of a lead that has changed or was erased stay until the index is built anew. So whoever searches looks at the lead itself.

mod filter;
mod hits;
mod known;
mod listing;
mod log;
mod merging;
mod pages;
mod reach;
mod run;
mod sizes;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use crate::lead::LeadId;
use crate::store::StoreError;
use crate::store::index::users::User;
use crate::store::index::{IdRange, at};

use hits::Hits;
use listing::Listing;
use log::Log;
use reach::{Files, number};
use run::{EXTENSION, PARTIAL, Run};
use sizes::{SIZES, Sizes, count, too_many};

pub(in crate::store) use known::Known;

/// A word of a lead.
pub(super) type Entry<'a> = (Cow<'a, str>, LeadId);

/// The name of the log.
const LOG: &str = "log";

/// Every run there is.
type Runs = Vec<Arc<Run>>;

/// The runs there are. Cheap to clone; one writer.
#[derive(Clone)]
pub(super) struct Words(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    sizes: Sizes,
    files: Files,
    log: Log,
    listing: Listing,
    /// Replaced, never changed: a search goes on with those it began with, also when their files are deleted.
    runs: RwLock<Runs>,
}

impl Words {
    /// Reads which runs there are in a directory, and finds all there that should be.
    pub(super) fn open(directory: PathBuf, user: User) -> Result<Self, StoreError> {
        Listing::of(&directory).check().map_err(at(&directory))?;
        Self::open_with(directory, user, SIZES)
    }

    /// The same of an index that has none yet; makes the directory when it is missing.
    pub(super) fn none(directory: PathBuf, user: User) -> Result<Self, StoreError> {
        Self::open_with(directory, user, SIZES)
    }

    fn open_with(directory: PathBuf, user: User, sizes: Sizes) -> Result<Self, StoreError> {
        let files = Files::new(user, sizes.large);
        fs::create_dir_all(&directory).map_err(at(&directory))?;
        let mut runs = Runs::new();
        for entry in fs::read_dir(&directory).map_err(at(&directory))? {
            let path = entry.map_err(at(&directory))?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => {
                    let run = Run::open(path.clone(), &files);
                    runs.push(Arc::new(run.map_err(at(&path))?));
                }
                Some(PARTIAL) => fs::remove_file(&path).map_err(at(&path))?,
                _ => {}
            }
        }
        let path = directory.join(LOG);
        let (log, mut logged) = Log::open(&path).map_err(at(&path))?;
        logged.sort_unstable();
        let logged = Run::in_memory(&logged).map_err(at(&path))?;
        runs.extend(logged.map(Arc::new));
        let listing = Listing::of(&directory);
        listing.write(&runs, &[LOG]).map_err(at(&directory))?;
        Ok(Self(Arc::new(Inner {
            directory,
            sizes,
            files,
            log,
            listing,
            runs: RwLock::new(runs),
        })))
    }

    /// Writes these entries where a start finds them. Once sled has the leads, tell [`Words::added`].
    pub(super) fn add(&self, mut entries: Vec<Entry<'_>>) -> Result<Option<Run>, StoreError> {
        entries.retain(|(word, _)| word.len() <= pages::LONGEST);
        if entries.is_empty() {
            return Ok(None);
        }
        entries.sort_unstable();
        entries.dedup();
        let Inner { log, directory, .. } = &*self.0;
        let logged = log.append(&entries);
        let run = logged.and_then(|()| Run::in_memory(&entries));
        run.map_err(at(directory))
    }

    /// From now on this run is searched too. Merges runs while there are too many of one size.
    pub(super) fn added(&self, run: Run) -> Result<(), StoreError> {
        let mut runs = self.runs();
        runs.push(Arc::new(run));
        while let Some(merging) = too_many(&runs, self.0.sizes) {
            let merged = self.merge(&merging, next_number(&runs));
            let merged = merged.map_err(at(&self.0.directory))?;
            runs.retain(|run| !merging.iter().any(|other| Arc::ptr_eq(run, other)));
            let is_in_file = merged.as_ref().is_some_and(|run| run.path().is_some());
            runs.extend(merged.map(Arc::new));
            self.publish(runs.clone());
            if is_in_file {
                let listed = self.0.listing.write(&runs, &[LOG]);
                let cleared = listed.and_then(|()| self.clear(&merging));
                cleared.map_err(at(&self.0.directory))?;
            }
        }
        self.publish(runs);
        Ok(())
    }

    /// One run of all these.
    fn merge(&self, runs: &[Arc<Run>], number: u32) -> io::Result<Option<Run>> {
        let Inner {
            directory,
            sizes,
            files,
            ..
        } = &*self.0;
        let is_small = count(runs) < sizes.in_memory && runs.iter().all(|run| run.path().is_none());
        let file = directory.join(format!("{number:08}.{EXTENSION}"));
        Run::of_all(runs, (!is_small).then_some((file, files)))
    }

    /// These are in another file now. Those who still read them have them open.
    fn clear(&self, runs: &[Arc<Run>]) -> io::Result<()> {
        for path in runs.iter().filter_map(|run| run.path()) {
            fs::remove_file(path)?;
        }
        match runs.iter().any(|run| run.path().is_none()) {
            true => self.0.log.clear(),
            false => Ok(()),
        }
    }

    /// Reads everything, and tells what is there or which file is not sound.
    pub(super) fn known(&self) -> Result<Known, StoreError> {
        Known::of(&self.runs(), &self.0.directory)
    }

    fn runs(&self) -> Runs {
        let runs = self.0.runs.read();
        runs.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, runs: Runs) {
        *self.0.runs.write().unwrap_or_else(PoisonError::into_inner) = runs;
    }

    /// The leads in a range that have words with all these beginnings, newest first; none when there is no beginning.
    pub(super) fn find(&self, beginnings: Vec<String>, ids: IdRange) -> Hits {
        Hits::new(&self.runs(), beginnings, ids)
    }
}

/// For the name of the next file.
fn next_number(runs: &Runs) -> u32 {
    let numbers = runs.iter().filter_map(|run| number(run.path()?));
    numbers.max().map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests;
