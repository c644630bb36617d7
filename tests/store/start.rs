//! What a start finds: everything that was accepted, or a refusal that says what is missing.

use leadgate::delivery::State;
use leadgate::store::{OpenError, Settings, Store, StoreError};

use crate::support::{
    accept, copy_all, deliver, files, first, ivan, new_lead, open, settle_down, state, try_open,
};

#[tokio::test]
async fn what_was_accepted_survives_a_stop_and_a_death_of_the_process_alike() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    store.close().await.expect("closed");
    assert!(matches!(
        store.accept(new_lead(ivan())).await,
        Err(StoreError::Stopped)
    ));
    drop(store);

    let store = open(directory.path());
    assert_eq!(state(&store, id).await, State::Queued);
    let second = accept(&store, ivan()).await;
    // Without a stop: what a killed process leaves is the same directory with the mark of a running one. (The copy stands for it,
    // because this process holds the lock of the original.)
    settle_down(&store).await;
    let copy = tempfile::tempdir().expect("directory");
    copy_all(directory.path(), copy.path());
    let store = open(copy.path());
    assert_eq!(state(&store, id).await, State::Queued);
    assert_eq!(state(&store, second).await, State::Queued);
}

#[tokio::test]
async fn a_store_whose_index_is_lost_is_built_anew_from_snapshot_and_journal() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let before = accept(&store, ivan()).await;
    deliver(&store, before).await;
    store.snapshot().await.expect("a snapshot");
    let after = accept(&store, ivan()).await;
    store.close().await.expect("closed");
    drop(store);
    std::fs::remove_dir_all(directory.path().join("sled")).expect("the index is lost");

    let store = open(directory.path());
    assert_eq!(state(&store, before).await, State::Delivered);
    assert_eq!(state(&store, after).await, State::Queued);
    assert_eq!(store.attempts(first(before)).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_damaged_index_is_never_trusted_over_the_journal() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    store.close().await.expect("closed");
    drop(store);
    for entry in std::fs::read_dir(directory.path().join("sled")).expect("listed") {
        let path = entry.expect("entry").path();
        if path.is_file() {
            std::fs::write(path, b"not a database").expect("damaged");
        }
    }
    let store = open(directory.path());
    assert_eq!(state(&store, id).await, State::Queued);
}

#[tokio::test]
async fn a_start_over_a_journal_that_has_lost_its_end_is_refused() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    accept(&store, ivan()).await;
    store.close().await.expect("closed");
    drop(store);
    for entry in std::fs::read_dir(directory.path().join("journal")).expect("listed") {
        std::fs::remove_file(entry.expect("entry").path()).expect("removed");
    }
    let refused = try_open(directory.path()).err().expect("refused");
    assert!(
        matches!(refused, OpenError::JournalCut { found: 0, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_start_over_an_unreadable_snapshot_is_refused_not_empty() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    accept(&store, ivan()).await;
    store.snapshot().await.expect("a snapshot");
    // A copy, as the machine's death leaves it: no clean mark, nothing in the journal, one bit of the snapshot gone.
    let copy = tempfile::tempdir().expect("directory");
    copy_all(directory.path(), copy.path());
    for path in files(&copy.path().join("snapshots")) {
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[30] ^= 1;
        std::fs::write(path, bytes).expect("written");
    }
    let refused = try_open(copy.path()).err().expect("refused");
    assert!(matches!(refused, OpenError::JournalCut { .. }), "{refused}");
}

#[tokio::test]
async fn two_processes_cannot_have_one_directory() {
    let directory = tempfile::tempdir().expect("directory");
    let _store = open(directory.path());
    assert!(matches!(
        try_open(directory.path()),
        Err(OpenError::Locked(_))
    ));
}

#[tokio::test]
async fn a_disk_with_too_little_room_refuses_leads_but_settles_what_is_there() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    store.close().await.expect("closed");
    drop(store);
    let store = Store::open(&Settings {
        path: directory.path().into(),
        min_free: u64::MAX,
    })
    .expect("opened");
    assert!(matches!(
        store.accept(new_lead(ivan())).await,
        Err(StoreError::DiskFull { .. })
    ));
    assert!(store.can_accept().is_err());
    deliver(&store, id).await;
    assert_eq!(state(&store, id).await, State::Delivered);
}
