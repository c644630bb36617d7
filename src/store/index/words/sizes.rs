//! When runs become one: by how many there are of about one size, so that a word is written again as often as the logarithm of the
//! leads, up to a size that is large enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Runs;
use super::run::Run;

/// So many runs of about one size become one.
pub(super) const FAN: usize = 8;

/// How many entries runs have where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The runs in memory together: with so many they become one in a file. A start reads them from the log.
    pub(super) in_memory: usize,
    /// A run with so many is not merged any further: nothing else is applied meanwhile.
    /// A million leads have some twenty of these, and a search for a short beginning that few leads have asks each.
    pub(super) large: usize,
}

/// Those of the store.
pub(super) const SIZES: Sizes = Sizes {
    in_memory: 1 << 15,
    large: 1 << 18,
};

/// Runs that should be one: all in memory, or so many of about one size, or files that are so large together.
pub(super) fn too_many(runs: &Runs, sizes: Sizes) -> Option<Runs> {
    let (in_files, in_memory): (Runs, Runs) =
        runs.iter().cloned().partition(|run| run.path().is_some());
    if count(&in_memory) >= sizes.in_memory {
        return Some(in_memory);
    }
    let small = in_files.into_iter().filter(|run| run.entries < sizes.large);
    many_of_one_size(in_memory, usize::MAX)
        .or_else(|| many_of_one_size(small.collect(), sizes.large))
}

fn many_of_one_size(runs: Runs, large: usize) -> Option<Runs> {
    let mut by_size: BTreeMap<u32, Runs> = BTreeMap::new();
    for run in runs {
        let size = run.entries.max(1).ilog2() / FAN.ilog2();
        by_size.entry(size).or_default().push(run);
    }
    let are_too_many = |runs: &Runs| runs.len() >= FAN || count(runs) >= large;
    by_size.into_values().find(are_too_many)
}

/// How many entries these have together.
pub(super) fn count(runs: &[Arc<Run>]) -> usize {
    runs.iter().map(|run| run.entries).sum()
}
