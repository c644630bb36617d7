//! Leads that are made to go to the CRM together, which a quick and idle CRM gives them no reason for.

use std::time::Duration;

use futures_util::future::join_all;
use leadgate::simulator::{Body, Calls, Fault, FaultKind};
use serde_json::json;

use crate::support::TestApp;

/// So often leads that did not meet are sent to meet in another world.
pub(crate) const TRIES: usize = 20;

/// More keys of a destination at which whoever comes while a lead is under way has to wait, and then goes together.
pub(crate) const ONE_BY_ONE: &str = "in_flight = 1";

impl TestApp {
    /// The first question of all is answered so that nothing is sent for half a minute; the time zone is then guessed.
    pub(crate) fn hold_up_the_first(&self) {
        let kind = FaultKind::Status {
            status: 429,
            retry_after: Some(30),
            body: Body::Empty,
        };
        let fault = Fault::new(kind).on("settings/get");
        self.crm.fault(fault.calls(Calls::First(1)));
    }

    /// Posts leads of different people at the same time; their ids.
    pub(crate) async fn people(&self, phones: &[&str]) -> Vec<String> {
        let posted = phones.iter().map(async |phone| {
            let person = json!({"name": "Анна Ким", "phone": phone, "email": format!("a{phone}@example.ru")});
            self.post_json("callback", person).await.lead_id()
        });
        join_all(posted).await
    }

    /// Waits until all of these are in this state.
    pub(crate) async fn until_all_are(&self, state: &str, ids: &[String]) {
        self.until(&format!("all are {state}"), async || {
            let leads = join_all(ids.iter().map(|id| self.read_lead(id))).await;
            leads.iter().all(|lead| lead["state"] == state)
        })
        .await;
    }

    /// Moves the time until the CRM gets such a request, and not beyond. `false` when it got the other one, because on a busy machine a lead was
    /// too late to go with the others: no test can see whether one has come as far as to wait.
    pub(crate) async fn until_asked(&self, operation: &str, alone: &str) -> bool {
        let is_asked = |wanted: &str| {
            let received = self.crm.received();
            received.iter().any(|request| request.operation == wanted)
        };
        self.until("the first is held up", async || is_asked("settings/get"))
            .await;
        self.until(&format!("{operation} is asked"), async || {
            self.clock.advance(Duration::from_secs(2));
            is_asked(operation) || is_asked(alone)
        })
        .await;
        is_asked(operation)
    }
}
