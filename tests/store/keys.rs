//! One key, one content, one lead; for thirty days.

use std::collections::HashSet;

use jiff::Timestamp;
use leadgate::store::{Accepted, Filter, IdempotencyKey, NewLead};

use crate::support::{ivan, later, lead_at, list, new_lead, now, open, settle_down};

#[tokio::test]
async fn one_key_with_one_content_is_one_lead_however_often_and_fast_it_comes() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let key = IdempotencyKey {
        text: "click-1".into(),
        content_hash: [1; 32],
    };
    let sends = (0..20).map(|_| {
        let (store, key) = (store.clone(), key.clone());
        tokio::spawn(async move {
            store
                .accept(NewLead {
                    key: Some(key),
                    ..new_lead(ivan())
                })
                .await
                .expect("accepted")
        })
    });
    let mut answers = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        answers.push(send.await.expect("no panic"));
    }
    assert_eq!(
        answers
            .iter()
            .filter(|answer| matches!(answer, Accepted::New(_)))
            .count(),
        1
    );
    assert_eq!(
        answers
            .iter()
            .map(|answer| answer.lead())
            .collect::<HashSet<_>>()
            .len(),
        1
    );
    settle_down(&store).await;
    assert_eq!(list(&store, Filter::default()).await.len(), 1);
}

#[tokio::test]
async fn one_key_with_another_content_is_a_new_lead_marked_as_such() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let send = async |content: u8| {
        let key = Some(IdempotencyKey {
            text: "cached".into(),
            content_hash: [content; 32],
        });
        store
            .accept(NewLead {
                key,
                ..new_lead(ivan())
            })
            .await
            .expect("accepted")
    };
    let (one, two, again) = (send(1).await, send(2).await, send(2).await);
    assert!(matches!((one, two), (Accepted::New(_), Accepted::New(_))));
    assert_eq!(again, Accepted::Repeated(two.lead()));
    settle_down(&store).await;
    assert!(
        !store
            .lead(one.lead())
            .await
            .expect("read")
            .expect("there")
            .lead
            .key_reused
    );
    assert!(
        store
            .lead(two.lead())
            .await
            .expect("read")
            .expect("there")
            .lead
            .key_reused
    );
}

#[tokio::test]
async fn a_key_is_forgotten_after_thirty_days_and_not_before() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let key = || {
        Some(IdempotencyKey {
            text: "old".into(),
            content_hash: [1; 32],
        })
    };
    let send = async |at: Timestamp| {
        let lead = lead_at(at, &[("phone", "+79123456789")]);
        store
            .accept(NewLead {
                key: key(),
                ..new_lead(lead)
            })
            .await
            .expect("accepted")
    };
    let first = send(now()).await;
    assert_eq!(
        send(later(29 * 86_400)).await,
        Accepted::Repeated(first.lead())
    );
    assert!(matches!(send(later(30 * 86_400)).await, Accepted::New(_)));
    settle_down(&store).await;
    let done = store
        .upkeep(later(61 * 86_400), Some(later(61 * 86_400)))
        .await
        .expect("upkeep");
    assert_eq!(done.keys_forgotten, 1);
}

#[tokio::test]
async fn what_an_erased_person_sends_again_is_a_new_lead() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let send = async |content: u8| {
        let key = Some(IdempotencyKey {
            text: "cached page".into(),
            content_hash: [content; 32],
        });
        let new = NewLead {
            key,
            ..new_lead(ivan())
        };
        store.accept(new).await.expect("accepted")
    };
    for content in [1, 2] {
        let erased = send(content).await;
        assert_eq!(send(content).await, Accepted::Repeated(erased.lead()));
        store.erase(erased.lead(), now()).await.expect("erased");
        let again = send(content).await;
        assert!(matches!(again, Accepted::New(_)), "{content}");
        assert_eq!(send(content).await, Accepted::Repeated(again.lead()));
    }
}

#[tokio::test]
async fn a_reused_key_keeps_each_content_for_its_own_thirty_days() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let send = async |content: u8, day: i64| {
        let lead = lead_at(later(day * 86_400), &[("phone", "+79123456789")]);
        let key = Some(IdempotencyKey {
            text: "cached page".into(),
            content_hash: [content; 32],
        });
        let new = NewLead {
            key,
            ..new_lead(lead)
        };
        store.accept(new).await.expect("accepted")
    };
    let upkeep = async |day: i64| {
        let at = later(day * 86_400);
        let done = store.upkeep(at, Some(at)).await.expect("upkeep");
        done.keys_forgotten
    };
    let first = send(1, 0).await;
    let second = send(2, 20).await;
    assert!(matches!(second, Accepted::New(_)));
    assert_eq!(send(1, 29).await, Accepted::Repeated(first.lead()));
    assert_eq!(upkeep(31).await, 0, "the first tells of the second");
    assert_eq!(send(2, 40).await, Accepted::Repeated(second.lead()));
    assert!(
        matches!(send(1, 41).await, Accepted::New(_)),
        "its days are over"
    );
    assert_eq!(upkeep(52).await, 1, "the second content");
    assert_eq!(upkeep(72).await, 2, "all of it");
}
