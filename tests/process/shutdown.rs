//! SIGTERM: what is under way is finished, and the next start finds everything in order.

use rustix::process::Signal;

use crate::acks::Acks;
use crate::home::{Home, Setup};
use crate::load::Load;

/// What is said when the index had to be brought up to the journal.
const REPLAY: &str = "replayed";

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_loses_no_answered_lead_and_the_next_start_is_clean() {
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    let load = Load::start(8, Acks::new(home.path("acks")));
    let mut answers = load.answers();
    load.allow(400);
    load.send_to(&gate.client);
    answers.wait_for(|count| *count >= 60).await.expect("load");
    assert_eq!(gate.terminate().await, 0);

    let second = home.serve().await;
    assert!(
        !second.process.log.says(REPLAY),
        "a clean stop leaves nothing to replay"
    );
    assert!(
        !second.process.log.says("built anew"),
        "a clean stop leaves a good index"
    );
    load.send_to(&second.client);
    let begun = 400;
    answers
        .wait_for(|count| *count >= begun)
        .await
        .expect("load");
    let answered = load.finish().await;
    assert_eq!(answered.len(), begun);
    for (id, leads) in &answered {
        assert_eq!(leads.len(), 1, "{id} became {leads:?}");
        for lead in leads {
            assert!(
                second.client.has_lead(lead).await,
                "{lead} was answered and is gone"
            );
        }
    }
    assert_eq!(second.client.leads().await.len(), begun, "no lead twice");
    assert_eq!(second.terminate().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_ends_with_0_too() {
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    gate.process.signal(Signal::INT);
    assert_eq!(gate.process.exit_code().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_journal_is_what_counts() {
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    let lead = gate.client.post(&[("phone", "+79123456789")]).await.lead();
    gate.kill_9().await;
    std::fs::remove_dir_all(home.path("data/sled")).expect("the index");
    let second = home.serve().await;
    assert!(
        second.process.log.says(REPLAY),
        "the index is built from the journal"
    );
    assert!(second.client.has_lead(&lead).await);
}
