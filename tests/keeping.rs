//! What is taken out of the store again, and what never is: erasure, retention, and the disk that comes back. Through the store's door and by its
//! files only.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "shared/files.rs"]
mod files;
#[path = "shared/leads.rs"]
mod leads;

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use leadgate::delivery::{
    Attempt, AttemptOutcome, Cause, Delivered, DeliveryId, Failure, FailureKind, Outcome, Receipt,
    RetrySchedule, State,
};
use leadgate::lead::{Create, DestinationId, Email, HeldReason, Lead, LeadId, Phone};
use leadgate::store::{
    Backup, Backups, Begun, Filter, Keep, NewLead, Order, Ordered, Page, Person, Purged, Settings,
    Settlement, Store,
};

use crate::files::files;
use crate::leads::{lead_at, now};

const DAY: Duration = Duration::from_secs(86_400);

fn open(path: &Path) -> Store {
    Store::open(&Settings {
        path: path.to_owned(),
        min_free: 0,
    })
    .expect("the store opens")
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

async fn accept(store: &Store, lead: Lead, held: Option<HeldReason>) -> DeliveryId {
    let shop = DestinationId::parse("shop").expect("an id");
    let new = NewLead {
        lead,
        held,
        targets: vec![(shop, Create::Order)],
        key: None,
    };
    let lead = store.accept(new).await.expect("accepted").lead();
    DeliveryId { lead, ordinal: 0 }
}

fn delivered() -> Outcome {
    Ok(Delivered {
        receipt: Receipt {
            order_number: Some("17A".to_owned()),
            url: Some("https://demo.retailcrm.ru/orders/7/edit".to_owned()),
            ..Receipt::default()
        },
        warning: None,
    })
}

fn rejected() -> Outcome {
    let cause = Cause::Mapping {
        detail: "Unmistakable is no name".to_owned(),
    };
    Err(Failure::new(FailureKind::Rejected, cause))
}

/// One attempt that ends so, at this instant.
async fn attempt(store: &Store, id: DeliveryId, outcome: Outcome, at: Timestamp) {
    let begun = store.begin(id, at).await.expect("begun");
    let Begun::Started { delivery, .. } = begun else {
        panic!("not owed")
    };
    let attempt = Attempt {
        number: delivery.attempts,
        started_at: at,
        duration_ms: Some(5),
        outcome: outcome.is_ok().then_some(AttemptOutcome::Delivered),
        http_status: None,
        error: outcome.as_ref().err().map(|failure| failure.cause.clone()),
        steps: Vec::new(),
    };
    let settlement = Settlement {
        id,
        attempt,
        outcome,
        schedule: RetrySchedule::default(),
        paused: false,
        jitter: 0.0,
        now: at,
    };
    store.settle(settlement).await.expect("settled");
}

async fn list(store: &Store, text: Option<&str>) -> Vec<LeadId> {
    let filter = Filter {
        text: text.map(str::to_owned),
        ..Filter::default()
    };
    let page = Page {
        before: None,
        limit: 10_000,
    };
    let page = store.leads(filter, page).await.expect("listed");
    page.leads.iter().map(|lead| lead.lead.id).collect()
}

fn bytes(directory: &Path) -> u64 {
    let files = files(directory).into_iter();
    files
        .map(|path| std::fs::metadata(path).map_or(0, |file| file.len()))
        .sum()
}

fn assert_in_no_file(directory: &Path, needles: &[&str]) {
    for path in files(directory) {
        let bytes = std::fs::read(&path).expect("read");
        for needle in needles {
            let is_there = bytes
                .windows(needle.len())
                .any(|part| part == needle.as_bytes());
            assert!(!is_there, "{needle} in {}", path.display());
        }
    }
}

/// Everything that tells who it was, as it was typed and as it is kept.
const UNMISTAKABLE: [&str; 5] = [
    "Unmistakable",
    "unmistakable",
    "9123456789",
    "912 345-67-89",
    "zebulon@",
];

fn zebulon(n: i64) -> Lead {
    lead_at(
        days_ago(n),
        &[
            ("name", "Zebulon Unmistakable"),
            ("phone", "+7 912 345-67-89"),
            ("email", "zebulon@example.ru"),
            ("comment", "Call Unmistakable after six"),
        ],
    )
}

fn phone() -> Person {
    Person {
        phone: Phone::parse("8 (912) 345-67-89").ok(),
        email: None,
    }
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_at_once_and_everybody_else_is_as_before() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let other = accept(&store, lead_at(now(), &[("name", "Кто-то другой")]), None).await;
    attempt(&store, other, delivered(), now()).await;
    for n in 1..4 {
        let id = accept(&store, zebulon(n), None).await;
        match n {
            1 => attempt(&store, id, delivered(), now()).await,
            2 => attempt(&store, id, rejected(), now()).await,
            _ => {}
        }
    }
    store
        .snapshot()
        .await
        .expect("one that still holds the person");
    let by_mail = lead_at(
        now(),
        &[("email", "zebulon@example.ru"), ("phone", "+79990000000")],
    );
    accept(&store, by_mail, None).await;
    let person = Person {
        email: Email::parse("Zebulon@Example.ru").ok(),
        ..phone()
    };
    assert_eq!(store.leads_of(&person).await.expect("read").len(), 4);
    let erased = store.erase_person(&person, ("anna", now())).await;
    let erased = erased.expect("erased").expect("somebody");
    assert_eq!(
        (
            erased.leads.len(),
            erased.deliveries,
            erased.given_up,
            erased.attempts
        ),
        (4, 4, 3, 2)
    );
    assert_eq!(erased.by.as_deref(), Some("anna"));
    assert_eq!(erased.in_crms[0].order_number.as_deref(), Some("17A"));
    assert!(!erased.waits_for_room);
    assert_in_no_file(directory.path(), &UNMISTAKABLE);
    assert_in_no_file(directory.path(), &["9990000000"]);
    assert!(list(&store, Some("zebulon")).await.is_empty());
    assert_eq!(list(&store, Some("другой")).await, [other.lead]);
    assert_eq!(list(&store, None).await.len(), 5, "shells stay");
    store.close().await.expect("closed");
    drop(store);

    let store = open(directory.path());
    assert_eq!(list(&store, Some("другой")).await, [other.lead]);
    assert_eq!(store.attempts(other).await.expect("read").len(), 1);
    assert_eq!(store.erasures().await.expect("read"), [erased]);
    assert_in_no_file(directory.path(), &UNMISTAKABLE);
}

#[tokio::test]
async fn leads_that_come_while_persons_are_erased_are_all_kept_and_can_be_found() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let mut kept = Vec::new();
    for round in 0..4 {
        accept(&store, zebulon(1), None).await;
        let person = phone();
        let erase = store.erase_person(&person, now());
        let coming = join_all((0..120).map(|n| {
            let phone = format!("+7999{round:03}{n:04}");
            accept(
                &store,
                lead_at(now(), &[("phone", &phone), ("name", "Новый Гость")]),
                None,
            )
        }));
        let (erased, came) = tokio::join!(erase, coming);
        assert_eq!(erased.expect("erased").expect("somebody").leads.len(), 1);
        kept.extend(came.into_iter().map(|id| id.lead));
    }
    kept.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(list(&store, Some("гость")).await, kept);
    assert_eq!(store.count(State::Queued), kept.len());
    store.close().await.expect("closed");
    drop(store);
    let store = open(directory.path());
    assert_eq!(list(&store, Some("гость")).await, kept);
    assert_eq!(list(&store, None).await.len(), kept.len() + 4);
}

#[tokio::test]
async fn a_receipt_names_the_backups_that_still_hold_the_person() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    accept(&store, zebulon(1), None).await;
    let backup = Backup {
        path: "/var/backups/leadgate-1.backup".into(),
        made_at: days_ago(1),
    };
    Backups::of(directory.path())
        .add(backup.clone())
        .expect("added");
    let erased = store.erase_person(&phone(), now()).await.expect("erased");
    assert_eq!(erased.expect("somebody").backups, [backup]);
    let again = store.erase_person(&phone(), now()).await.expect("asked");
    assert_eq!(again, None, "nobody of that phone is left");
}

const KEEP: Keep = Keep {
    delivered: Some(DAY.saturating_mul(100)),
    discarded: Some(DAY.saturating_mul(10)),
    failed: None,
    held: None,
};

#[tokio::test]
async fn leads_go_when_their_time_is_over_and_not_before() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let old = accept(&store, zebulon(150), None).await;
    attempt(&store, old, delivered(), days_ago(150)).await;
    let young = accept(&store, lead_at(days_ago(99), &[("name", "Иван")]), None).await;
    attempt(&store, young, delivered(), days_ago(99)).await;
    let late = accept(&store, lead_at(days_ago(150), &[("name", "Пётр")]), None).await;
    attempt(&store, late, delivered(), days_ago(50)).await;
    let spam = accept(
        &store,
        lead_at(days_ago(20), &[("name", "Спам")]),
        Some(HeldReason::Honeypot),
    )
    .await;
    let done = store
        .order(spam.lead, Order::Discard, ("anna", days_ago(15)))
        .await;
    assert!(matches!(done, Ok(Ordered::Done(_))));
    let purged = store.purge(KEEP, now()).await.expect("purged");
    assert_eq!(
        purged,
        Purged {
            delivered: 1,
            discarded: 1,
            ..Purged::default()
        }
    );
    assert_eq!(list(&store, None).await, [young.lead, late.lead]);
    assert!(store.attempts(old).await.expect("read").is_empty());
    assert_in_no_file(directory.path(), &UNMISTAKABLE);
    let again = store.purge(KEEP, now()).await.expect("purged");
    assert_eq!(again.all(), 0);
    store.close().await.expect("closed");
    drop(store);
    assert_eq!(
        list(&open(directory.path()), None).await,
        [young.lead, late.lead]
    );
}

#[tokio::test]
async fn what_is_owed_is_never_purged_and_what_needs_a_person_only_if_that_is_asked_for() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let waiting = accept(&store, lead_at(days_ago(900), &[("name", "Ждёт")]), None).await;
    let failed = accept(&store, lead_at(days_ago(900), &[("name", "Ошибка")]), None).await;
    attempt(&store, failed, rejected(), days_ago(899)).await;
    accept(
        &store,
        lead_at(days_ago(900), &[("name", "Спам")]),
        Some(HeldReason::Honeypot),
    )
    .await;
    let shortest = Keep {
        delivered: Some(DAY),
        discarded: Some(DAY),
        failed: None,
        held: None,
    };
    assert_eq!(store.purge(shortest, now()).await.expect("purged").all(), 0);
    let asked_for = Keep {
        failed: Some(DAY),
        held: Some(DAY),
        ..shortest
    };
    let purged = store.purge(asked_for, now()).await.expect("purged");
    assert_eq!(
        purged,
        Purged {
            failed: 1,
            held: 1,
            ..Purged::default()
        }
    );
    assert_eq!(list(&store, None).await, [waiting.lead]);
    assert_eq!(
        (store.count(State::Failed), store.count(State::Held)),
        (0, 0)
    );
}

#[tokio::test]
async fn the_disk_has_its_space_back_after_a_purge() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let comment = "Позвоните мне, пожалуйста, после шести вечера. ".repeat(8);
    for batch in 0..30 {
        let leads = (0..100).map(|n| {
            let phone = format!("+7999{batch:03}{n:04}");
            let name = format!("Имя{batch} Фамилия{n}");
            let lead = lead_at(
                days_ago(200),
                &[("phone", &phone), ("name", &name), ("comment", &comment)],
            );
            accept(&store, lead, None)
        });
        let ids = join_all(leads).await;
        join_all(
            ids.into_iter()
                .map(|id| attempt(&store, id, delivered(), days_ago(200))),
        )
        .await;
    }
    let kept = accept(&store, lead_at(now(), &[("name", "Иван")]), None).await;
    store.snapshot().await.expect("a snapshot");
    let before = bytes(directory.path());
    let purged = store.purge(KEEP, now()).await.expect("purged");
    assert_eq!(purged.delivered, 3_000);
    assert_eq!(list(&store, None).await, [kept.lead]);
    // What sled holds back in memory is written by now.
    store.close().await.expect("closed");
    let after = bytes(directory.path());
    println!("3000 leads purged: {before} bytes before, {after} after");
    assert!(after * 3 < before, "{before} bytes before, {after} after");
}

#[tokio::test]
async fn an_erasure_without_room_for_a_second_index_says_so_and_is_finished_when_there_is() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    accept(&store, zebulon(1), None).await;
    // Nothing can be built where a file stands.
    let in_the_way = directory.path().join("sled.renewed");
    std::fs::write(&in_the_way, b"a file").expect("written");
    let erased = store.erase_person(&phone(), now()).await.expect("erased");
    let erased = erased.expect("somebody");
    assert!(erased.waits_for_room);
    assert_eq!(erased.rewritten, ["journal", "snapshots"]);
    assert!(
        list(&store, Some("zebulon")).await.is_empty(),
        "hidden at once"
    );
    store.mend().await.expect("looked");
    assert!(store.erasures().await.expect("read")[0].waits_for_room);

    std::fs::remove_file(&in_the_way).expect("removed");
    store.mend().await.expect("finished");
    let receipt = &store.erasures().await.expect("read")[0];
    assert!(!receipt.waits_for_room);
    assert_eq!(receipt.rewritten, ["journal", "snapshots", "sled"]);
    assert_in_no_file(directory.path(), &UNMISTAKABLE);
}

#[tokio::test]
async fn a_start_after_a_renewal_that_was_cut_short_finds_everything() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let kept = accept(&store, lead_at(now(), &[("name", "Иван")]), None).await;
    accept(&store, zebulon(1), None).await;
    store.erase_person(&phone(), now()).await.expect("erased");
    store.close().await.expect("closed");
    drop(store);
    // As after a death between the building of the second index and the deletion of the first.
    let names = ["sled", "sled.renewed"].map(|name| directory.path().join(name));
    for (here, other) in [(0, 1), (1, 0)] {
        if !names[here].exists() {
            std::fs::create_dir(&names[here]).expect("made");
            for path in files(&names[other]) {
                let half = std::fs::read(&path).expect("read");
                let name = path.file_name().expect("a name");
                std::fs::write(names[here].join(name), &half[..half.len() / 2]).expect("written");
            }
        }
    }
    let store = open(directory.path());
    assert_eq!(list(&store, Some("иван")).await, [kept.lead]);
    assert!(!names[1].exists());
}
