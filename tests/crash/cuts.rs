//! Power cuts at random moments, on one disk again and again, so that what repairs the last cut is cut too.

use rand::Rng;

use crate::end::Way;
use crate::seed::{count, dice, seed};
use crate::tally::Tally;
use crate::world::World;

/// One disk loses its power so often.
const OF_ONE_DISK: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_lead_is_in_the_crm_exactly_once_after_power_cuts() {
    let seed = seed();
    let mut left = count("LEADGATE_CRASH_CUTS", 10);
    let mut tally = Tally::default();
    for number in 0.. {
        let mut random = dice(seed, number);
        let Some(mut world) = World::on_a_disk().await else {
            return;
        };
        let rounds = left.min(OF_ONE_DISK);
        for _ in 0..rounds {
            // What a killed process left in memory is built upon by the next, which is cut.
            if random.random_ratio(1, 3) {
                world.round(Way::Kill, &mut random).await;
            }
            world.round(Way::Cut, &mut random).await;
        }
        tally.add(world.finish().await);
        left -= rounds;
        println!("{} cuts, {} answers", tally.ends, tally.answered);
        if left == 0 {
            break;
        }
    }
    tally.print("power cut");
}
