//! Several runs read as one, a page of each at a time: whole runs in memory would leave the process with their room for ever.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::pages::read_entries;
use super::run::Run;

/// Gives every entry of these runs to `each`, in order; one that several have comes several times.
pub(super) fn each_entry(
    runs: &[Arc<Run>],
    mut each: impl FnMut(&[u8], [u8; 16]) -> io::Result<()>,
) -> io::Result<()> {
    let mut sources = BinaryHeap::with_capacity(runs.len());
    for run in runs {
        run.expect();
        let mut source = Source::of(run);
        if source.advance()? {
            sources.push(source);
        }
    }
    while let Some(mut source) = sources.peek_mut() {
        let (word, lead) = source.entry();
        each(word, lead)?;
        if !source.advance()? {
            PeekMut::pop(source);
        }
    }
    Ok(())
}

/// A run on its way through its entries.
struct Source<'r> {
    run: &'r Run,
    /// The number of the next page.
    next: usize,
    /// The entries of the page that is read.
    page: Vec<u8>,
    /// Where in it the word is.
    word: Range<usize>,
    /// Where in it those of the word's leads are that were not given yet.
    leads: Range<usize>,
}

impl<'r> Source<'r> {
    fn of(run: &'r Run) -> Self {
        Self {
            run,
            next: 0,
            page: Vec::new(),
            word: 0..0,
            leads: 0..0,
        }
    }

    /// Goes on to the next entry; `false` when there is none.
    fn advance(&mut self) -> io::Result<bool> {
        self.leads.start += 16;
        while self.leads.start >= self.leads.end {
            let begin = self.leads.end;
            let rest = self.page.get(begin..).unwrap_or_default();
            if let Some((word, leads)) = read_entries(rest).next() {
                self.word = begin + 2..begin + 2 + word.len();
                self.leads.start = self.word.end + 2;
                self.leads.end = self.leads.start + 16 * leads.len();
            } else if self.run.read_page(self.next, &mut self.page)? {
                self.next += 1;
                self.leads = 0..0;
            } else {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn entry(&self) -> (&[u8], [u8; 16]) {
        let word = self.page.get(self.word.clone());
        let lead = self.page.get(self.leads.clone()).unwrap_or_default();
        let lead = lead.first_chunk().copied();
        (word.unwrap_or_default(), lead.unwrap_or_default())
    }
}

/// The one with the first entry is the greatest, because that is the one a heap gives.
impl Ord for Source<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.entry().cmp(&self.entry())
    }
}

impl PartialOrd for Source<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Source<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Source<'_> {}
