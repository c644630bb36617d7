//! The list of leads: its order, its pages, its search and its filters.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use leadgate::delivery::State;
use leadgate::lead::{FormId, LeadId};
use leadgate::store::{Filter, Page, Store};
use proptest::prelude::*;

use crate::support::{
    accept, begin, deliver, delivered, first, ivan, later, lead_at, list, now, open, settle_down,
    settlement,
};

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
async fn delivered_leads_between_waiting_ones_are_shown_after_a_restart_that_did_not_look_at_them()
{
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let mut leads = Vec::new();
    for n in 0..40 {
        leads.push(accept(&store, lead_at(later(60 * n), &[("name", "Анна")])).await);
    }
    for lead in &leads[1..] {
        deliver(&store, *lead).await;
    }
    store.close().await.expect("closed");
    drop(store);
    let store = open(directory.path());
    accept(&store, lead_at(later(9_000), &[("name", "Анна")])).await;
    let delivered: Vec<LeadId> = leads[1..].iter().rev().copied().collect();
    assert_eq!(in_states(&store, &[State::Delivered]).await, delivered);
}

#[tokio::test]
async fn a_clock_that_went_back_behind_a_restart_hides_no_delivered_lead() {
    let directory = tempfile::tempdir().expect("directory");
    let store = open(directory.path());
    let comes = async |store: &Store, seconds| {
        accept(store, lead_at(later(seconds), &[("name", "Анна")])).await
    };
    comes(&store, 0).await;
    let delivered = comes(&store, 100).await;
    deliver(&store, delivered).await;
    store.close().await.expect("closed");
    drop(store);
    let store = open(directory.path());
    comes(&store, 99).await;
    comes(&store, 120).await;
    assert_eq!(in_states(&store, &[State::Delivered]).await, [delivered]);
}

/// One thing that happens to a store.
#[derive(Clone, Debug)]
enum Event {
    /// A lead comes so many milliseconds after the newest, or before it.
    Comes(i64),
    /// One of the waiting ones is delivered.
    Delivered(prop::sample::Index),
    /// The process stops and starts again.
    Restart,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (-2_000_i64..20_000).prop_map(Event::Comes),
        3 => any::<prop::sample::Index>().prop_map(Event::Delivered),
        1 => Just(Event::Restart),
    ];
    prop::collection::vec(event, 1..60)
}

/// What is in these states, a few at a time.
async fn in_states(store: &Store, states: &[State]) -> Vec<LeadId> {
    let filter = Filter {
        states: states.to_vec(),
        ..Filter::default()
    };
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: 4 };
        let page = store.leads(filter.clone(), page).await.expect("listed");
        found.extend(page.leads.iter().map(|lead| lead.lead.id));
        before = page.next;
        if before.is_none() {
            return found;
        }
    }
}

async fn filters_show_what_they_should(events: Vec<Event>) {
    let directory = tempfile::tempdir().expect("directory");
    let mut store = open(directory.path());
    let (mut waiting, mut settled, mut time) = (BTreeSet::new(), BTreeSet::new(), 0);
    for event in events {
        match event {
            Event::Comes(after) => {
                let at = now() + SignedDuration::from_millis(time + after);
                time = time.max(time + after);
                let lead = lead_at(at, &[("name", "Анна")]);
                waiting.insert(accept(&store, lead).await);
            }
            Event::Delivered(which) if !waiting.is_empty() => {
                let all: Vec<LeadId> = waiting.iter().copied().collect();
                let lead = *which.get(&all);
                deliver(&store, lead).await;
                waiting.remove(&lead);
                settled.insert(lead);
            }
            Event::Delivered(_) => {}
            Event::Restart => {
                store.close().await.expect("closed");
                drop(store);
                store = open(directory.path());
            }
        }
    }
    let newest_first = |leads: &BTreeSet<LeadId>| leads.iter().rev().copied().collect::<Vec<_>>();
    let shown = in_states(&store, &[State::Delivered]).await;
    assert_eq!(shown, newest_first(&settled));
    let shown = in_states(&store, &[State::Queued, State::Failed]).await;
    assert_eq!(shown, newest_first(&waiting));
    let shown = in_states(&store, &[State::Delivered, State::Queued]).await;
    assert_eq!(shown, newest_first(&(&settled | &waiting)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_filter_shows_the_leads_of_its_states_whatever_came_in_which_order(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(filters_show_what_they_should(events));
    }
}
