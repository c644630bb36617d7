//! An index that has lost something, or cannot be read: nobody's lead is lost with it, and it is built anew.

use std::fs;
use std::path::Path;

use leadgate::lead::LeadId;
use leadgate::store::{OpenError, Store, examine};
use rustix::fs::{FlockOperation, flock};

use crate::files::change;
use crate::world::{accept, close, deliver, everything, lead, open, settings, try_open};

/// A closed store of which the first leads, all delivered, are in a block that no start has to read.
async fn store() -> (tempfile::TempDir, Vec<LeadId>) {
    let home = tempfile::tempdir().expect("a directory");
    let store = open(home.path());
    let mut ids = Vec::new();
    for number in 0..20 {
        let id = accept(&store, lead(number)).await;
        deliver(&store, id).await;
        ids.push(id);
    }
    close(store).await;
    (home, ids)
}

/// Does something to sled by hand. Its threads let go of its lock some time after the last handle has gone: this waits for that.
fn in_index<T>(home: &Path, work: impl FnOnce(&sled::Db) -> T) -> T {
    let is_free = || {
        let file = fs::File::open(home.join("sled/db")).expect("sled's file");
        flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
    };
    let wait = || {
        let mut tries = 0..1_000_000;
        while !is_free() {
            tries.next().expect("free at last");
            std::thread::yield_now();
        }
    };
    wait();
    let done = work(&sled::open(home.join("sled")).expect("sled"));
    wait();
    done
}

/// What sled has of the first blocks of leads: a key, and behind each other 16 bytes of a block's key and 12 of its place.
fn first_places(home: &Path) -> (sled::IVec, sled::IVec) {
    let first = in_index(home, |db| db.scan_prefix(b"L").next());
    first.expect("a block").expect("readable")
}

/// Where the first block of leads is: its file, and where in it.
fn first_block(home: &Path) -> (String, usize) {
    let (_, places) = first_places(home);
    let number = |at: usize| {
        let bytes = places[at..at + 4].try_into().expect("four");
        u32::from_le_bytes(bytes)
    };
    let file = format!("sled/heap/{:08}", number(16));
    (file, number(20) as usize)
}

fn damage_first_block(home: &Path) {
    let (file, at) = first_block(home);
    change(&home.join(file), |bytes| bytes[at + 10] ^= 1);
}

async fn ids(store: &Store) -> Vec<LeadId> {
    let all = everything(store).await;
    all.iter().map(|lead| lead.lead.id).collect()
}

#[tokio::test]
async fn what_the_index_has_lost_does_not_become_the_truth_with_the_next_snapshot() {
    let (home, all) = store().await;
    let (key, places) = first_places(home.path());
    assert!(
        places.len() > 28,
        "one block only, so nothing would be left"
    );
    in_index(home.path(), |db| {
        db.remove(&key).expect("removed");
        let next = [b"L", &places[28..44]].concat();
        db.insert(next, &places[28..]).expect("inserted");
    });
    let store = open(home.path());
    let hidden = all.len() - ids(&store).await.len();
    assert!(hidden > 0, "nothing is hidden, so nothing is tested");
    store.snapshot().await.expect("a snapshot");
    close(store).await;
    fs::remove_dir_all(home.path().join("sled")).expect("removed");
    let store = open(home.path());
    assert_eq!(ids(&store).await, all);
    close(store).await;
}

#[tokio::test]
async fn an_entry_of_the_index_that_makes_no_sense_has_it_built_anew() {
    let (home, all) = store().await;
    let (key, _) = first_places(home.path());
    let block = b"a block itself, as an older layout had it".as_slice();
    in_index(home.path(), |db| db.insert(&key, block).expect("inserted"));
    let store = open(home.path());
    assert_eq!(ids(&store).await, all);
    close(store).await;
}

#[tokio::test]
async fn a_file_of_the_index_that_is_cut_short_has_it_built_anew() {
    let (home, all) = store().await;
    let (file, at) = first_block(home.path());
    change(&home.path().join(file), |bytes| bytes.truncate(at + 6));
    let store = open(home.path());
    assert_eq!(ids(&store).await, all);
    close(store).await;
}

/// A link to what refuses every byte for want of room. It is gone when the file is made that it stands for.
fn leave_no_room(home: &Path) {
    let places = home.join("sled/heap/places");
    std::os::unix::fs::symlink("/dev/full", places).expect("linked");
}

#[tokio::test]
async fn an_index_that_a_full_disk_has_no_room_for_is_left_as_it_is_until_there_is_some() {
    let (home, all) = store().await;
    let of_this_index = home.path().join("sled/heap/of-this-index");
    fs::write(&of_this_index, "").expect("written");
    leave_no_room(home.path());
    let refused = try_open(home.path()).err().expect("no room");
    let text = refused.to_string();
    assert!(matches!(refused, OpenError::Lacks(_)), "{text}");
    assert!(text.contains("No space left") && text.contains("make room"));
    in_index(home.path(), |_| ());
    leave_no_room(home.path());
    let refused = examine(&settings(home.path())).expect_err("no room");
    assert!(matches!(refused, OpenError::Lacks(_)), "{refused}");
    in_index(home.path(), |_| ());
    let store = open(home.path());
    assert_eq!(ids(&store).await, all);
    assert!(of_this_index.exists(), "it was built anew");
    close(store).await;
}

#[tokio::test]
async fn a_block_that_cannot_be_read_is_met_once_and_mended_while_the_store_is_open() {
    let (home, all) = store().await;
    damage_first_block(home.path());
    let kept = home.path().join("journal/00000000000000000001.damaged");
    fs::write(&kept, "for people to look at").expect("written");
    let store = open(home.path());
    let damages = store.damages();
    assert!(!damages.has_changed().expect("open"));
    assert!(!store.mend().await.expect("nothing to do"));
    for _ in 0..3 {
        assert!(store.lead(all[0]).await.is_err());
    }
    assert_eq!(*damages.borrow(), 1, "once for all who meet it");
    assert!(store.mend().await.expect("mended"));
    assert_eq!(ids(&store).await, all);
    assert!(!store.mend().await.expect("nothing to do"));
    assert!(
        kept.exists(),
        "nobody was erased, so nothing else is deleted"
    );
    let more = accept(&store, lead(30)).await;
    close(store).await;
    let store = open(home.path());
    assert_eq!(ids(&store).await, [all, vec![more]].concat());
    close(store).await;
}

#[tokio::test]
async fn a_block_that_cannot_be_read_is_mended_by_the_next_start_too() {
    let (home, all) = store().await;
    damage_first_block(home.path());
    let store = open(home.path());
    assert!(store.lead(all[0]).await.is_err());
    close(store).await;
    let store = open(home.path());
    assert_eq!(ids(&store).await, all);
    close(store).await;
}

#[tokio::test]
async fn a_visitor_who_comes_again_is_recognised_by_an_index_that_was_mended() {
    let (home, all) = store().await;
    damage_first_block(home.path());
    let store = open(home.path());
    let keyed = |number| {
        let mut new = crate::world::new_lead(lead(number));
        new.key = Some(leadgate::store::IdempotencyKey {
            text: "twice".to_owned(),
            content_hash: [7; 32],
        });
        store.accept(new)
    };
    let first = keyed(40).await.expect("accepted").lead();
    assert!(store.lead(all[0]).await.is_err());
    assert!(store.mend().await.expect("mended"));
    let again = keyed(41).await.expect("accepted");
    assert_eq!(again, leadgate::store::Accepted::Repeated(first));
    close(store).await;
}
