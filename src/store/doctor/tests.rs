//! Tests of what is derived: nothing is said of an index that any records made, and whatever is taken out of one is missed.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;

use super::Differences;
use super::derived::Derived;
use crate::delivery::{Delivery, DeliveryId, Receipt, State};
use crate::lead::{Create, DestinationId, FormId, Lead, LeadId};
use crate::store::Status;
use crate::store::index::{Index, IndexWriter};
use crate::store::query::tests::lead;
use crate::store::record::{Record, Table, encode};

/// What becomes of a lead.
#[derive(Clone, Debug)]
enum Deed {
    Accept,
    Turn(State),
    Erase,
    Purge,
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => Just(Deed::Accept),
        4 => prop::sample::select(&State::ALL[..]).prop_map(Deed::Turn),
        1 => Just(Deed::Erase),
        1 => Just(Deed::Purge),
    ]
}

/// Four of each form in the same millisecond, and four of each ten seconds later.
fn leads() -> Vec<Lead> {
    let form = |n: i64| FormId::parse(["callback", "order"][usize::from(n % 2 == 0)]);
    let leads = (0..16).map(|n| Lead {
        form: form(n).expect("an id"),
        ..lead(n / 8 * 10, &format!("Иван Петров{n} Иван"))
    });
    leads.collect()
}

fn put_lead(lead: &Lead) -> Record {
    Record::put(Table::Lead, lead.id, encode(lead).expect("JSON"))
}

/// Of a lead with one delivery, which has an order number once it is done.
fn put_status(lead: &Lead, state: State) -> Record {
    let id = DeliveryId {
        lead: lead.id,
        ordinal: 0,
    };
    let shop = DestinationId::parse("shop").expect("an id");
    let new = Delivery::new(id, (shop, Create::Order), Timestamp::UNIX_EPOCH, false);
    let receipt = (state == State::Delivered).then(|| Receipt {
        order_number: Some(format!("12-{}", lead.id)),
        ..Receipt::default()
    });
    let status = Status {
        lead: lead.id,
        form: lead.form.clone(),
        held_reason: None,
        erased_at: None,
        contact_hashes: Vec::new(),
        deeds: Vec::new(),
        deliveries: vec![Delivery {
            state,
            receipt,
            ..new
        }],
    };
    Record::status(status).expect("JSON")
}

fn records(lead: &Lead, deed: &Deed) -> Vec<Record> {
    let erased = || Lead {
        contact: crate::lead::Contact::default(),
        ..lead.clone()
    };
    match deed {
        Deed::Accept => vec![put_lead(lead), put_status(lead, State::Queued)],
        Deed::Turn(state) => vec![put_status(lead, *state)],
        Deed::Erase => vec![put_lead(&erased()), put_status(lead, State::Discarded)],
        Deed::Purge => [Table::Lead, Table::Status]
            .map(|table| Record::delete(table, lead.id))
            .into(),
    }
}

fn open(home: &Path) -> Index {
    once_free(|| Index::open(home))
}

fn sled(home: &Path) -> sled::Db {
    once_free(|| sled::open(home))
}

/// Threads of sled let go of its lock some time after its last handle has gone.
fn once_free<T, E: std::fmt::Display>(open: impl Fn() -> Result<T, E>) -> T {
    for _ in 0..100_000 {
        match open() {
            Err(error) if error.to_string().contains("acquire lock") => std::thread::yield_now(),
            opened => return opened.unwrap_or_else(|error| panic!("{error}")),
        }
    }
    panic!("somebody has it open");
}

/// What the doctor finds missing of all that is derived.
fn look(index: &Index) -> Differences {
    let mut derived = Derived::of(index, Differences::default()).expect("words");
    for record in index.everything() {
        derived.look_at(&record.expect("sound")).expect("read");
    }
    derived.finish().expect("read")
}

/// The leads of [`leads`], each in a state of its own, in an index that is closed.
fn filled(home: &Path) -> Vec<Lead> {
    let leads = leads();
    let mut writer = IndexWriter::empty(open(home));
    for (lead, state) in leads.iter().zip(State::ALL.into_iter().cycle()) {
        let records = [put_lead(lead), put_status(lead, state)];
        writer.apply(&records, Some(1)).expect("applied");
    }
    assert_eq!(look(writer.index()), Differences::default());
    leads
}

/// An entry of a list: a window of five bytes, and a count of four.
type Listed = [u8; 9];

/// Makes something else of the first pack of these lists; it was this.
fn change(home: &Path, lists: &str, made: impl FnOnce(Vec<Listed>) -> Vec<Listed>) -> Vec<Listed> {
    let db = sled(home);
    let (key, value) = db.scan_prefix(lists).next().expect("one").expect("read");
    let (was, []) = value.as_chunks() else {
        panic!("{value:?}")
    };
    let prefix = &key[..key.len() - 5];
    db.remove(&key).expect("removed");
    let entries = made(was.to_vec());
    if let Some(first) = entries.first() {
        let key = [prefix, &first[..5]].concat();
        db.insert(key, entries.concat()).expect("inserted");
    }
    was.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn whatever_has_become_of_leads_of_one_window_nothing_is_missed_of_them(
        groups in prop::collection::vec(
            (prop::collection::vec((any::<prop::sample::Index>(), any_deed()), 0..9), prop::bool::weighted(0.2)),
            1..12,
        ),
    ) {
        let home = tempfile::tempdir().expect("a directory");
        let leads = leads();
        let mut writer = IndexWriter::empty(open(home.path()));
        for ((group, is_last), sequence) in groups.into_iter().zip(1..) {
            let records = group.iter().flat_map(|(lead, deed)| records(lead.get(&leads), deed));
            let records: Vec<Record> = records.collect();
            writer.apply(&records, Some(sequence)).expect("applied");
            if is_last {
                drop(writer);
                writer = IndexWriter::new(open(home.path()), |_| {}).expect("a writer");
            }
            prop_assert_eq!(look(writer.index()), Differences::default());
        }
    }
}

#[test]
fn every_place_that_is_gone_from_a_list_is_missed_with_a_lead_that_should_be_there() {
    let home = tempfile::tempdir().expect("a directory");
    let leads = filled(home.path());
    for list in ["o", "x", "f"] {
        // Of one of the two windows; the lists of forms are two.
        let was = change(home.path(), list, |entries| entries[1..].to_vec());
        let found = look(&open(home.path()));
        assert_eq!((found.words, found.places), (0, 1), "{list}: {found:?}");
        assert!(!found.are_none());
        let [example] = found.examples.as_slice() else {
            panic!("{found:?}")
        };
        let named = |lead: &Lead| example.ends_with(&lead.id.to_string());
        assert!(leads[..8].iter().any(named), "{example}");
        change(home.path(), list, |_| was.clone());
        assert_eq!(look(&open(home.path())), Differences::default());
    }
}

#[test]
fn a_form_that_counts_other_leads_than_there_are_is_found_out() {
    let home = tempfile::tempdir().expect("a directory");
    filled(home.path());
    change(home.path(), "f", |mut entries| {
        entries.push([255, 255, 255, 255, 255, 0, 0, 0, 1]);
        entries
    });
    assert_eq!(look(&open(home.path())).places, 1);
    change(home.path(), "f", |mut entries| {
        entries[0][8] = 5;
        entries
    });
    assert_eq!(look(&open(home.path())).places, 2);
}

#[test]
fn words_that_are_in_no_file_any_more_are_missed_and_no_word_is_told() {
    let home = tempfile::tempdir().expect("a directory");
    let (log, kept) = (
        home.path().join("words/log"),
        home.path().join("words/00000000.run"),
    );
    // So many that they are a file.
    let first = lead(1, "Анна");
    let number: Vec<String> = (0..40_000).map(|n| n.to_string()).collect();
    let status = put_status(&first, State::Delivered);
    let mut status: Status =
        crate::store::record::decode(status.value.as_deref().expect("one")).expect("a status");
    status.deliveries[0].receipt = Some(Receipt {
        order_number: Some(number.join("-")),
        ..Receipt::default()
    });
    let mut writer = IndexWriter::empty(open(home.path()));
    let records = [put_lead(&first), Record::status(status).expect("JSON")];
    writer.apply(&records, Some(1)).expect("applied");
    let second = lead(2, "Яна Яна");
    writer
        .apply(&[put_lead(&second)], Some(2))
        .expect("applied");
    assert_eq!(look(writer.index()), Differences::default());
    drop(writer);
    let of = |what: &str, id: LeadId| format!("{what} of lead {id}");

    let bytes = fs::read(&log).expect("a log");
    fs::write(&log, b"").expect("emptied");
    let found = look(&open(home.path()));
    assert_eq!(
        (found.words, found.examples),
        (1, vec![of("words", second.id)])
    );
    fs::write(&log, bytes).expect("put back");

    fs::remove_file(&kept).expect("a run");
    // Else it is missed at once.
    fs::write(home.path().join("words/listing"), "log").expect("written");
    let found = look(&open(home.path()));
    // The name, all numbers, and the beginning of all of them as it stands.
    let both = ["words", "order numbers"].map(|what| of(what, first.id));
    assert_eq!((found.words, found.places), (40_002, 0));
    assert_eq!(found.examples, both);
}
