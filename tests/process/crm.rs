//! The simulated CRM that the gates deliver to, and the waiting for what arrives there.

use std::time::Duration;

use leadgate::simulator::{Options, SimulatedCrm};
use tokio::time::{Instant, timeout};

use crate::gate::{Gate, PATIENCE};

/// How long the CRM may take to receive everything that waits.
const DRAIN: Duration = Duration::from_secs(90);

/// A simulated CRM without a limit on requests.
pub(crate) async fn start() -> SimulatedCrm {
    let options = Options {
        requests_per_second: 0,
        ..Options::default()
    };
    SimulatedCrm::start(options).await.expect("a free port")
}

/// Waits until so many orders are there.
pub(crate) async fn until_orders(crm: &SimulatedCrm, count: usize) {
    until(crm, || crm.orders().len() >= count).await;
}

/// Waits until this holds of the CRM. It is asked between the calls, not in `wait_for`: that would keep the CRM from counting its next one
/// while it is asked for its orders.
pub(crate) async fn until(crm: &SimulatedCrm, holds: impl Fn() -> bool) {
    let mut changed = crm.changed();
    let held = async {
        while !holds() {
            changed.changed().await.expect("the simulator lives on");
        }
    };
    timeout(PATIENCE, held).await.expect("it holds in time");
}

/// Waits until there are so many orders and nothing is owed any more. When nothing is owed and orders are missing for long, it returns as
/// well: the assertions that follow tell which.
pub(crate) async fn drain(gate: &Gate, crm: &SimulatedCrm, orders: usize) {
    let deadline = Instant::now() + DRAIN;
    loop {
        let shop = gate.client.destination().await;
        let is_quiet = shop["waiting"] == 0;
        if is_quiet && crm.orders().len() >= orders {
            return;
        }
        if Instant::now() >= deadline {
            assert!(is_quiet, "still waiting: {shop}");
            return;
        }
        // The log tells of every attempt; the record of its end follows the line.
        gate.process.log.next_line(Duration::from_millis(100)).await;
    }
}
