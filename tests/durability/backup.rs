//! A backup holds everything once, a restore puts it back, and what is owed comes back in doubt.

use std::fs;

use leadgate::delivery::{Cause, Failure, FailureKind, State};
use leadgate::lead::HeldReason;
use leadgate::store::{
    BackupError, Begun, Existing, NewLead, Order, RestoreError, Store, backup, restore,
};
use tokio::sync::watch;

use crate::files::{copy_all, segments, snapshots};
use crate::world::{
    accept, begin, close, deliver, delivered, everything, first, lead, new_lead, now, open,
    settings, settle, try_open,
};

#[tokio::test]
async fn a_backup_holds_each_lead_once_with_its_latest_state() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    let (old, new) = (accept(&store, lead(1)).await, lead(2));
    let number = begin(&store, first(old)).await.expect("owed");
    store.snapshot().await.expect("a snapshot");
    // The snapshot has it under way, the journal delivered; and one is in the journal only.
    settle(&store, first(old), (number, false), delivered(7)).await;
    let new = accept(&store, new).await;
    let file = home.path().join("backup");
    let made = backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    // Leads, statuses, and one attempt.
    assert_eq!((made.leads, made.records, made.missing_groups), (2, 5, 0));
    let restored = restore(&settings(copy.path()), &file).expect("restored");
    assert_eq!((restored.leads, restored.in_doubt), (2, 1));
    let there = open(copy.path());
    let states: Vec<_> = everything(&there)
        .await
        .iter()
        .map(|lead| (lead.lead.id, lead.status.state()))
        .collect();
    assert_eq!(states, [(old, State::Delivered), (new, State::Queued)]);
    assert_eq!(there.attempts(first(old)).await.expect("read").len(), 1);
}

#[tokio::test]
async fn whatever_is_not_settled_for_good_comes_back_in_doubt() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    let queued = accept(&store, lead(1)).await;
    let done = accept(&store, lead(2)).await;
    deliver(&store, done).await;
    let failed = accept(&store, lead(3)).await;
    let number = begin(&store, first(failed)).await.expect("owed");
    let rejected = Failure::new(FailureKind::Rejected, Cause::TimedOut { after_s: 1 });
    settle(&store, first(failed), (number, false), Err(rejected)).await;
    let held = NewLead {
        held: Some(HeldReason::Honeypot),
        ..new_lead(lead(4))
    };
    let held = store.accept(held).await.expect("accepted").lead();
    let file = home.path().join("backup");
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    restore(&settings(copy.path()), &file).expect("restored");
    let there = open(copy.path());
    for (id, doubt) in [(queued, true), (done, false), (failed, true), (held, true)] {
        let status = there.lead(id).await.expect("read").expect("there").status;
        assert_eq!(status.deliveries[0].in_doubt, doubt, "{:?}", status.state());
    }
    there
        .order(held, Order::Release, now())
        .await
        .expect("released");
    let Begun::Started { delivery, .. } = there.begin(first(held), now()).await.expect("begun")
    else {
        panic!("not started")
    };
    assert!(delivery.in_doubt, "it may have been released before");
}

#[tokio::test]
async fn what_was_deleted_is_in_no_backup() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    let erased = accept(&store, lead(1)).await;
    deliver(&store, erased).await;
    store.snapshot().await.expect("a snapshot with the person");
    store.erase(erased, now()).await.expect("erased");
    let file = home.path().join("backup");
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    restore(&settings(copy.path()), &file).expect("restored");
    let there = open(copy.path());
    assert!(
        there
            .attempts(first(erased))
            .await
            .expect("read")
            .is_empty()
    );
    let shown = there.lead(erased).await.expect("read").expect("there");
    assert!(shown.lead.contact.phone.is_none() && shown.lead.fields.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_whole_beside_a_store_that_makes_snapshots_all_the_time() {
    let (home, other) = two_directories();
    let store = open(home.path());
    let (told, mut accepted) = watch::channel(0);
    let busy = tokio::spawn(work(store.clone(), told));
    for round in 0..12_i64 {
        let goal = (round + 1) * 5;
        let before = *accepted
            .wait_for(|count| *count >= goal)
            .await
            .expect("at work");
        let file = other.path().join(format!("{round}.backup"));
        let (path, from) = (file.clone(), settings(home.path()));
        let made = tokio::task::spawn_blocking(move || backup(&from, &path, Existing::Keep));
        let made = made.await.expect("no panic").expect("made");
        assert!(made.leads >= before.cast_unsigned(), "{made:?} of {before}");
        assert_eq!(made.missing_groups, 0);
        assert_eq!(made.records, made.leads * 2, "each once, with its status");
    }
    drop(accepted);
    busy.await.expect("no panic");
    store.close().await.expect("closed");
}

/// Accepts leads and makes snapshots until nobody wants to know of it any more.
async fn work(store: Store, told: watch::Sender<i64>) {
    for number in 0.. {
        accept(&store, lead(number)).await;
        if number % 8 == 0 {
            store.snapshot().await.expect("a snapshot");
        }
        if told.send(number + 1).is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_restored_store_goes_on_and_can_be_backed_up_again() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    for number in 0..20 {
        accept(&store, lead(number)).await;
    }
    let (file, again) = (home.path().join("backup"), home.path().join("again"));
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    restore(&settings(copy.path()), &file).expect("restored");
    let there = open(copy.path());
    accept(&there, lead(20)).await;
    close(there).await;
    let made = backup(&settings(copy.path()), &again, Existing::Keep).expect("made");
    assert_eq!(made.leads, 21);
    let there = open(copy.path());
    assert_eq!(everything(&there).await.len(), 21);
}

#[tokio::test]
async fn segments_that_survived_are_replayed_over_a_restored_backup() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    accept(&store, lead(1)).await;
    let file = home.path().join("backup");
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    let after = accept(&store, lead(2)).await;
    restore(&settings(copy.path()), &file).expect("restored");
    for (_, path) in segments(home.path()) {
        let name = path.file_name().expect("a name");
        fs::copy(&path, copy.path().join("journal").join(name)).expect("copied");
    }
    let there = open(copy.path());
    assert!(there.lead(after).await.expect("read").is_some());
    assert_eq!(everything(&there).await.len(), 2);
}

#[tokio::test]
async fn a_backup_that_is_damaged_anywhere_is_restored_in_no_part() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    for number in 0..30 {
        accept(&store, lead(number)).await;
    }
    let file = home.path().join("backup");
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    let whole = fs::read(&file).expect("readable");
    for at in (0..whole.len()).step_by(whole.len() / 25 + 1) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&file, bytes).expect("written");
        let refused = restore(&settings(copy.path()), &file);
        assert!(matches!(refused, Err(RestoreError::Backup(_))), "byte {at}");
        assert!(snapshots(copy.path()).is_empty(), "byte {at}");
    }
    fs::write(&file, whole).expect("written");
    restore(&settings(copy.path()), &file).expect("restored");
}

#[tokio::test]
async fn a_restore_that_was_killed_can_be_repeated_and_leaves_no_store() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    let id = accept(&store, lead(1)).await;
    let file = home.path().join("backup");
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    // What a restore leaves that was killed while it wrote.
    for directory in ["journal", "snapshots"] {
        fs::create_dir_all(copy.path().join(directory)).expect("made");
    }
    fs::write(copy.path().join("snapshots/next.partial"), b"LGF1half").expect("written");
    restore(&settings(copy.path()), &file).expect("restored");
    let there = open(copy.path());
    assert!(there.lead(id).await.expect("read").is_some());
    let refused = restore(&settings(copy.path()), &file);
    assert!(matches!(refused, Err(RestoreError::NotEmpty(_))));
}

#[tokio::test]
async fn a_store_that_could_not_start_is_not_backed_up_as_if_it_were_whole() {
    let (home, copy) = two_directories();
    let store = open(home.path());
    accept(&store, lead(1)).await;
    close(store).await;
    copy_all(home.path(), copy.path());
    for (_, path) in segments(copy.path()) {
        fs::remove_file(path).expect("removed");
    }
    assert!(try_open(copy.path()).is_err());
    let file = home.path().join("backup");
    let refused = backup(&settings(copy.path()), &file, Existing::Keep);
    assert!(matches!(refused, Err(BackupError::Store(_))));
    assert!(!file.exists() && !home.path().join("backup.partial").exists());
}

#[tokio::test]
async fn two_backups_into_one_file_do_not_mix() {
    let (home, _) = two_directories();
    let store = open(home.path());
    accept(&store, lead(1)).await;
    let file = home.path().join("backup");
    let other = fs::File::create(home.path().join("backup.partial")).expect("made");
    other.lock().expect("locked");
    let refused = backup(&settings(home.path()), &file, Existing::Keep);
    assert!(matches!(refused, Err(BackupError::Busy(_))));
    drop(other);
    backup(&settings(home.path()), &file, Existing::Keep).expect("made");
}

fn two_directories() -> (tempfile::TempDir, tempfile::TempDir) {
    let directory = || tempfile::tempdir().expect("a directory");
    (directory(), directory())
}
