//! The doctor finds what is wrong with a store, and nothing where nothing is.

use std::fs;
use std::time::Duration;

use leadgate::delivery::{Cause, Failure, FailureKind};
use leadgate::lead::{HeldReason, LeadId};
use leadgate::store::{
    Differences, Examination, Filter, IndexFound, Keep, NewLead, OpenError, Order, Page, Store,
    examine, rebuild_index,
};

use crate::files::{
    HEADER, as_after_a_power_cut, change, copy_all, files, frames, segments, snapshots,
};
use crate::world::{
    accept, begin, close, deliver, everything, first, later, lead, lead_at, new_lead, now, open,
    settings, settle, try_open,
};

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

/// How many leads are found by this.
async fn called(store: &Store, text: &str) -> usize {
    let filter = Filter {
        text: Some(text.to_owned()),
        ..Filter::default()
    };
    store.leads(filter, ALL).await.expect("listed").leads.len()
}

#[tokio::test]
async fn words_that_are_gone_from_their_file_are_missed_until_the_index_is_built_anew() {
    let home = store().await;
    let log = home.path().join("sled/words/log");
    let missed = || {
        let found = examined(&home);
        assert!(!found.is_sound() && found.truth_is_sound(), "{found:?}");
        let IndexFound::Compared(differences) = found.index else {
            panic!("{found:?}")
        };
        assert!(!differences.examples.is_empty());
        let Differences { words, .. } = differences;
        let nothing_else = Differences {
            words,
            examples: differences.examples.clone(),
            ..Differences::default()
        };
        assert_eq!(differences, nothing_else);
        words
    };
    change(&log, |bytes| bytes.truncate(bytes.len() / 2));
    let some = missed();
    fs::write(&log, b"").expect("emptied");
    // A phone and two words of the name of each, and the number of the order of every other.
    assert_eq!((missed(), (1..42).contains(&some)), (42, true));
    // And so does a start, to which all of this is a sound index.
    let store = open(home.path());
    assert_eq!(called(&store, "Иван").await, 0);
    close(store).await;
    assert_eq!(missed(), 42);
    rebuild_index(&settings(home.path())).expect("rebuilt");
    let found = examined(&home);
    assert_eq!(found.index, IndexFound::Compared(Differences::default()));
    let store = open(home.path());
    assert_eq!(called(&store, "Иван").await, 12);
}

async fn accept_at_once(store: &Store, number: u32, held: bool) -> LeadId {
    let (name, phone) = (format!("Анна {number}"), format!("+7912{number:07}"));
    let lead = lead_at(now(), &[("name", &name), ("phone", &phone)]);
    let new = NewLead {
        held: held.then_some(HeldReason::Honeypot),
        ..new_lead(lead)
    };
    store.accept(new).await.expect("accepted").lead()
}

/// Leads of one millisecond: one delivered, one discarded, one failed, one on its way, one held, one new.
async fn all_at_once(store: &Store, numbers: std::ops::Range<u32>) -> Vec<LeadId> {
    let mut ids = Vec::new();
    for number in numbers {
        let is_held = matches!(number % 6, 1 | 4);
        let id = accept_at_once(store, number, is_held).await;
        match number % 6 {
            0 => deliver(store, id).await,
            1 => {
                let discarded = store.order(id, Order::Discard, now()).await;
                discarded.expect("discarded");
            }
            2 => {
                let attempt = begin(store, first(id)).await.expect("owed");
                let cause = Cause::TimedOut { after_s: 1 };
                let failure = Failure::new(FailureKind::Rejected, cause);
                settle(store, first(id), (attempt, false), Err(failure)).await;
            }
            3 => {
                begin(store, first(id)).await.expect("owed");
            }
            _ => {}
        }
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn leads_of_one_instant_that_ended_in_every_way_there_is_are_in_order() {
    let home = tempfile::tempdir().expect("a directory");
    let in_order = |leads: u64| {
        let found = examined(&home);
        assert_eq!(found.index, IndexFound::Compared(Differences::default()));
        assert_eq!(found.holds.expect("readable").leads, leads);
    };
    let store = open(home.path());
    all_at_once(&store, 0..12).await;
    close(store).await;
    in_order(12);
    let store = open(home.path());
    let more = all_at_once(&store, 12..18).await;
    for id in [more[0], more[5]] {
        store.erase(id, now()).await.expect("erased");
    }
    close(store).await;
    in_order(18);
    // Those that are delivered, discarded or held go. What was erased is as good as discarded.
    let store = open(home.path());
    let over = Some(Duration::ZERO);
    let keep = Keep {
        delivered: over,
        discarded: over,
        held: over,
        ..Keep::FOREVER
    };
    let purged = store.purge(keep, later(60)).await.expect("purged");
    assert_eq!((purged.delivered, purged.discarded, purged.held), (2, 5, 3));
    let more = all_at_once(&store, 18..24).await;
    // What was discarded once, and sent after all: its place stays.
    store
        .order(more[4], Order::Discard, now())
        .await
        .expect("discarded");
    store
        .order(more[0], Order::Resend, now())
        .await
        .expect("resent");
    close(store).await;
    in_order(14);
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
