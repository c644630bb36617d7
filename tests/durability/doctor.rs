//! The doctor finds what is wrong with a store, and nothing where nothing is.

use std::fs;

use leadgate::store::{
    Differences, Examination, Filter, IndexFound, OpenError, Page, examine, rebuild_index,
};

use crate::files::{
    HEADER, as_after_a_power_cut, change, copy_all, files, frames, segments, snapshots,
};
use crate::world::{accept, close, deliver, everything, lead, open, settings, try_open};

/// More than there are here.
const ALL: Page = Page {
    before: None,
    limit: 100,
};

/// A closed store with a snapshot and a journal after it.
async fn store() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    for number in 0..12 {
        let id = accept(&store, lead(number)).await;
        if number % 2 == 0 {
            deliver(&store, id).await;
        }
        if number == 7 {
            store.snapshot().await.expect("a snapshot");
        }
    }
    close(store).await;
    home
}

fn examined(home: &tempfile::TempDir) -> Examination {
    examine(&settings(home.path())).expect("examined")
}

#[tokio::test]
async fn a_sound_store_is_found_sound_and_left_as_it_was() {
    let home = store().await;
    let mark = fs::read(home.path().join("mark.json")).expect("a mark");
    for _ in 0..2 {
        let found = examined(&home);
        assert!(found.is_sound(), "{found:?}");
        assert_eq!(found.index, IndexFound::Compared(Differences::default()));
        let holds = found.holds.expect("readable");
        assert_eq!((holds.leads, holds.attempts, holds.unreadable), (12, 6, 0));
        assert_eq!(holds.deliveries.iter().sum::<u64>(), 12);
        assert_eq!(
            fs::read(home.path().join("mark.json")).expect("a mark"),
            mark
        );
    }
    assert_eq!(everything(&open(home.path())).await.len(), 12);
}

#[tokio::test]
async fn what_a_crash_leaves_is_sound() {
    let home = store().await;
    let (_, path) = segments(home.path()).pop().expect("a segment");
    change(&path, |bytes| bytes.extend_from_slice(b"LGF1half"));
    let found = examined(&home);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.journal.torn_bytes, 8);
    as_after_a_power_cut(home.path());
    let found = examined(&home);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.index, IndexFound::BuiltAtStart);
}

#[tokio::test]
async fn an_index_of_other_leads_is_found_out_and_built_anew() {
    let (home, other) = (store().await, store().await);
    fs::remove_dir_all(home.path().join("sled")).expect("removed");
    copy_all(&other.path().join("sled"), &home.path().join("sled"));
    let found = examined(&home);
    let IndexFound::Compared(differences) = &found.index else {
        panic!("{found:?}")
    };
    // Twelve leads with their statuses, six attempts: the ids are others.
    assert_eq!((differences.missing, differences.extra), (30, 30));
    assert!(!found.is_sound() && found.truth_is_sound());
    assert!(!differences.examples.is_empty());
    rebuild_index(&settings(home.path())).expect("rebuilt");
    let found = examined(&home);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.index, IndexFound::Compared(Differences::default()));
}

#[tokio::test]
async fn an_index_that_is_behind_is_compared_as_far_as_it_goes() {
    let home = store().await;
    let old = tempfile::tempdir().expect("a directory");
    copy_all(&home.path().join("sled"), old.path());
    let store = open(home.path());
    accept(&store, lead(20)).await;
    close(store).await;
    fs::remove_dir_all(home.path().join("sled")).expect("removed");
    copy_all(old.path(), &home.path().join("sled"));
    let found = examined(&home);
    assert!(found.is_sound(), "{found:?}");
    let behind = Differences {
        behind: 1,
        ..Differences::default()
    };
    assert_eq!(found.index, IndexFound::Compared(behind));
}

#[tokio::test]
async fn an_index_that_ends_before_the_snapshot_is_no_damage_where_a_start_builds_another() {
    let home = store().await;
    let old = tempfile::tempdir().expect("a directory");
    copy_all(&home.path().join("sled"), old.path());
    let store = open(home.path());
    accept(&store, lead(20)).await;
    store.snapshot().await.expect("a snapshot");
    close(store).await;
    fs::remove_dir_all(home.path().join("sled")).expect("removed");
    copy_all(old.path(), &home.path().join("sled"));
    let found = examined(&home);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.index, IndexFound::BuiltAtStart);
    assert_eq!(everything(&open(home.path())).await.len(), 13);
}

#[tokio::test]
async fn a_damaged_index_is_told_and_a_start_does_without_it() {
    let home = store().await;
    for entry in fs::read_dir(home.path().join("sled")).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::write(path, b"not a database").expect("damaged");
        }
    }
    let found = examined(&home);
    assert!(!found.is_sound() && found.truth_is_sound(), "{found:?}");
    rebuild_index(&settings(home.path())).expect("rebuilt");
    assert!(examined(&home).is_sound());
}

#[tokio::test]
async fn an_index_that_cannot_be_read_everywhere_is_built_anew_by_the_start_after_the_doctor() {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    for number in 0..24 {
        let id = accept(&store, lead(number)).await;
        deliver(&store, id).await;
    }
    close(store).await;
    let heap = files(&home.path().join("sled/heap")).remove(0);
    change(&heap, |bytes| {
        let half = bytes.len() / 2;
        bytes[..half].fill(7);
    });
    // A start reads what is open and what is newest, and goes on with it.
    let copy = tempfile::tempdir().expect("a directory");
    copy_all(home.path(), copy.path());
    let listed = open(copy.path()).leads(Filter::default(), ALL).await;
    assert!(listed.is_err_and(|error| error.to_string().contains("doctor")));
    let found = examined(&home);
    assert!(!found.is_sound() && found.truth_is_sound(), "{found:?}");
    assert!(matches!(found.index, IndexFound::Unusable(_)), "{found:?}");
    let found = examined(&home);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.index, IndexFound::BuiltAtStart);
    let store = open(home.path());
    assert_eq!(everything(&store).await.len(), 24);
    close(store).await;
    let found = examined(&home);
    assert_eq!(found.index, IndexFound::Compared(Differences::default()));
}

#[tokio::test]
async fn an_index_whose_building_was_cut_short_is_no_damage_and_the_mark_stays() {
    let home = store().await;
    let mark = fs::read(home.path().join("mark.json")).expect("a mark");
    fs::remove_dir_all(home.path().join("sled")).expect("removed");
    fs::create_dir(home.path().join("sled")).expect("made");
    for _ in 0..2 {
        let found = examined(&home);
        assert!(found.is_sound(), "{found:?}");
        assert_eq!(found.index, IndexFound::BuiltAtStart);
        let now = fs::read(home.path().join("mark.json")).expect("a mark");
        assert_eq!(now, mark);
    }
    assert_eq!(everything(&open(home.path())).await.len(), 12);
}

#[tokio::test]
async fn an_index_that_tells_of_leads_the_journal_has_lost_is_no_damaged_index() {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    let mark = fs::read(home.path().join("mark.json")).expect("a mark");
    for number in 0..3 {
        accept(&store, lead(number)).await;
    }
    close(store).await;
    fs::write(home.path().join("mark.json"), &mark).expect("written");
    let (_, path) = segments(home.path()).pop().expect("a segment");
    change(&path, |bytes| bytes.truncate(frames(bytes)[1].1.start));
    let is_cut = |error: &OpenError| {
        matches!(
            error,
            OpenError::JournalCut {
                found: 1,
                expected: 3,
                ..
            }
        )
    };
    let found = examined(&home);
    assert!(!found.is_sound() && !found.truth_is_sound(), "{found:?}");
    assert!(found.holds.is_err_and(|error| is_cut(&error)));
    assert_eq!(found.index, IndexFound::NotCompared);
    // Nobody has forgotten it for that.
    assert!(try_open(home.path()).is_err_and(|error| is_cut(&error)));
}

#[tokio::test]
async fn damage_in_journal_and_snapshot_is_told_with_its_place() {
    let home = store().await;
    let (_, journal) = segments(home.path()).pop().expect("a segment");
    change(&journal, |bytes| {
        let second = frames(bytes)[1].1.start;
        bytes[second + HEADER + 5] ^= 1;
    });
    let found = examined(&home);
    assert!(!found.is_sound(), "{found:?}");
    assert_eq!((found.journal.missing, found.journal.damaged.len()), (1, 1));
    assert_eq!(found.journal.damaged[0], journal);
    let snapshot = snapshots(home.path()).pop().expect("a snapshot");
    change(&snapshot, |bytes| bytes[HEADER + 5] ^= 1);
    let found = examined(&home);
    assert!(
        found.snapshots[0].records.is_err() && found.holds.is_err(),
        "{found:?}"
    );
    assert!(!found.is_sound());
}

#[tokio::test]
async fn the_doctor_looks_at_no_store_that_somebody_has_open_and_at_none_that_is_not_there() {
    let home = store().await;
    let store = open(home.path());
    let refused = [
        examine(&settings(home.path())).err(),
        rebuild_index(&settings(home.path())).err(),
    ];
    for refused in refused {
        assert!(matches!(refused, Some(OpenError::Locked(_))));
    }
    assert_eq!(everything(&store).await.len(), 12);
    let nowhere = home.path().join("nowhere");
    assert!(matches!(
        examine(&settings(&nowhere)),
        Err(OpenError::NoStore(_))
    ));
    assert!(!nowhere.exists());
}
