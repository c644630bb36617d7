//! The handle of a running simulator: start, stop, faults, and looking inside without HTTP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::simulator::account::Account;
use crate::simulator::fault::Fault;
use crate::simulator::http::Listening;
use crate::simulator::journal::ReceivedRequest;
use crate::simulator::options::{Options, StartError, setup};
use crate::simulator::order_life::{self, OrderChange};
use crate::simulator::records::{Records, text_of};
use crate::simulator::shared::{Shared, Stats};

/// A simulated RetailCRM that listens. Dropping it ends it at once; [`stop`](Self::stop) also waits for the end.
pub struct SimulatedCrm {
    shared: Arc<Shared>,
    address: SocketAddr,
    listening: Mutex<Option<Listening>>,
}

impl SimulatedCrm {
    /// Binds the address and begins to answer. Needs a tokio runtime; the connections are served by a thread of its
    /// own. Any number of simulators may run in one process.
    ///
    /// # Errors
    /// When the address cannot be bound, the key is too short, or the account lacks what every account has.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options {
            listen,
            api_key,
            requests_per_second,
            latency,
            account,
        } = options;
        let setup = setup(api_key, requests_per_second, latency, account)?;
        let shared = Arc::new(Shared::new(setup));
        let listening = Listening::open(listen, Arc::clone(&shared))?;
        let address = listening.address();
        shared.world().url = format!("http://{address}");
        Ok(Self {
            shared,
            address,
            listening: Mutex::new(Some(listening)),
        })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it; open connections are closed without an answer.
    pub async fn stop(self) {
        self.stop_listening().await;
    }

    /// From now on connections are refused, as when the machine is up and the service is not. What is stored stays.
    pub async fn stop_listening(&self) {
        let listening = self.take_listening();
        if let Some(listening) = listening {
            listening.close().await;
        }
    }

    /// Listens again on the same address after [`stop_listening`](Self::stop_listening); else does nothing.
    ///
    /// # Errors
    /// When somebody else has taken the port meanwhile.
    pub async fn listen_again(&self) -> Result<(), StartError> {
        let mut listening = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if listening.is_none() {
            *listening = Some(Listening::open(self.address, Arc::clone(&self.shared))?);
        }
        Ok(())
    }

    fn take_listening(&self) -> Option<Listening> {
        self.listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Adds a fault rule behind those in force.
    pub fn fault(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Takes all fault rules away; calls that hang are ended by closing their connections.
    pub fn clear_faults(&self) {
        self.shared.clear_faults();
    }

    /// The last requests of the API (at most 200 000, or 128 MiB of text), oldest first.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.shared.world().journal.received(0)
    }

    /// Figures since the start.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// The most requests that arrived within any one second.
    pub fn peak_per_second(&self) -> usize {
        self.shared.world().pace.peak()
    }

    /// All orders as the API shows them, oldest first.
    pub fn orders(&self) -> Vec<Value> {
        let world = self.shared.world();
        let records = &world.records;
        records
            .orders
            .values()
            .map(|order| records.show_order(order))
            .collect()
    }

    /// The external ids of all orders, the oldest first; `None` for one that has none.
    pub fn external_ids(&self) -> Vec<Option<String>> {
        let world = self.shared.world();
        let orders = world.records.orders.values();
        let ids = orders.map(|order| text_of(&order.fields, "externalId"));
        ids.map(|id| id.map(str::to_owned)).collect()
    }

    /// Drops what the orders and customers so far say, and the history: a soak makes millions, at 10 KB each. Their ids stay, and which order
    /// is whose, so nothing that is there already is made again.
    pub fn shed(&self) {
        self.shared.world().records.shed();
    }

    /// Does with an order what a manager does by hand. `false` when there is no such order, status or heir.
    pub fn change_order(&self, id: u64, change: &OrderChange) -> bool {
        order_life::change(&mut self.shared.world(), id, change)
    }

    /// All customers that were not merged into others, oldest first.
    pub fn customers(&self) -> Vec<Value> {
        let world = self.shared.world();
        world
            .records
            .customers
            .values()
            .filter(|customer| customer.merged_into.is_none())
            .map(Records::show_customer)
            .collect()
    }

    /// Counts handled requests: it moves when a call has been carried out or refused (before a slow answer ends), so
    /// that tests wait for events.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.changed()
    }

    /// Replaces the key; calls with the old one are 403 from now on. The length is not checked, to let a test lock
    /// everybody out.
    pub fn set_api_key(&self, key: &str) {
        key.clone_into(&mut self.shared.world().setup.api_key);
    }

    /// Sets the latency of every answer.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.world().setup.latency = latency;
    }

    /// Sets the rate limit; 0 means none.
    pub fn set_requests_per_second(&self, limit: u32) {
        self.shared.world().setup.requests_per_second = limit;
    }

    /// The account as it is set up now.
    pub fn account(&self) -> Account {
        self.shared.world().setup.account.clone()
    }

    /// Replaces the account's setup. What is stored stays.
    ///
    /// # Errors
    /// As [`start`](Self::start); the old setup then stays.
    pub fn set_account(&self, account: Account) -> Result<(), StartError> {
        let mut world = self.shared.world();
        let old = &world.setup;
        world.setup = setup(
            old.api_key.clone(),
            old.requests_per_second,
            old.latency,
            account,
        )?;
        Ok(())
    }

    /// Forgets orders, customers, faults and received requests.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl Drop for SimulatedCrm {
    fn drop(&mut self) {
        if let Some(listening) = self.take_listening() {
            listening.abandon();
        }
    }
}
