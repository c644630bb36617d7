//! A sorted run: words in order, each with its leads, in memory while there are few and in a file of its own else. It never changes.
//!
//! | in the file | |
//! |---|---|
//! | pages | the words ([`super::pages`]) |
//! | pages | the filter ([`super::filter`]) |
//! | a frame | how many entries there are, the oldest and the newest lead, how many beginnings and pages the filter has, the fences |
//! | 8 bytes | where the frame begins |

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Advice;

use crate::lead::LeadId;
use crate::store::frame;
use crate::store::index::{advise, damaged};

use super::filter::{Gathering, Probe};
use super::merging::each_entry;
use super::pages::{Fences, PAGE, PageWriter, open_page, read_entries};
use super::reach::{Files, Reach};

/// What the names of files of runs end with.
pub(super) const EXTENSION: &str = "run";

/// The same while one is written.
pub(super) const PARTIAL: &str = "partial";

/// A search for what many leads have reads so many pages at a time.
const TOGETHER: usize = 32;

/// A run.
pub(in crate::store::index) struct Run {
    pages: Pages,
    fences: Fences,
    filter: Size,
    pub(super) entries: usize,
    pub(super) oldest: LeadId,
    pub(super) newest: LeadId,
}

enum Pages {
    Memory(Vec<u8>),
    File(Reach),
}

/// Of a filter.
#[derive(Clone, Copy)]
struct Size {
    beginnings: usize,
    /// None for a run in memory, of which a page is read in a microsecond.
    pages: usize,
}

impl Run {
    /// One in memory, of sorted entries; `None` when there are none.
    pub(super) fn in_memory<W: AsRef<str>>(entries: &[(W, LeadId)]) -> io::Result<Option<Self>> {
        let mut building = Building::to(Vec::new(), Gathering::default());
        for (word, lead) in entries {
            building.push(word.as_ref().as_bytes(), *lead.as_bytes())?;
        }
        building.in_memory()
    }

    /// One of all these, in the file at this path or in memory. The file gets its name when it is whole.
    pub(super) fn of_all(
        runs: &[Arc<Self>],
        file: Option<(PathBuf, &Files)>,
    ) -> io::Result<Option<Self>> {
        let Some((path, files)) = file else {
            let mut building = Building::to(Vec::new(), Gathering::default());
            each_entry(runs, |word, lead| building.push(word, lead))?;
            return building.in_memory();
        };
        let partial = path.with_extension(PARTIAL);
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(true).write(true).read(true);
        let out = BufWriter::with_capacity(64 << 10, options.open(&partial)?);
        // Some of them may share beginnings, which leaves room over.
        let beginnings = runs.iter().map(|run| run.filter.beginnings).sum();
        let mut building = Building::to(out, Gathering::of(beginnings));
        each_entry(runs, |word, lead| building.push(word, lead))?;
        let run = building.in_file(path, files)?;
        if let Some(path) = run.as_ref().and_then(Self::path) {
            fs::rename(&partial, path)?;
        }
        Ok(run)
    }

    /// The frame behind the pages.
    fn about(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96 + 24 * self.fences.pages());
        frame::encode_with(0, &mut bytes, |out| {
            let Size { beginnings, pages } = self.filter;
            out.extend_from_slice(self.oldest.as_bytes());
            out.extend_from_slice(self.newest.as_bytes());
            for number in [self.entries, beginnings, pages] {
                out.extend_from_slice(&(number as u64).to_le_bytes());
            }
            self.fences.write(out);
        });
        bytes
    }

    /// The one in this file.
    pub(super) fn open(path: PathBuf, files: &Files) -> io::Result<Self> {
        let file = File::open(&path)?;
        let end = file.metadata()?.len().saturating_sub(8);
        let mut begin = [0; 8];
        file.read_exact_at(&mut begin, end)?;
        let begin = u64::from_le_bytes(begin);
        let length = end
            .checked_sub(begin)
            .and_then(|length| usize::try_from(length).ok());
        let mut about = vec![0; length.ok_or_else(damaged_run)?];
        file.read_exact_at(&mut about, begin)?;
        let run = frame::decode(&about).and_then(|frame| Self::read_about(frame.payload));
        let run = run.ok_or_else(damaged_run)?;
        if run.pages_in_all() as u64 * PAGE as u64 != begin {
            return Err(damaged_run());
        }
        let pages = Pages::File(files.reach(path, file, run.entries));
        Ok(Self { pages, ..run })
    }

    /// Without the pages.
    fn read_about(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let [oldest, newest] = [take(&mut rest)?, take(&mut rest)?];
        let [entries, beginnings, pages] = [take(&mut rest)?, take(&mut rest)?, take(&mut rest)?];
        let number = |bytes| usize::try_from(u64::from_le_bytes(bytes)).ok();
        Some(Self {
            pages: Pages::Memory(Vec::new()),
            fences: Fences::read(rest),
            filter: Size {
                beginnings: number(beginnings)?,
                pages: number(pages)?,
            },
            entries: number(entries)?,
            oldest: LeadId::from_bytes(oldest),
            newest: LeadId::from_bytes(newest),
        })
    }

    fn pages_in_all(&self) -> usize {
        self.fences.pages().saturating_add(self.filter.pages)
    }

    /// Where its file is, if it has one.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.pages {
            Pages::Memory(_) => None,
            Pages::File(reach) => Some(reach.path()),
        }
    }

    /// Whether it may have a word with this beginning. `false` is certain, and known from one page.
    pub(super) fn may_have(&self, beginning: &str) -> bool {
        let Some(probe) = Probe::of(beginning).filter(|_| self.filter.pages > 0) else {
            return true;
        };
        let mut room = Vec::new();
        // What cannot be read denies nothing.
        let page = self.filter_page(probe.page(self.filter.pages), &mut room);
        page.is_none_or(|page| probe.may_be_in(page))
    }

    /// What of the filter is in a page; `None` when it is damaged.
    fn filter_page<'a>(&'a self, page: usize, room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let page = self.fences.pages() + page;
        self.pages(page..page + 1, room).ok().and_then(open_page)
    }

    /// Finds every page of the filter sound, or is an error.
    pub(super) fn check_filter(&self) -> io::Result<()> {
        let mut room = Vec::new();
        for page in 0..self.filter.pages {
            self.filter_page(page, &mut room).ok_or_else(damaged_run)?;
        }
        Ok(())
    }

    /// Adds the leads that have a word with this beginning.
    pub(super) fn find(&self, beginning: &str, found: &mut Vec<LeadId>) -> io::Result<()> {
        let pages = self.fences.of(beginning);
        let mut room = Vec::new();
        for first in pages.clone().step_by(TOGETHER) {
            let last = pages.end.min(first + TOGETHER);
            for page in self.pages(first..last, &mut room)?.chunks(PAGE) {
                let words = read_entries(open_page(page).ok_or_else(damaged_run)?);
                let words = words.skip_while(|(word, _)| *word < beginning);
                let with_it = words.take_while(|(word, _)| word.starts_with(beginning));
                let leads = with_it.flat_map(|(_, leads)| leads);
                found.extend(leads.map(|lead| LeadId::from_bytes(*lead)));
            }
        }
        Ok(())
    }

    fn pages<'a>(&'a self, pages: Range<usize>, room: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
        let begin = pages.start * PAGE;
        match &self.pages {
            Pages::Memory(bytes) => bytes.get(begin..pages.end * PAGE).ok_or_else(damaged_run),
            Pages::File(reach) => {
                room.resize(pages.len() * PAGE, 0);
                reach.file()?.read_exact_at(room, begin as u64)?;
                Ok(room)
            }
        }
    }

    /// Has the kernel read all pages, which are going to be asked for.
    pub(super) fn expect(&self) {
        if let Pages::File(reach) = &self.pages
            && let Ok(file) = reach.file()
        {
            let length = (self.fences.pages() * PAGE) as u64;
            advise(&file, (0, length), Advice::WillNeed);
        }
    }

    /// Replaces `entries` by those of a page, as they stand there; `false` when there is no such page.
    pub(super) fn read_page(&self, number: usize, entries: &mut Vec<u8>) -> io::Result<bool> {
        if number >= self.fences.pages() {
            return Ok(false);
        }
        let mut room = Vec::new();
        let page = self.pages(number..number + 1, &mut room)?;
        entries.clear();
        entries.extend_from_slice(open_page(page).ok_or_else(damaged_run)?);
        Ok(true)
    }
}

/// A run that is being written.
struct Building<W> {
    pages: PageWriter<W>,
    filter: Gathering,
    entries: usize,
    oldest: LeadId,
    newest: LeadId,
}

impl<W: Write> Building<W> {
    fn to(out: W, filter: Gathering) -> Self {
        Self {
            pages: PageWriter::new(out),
            filter,
            entries: 0,
            oldest: LeadId::LAST,
            newest: LeadId::FIRST,
        }
    }

    fn push(&mut self, word: &[u8], lead: [u8; 16]) -> io::Result<()> {
        if !self.pages.push(word, lead)? {
            return Ok(());
        }
        self.filter.add(word);
        let lead = LeadId::from_bytes(lead);
        self.oldest = self.oldest.min(lead);
        self.newest = self.newest.max(lead);
        self.entries += 1;
        Ok(())
    }

    /// The run without its pages, which were written there, and the pages of its filter; `None` when it has none.
    fn finish(self) -> io::Result<Option<(W, Vec<u8>, Run)>> {
        let (out, fences) = self.pages.finish()?;
        let (beginnings, filter) = self.filter.finish();
        let run = Run {
            pages: Pages::Memory(Vec::new()),
            fences,
            filter: Size {
                beginnings,
                pages: filter.len() / PAGE,
            },
            entries: self.entries,
            oldest: self.oldest,
            newest: self.newest,
        };
        Ok((run.entries > 0).then_some((out, filter, run)))
    }
}

impl Building<Vec<u8>> {
    fn in_memory(self) -> io::Result<Option<Run>> {
        let finished = self.finish()?;
        Ok(finished.map(|(mut bytes, _, run)| {
            bytes.shrink_to_fit();
            let pages = Pages::Memory(bytes);
            Run { pages, ..run }
        }))
    }
}

impl Building<BufWriter<File>> {
    fn in_file(self, path: PathBuf, files: &Files) -> io::Result<Option<Run>> {
        let Some((mut out, filter, run)) = self.finish()? else {
            return Ok(None);
        };
        let pages = (run.pages_in_all() * PAGE) as u64;
        out.write_all(&filter)?;
        out.write_all(&run.about())?;
        out.write_all(&pages.to_le_bytes())?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let pages = Pages::File(files.reach(path, file, run.entries));
        Ok(Some(Run { pages, ..run }))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*bytes)
}

fn damaged_run() -> io::Error {
    damaged("a run of words")
}
