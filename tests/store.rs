//! What the store promises, said only through its door: nothing here knows of journal, snapshot or sled but by their files.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::HashSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use leadgate::delivery::{
    Attempt, AttemptOutcome, Cause, Delivered, DeliveryId, Failure, FailureKind, Outcome, Receipt,
    RetrySchedule, State,
};
use leadgate::lead::{
    Client, Create, DestinationId, Form, FormId, HeldReason, Language, Lead, LeadId, OriginRule,
    Submission,
};
use leadgate::store::{
    Accepted, Begun, Filter, IdempotencyKey, NewLead, OpenError, Order, Ordered, Page, Settings,
    Settled, Settlement, Store, StoreError,
};

fn open(path: &Path) -> Store {
    try_open(path).expect("the store opens")
}

fn try_open(path: &Path) -> Result<Store, OpenError> {
    Store::open(&Settings {
        path: path.to_owned(),
        min_free: 0,
    })
}

fn shop() -> DestinationId {
    DestinationId::parse("shop").expect("an id")
}

fn lead_at(received_at: Timestamp, fields: &[(&str, &str)]) -> Lead {
    let form = Form {
        id: FormId::parse("callback").expect("an id"),
        title: "Callback".into(),
        origins: OriginRule::Any,
        language: Language::En,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: Vec::new(),
        deliver: Vec::new(),
    };
    let pairs = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Submission::from_pairs(pairs)
        .into_lead(
            &form,
            LeadId::mint(received_at),
            received_at,
            Client::default(),
        )
        .expect("a valid submission")
}

fn new_lead(lead: Lead) -> NewLead {
    NewLead {
        lead,
        held: None,
        targets: vec![(shop(), Create::Order)],
        key: None,
    }
}

fn ivan() -> Lead {
    lead_at(
        now(),
        &[
            ("name", "Иван Петров"),
            ("phone", "+7 912 345-67-89"),
            ("email", "ivan@example.ru"),
        ],
    )
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

async fn accept(store: &Store, lead: Lead) -> LeadId {
    store.accept(new_lead(lead)).await.expect("accepted").lead()
}

async fn list(store: &Store, filter: Filter) -> Vec<LeadId> {
    let page = store
        .leads(
            filter,
            Page {
                before: None,
                limit: 100,
            },
        )
        .await
        .expect("listed");
    page.leads.iter().map(|lead| lead.lead.id).collect()
}

fn first(lead: LeadId) -> DeliveryId {
    DeliveryId { lead, ordinal: 0 }
}

fn settlement(id: DeliveryId, number: u32, outcome: Outcome, at: Timestamp) -> Settlement {
    let attempt = Attempt {
        number,
        started_at: at,
        duration_ms: Some(5),
        outcome: Some(if outcome.is_ok() {
            AttemptOutcome::Delivered
        } else {
            AttemptOutcome::Retry
        }),
        http_status: None,
        error: outcome.as_ref().err().map(|failure| failure.cause.clone()),
        steps: Vec::new(),
    };
    Settlement {
        id,
        attempt,
        outcome,
        schedule: RetrySchedule::default(),
        paused: false,
        jitter: 0.0,
        now: at,
    }
}

fn delivered(number: &str) -> Outcome {
    let receipt = Receipt {
        order_number: Some(number.into()),
        order_id: Some(7),
        ..Receipt::default()
    };
    Ok(Delivered {
        receipt,
        warning: None,
    })
}

async fn begin(store: &Store, id: DeliveryId) -> u32 {
    match store.begin(id, now()).await.expect("begun") {
        Begun::Started { delivery, .. } => delivery.attempts,
        Begun::NotOwed => panic!("not owed"),
    }
}

async fn deliver(store: &Store, lead: LeadId) {
    let number = begin(store, first(lead)).await;
    let settled = store
        .settle(settlement(first(lead), number, delivered("17A"), now()))
        .await
        .expect("settled");
    assert!(matches!(settled, Settled::Recorded(_)));
}

async fn state(store: &Store, lead: LeadId) -> State {
    store
        .lead(lead)
        .await
        .expect("read")
        .expect("there")
        .status
        .state()
}

/// Waits until readers see what was accepted: every reading does.
async fn settle_down(store: &Store) {
    list(store, Filter::default()).await;
}

#[tokio::test]
async fn an_accepted_lead_is_due_at_once_and_can_be_read_back() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let mut changes = store.changes();
    let id = accept(&store, ivan()).await;
    changes.changed().await.expect("woken");
    let due = store.due(&shop(), (None, now()), 10, &HashSet::new());
    assert_eq!(
        due.iter().map(|due| due.id).collect::<Vec<_>>(),
        [first(id)]
    );
    assert_eq!(
        store.lead(id).await.expect("read").expect("there").lead,
        Lead { id, ..ivan() }
    );
    assert_eq!(store.waiting(&shop()).count, 1);
}

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
async fn two_processes_cannot_have_one_directory() {
    let directory = tempfile::tempdir().expect("directory");
    let _store = open(directory.path());
    assert!(matches!(
        try_open(directory.path()),
        Err(OpenError::Locked(_))
    ));
}

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

#[tokio::test]
async fn a_held_lead_is_owed_nothing_until_it_is_released() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let held = NewLead {
        held: Some(HeldReason::Honeypot),
        ..new_lead(ivan())
    };
    let id = store.accept(held).await.expect("accepted").lead();
    settle_down(&store).await;
    assert_eq!(
        (
            state(&store, id).await,
            store.waiting(&shop()).count,
            store.count(State::Held)
        ),
        (State::Held, 0, 1)
    );
    assert!(matches!(
        store.order(id, Order::Resend, now()).await,
        Ok(Ordered::Conflict(_))
    ));
    assert!(matches!(
        store.order(id, Order::Release, now()).await,
        Ok(Ordered::Done(_))
    ));
    assert_eq!(
        (state(&store, id).await, store.waiting(&shop()).count),
        (State::Queued, 1)
    );
    assert!(matches!(
        store.order(id, Order::Discard, now()).await,
        Ok(Ordered::Conflict(_))
    ));
}

#[tokio::test]
async fn a_started_attempt_that_a_crash_cut_short_is_in_doubt() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    begin(&store, first(id)).await;
    store.close().await.expect("closed");
    drop(store);
    let store = open(directory.path());
    assert_eq!(state(&store, id).await, State::Sending);
    assert_eq!(
        store.due(&shop(), (None, now()), 10, &HashSet::new()).len(),
        1,
        "it is taken up again"
    );
    let Ok(Begun::Started { delivery, .. }) = store.begin(first(id), now()).await else {
        panic!("not started")
    };
    assert_eq!((delivery.attempts, delivery.in_doubt), (2, true));
    let stale = store
        .settle(settlement(first(id), 1, delivered("1A"), now()))
        .await
        .expect("answered");
    assert_eq!(
        stale,
        Settled::Stale,
        "the attempt of the dead process cannot settle any more"
    );
}

#[tokio::test]
async fn a_failed_attempt_waits_for_its_time_and_a_settled_one_has_its_record() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    let number = begin(&store, first(id)).await;
    let failure = Failure::new(
        FailureKind::Unknown { retry_after: None },
        Cause::TimedOut { after_s: 30 },
    );
    store
        .settle(settlement(first(id), number, Err(failure), now()))
        .await
        .expect("settled");
    assert_eq!(state(&store, id).await, State::Retrying);
    let due = |at| store.due(&shop(), (None, at), 10, &HashSet::new()).len();
    assert_eq!((due(later(9)), due(later(10))), (0, 1));
    assert_eq!(store.next_due_after(&shop(), now()), Some(later(10)));
    let attempts = store.attempts(first(id)).await.expect("read");
    assert_eq!(attempts[0].error, Some(Cause::TimedOut { after_s: 30 }));
}

#[tokio::test]
async fn a_resend_of_a_delivered_lead_looks_it_up_first() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    deliver(&store, id).await;
    store
        .order(id, Order::Resend, now())
        .await
        .expect("ordered");
    let Ok(Begun::Started { delivery, .. }) = store.begin(first(id), now()).await else {
        panic!("not started")
    };
    assert!(delivery.in_doubt);
}

#[tokio::test]
async fn the_list_is_newest_first_and_pages_neither_repeat_nor_skip() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let mut ids = Vec::new();
    for n in 0..25 {
        ids.push(accept(&store, lead_at(later(n), &[("phone", "+79123456789")])).await);
    }
    settle_down(&store).await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store
            .leads(Filter::default(), Page { before, limit: 10 })
            .await
            .expect("listed");
        seen.extend(page.leads.iter().map(|lead| lead.lead.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    ids.reverse();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn leads_are_found_by_phone_email_name_and_order_number() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let ivan = accept(&store, ivan()).await;
    let anna = accept(
        &store,
        lead_at(
            later(60),
            &[("name", "Анна Фёдорова"), ("phone", "8 800 555 35 35")],
        ),
    )
    .await;
    deliver(&store, ivan).await;
    let by = async |text: &str| {
        list(
            &store,
            Filter {
                text: Some(text.into()),
                ..Filter::default()
            },
        )
        .await
    };
    assert_eq!(by("8 (912) 345-67-89").await, [ivan]);
    assert_eq!(by("IVAN@example.ru").await, [ivan]);
    assert_eq!(by("федор").await, [anna]);
    assert_eq!(by("17a").await, [ivan]);
    let other = accept(&store, lead_at(later(90), &[("name", "Пётр")])).await;
    let id = first(other);
    let number = begin(&store, id).await;
    let settled = settlement(id, number, delivered("12-345"), now());
    store.settle(settled).await.expect("settled");
    assert_eq!(by("12-345").await, [other]);
    assert_eq!(by("345").await, [other]);
    assert_eq!(by(&anna.to_string()).await, [anna]);
    assert!(by("nobody").await.is_empty());
}

#[tokio::test]
async fn leads_are_filtered_by_state_form_and_time() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let (early, late) = (
        accept(&store, ivan()).await,
        accept(&store, lead_at(later(60), &[("name", "Анна")])).await,
    );
    deliver(&store, early).await;
    let by = async |filter: Filter| list(&store, filter).await;
    let in_states = |states: &[State]| Filter {
        states: states.to_vec(),
        ..Filter::default()
    };
    assert_eq!(by(in_states(&[State::Delivered])).await, [early]);
    assert_eq!(by(in_states(&[State::Queued, State::Failed])).await, [late]);
    assert_eq!(by(in_states(&State::ALL)).await, [late, early]);
    let form = FormId::parse("call");
    assert!(
        by(Filter {
            form,
            ..Filter::default()
        })
        .await
        .is_empty(),
        "the beginning of an id is another id"
    );
    assert_eq!(
        by(Filter {
            from: Some(later(30)),
            ..Filter::default()
        })
        .await,
        [late]
    );
    assert_eq!(
        by(Filter {
            until: Some(later(30)),
            ..Filter::default()
        })
        .await,
        [early]
    );
}

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
async fn deliveries_whose_destination_is_gone_become_failed_and_can_be_resent() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let id = accept(&store, ivan()).await;
    settle_down(&store).await;
    let gone = store
        .orphan(|_, delivery| {
            Some(Cause::DestinationGone {
                destination: delivery.destination.to_string(),
            })
        })
        .await
        .expect("orphaned");
    assert_eq!((gone, state(&store, id).await), (1, State::Failed));
    assert!(matches!(
        store.order(id, Order::Resend, now()).await,
        Ok(Ordered::Done(_))
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

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory)
        .expect("listed")
        .map(|entry| entry.expect("entry").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn copy_all(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).expect("inside"));
        std::fs::create_dir_all(target.parent().expect("a parent")).expect("made");
        std::fs::copy(path, target).expect("copied");
    }
}
