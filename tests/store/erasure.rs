//! A person who is erased is gone from every file, and nobody else is.

use leadgate::delivery::State;
use leadgate::store::{Filter, Ordered};

use crate::support::{accept, deliver, files, ivan, lead_at, list, now, open, state};

#[tokio::test]
async fn an_erased_person_is_in_no_file_of_ours_after_the_next_start() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let other = accept(&store, lead_at(now(), &[("name", "Кто-то другой")])).await;
    let id = accept(
        &store,
        lead_at(
            now(),
            &[("name", "Zebulon Unmistakable"), ("phone", "+79123456789")],
        ),
    )
    .await;
    deliver(&store, id).await;
    store
        .snapshot()
        .await
        .expect("a snapshot that still holds the person");
    let Ok(Ordered::Done(erased)) = store.erase(id, now()).await else {
        panic!("not erased")
    };
    assert_eq!(
        (erased.status.state(), erased.lead.contact.phone.is_none()),
        (State::Discarded, true)
    );
    assert!(
        list(
            &store,
            Filter {
                text: Some("Zebulon".into()),
                ..Filter::default()
            }
        )
        .await
        .is_empty()
    );
    store.close().await.expect("closed");
    drop(store);
    let store = open(directory.path());
    assert_eq!(state(&store, other).await, State::Queued);
    store.close().await.expect("closed");
    for path in files(directory.path()) {
        let bytes = std::fs::read(&path).expect("read");
        for needle in ["Unmistakable", "unmistakable", "9123456789"] {
            assert!(
                !bytes
                    .windows(needle.len())
                    .any(|part| part == needle.as_bytes()),
                "{needle} in {}",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn persons_erased_at_the_same_time_are_all_erased_and_nothing_else_is_lost() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let kept = accept(&store, ivan()).await;
    let mut erasures = Vec::new();
    for _ in 0..12 {
        let (id, store) = (accept(&store, ivan()).await, store.clone());
        erasures.push(tokio::spawn(async move { store.erase(id, now()).await }));
    }
    for erasure in erasures {
        assert!(matches!(
            erasure.await.expect("no panic"),
            Ok(Ordered::Done(_))
        ));
    }
    store.close().await.expect("closed");
    drop(store);
    std::fs::remove_dir_all(directory.path().join("sled")).expect("as after a power cut");
    let store = open(directory.path());
    assert_eq!(state(&store, kept).await, State::Queued);
    assert_eq!(list(&store, Filter::default()).await.len(), 13);
}
