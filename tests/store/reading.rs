//! The list of leads: its order, its pages, its search and its filters.

use leadgate::delivery::State;
use leadgate::lead::FormId;
use leadgate::store::{Filter, Page};

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
