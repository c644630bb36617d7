//! A wrong set-up: a wrong API key costs no lead anything and is mended with a file and SIGHUP; a bad config at SIGHUP changes nothing.

use std::time::Duration;

use leadgate::simulator::DEMO_API_KEY;
use serde_json::Value;
use tokio::time::timeout;

use crate::crm::{self, until_orders};
use crate::gate::{Gate, PATIENCE};
use crate::home::{Home, Setup};

/// The first probes of a pause come after one and two seconds.
const SOON: Duration = Duration::from_secs(6);

/// Waits for a state of the destination that the log tells of with `line`.
async fn destination_after(gate: &Gate, line: &str) -> Value {
    let said = gate.process.log.line_from(0, line, PATIENCE).await;
    assert!(said.is_some(), "it ended without {line:?}");
    gate.client.destination().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_pauses_the_destination_and_everything_flows_when_the_file_is_mended() {
    let crm = crm::start().await;
    let home = Home::new(&Setup::new(crm.url()));
    home.write_key("a-wrong-key-that-opens-nothing-at-all");
    let gate = home.serve().await;
    let mut leads = Vec::new();
    for number in 0..20 {
        let phone = format!("+791200000{number:02}");
        leads.push(gate.client.post(&[("phone", &phone)]).await.lead());
    }
    let shop = destination_after(&gate, "destination paused").await;
    assert_eq!(shop["state"], "paused", "{shop}");
    assert_eq!(shop["waiting"], 20, "{shop}");
    let reason = shop["reason"].as_str().expect("a reason");
    assert!(reason.to_lowercase().contains("key"), "{reason}");

    // A further probe finds the key as wrong as before: that costs nothing either. It comes soon, although eight failed together.
    let mut changed = crm.changed();
    let calls = *changed.borrow();
    let probed = changed.wait_for(|handled| *handled > calls);
    timeout(SOON, probed)
        .await
        .expect("a probe")
        .expect("alive");
    for lead in gate.client.leads().await {
        let state = lead["state"].as_str().expect("a state");
        assert!(
            ["queued", "sending"].contains(&state),
            "nothing is used up: {lead}"
        );
    }
    assert_eq!(crm.orders().len(), 0);

    home.write_key(&format!("{DEMO_API_KEY}\n"));
    gate.hang_up("config reloaded").await;
    until_orders(&crm, 20).await;
    let shop = destination_after(&gate, "destination healthy again").await;
    assert_eq!(shop["state"], "healthy", "{shop}");
    for lead in &leads {
        let external = format!("lg-{lead}");
        let orders = crm.orders();
        assert_eq!(
            orders
                .iter()
                .filter(|order| order["externalId"] == *external)
                .count(),
            1
        );
    }
    assert_eq!(crm.orders().len(), 20);
    assert_eq!(gate.terminate().await, 0);
    assert_key_is_nowhere(&home);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_config_at_sighup_is_refused_with_its_problems_and_the_running_one_stays() {
    let home = Home::new(&Setup::without_crm());
    let gate = home.serve().await;
    let good = home.config();
    home.write_config(&good.replace("id = \"callback\"", "id = \"other\"\nkolour = \"red\""));
    gate.hang_up("the running one stays").await;
    assert!(
        gate.process.log.says("forms[0].kolour"),
        "{:?}",
        gate.process.log.lines()
    );
    gate.client.post(&[("phone", "+79123456789")]).await.lead();

    home.write_config(&good.replace("id = \"callback\"", "id = \"other\""));
    gate.hang_up("config reloaded").await;
    let gone = gate.client.post(&[("phone", "+79123456789")]).await;
    assert_eq!(gone.status, 404);

    home.write_config(&good);
    gate.hang_up("config reloaded").await;
    gate.client.post(&[("phone", "+79123456789")]).await.lead();
    assert_eq!(gate.terminate().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_that_is_gone_at_sighup_stops_nothing() {
    let crm = crm::start().await;
    let home = Home::new(&Setup::new(crm.url()));
    let gate = home.serve().await;
    std::fs::remove_file(home.path("key")).expect("removed");
    gate.hang_up("the running one stays").await;
    assert!(gate.process.log.says("destinations[0].api_key"));
    gate.client.post(&[("phone", "+79123456789")]).await.lead();
    until_orders(&crm, 1).await;
    let shop = gate.client.destination().await;
    assert_eq!(shop["state"], "healthy", "{shop}");
}

/// The key must not have been written to the data directory, by log or by record.
fn assert_key_is_nowhere(home: &Home) {
    let mut directories = vec![home.path("data")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("readable");
            let key = DEMO_API_KEY.as_bytes();
            let is_there = bytes.windows(key.len()).any(|window| window == key);
            assert!(!is_there, "the key stands in {}", path.display());
        }
    }
}
