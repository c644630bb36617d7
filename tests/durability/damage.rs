//! A damaged journal through the door: what can be read is there, what is missing is counted, and a store that held leads never starts empty
//! as if it had held none.

use std::fs;
use std::path::Path;

use leadgate::lead::LeadId;
use leadgate::store::{OpenError, examine};
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

use crate::files::{as_after_a_power_cut, change, files, frames, segments};
use crate::world::{accept, cases, close, everything, lead, open, settings, try_open};

/// What happens to the bytes of a segment.
#[derive(Clone, Debug)]
enum Harm {
    Flip(Index, u8),
    Cut(Index),
    Repeat(Index),
    Swap(Index, Index),
    Insert(Index, Vec<u8>),
}

fn any_harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        any::<Index>().prop_map(Harm::Cut),
        any::<Index>().prop_map(Harm::Repeat),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Harm::Swap(one, other)),
        (any::<Index>(), any::<Vec<u8>>()).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
    ]
}

impl Harm {
    fn strike(&self, bytes: &mut Vec<u8>) {
        let frames: Vec<_> = frames(bytes).into_iter().map(|(_, range)| range).collect();
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Repeat(which) => bytes.extend_from_within(which.get(&frames).clone()),
            Self::Swap(one, other) => {
                let mut parts: Vec<_> = frames
                    .iter()
                    .map(|range| bytes[range.clone()].to_vec())
                    .collect();
                parts.swap(one.index(frames.len()), other.index(frames.len()));
                *bytes = parts.concat();
            }
            Self::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
        }
    }
}

/// A store with one lead in each of so many groups, as the death of the machine leaves it.
async fn store(leads: i64) -> (TempDir, Vec<LeadId>) {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    let mark = fs::read(home.path().join("mark.json")).expect("a mark");
    let mut ids = Vec::new();
    for number in 0..leads {
        ids.push(accept(&store, lead(number)).await);
    }
    close(store).await;
    fs::write(home.path().join("mark.json"), mark).expect("written");
    as_after_a_power_cut(home.path());
    (home, ids)
}

/// The leads whose frames are still there, whole, wherever they stand.
fn readable(before: &[u8], after: &[u8], ids: &[LeadId]) -> Vec<LeadId> {
    let is_there = |frame: &[u8]| after.windows(frame.len()).any(|part| part == frame);
    let frames = frames(before).into_iter().zip(ids);
    frames
        .filter(|((_, range), _)| is_there(&before[range.clone()]))
        .map(|(_, id)| *id)
        .collect()
}

async fn ids(home: &Path) -> Vec<LeadId> {
    let store = open(home);
    let all = everything(&store).await;
    close(store).await;
    all.iter().map(|lead| lead.lead.id).collect()
}

async fn survives(harm: &Harm) -> Result<(), TestCaseError> {
    let (home, all) = store(6).await;
    let (_, path) = segments(home.path()).pop().expect("a segment");
    let before = fs::read(&path).expect("readable");
    change(&path, |bytes| harm.strike(bytes));
    let after = fs::read(&path).expect("readable");
    let expected = readable(&before, &after, &all);
    let found = examine(&settings(home.path())).expect("examined");
    let lost = (all.len() - expected.len()) as u64;
    let lost_at_end = all
        .iter()
        .rev()
        .take_while(|id| !expected.contains(id))
        .count() as u64;
    let told = found.journal.missing;
    // Whether the very last frame was acknowledged cannot be told from a torn one; a file cut short tells nothing of what was behind.
    match harm {
        Harm::Cut(_) => prop_assert_eq!(told, 0),
        _ => prop_assert_eq!(told, lost - lost_at_end.min(1)),
    }
    prop_assert_eq!(found.truth_is_sound(), told == 0, "{:?}", found);
    prop_assert_eq!(ids(home.path()).await, expected);
    // What was damaged stays for people to look at, and the store goes on after it.
    if told > 0 {
        let kept = files(&home.path().join("journal"));
        prop_assert!(
            kept.iter()
                .any(|path| path.extension().is_some_and(|kind| kind == "damaged"))
        );
    }
    let store = open(home.path());
    let new = accept(&store, lead(20)).await;
    close(store).await;
    let there = ids(home.path()).await;
    prop_assert_eq!(there.last(), Some(&new));
    Ok(())
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn after_any_harm_what_is_whole_is_there_and_what_is_not_is_counted(harm in any_harm()) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(survives(&harm))?;
    }
}

#[tokio::test]
async fn a_damaged_first_group_costs_one_lead_and_not_the_start() {
    let (home, all) = store(4).await;
    let (_, path) = segments(home.path()).pop().expect("a segment");
    change(&path, |bytes| bytes[25] ^= 1);
    assert_eq!(ids(home.path()).await, all[1..]);
}

#[tokio::test]
async fn several_damaged_groups_at_the_end_are_no_torn_write() {
    let (home, all) = store(5).await;
    let (_, path) = segments(home.path()).pop().expect("a segment");
    change(&path, |bytes| {
        for (_, range) in &frames(&bytes.clone())[2..] {
            bytes[range.end - 1] ^= 1;
        }
    });
    let found = examine(&settings(home.path())).expect("examined");
    assert_eq!(found.journal.missing, 2, "only the last may be torn");
    assert_eq!(ids(home.path()).await, all[..2]);
}

#[tokio::test]
async fn a_journal_that_ends_before_the_index_is_not_gone_on_with() {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    let mark = fs::read(home.path().join("mark.json")).expect("a mark");
    for number in 0..3 {
        accept(&store, lead(number)).await;
    }
    close(store).await;
    // The process died, the machine did not: the index has everything, and the journal must have it too.
    fs::write(home.path().join("mark.json"), mark).expect("written");
    let (_, path) = segments(home.path()).pop().expect("a segment");
    change(&path, |bytes| bytes.truncate(frames(bytes)[1].1.start));
    let refused = try_open(home.path()).err().expect("refused");
    assert!(
        matches!(
            refused,
            OpenError::JournalCut {
                found: 1,
                expected: 3,
                ..
            }
        ),
        "{refused}"
    );
}
