//! The table against a map, with pages so small that they fill.

use std::collections::HashMap;
use std::ops::Range;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

fn table(capacity: usize) -> (tempfile::TempDir, Table) {
    let directory = tempfile::tempdir().expect("directory");
    let table = Table::with_capacity(directory.path(), capacity).expect("a table");
    (directory, table)
}

/// As keys begin: with a hash.
fn beginning(n: u32) -> u64 {
    let hash = Sha256::digest(n.to_le_bytes());
    u64::from_le_bytes(*hash.first_chunk().expect("long enough"))
}

/// Many share their lowest bits, with some up to the 40th, so that no split parts them.
fn any_beginning() -> impl Strategy<Value = u64> {
    prop_oneof![
        (0_u64..60).prop_map(|n| n << 40),
        (0_u64..60).prop_map(|n| n << 3 | 5),
        (0_u32..60).prop_map(beginning),
        Just(u64::MAX),
    ]
}

type Group = Vec<(u64, Option<u32>)>;

fn any_groups() -> impl Strategy<Value = Vec<Group>> {
    let place = prop_oneof![3 => any::<u32>().prop_map(Some), 1 => Just(None)];
    let group = proptest::collection::vec((any_beginning(), place), 0..60);
    proptest::collection::vec(group, 0..20)
}

fn check(table: &Table, model: &HashMap<u64, u32>, asked: impl Iterator<Item = u64>) {
    for beginning in asked {
        let found = table.get(beginning).expect("read");
        assert_eq!(found, model.get(&beginning).copied(), "{beginning:x}");
    }
    let state = table.state();
    assert_eq!(state.entries, model.len() as u64);
    let in_pages: usize = (0..state.pages)
        .map(|bucket| table.read(bucket).expect("read").len())
        .sum();
    assert_eq!(in_pages + state.surplus.len(), model.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_put_last_is_found_whatever_shares_a_page_and_whatever_was_there_before(
        before in 0_u32..200,
        groups in any_groups(),
    ) {
        let (_directory, table) = table(4);
        let mut model: HashMap<u64, u32> = (0..before).map(|n| (beginning(n), n)).collect();
        let bulk = model.iter().map(|(beginning, n)| (*beginning, Some(*n)));
        table.put_all(bulk.collect()).expect("put");
        let mut asked: Vec<u64> = (0..before).map(beginning).collect();
        for group in groups {
            asked.extend(group.iter().map(|(beginning, _)| *beginning));
            for (beginning, place) in &group {
                match place {
                    Some(place) => model.insert(*beginning, *place),
                    None => model.remove(beginning),
                };
            }
            table.put_all(group).expect("put");
            check(&table, &model, asked.iter().copied());
        }
    }
}

#[test]
fn entries_that_found_their_page_full_come_into_pages_when_a_split_makes_room() {
    let (_directory, table) = table(4);
    let put = |numbers: Range<u64>, shift: u32| {
        let changes = numbers.map(|n| (n << shift, Some(7)));
        table.put_all(changes.collect()).expect("put");
    };
    put(0..20, 3);
    assert!(!table.state().surplus.is_empty());
    put(1000..1200, 0);
    assert!(table.state().surplus.is_empty());
    put(1..20, 40);
    let surplus = table.state().surplus.len();
    assert!(surplus >= 15, "{surplus}");
    for n in (0..20).map(|n| n << 3).chain((1..20).map(|n| n << 40)) {
        assert_eq!(table.get(n).expect("read"), Some(7), "{n:x}");
    }
}

#[test]
fn pages_grow_in_number_with_what_they_hold_and_chance_fills_none_of_them() {
    let (_directory, table) = table(CAPACITY);
    let mut pages = vec![table.state().pages];
    for group in 0..100 {
        let group = group * 1000..(group + 1) * 1000;
        let changes = group.map(|n| (beginning(n), Some(n)));
        table.put_all(changes.collect()).expect("put");
        let state = table.state();
        assert_eq!(state.surplus, BTreeMap::new());
        pages.push(state.pages);
    }
    assert!(pages.is_sorted_by(|one, next| one < next), "{pages:?}");
    assert_eq!(pages.last().copied(), Some(100_000 * 8 / (3 * 341) + 1));
    for n in 0..100_000 {
        assert_eq!(table.get(beginning(n)).expect("read"), Some(n));
    }
    assert_eq!(table.get(beginning(100_000)).expect("read"), None);
}

#[test]
fn readers_find_what_is_there_while_the_table_grows() {
    let (_directory, table) = table(8);
    let known = 0..500;
    let changes = known.clone().map(|n| (beginning(n), Some(n)));
    table.put_all(changes.collect()).expect("put");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for group in 5..100 {
                let changes = (group * 100..group * 100 + 100).map(|n| (beginning(n), Some(n)));
                table.put_all(changes.collect()).expect("put");
            }
        });
        while !writer.is_finished() {
            for n in known.clone() {
                assert_eq!(table.get(beginning(n)).expect("read"), Some(n));
            }
        }
    });
}
