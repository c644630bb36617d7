//! `kill -9` at random moments: of a start, of work under load, of a snapshot, of a stop.

use crate::end::Way;
use crate::seed::{count, dice, seed};
use crate::tally::Tally;
use crate::world::World;

/// One world is ended so often; its store stays small.
const IN_ONE_WORLD: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_lead_is_in_the_crm_exactly_once_after_kills() {
    let seed = seed();
    let mut left = count("LEADGATE_CRASH_KILLS", 20);
    let mut tally = Tally::default();
    for number in 0.. {
        let mut random = dice(seed, number);
        let mut world = World::new().await;
        let rounds = left.min(IN_ONE_WORLD);
        for _ in 0..rounds {
            world.round(Way::Kill, &mut random).await;
        }
        tally.add(world.finish().await);
        left -= rounds;
        println!("{} kills, {} answers", tally.ends, tally.answered);
        if left == 0 {
            break;
        }
    }
    tally.print("kill -9");
}
