//! Blocks are found whatever was tidied, and what is not wanted takes no room.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use proptest::prelude::*;

use super::tidying::FEW;
use super::*;
use crate::store::index::users::Users;

fn open(db: &sled::Db, directory: &Path) -> Blocks {
    Blocks::open_with(db, (directory.join("heap"), Users::first().1), 2_000).expect("a heap")
}

fn key(n: u8) -> Key {
    Key::of(PREFIXES[usize::from(n % 2)], &[n])
}

/// As the writer of the index does. `None` takes a block out.
fn apply(blocks: &Blocks, changes: &[(u8, Option<Vec<u8>>)]) {
    for (n, block) in changes {
        match block {
            Some(block) => blocks.put(key(*n), block).expect("put"),
            None => blocks.remove(key(*n)),
        }
    }
    blocks.apply(Batch::default()).expect("applied");
    blocks.tidy().expect("tidied");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn blocks_read_back_whatever_was_tidied_and_also_after_a_start(
        groups in proptest::collection::vec(proptest::collection::vec((0_u8..12, prop::option::weighted(0.9, 0_usize..400)), 1..8), 1..120),
    ) {
        let directory = tempfile::tempdir().expect("directory");
        let db = sled::open(directory.path()).expect("sled");
        let mut blocks = open(&db, directory.path());
        let mut model: BTreeMap<Key, Vec<u8>> = BTreeMap::new();
        for (at, group) in groups.iter().enumerate() {
            if at % 31 == 30 {
                blocks = open(&db, directory.path());
            }
            let block = |length: usize| vec![u8::try_from(at).expect("few"); length];
            let changes: Vec<_> = group.iter().map(|(n, length)| (*n, length.map(block))).collect();
            for (n, block) in &changes {
                match block {
                    Some(block) => model.insert(key(*n), block.clone()),
                    None => model.remove(&key(*n)),
                };
            }
            apply(&blocks, &changes);
        }
        let found = PREFIXES.into_iter().flat_map(|prefix| blocks.all(prefix));
        prop_assert_eq!(&found.collect::<Result<BTreeMap<_, _>, _>>().expect("read"), &model);
        for n in 0..12 {
            prop_assert_eq!(blocks.get(key(n)).expect("read"), model.get(&key(n)).cloned());
        }
    }
}

#[test]
fn blocks_that_are_written_again_and_again_take_no_more_room_for_it() {
    let directory = tempfile::tempdir().expect("directory");
    let db = sled::open(directory.path()).expect("sled");
    let blocks = open(&db, directory.path());
    // One that stays in each file, so that none is empty by itself.
    for n in 0..2_000_u32 {
        let kept = (n % 100 == 0).then_some(100 + u8::try_from(n / 100).expect("few"));
        let changing = u8::try_from(n % 8).expect("few");
        let changes = kept.into_iter().chain([changing]);
        let changes = changes.map(|n| (n, Some(vec![n; 300])));
        apply(&blocks, &changes.collect::<Vec<_>>());
    }
    // 28 blocks are 9 KB; 620 KB were written.
    let (total, file) = blocks.0.heap.size();
    assert!(total <= 2 * 9_000 + (FEW + 1) * file, "{total}");
    for n in (0..8).chain(100..120) {
        assert_eq!(blocks.get(key(n)).expect("read"), Some(vec![n; 300]));
    }
}

#[test]
fn it_is_tidied_also_when_a_start_found_a_single_file() {
    let directory = tempfile::tempdir().expect("directory");
    let db = sled::open(directory.path()).expect("sled");
    apply(&open(&db, directory.path()), &[(0, Some(vec![0; 300]))]);
    let blocks = open(&db, directory.path());
    for n in 0..500_u32 {
        let n = u8::try_from(n % 3).expect("one of three");
        apply(&blocks, &[(n, Some(vec![n; 300]))]);
    }
    let (total, file) = blocks.0.heap.size();
    assert!(total <= (FEW + 2) * file, "{total}");
}

#[test]
fn whoever_reads_while_files_are_deleted_finds_every_block() {
    let directory = tempfile::tempdir().expect("directory");
    let db = sled::open(directory.path()).expect("sled");
    let blocks = open(&db, directory.path());
    apply(&blocks, &[(0, Some(vec![0; 300])), (1, Some(vec![1; 300]))]);
    thread::scope(|scope| {
        let finds = |n| assert_eq!(blocks.get(key(n)).expect("read"), Some(vec![n; 300]));
        for n in [0, 1] {
            scope.spawn(move || (0..3_000).for_each(|_| finds(n)));
        }
        for n in 0..600_u32 {
            let n = u8::try_from(n % 2).expect("one of two");
            apply(&blocks, &[(n, Some(vec![n; 300]))]);
        }
    });
    let (total, file) = blocks.0.heap.size();
    assert!(total <= 2 * FEW * file, "{total}");
}

#[test]
fn sled_as_it_was_before_a_file_was_deleted_is_never_what_a_start_finds() {
    let directory = tempfile::tempdir().expect("directory");
    let (sled, left) = (directory.path().join("sled"), directory.path().join("left"));
    // Nothing is written down but what is asked for.
    let config = || sled::Config::default().flush_every_ms(None);
    let db = config().path(&sled).open().expect("sled");
    let blocks = open(&db, directory.path());
    let first = directory.path().join("heap/00000000");
    for n in 0..200_u8 {
        apply(&blocks, &[(n % 5, Some(vec![n; 300]))]);
        if n > 20 && !first.exists() {
            break;
        }
    }
    assert!(!first.exists());
    // A process that dies here leaves this.
    std::fs::create_dir(&left).expect("made");
    for name in ["conf", "db"] {
        std::fs::copy(sled.join(name), left.join(name)).expect("copied");
    }
    let db = config().path(&left).open().expect("sled");
    let blocks = open(&db, directory.path());
    let found = PREFIXES.into_iter().flat_map(|prefix| blocks.all(prefix));
    let found = found.collect::<Result<Vec<_>, _>>();
    assert_eq!(found.expect("read").len(), 5);
}
