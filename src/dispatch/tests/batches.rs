//! What goes together, and in which lane: a destination that takes many claims at once.

use std::collections::HashSet;
use std::time::Duration;

use crate::delivery::{Cause, Failure, FailureKind, Lane, State};
use crate::dispatch::tests::{PATIENCE, Reaction, World, is_of};
use crate::lead::LeadId;

/// Waits until what is handed over is as the predicate wants it.
async fn handed_over(world: &World, wanted: impl Fn(&[(Lane, Vec<LeadId>)]) -> bool) {
    let mut changes = world.store.changes();
    let waiting = async {
        while !wanted(&world.handed_over.lock().expect("unpoisoned")) {
            changes.changed().await.expect("a running store");
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
    let seen = world.handed_over.lock().expect("unpoisoned");
    assert!(in_time, "waited in vain: {seen:?}");
}

async fn people(world: &World, count: usize) -> Vec<LeadId> {
    let mut leads = Vec::new();
    for n in 0..count {
        leads.push(world.lead(&format!("+7912{n:07}")).await);
    }
    leads
}

#[tokio::test]
async fn what_waits_at_a_start_goes_oldest_first_in_batches_that_double() {
    let world = World::new();
    let leads = people(&world, 150).await;
    world.work_together(50, |_| Reaction::Take).await;
    for lead in &leads {
        world.until(*lead, State::Delivered).await;
    }
    let handed = world.handed_over.lock().expect("unpoisoned").clone();
    let sizes: Vec<usize> = handed.iter().map(|(_, leads)| leads.len()).collect();
    assert_eq!(sizes, [2, 4, 8, 16, 32, 50, 38]);
    assert!(handed.iter().all(|(lane, _)| *lane == Lane::Backlog));
    let order: Vec<LeadId> = handed.into_iter().flat_map(|(_, leads)| leads).collect();
    assert_eq!(order, leads);
    for lead in [leads[0], leads[149]] {
        assert_eq!(world.attempts(lead).await.len(), 1);
    }
}

#[tokio::test]
async fn a_fresh_lead_goes_by_itself_while_the_backlog_is_under_way() {
    let world = World::new();
    let leads = people(&world, 20).await;
    let old: HashSet<LeadId> = leads.into_iter().collect();
    world
        .work_together(50, move |claim| {
            if old.contains(&claim.lead.id) {
                Reaction::Hang
            } else {
                Reaction::Take
            }
        })
        .await;
    let fresh = world.lead("+79990000000").await;
    world.until(fresh, State::Delivered).await;
    let handed = world.handed_over.lock().expect("unpoisoned").clone();
    assert!(handed.contains(&(Lane::Fresh, vec![fresh])), "{handed:?}");
}

#[tokio::test]
async fn leads_of_one_person_go_in_one_batch_and_never_in_two_at_once() {
    let world = World::new();
    let first = people(&world, 2).await;
    let mut of_one = Vec::new();
    for _ in 0..3 {
        of_one.push(world.lead("+79990000000").await);
    }
    world.work_together(50, |_| Reaction::Take).await;
    for lead in of_one.iter().chain(&first) {
        world.until(*lead, State::Delivered).await;
    }
    let handed = world.handed_over.lock().expect("unpoisoned").clone();
    assert_eq!(handed.len(), 2, "{handed:?}");
    assert_eq!(handed[1].1, of_one);
}

#[tokio::test]
async fn a_panic_in_a_batch_costs_only_the_lead_whose_trouble_it_is() {
    let world = World::new();
    let leads = people(&world, 6).await;
    let poison = leads[4];
    world
        .work_together(50, move |claim| {
            if is_of(claim, poison) {
                Reaction::Panic
            } else {
                Reaction::Take
            }
        })
        .await;
    world.until(poison, State::Retrying).await;
    for lead in leads.iter().filter(|lead| **lead != poison) {
        world.until(*lead, State::Delivered).await;
        assert_eq!(world.attempts(*lead).await.len(), 1);
    }
    assert!(world.delivery(poison).await.in_doubt);
}

#[tokio::test]
async fn a_batch_that_fails_together_counts_as_one_failure_and_comes_again_in_halves() {
    let world = World::new();
    let leads = people(&world, 6).await;
    world
        .work_together(50, |claim| {
            if claim.delivery.attempts > 1 {
                return Reaction::Take;
            }
            let cause = Cause::ServerError { status: 500 };
            Reaction::Fail(Failure::new(
                FailureKind::Unknown { retry_after: None },
                cause,
            ))
        })
        .await;
    handed_over(&world, |handed| handed.len() == 3).await;
    let handed = world.handed_over.lock().expect("unpoisoned").clone();
    let sizes: Vec<usize> = handed.iter().map(|(_, leads)| leads.len()).collect();
    assert_eq!(sizes, [2, 2, 2], "nothing went well, so nothing grows");
    for lead in &leads[..4] {
        world.until(*lead, State::Retrying).await;
        assert_eq!(world.delivery(*lead).await.retries, 1);
    }
    // The third failure in a row is the destination's: from then on waiting is free.
    world.until(leads[5], State::Queued).await;
    assert!(!world.is_healthy());
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(15));
    }
    for lead in &leads {
        world.until(*lead, State::Delivered).await;
    }
}

#[tokio::test]
async fn a_big_batch_that_fails_together_comes_again_in_halves_and_no_smaller() {
    let world = World::new();
    let leads = people(&world, 2 + 4 + 8 + 16 + 32).await;
    let unlucky: HashSet<LeadId> = leads.iter().skip(30).copied().collect();
    world
        .work_together(50, move |claim| {
            if claim.delivery.attempts > 1 || !unlucky.contains(&claim.lead.id) {
                return Reaction::Take;
            }
            let cause = Cause::ServerError { status: 500 };
            Reaction::Fail(Failure::new(
                FailureKind::Unknown { retry_after: None },
                cause,
            ))
        })
        .await;
    for lead in &leads[30..] {
        world.until(*lead, State::Retrying).await;
    }
    world.clock.advance(Duration::from_secs(15));
    for lead in &leads {
        world.until(*lead, State::Delivered).await;
    }
    let handed = world.handed_over.lock().expect("unpoisoned").clone();
    let sizes: Vec<usize> = handed.iter().map(|(_, leads)| leads.len()).collect();
    // The window is 16 after the failure and 32 after a batch that went well.
    assert_eq!(sizes, [2, 4, 8, 16, 32, 8, 16, 8]);
}
