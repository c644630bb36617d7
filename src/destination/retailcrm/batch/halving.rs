//! Which rows go into the next upload, so that one bad row is found and never keeps the others from going: pure decisions.
//!
//! An upload that fails as a whole is sent again in halves, and a half that fails in halves again: one bad row of 50 costs some twelve requests. When
//! nothing succeeds for long it is not a row's fault, and halving ends.

use std::collections::VecDeque;

/// So many uploads may fail one after another. Three bad rows are found wherever they are.
const FAILURES_IN_A_ROW: usize = 7;

/// Rows waiting to be uploaded, by their places.
#[derive(Clone, Debug)]
pub(super) struct Halving {
    parts: VecDeque<Vec<usize>>,
    failures_in_a_row: usize,
}

/// What follows after an upload that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on with the next part.
    GoOn,
    /// This row is alone with its trouble.
    Alone(usize),
    /// It is not a row's fault: these are left.
    GiveUp(Vec<usize>),
}

impl Halving {
    /// These rows, in parts of at most `most` rows and `most_bytes` bytes; a row that is longer goes by itself. `sizes` are the bytes of each row.
    pub(super) fn new(sizes: &[usize], most: usize, most_bytes: usize) -> Self {
        let mut parts: VecDeque<Vec<usize>> = VecDeque::new();
        let mut bytes = 0;
        for (place, size) in sizes.iter().enumerate() {
            match parts.back_mut() {
                Some(part) if part.len() < most && bytes + size <= most_bytes => {
                    part.push(place);
                    bytes += size;
                }
                _ => {
                    parts.push_back(vec![place]);
                    bytes = *size;
                }
            }
        }
        Self {
            parts,
            failures_in_a_row: 0,
        }
    }

    /// The rows of the next upload; every row is given out until it is in, alone, or given up.
    pub(super) fn next(&mut self) -> Option<Vec<usize>> {
        self.parts.pop_front()
    }

    /// An upload got an answer that tells of its rows.
    pub(super) fn answered(&mut self) {
        self.failures_in_a_row = 0;
    }

    /// An upload failed as a whole; `missing` are those of its rows that are not in.
    pub(super) fn failed(&mut self, mut missing: Vec<usize>) -> Verdict {
        self.failures_in_a_row += 1;
        if let [only] = missing.as_slice() {
            return Verdict::Alone(*only);
        }
        if self.failures_in_a_row >= FAILURES_IN_A_ROW {
            return Verdict::GiveUp(self.rest(missing));
        }
        let second = missing.split_off(missing.len().div_ceil(2));
        // To the end: the other parts go first, so that one part's trouble does not look like everybody's.
        for half in [missing, second] {
            if !half.is_empty() {
                self.parts.push_back(half);
            }
        }
        Verdict::GoOn
    }

    /// Everything that is left, these first.
    pub(super) fn rest(&mut self, these: Vec<usize>) -> Vec<usize> {
        let others = std::mem::take(&mut self.parts);
        these
            .into_iter()
            .chain(others.into_iter().flatten())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Uploads everything, where an upload fails as a whole when one of its rows is bad. Returns the rows that went in, those that were alone, those
    /// given up, and how many uploads it took.
    fn run(sizes: &[usize], bad: &BTreeSet<usize>) -> (Vec<usize>, Vec<usize>, Vec<usize>, usize) {
        let mut halving = Halving::new(sizes, 50, 1000);
        let (mut stored, mut alone, mut given_up, mut uploads) = (vec![], vec![], vec![], 0);
        while let Some(part) = halving.next() {
            uploads += 1;
            if !part.iter().any(|row| bad.contains(row)) {
                halving.answered();
                stored.extend(part);
                continue;
            }
            match halving.failed(part) {
                Verdict::GoOn => {}
                Verdict::Alone(row) => alone.push(row),
                Verdict::GiveUp(rows) => given_up.extend(rows),
            }
        }
        (stored, alone, given_up, uploads)
    }

    proptest! {
        #[test]
        fn every_row_ends_once_and_only_bad_ones_end_alone(
            sizes in prop::collection::vec(0_usize..1500, 0..120),
            bad in prop::collection::btree_set(0_usize..120, 0..20),
        ) {
            let (stored, alone, given_up, uploads) = run(&sizes, &bad);
            let mut all: Vec<usize> = [stored, alone.clone(), given_up].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..sizes.len()).collect::<Vec<_>>());
            prop_assert!(alone.iter().all(|row| bad.contains(row)));
            prop_assert!(uploads <= 2 * sizes.len());
        }

        #[test]
        fn one_bad_row_of_fifty_is_found_with_a_dozen_requests_and_blocks_nobody(row in 0_usize..50) {
            let (stored, alone, given_up, uploads) = run(&[1; 50], &BTreeSet::from([row]));
            prop_assert_eq!(stored.len(), 49);
            prop_assert_eq!(alone, [row]);
            prop_assert_eq!(given_up, [0; 0]);
            prop_assert!(uploads <= 13, "{} uploads", uploads);
        }

        #[test]
        fn no_part_is_longer_than_an_upload_may_be(sizes in prop::collection::vec(0_usize..700, 0..200)) {
            let mut halving = Halving::new(&sizes, 50, 1000);
            while let Some(part) = halving.next() {
                let bytes: usize = part.iter().map(|row| sizes[*row]).sum();
                prop_assert!(!part.is_empty() && part.len() <= 50);
                prop_assert!(bytes <= 1000);
            }
        }
    }

    #[test]
    fn three_bad_rows_far_apart_are_found_and_a_crm_that_takes_nothing_is_left_alone() {
        let (stored, alone, _, _) = run(&[1; 50], &BTreeSet::from([3, 17, 30]));
        assert_eq!(stored.len(), 47);
        assert_eq!(alone.len(), 3);
        let (_, _, given_up, uploads) = run(&[1; 50], &(0..50).collect());
        assert_eq!((given_up.len(), uploads), (50, FAILURES_IN_A_ROW));
    }
}
