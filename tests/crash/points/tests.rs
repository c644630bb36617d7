//! The points, struck: some of them in the short form, all of them in the full run.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::points::blow::{Blow, Outcome, strike};
use crate::points::phase::Phase;
use crate::points::point::{self, ALL, CHANGING, Point};
use crate::points::template::Template;
use crate::seed::{count, seed};
use crate::strace;
use crate::tally;

/// So many lives at a time: most of each is waiting.
const AT_A_TIME: usize = 4;

/// Every point of every phase, or as many of them as are wanted, spread evenly.
async fn chosen(template: &Template, calls: &str, wanted: usize, seed: u64) -> Vec<(Phase, Point)> {
    let mut all = Vec::new();
    for phase in Phase::ALL {
        let points = point::of(phase, template, calls).await;
        assert!(points.len() >= 3, "{phase:?} makes only {points:?}");
        all.extend(points.into_iter().map(|point| (phase, point)));
    }
    let every = all.len().div_ceil(wanted);
    let offset = usize::try_from(seed).unwrap_or_default() % every;
    println!("{} points, of which every {every}th is struck", all.len());
    all.into_iter().skip(offset).step_by(every).collect()
}

/// Strikes them all; tells how the lives ended, and how many lost something, each of which has told about it.
async fn struck(template: &Arc<Template>, points: &[(Phase, Point)], blow: Blow) -> Vec<Outcome> {
    let lives =
        points.iter().map(|(phase, point)| {
            let (template, phase, point) = (Arc::clone(template), *phase, point.clone());
            async move {
                tokio::spawn(async move { strike(&template, phase, &point, blow).await }).await
            }
        });
    let ended: Vec<_> = stream::iter(lives)
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let wrong = ended.iter().filter(|outcome| outcome.is_err()).count();
    assert_eq!(
        wrong,
        0,
        "{wrong} of {} lives did not end well",
        ended.len()
    );
    ended.into_iter().flatten().flatten().collect()
}

/// Strikes calls that change the disk; most of them must be met.
async fn strike_changing(what: &str, blow: Blow, wanted: usize) {
    if !strace::is_there() {
        return;
    }
    let template = Arc::new(Template::new().await);
    let wanted = count("LEADGATE_CRASH_POINTS", wanted);
    let points = chosen(&template, CHANGING, wanted, seed()).await;
    let outcomes = struck(&template, &points, blow).await;
    if outcomes.is_empty() {
        return;
    }
    let killed = of(&outcomes, Outcome::Killed);
    // A few calls are made by several threads, whose turns vary.
    let enough = points.len() * 8 / 10;
    assert!(killed >= enough, "{killed} of {}", points.len());
    tally::print_points(what, &points, killed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_call_that_changes_the_disk_loses_nothing() {
    strike_changing("kill at a call", Blow::Kill, 24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_at_any_call_that_changes_the_disk_loses_nothing() {
    strike_changing("power cut at a call", Blow::Cut, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_any_call_loses_nothing() {
    if !strace::is_there() {
        return;
    }
    let template = Arc::new(Template::new().await);
    let wanted = count("LEADGATE_CRASH_POINTS", 12);
    let seed = seed();
    for (what, calls, blow) in [
        ("EIO at a call", ALL, Blow::Error("EIO")),
        ("ENOSPC from a call on", CHANGING, Blow::Errors("ENOSPC")),
    ] {
        let points = chosen(&template, calls, wanted, seed).await;
        let outcomes = struck(&template, &points, blow).await;
        println!(
            "{blow:?}: {} went on, {} gave up",
            of(&outcomes, Outcome::WentOn),
            of(&outcomes, Outcome::GaveUp)
        );
        tally::print_points(what, &points, outcomes.len());
    }
}

fn of(outcomes: &[Outcome], wanted: Outcome) -> usize {
    outcomes.iter().filter(|one| **one == wanted).count()
}
