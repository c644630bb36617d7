//! The machine's clock jumps by an hour, back and forth, while gates are killed: an order of time in which nothing can be trusted but that every
//! lead is delivered once.

use std::path::Path;

use rand::Rng;

use crate::end::Way;
use crate::seed::{count, dice, seed};
use crate::world::World;

/// Where Debian's `libfaketime` lies.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The library that lets a process see another time, read from a file at every look.
fn library() -> Option<String> {
    let machine = std::env::consts::ARCH;
    let places = [format!("/usr/lib/{machine}-linux-gnu"), "/usr/lib".into()];
    let found = places.iter().map(|place| format!("{place}/{LIBRARY}"));
    let library = found.into_iter().find(|path| Path::new(path).exists());
    if library.is_none() {
        println!("left out: libfaketime is not installed");
    }
    library
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_an_hour_back_and_forth_loses_and_doubles_nothing() {
    let Some(library) = library() else { return };
    let seed = seed();
    let mut random = dice(seed, 0);
    let mut world = World::new().await;
    world.set_clock(&library);
    for _ in 0..count("LEADGATE_CRASH_JUMPS", 10) {
        world.jump_to(random.random_range(-1..=1));
        world.round(Way::Kill, &mut random).await;
    }
    // What was to be tried again in a second may have to wait until the clock comes round: no time is later than this one.
    world.jump_to(1);
    let tally = world.finish().await;
    tally.print("kill -9 while the clock jumps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_came_before_the_clock_was_set_back_is_delivered_at_once() {
    let Some(library) = library() else { return };
    let mut world = World::new().await;
    world.set_clock(&library);
    world.jump_to(1);
    world.leave_undelivered(5).await;
    world.jump_to(0);
    assert_eq!(world.finish().await.orders, 5);
}
