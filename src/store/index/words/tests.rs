//! Tests of the words: what is found, and what is left on the disk.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tempfile::TempDir;

use super::sizes::FAN;
use super::*;
use crate::store::index::ALL_IDS;
use crate::store::index::users::Users;

fn user() -> User {
    Users::first().1
}

/// Some thousand words are in files of all sizes then.
const SMALL: Sizes = Sizes {
    in_memory: 64,
    large: 2_048,
};

/// So many words are a file.
fn files_from(in_memory: usize) -> Sizes {
    Sizes { in_memory, ..SIZES }
}

fn id(n: u32) -> LeadId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    LeadId::from_bytes(bytes)
}

fn open(directory: &TempDir, sizes: Sizes) -> Words {
    Words::open_with(directory.path().join("words"), user(), sizes).expect("words")
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("directory")
}

fn add(words: &Words, entries: Vec<(String, LeadId)>) {
    let entries = entries.into_iter().map(|(word, lead)| (word.into(), lead));
    if let Some(run) = words.add(entries.collect()).expect("written") {
        words.added(run).expect("added");
    }
}

fn find(words: &Words, beginnings: &[&str], ids: IdRange) -> Vec<LeadId> {
    let beginnings = beginnings.iter().map(ToString::to_string).collect();
    let found = words.find(beginnings, ids);
    found.collect::<Result<_, _>>().expect("found")
}

fn count(words: &Words, beginning: &str) -> usize {
    find(words, &[beginning], ALL_IDS).len()
}

fn files(directory: &TempDir) -> Vec<PathBuf> {
    let files = fs::read_dir(directory.path().join("words")).expect("listed");
    files.map(|file| file.expect("one").path()).collect()
}

fn email(n: u32) -> String {
    format!("{:05}@mail.example", n * 7_919 % 100_000)
}

/// The e-mails of so many leads in each of seven files, and of eight times as many in an eighth, which was merged.
fn eight_files(directory: &TempDir, leads: u32) -> Words {
    let in_memory = leads as usize;
    let words = open(directory, files_from(in_memory));
    for run in 0..15 {
        let leads = (run * leads..(run + 1) * leads).map(|n| (email(n), id(n)));
        add(&words, leads.collect());
    }
    assert_eq!(words.runs().len(), 8);
    assert_eq!(files(directory).len(), 8 + 2, "a log and a listing too");
    words
}

/// How many runs are read for every third of these e-mails, of all together. Each is found.
fn runs_read(words: &Words, emails: u32) -> usize {
    let asked = (0..emails).step_by(3);
    let read = asked.map(|n| {
        let mut found = words.find(vec![email(n)], ALL_IDS);
        let runs = words.runs().into_iter();
        let read = runs.filter(|run| run.may_have(&email(n))).count();
        assert_eq!(found.next().expect("one").expect("read"), id(n));
        assert!(found.next().is_none());
        read
    });
    read.sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_word_is_found_by_each_of_its_beginnings_and_nothing_else_is(
        groups in proptest::collection::vec(proptest::collection::vec(("[а-в]{1,3}|[аб]{5,9}|\\+79[12]{4,9}", 0_u32..500), 0..40), 0..40),
        mut beginnings in proptest::collection::vec("[а-в]{1,3}|[аб]{2,7}", 0..3),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 1_usize..13), 0..3),
        low in 0_u32..500,
        high in 0_u32..500,
        in_memory in 1_usize..600,
        large in 100_usize..900,
    ) {
        let directory = directory();
        let words = open(&directory, Sizes { in_memory, large });
        let mut model: BTreeMap<LeadId, Vec<String>> = BTreeMap::new();
        let all: Vec<String> = groups.iter().flatten().map(|(word, _)| word.clone()).collect();
        for (word, letters) in cuts.iter().filter(|_| !all.is_empty()) {
            beginnings.push(word.get(&all).chars().take(*letters).collect());
        }
        for group in groups {
            for (word, n) in &group {
                model.entry(id(*n)).or_default().push(word.clone());
            }
            add(&words, group.into_iter().map(|(word, n)| (word, id(n))).collect());
        }
        let has = |words: &Vec<String>, beginning: &str| words.iter().any(|word| word.starts_with(beginning));
        let expected: Vec<LeadId> = model
            .iter()
            .rev()
            .filter(|(lead, words)| {
                let is_inside = (id(low)..id(high)).contains(lead);
                is_inside && beginnings.iter().all(|beginning| has(words, beginning))
            })
            .filter(|_| !beginnings.is_empty())
            .map(|(lead, _)| *lead)
            .collect();
        let beginnings: Vec<&str> = beginnings.iter().map(String::as_str).collect();
        let ids = (id(low), id(high));
        prop_assert_eq!(&find(&words, &beginnings, ids), &expected);
        let reopened = open(&directory, SMALL);
        prop_assert_eq!(find(&reopened, &beginnings, ids), expected);
    }
}

#[test]
fn a_word_that_fills_many_pages_is_found_whole() {
    for in_memory in [64, 1 << 15] {
        let directory = directory();
        let words = open(&directory, files_from(in_memory));
        let ivans = (0..3_000).map(|n| ("иван".to_owned(), id(n)));
        add(&words, ivans.collect());
        let petrs = (0..3_000).map(|n| (format!("петр{n}"), id(n)));
        add(&words, petrs.collect());
        assert_eq!(count(&words, "ива"), 3_000);
        assert_eq!(count(&words, "петр2999"), 1);
    }
}

#[test]
fn every_word_that_was_added_is_known_of_its_lead_and_of_no_other_also_after_a_start() {
    let directory = directory();
    let words = eight_files(&directory, 65);
    let too_long = "ж".repeat(600);
    add(
        &words,
        vec![("анна".to_owned(), id(7)), (too_long.clone(), id(7))],
    );
    for words in [words, open(&directory, SMALL)] {
        let known = words.known().expect("sound");
        for n in 0..15 * 65 {
            assert!(known.has(&email(n), id(n)), "{n}");
            assert!(!known.has(&email(n), id(n + 1)), "{n}");
        }
        assert!(known.has("анна", id(7)) && !known.has("анн", id(7)));
        assert!(known.has(&too_long, id(7)), "nobody can have entered it");
    }
}

#[test]
fn what_many_leads_have_is_read_from_the_newest_runs_only() {
    let directory = directory();
    let words = open(&directory, SMALL);
    for run in 0..7 {
        let leads = (0..100).map(|n| ("иван".to_owned(), id(run * 100 + n)));
        add(&words, leads.collect());
    }
    let mut found = words.find(vec!["ив".to_owned()], ALL_IDS);
    for n in (550..700).rev() {
        assert_eq!(found.next().expect("one").expect("read"), id(n));
    }
    assert_eq!(found.unasked_runs(), 5);
}

#[test]
fn what_one_lead_has_is_read_from_one_file_also_after_a_start() {
    for leads in [5, 65, 900] {
        let directory = directory();
        let words = eight_files(&directory, leads);
        for words in [words, open(&directory, SMALL)] {
            let asked = 5 * leads as usize;
            let needless = runs_read(&words, 15 * leads) - asked;
            // Of the seven others one in five hundred at most.
            assert!(needless * 500 < asked * 7, "{needless} of {asked}");
        }
    }
}

#[test]
fn merging_leaves_nothing_of_the_merged_runs() {
    let directory = directory();
    let words = eight_files(&directory, 900);
    let kept = words.runs();
    for file in files(&directory) {
        let is_kept = kept.iter().any(|run| run.path() == Some(&file));
        let is_log = file.ends_with("log") && fs::metadata(&file).expect("there").len() == 0;
        let is_listing = file.ends_with("listing");
        assert!(is_kept || is_log || is_listing, "{}", file.display());
    }
}

#[test]
fn a_search_goes_on_with_files_that_were_merged_away() {
    let directory = directory();
    let words = open(&directory, files_from(100));
    let ivans = |run: u32| (run * 100..(run + 1) * 100).map(|n| ("иван".to_owned(), id(n)));
    (0..7).for_each(|run| add(&words, ivans(run).collect()));
    let mut found = words.find(vec!["иван".to_owned()], ALL_IDS);
    assert_eq!(found.next().expect("one").expect("read"), id(699));
    add(&words, ivans(7).collect());
    assert_eq!(words.runs().len(), 1);
    assert_eq!(found.count(), 699);
    assert_eq!(count(&words, "иван"), 800);
}

#[test]
fn whatever_a_process_that_died_left_between_two_steps_every_word_is_found_once() {
    let directory = directory();
    let words = open(&directory, files_from(100));
    let path = |name: &str| directory.path().join("words").join(name);
    let ivans = |run: u32| (run * 60..(run + 1) * 60).map(|n| (format!("иван{n}"), id(n)));
    add(&words, ivans(0).collect());
    let log = fs::read(path("log")).expect("a log");
    add(&words, ivans(1).collect());
    // The file has its name, the log was not emptied; another file was begun.
    fs::write(path("log"), &log).expect("written");
    fs::write(path("00000007.partial"), b"half").expect("written");
    let kept = fs::read(path("00000000.run")).expect("a run");
    let words = open(&directory, files_from(100));
    assert!(!path("00000007.partial").exists());
    assert_eq!(count(&words, "иван"), 120);
    (2..16).for_each(|run| add(&words, ivans(run).collect()));
    assert!(!path("00000000.run").exists());
    // Merged, and what was merged not deleted.
    fs::write(path("00000000.run"), kept).expect("written");
    let words = open(&directory, SMALL);
    assert_eq!(count(&words, "иван"), 960);
    assert_eq!(find(&words, &["иван17"], ALL_IDS).len(), 1 + 10);
}

#[test]
fn a_file_that_somebody_took_away_is_missed_whichever_it_is() {
    let directory = directory();
    drop(eight_files(&directory, 900));
    let path = directory.path().join("words");
    let all = files(&directory);
    assert!(all.len() > 2);
    for file in all {
        assert!(Words::open(path.clone(), user()).is_ok());
        let bytes = fs::read(&file).expect("read");
        fs::remove_file(&file).expect("removed");
        let error = Words::open(path.clone(), user()).err().expect("missed");
        let name = file.file_name().and_then(|name| name.to_str());
        assert!(error.to_string().contains(name.expect("a name")), "{error}");
        fs::write(&file, bytes).expect("put back");
    }
}

#[test]
fn a_file_with_a_damaged_page_says_which_it_is_and_one_that_is_cut_short_is_not_opened() {
    let directory = directory();
    drop(eight_files(&directory, 900));
    let all = files(&directory);
    let file = all
        .iter()
        .find(|file| file.extension().is_some())
        .expect("a run");
    let mut bytes = fs::read(file).expect("read");
    bytes[100] ^= 1;
    fs::write(file, &bytes).expect("written");
    let words = open(&directory, SMALL);
    let found = words.find(vec![String::new()], ALL_IDS);
    let found = found.collect::<Result<Vec<_>, _>>();
    for error in [
        found.expect_err("damaged"),
        words.known().err().expect("damaged"),
    ] {
        let text = error.to_string();
        assert!(text.contains(&file.display().to_string()), "{text}");
    }
    for length in [0, 7, 4_096, bytes.len() - 1] {
        fs::write(file, &bytes[..length]).expect("written");
        let Err(error) = Words::open(directory.path().join("words"), user()) else {
            panic!("a file of {length} bytes was opened");
        };
        assert!(error.to_string().contains(&file.display().to_string()));
    }
}

#[test]
fn the_number_of_runs_grows_with_the_logarithm_of_the_leads() {
    let directory = directory();
    let words = open(&directory, SIZES);
    for n in 0..2_000 {
        add(&words, vec![(format!("слово{n}"), id(n))]);
    }
    let runs = words.runs().len();
    assert!(runs < 4 * FAN, "{runs}");
    assert_eq!(count(&words, "слово"), 2_000);
}
