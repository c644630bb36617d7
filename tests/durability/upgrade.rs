//! The files of every version that ever wrote any are read as they were meant; those of a version to come are refused.

use std::fs;
use std::path::{Path, PathBuf};

use leadgate::delivery::{Cause, Failure, FailureKind, Note, OrderStanding, State, Warning};
use leadgate::lead::{Bilingual, Create, HeldReason};
use leadgate::store::{
    Accepted, Existing, IdempotencyKey, NewLead, OpenError, Order, OrderSeen, RestoreError, Store,
    backup, examine, restore,
};
use serde_json::{Value, json};

use crate::files::{HEADER, change, copy_all, frame, frames, payload, segments, snapshots};
use crate::world::{
    accept, begin, close, deliver, delivered, everything, first, lead, new_lead, now, open, owed,
    settings, settle, shop, try_open,
};

/// The files of version 1, with how they were made and what they must read as.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durability/fixtures/version-1")
}

fn keyed(number: i64, content: u8) -> NewLead {
    NewLead {
        key: Some(IdempotencyKey {
            text: "a cached page".into(),
            content_hash: [content; 32],
        }),
        ..new_lead(lead(number))
    }
}

/// Everything that can become of a lead, some of it before a snapshot and some after.
async fn populate(store: &Store) {
    deliver_and_follow(store).await;
    let retrying = accept(store, lead(2)).await;
    let number = begin(store, first(retrying)).await.expect("owed");
    let unknown = Failure::new(
        FailureKind::Unknown { retry_after: None },
        Cause::TimedOut { after_s: 30 },
    );
    settle(store, first(retrying), (number, false), Err(unknown)).await;

    let held = |number| NewLead {
        held: Some(HeldReason::Honeypot),
        ..new_lead(lead(number))
    };
    store.accept(held(3)).await.expect("held");
    let spam = store.accept(held(4)).await.expect("held").lead();
    store
        .order(spam, Order::Discard, ("anna", now()))
        .await
        .expect("discarded");

    let person = accept(store, lead(5)).await;
    deliver(store, person).await;
    store.erase(person, ("anna", now())).await.expect("erased");

    let two = NewLead {
        targets: vec![(shop(), Create::Order), (shop(), Create::Customer)],
        ..keyed(6, 1)
    };
    let two = store.accept(two).await.expect("accepted").lead();
    deliver(store, two).await;
    let reused = store.accept(keyed(7, 2)).await.expect("accepted");
    assert!(matches!(reused, Accepted::New(_)));
    store.snapshot().await.expect("a snapshot");

    let failed = accept(store, lead(8)).await;
    let number = begin(store, first(failed)).await.expect("owed");
    let rejected = Failure::new(FailureKind::Rejected, Cause::TimedOut { after_s: 1 });
    settle(store, first(failed), (number, false), Err(rejected)).await;
    store
        .order(retrying, Order::Resend, ("anna", now()))
        .await
        .expect("resent");
    let sending = accept(store, lead(9)).await;
    begin(store, first(sending)).await.expect("owed");
    accept(store, lead(10)).await;
}

/// A lead with a warning, whose order has got on since.
async fn deliver_and_follow(store: &Store) {
    let done = accept(store, lead(1)).await;
    let number = begin(store, first(done)).await.expect("owed");
    let outcome = delivered(71).map(|mut delivered| {
        delivered.warning = Warning::of(&[Note::plain(Bilingual::same("left out: city"))]);
        delivered
    });
    settle(store, first(done), (number, false), outcome).await;
    let seen = OrderSeen {
        id: first(done),
        order: 71,
        standing: OrderStanding::Status {
            code: "complete".into(),
            name: Some("Выполнен".into()),
        },
    };
    assert_eq!(
        store.note_orders(vec![seen], now()).await.expect("noted"),
        1
    );
}

/// All that can be read, as JSON.
async fn told(store: &Store) -> Value {
    let mut all = Vec::new();
    for stored in everything(store).await {
        let mut logs = Vec::new();
        for delivery in &stored.status.deliveries {
            logs.push(store.attempts(delivery.id).await.expect("read"));
        }
        all.push(json!({"lead": stored.lead, "status": stored.status, "attempts": logs}));
    }
    Value::Array(all)
}

/// Whether `actual` says all that `expected` does. A later version may say more.
fn covers(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| actual.get(key).is_some_and(|actual| covers(actual, value))),
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len()
                && actual
                    .iter()
                    .zip(expected)
                    .all(|(actual, expected)| covers(actual, expected))
        }
        _ => actual == expected,
    }
}

/// The same deeds done by this version leave the same states. Told to by `LEADGATE_WRITE_FIXTURE`, it keeps the files: see their README.
#[tokio::test]
async fn the_same_deeds_leave_the_same_states_in_every_version() {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    populate(&store).await;
    let told = told(&store).await;
    close(store).await;
    if let Some(to) = std::env::var_os("LEADGATE_WRITE_FIXTURE") {
        let to = PathBuf::from(to);
        for directory in ["journal", "snapshots"] {
            copy_all(&home.path().join(directory), &to.join(directory));
        }
        let text = serde_json::to_string_pretty(&told).expect("JSON");
        fs::write(to.join("expected.json"), text + "\n").expect("written");
    }
    let states = |told: &Value| -> Vec<Value> {
        let leads = told.as_array().expect("leads").iter();
        let states = leads.map(|lead| {
            let deliveries = lead["status"]["deliveries"].as_array().expect("deliveries");
            let state = |delivery: &Value| {
                json!([
                    delivery["state"],
                    delivery["attempts"],
                    delivery["in_doubt"]
                ])
            };
            deliveries.iter().map(state).collect()
        });
        states.collect()
    };
    assert_eq!(states(&told), states(&expected()));
}

fn expected() -> Value {
    let text = fs::read_to_string(fixture().join("expected.json")).expect("readable");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn every_lead_and_delivery_of_the_first_version_reads_as_it_was() {
    let home = tempfile::tempdir().expect("a directory");
    copy_all(&fixture(), home.path());
    let found = examine(&settings(home.path())).expect("examined");
    assert!(found.is_sound(), "{found:?}");
    let store = open(home.path());
    let (told, expected) = (told(&store).await, expected());
    assert!(
        covers(&told, &expected),
        "{told:#}\nshould say\n{expected:#}"
    );
    // What is owed goes on where it was; a key that was used is known.
    let leads = everything(&store).await;
    let unsettled: usize = leads
        .iter()
        .flat_map(|lead| &lead.status.deliveries)
        .filter(|delivery| delivery.state.is_unsettled())
        .count();
    assert_eq!((owed(&store).len(), unsettled), (5, 5));
    let again = store.accept(keyed(11, 2)).await.expect("answered");
    assert!(matches!(again, Accepted::Repeated(_)), "{again:?}");
    // And it is written to, backed up and restored like any other.
    let new = accept(&store, lead(12)).await;
    close(store).await;
    let (file, copy) = (
        home.path().join("backup"),
        tempfile::tempdir().expect("a directory"),
    );
    let made = backup(&settings(home.path()), &file, Existing::Keep).expect("made");
    assert_eq!(made.leads, leads.len() as u64 + 1);
    restore(&settings(copy.path()), &file).expect("restored");
    let restored = open(copy.path())
        .lead(new)
        .await
        .expect("read")
        .expect("there");
    assert_eq!(restored.status.state(), State::Queued);
}

/// Opens what should be refused, as a new data directory and as one that was in use; gives back what is said about it.
fn refused(home: &Path) -> String {
    let error = try_open(home).err().expect("refused");
    assert!(!home.join("sled").exists(), "nothing was made of it");
    let text = error.to_string();
    assert!(
        text.contains("newer leadgate") && text.contains("run that version"),
        "{text}"
    );
    text
}

#[tokio::test]
async fn a_journal_of_a_newer_version_is_refused_and_never_started_empty() {
    let home = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(home.path().join("journal")).expect("made");
    let file = home.path().join("journal/00000000000000000001.journal");
    // A newer format of frames; the same frames with a newer record in them.
    for bytes in [frame(b'2', 1, b"who knows"), frame(b'1', 1, &payload(2))] {
        fs::write(&file, bytes).expect("written");
        assert!(refused(home.path()).contains("00000000000000000001.journal"));
        assert!(matches!(try_open(home.path()), Err(OpenError::Newer(path)) if path == file));
    }
    // Behind frames that can be read.
    let store = tempfile::tempdir().expect("a directory");
    copy_all(&fixture(), store.path());
    let (_, path) = segments(store.path()).pop().expect("a segment");
    change(&path, |bytes| {
        let (last, _) = frames(bytes).pop().expect("a frame");
        bytes.extend(frame(b'2', last + 1, b"who knows"));
    });
    refused(store.path());
}

#[tokio::test]
async fn a_snapshot_of_a_newer_version_is_refused_and_no_older_one_is_taken_instead() {
    let home = tempfile::tempdir().expect("a directory");
    copy_all(&fixture(), home.path());
    let newest = snapshots(home.path()).pop().expect("a snapshot");
    let records = |version| lz4_flex::compress_prepend_size(&payload(version));
    for bytes in [frame(b'2', 0, b"who knows"), frame(b'1', 0, &records(2))] {
        fs::write(&newest, &bytes).expect("written");
        let name = newest
            .file_name()
            .and_then(|name| name.to_str())
            .expect("text");
        assert!(refused(home.path()).contains(name));
        let copy = tempfile::tempdir().expect("a directory");
        let error = restore(&settings(copy.path()), &newest).expect_err("refused");
        assert!(matches!(error, RestoreError::Backup(_)), "{error}");
        assert!(error.to_string().contains("newer leadgate"), "{error}");
    }
}

#[test]
fn a_flipped_bit_in_the_version_is_damage_and_not_a_newer_version() {
    let home = tempfile::tempdir().expect("a directory");
    copy_all(&fixture(), home.path());
    let (_, path) = segments(home.path()).pop().expect("a segment");
    let sound = fs::read(&path).expect("readable");
    assert!(sound.len() > 2 * HEADER);
    for bit in 0..8 {
        let mut bytes = sound.clone();
        bytes[3] ^= 1 << bit;
        fs::write(&path, bytes).expect("written");
        let found = examine(&settings(home.path())).expect("examined");
        assert_eq!(found.journal.missing, 1, "{found:?}");
    }
}
