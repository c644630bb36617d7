//! `kill -9` between any two steps of a delivery: at every request to the CRM, before and after it has acted, and at every write of the journal.
//! Whatever the point, after the next start the new person is one customer with one order.

use std::os::unix::process::ExitStatusExt;

use futures_util::{StreamExt, stream};
use leadgate::simulator::SimulatedCrm;

use crate::client::{Client, Wish};
use crate::crm;
use crate::gate::{Gate, Process};
use crate::home::{Home, Setup};
use crate::strace;
use crate::wire::{Cut, Moment, Wire};

/// What a new person submits. The `_id` lets it be sent again after a kill, as `leadgate.js` does.
const PERSON: [(&str, &str); 4] = [
    ("_id", "the only submission"),
    ("name", "Анна Ким"),
    ("phone", "+7 912 345-67-89"),
    ("email", "anna@example.ru"),
];

/// The requests that make a new person with phone and e-mail.
const REQUESTS: [&str; 4] = [
    "GET customers",
    "GET customers",
    "POST customers/create",
    "POST orders/create",
];

/// The first segment of a new journal.
const SEGMENT: &str = "data/journal/00000000000000000001.journal";

/// More starts than any lead here needs, and more writes than any delivery makes.
const MANY: usize = 12;

/// So many worlds at a time: each gate waits a second before it asks its first question.
const AT_A_TIME: usize = 4;

/// A CRM, and a gate's home with a form that asks for an e-mail too.
struct World {
    crm: SimulatedCrm,
    wire: Wire,
    home: Home,
}

impl World {
    async fn new() -> Self {
        let crm = crm::start().await;
        let wire = Wire::to(crm.address()).await;
        let home = Home::new(&Setup::new(wire.url()));
        let email = "[[forms.fields]]\nname = \"email\"\nkind = \"email\"\n";
        home.write_config(&(home.config() + email));
        Self { crm, wire, home }
    }

    /// Starts a gate without any trouble, sends the submission again, and waits until nothing is owed.
    async fn recover(&self) -> Gate {
        self.wire.mend(None);
        let gate = self.home.serve().await;
        submit(&gate.client).await.expect("answered");
        crm::drain(&gate, &self.crm, 1).await;
        gate
    }

    /// One lead, delivered; one customer with the person's contacts, one order of that customer.
    async fn assert_one(&self, gate: &Gate, point: &str) {
        let leads = gate.client.leads().await;
        assert_eq!(leads.len(), 1, "{point}: {leads:#?}");
        let delivery = &leads[0]["deliveries"][0];
        assert_eq!(delivery["state"], "delivered", "{point}: {delivery}");
        let (orders, customers) = (self.crm.orders(), self.crm.customers());
        assert_eq!(customers.len(), 1, "{point}: {customers:#?}");
        assert_eq!(orders.len(), 1, "{point}: {orders:#?}");
        let lead = leads[0]["id"].as_str().expect("an id");
        assert_eq!(orders[0]["externalId"], format!("lg-{lead}"), "{point}");
        assert_eq!(
            customers[0]["externalId"],
            format!("lg-c-{lead}"),
            "{point}"
        );
        assert_eq!(customers[0]["email"], "anna@example.ru", "{point}");
        assert_eq!(orders[0]["customer"]["id"], customers[0]["id"], "{point}");
        assert_eq!(delivery["order_id"], orders[0]["id"], "{point}");
        assert_eq!(delivery["customer_id"], customers[0]["id"], "{point}");
        assert_eq!(delivery["warning"], serde_json::Value::Null, "{point}");
    }
}

async fn submit(client: &Client) -> Result<(), reqwest::Error> {
    let answer = client.try_post(Wish::Json, &PERSON).await?;
    answer.lead();
    Ok(())
}

/// Kills the gate where the wire is cut, and lets it recover.
async fn killed_at((request, moment): Cut) {
    let point = format!("{moment:?} {} ({request})", REQUESTS[request - 1]);
    let world = World::new().await;
    world.wire.mend(Some((request, moment)));
    let gate = world.home.serve().await;
    submit(&gate.client).await.expect("answered");
    world.wire.cut().await;
    gate.kill_9().await;
    let gate = world.recover().await;
    world.assert_one(&gate, &point).await;
    if moment == Moment::Late {
        world.wire.let_the_late_arrive().await;
        world.assert_one(&gate, &point).await;
    }
    assert_eq!(gate.terminate().await, 0, "{point}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_is_made_by_these_requests_in_this_order() {
    let world = World::new().await;
    let gate = world.recover().await;
    world.assert_one(&gate, "no kill").await;
    assert_eq!(world.wire.seen(), REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_request_to_the_crm_leaves_one_customer_and_one_order() {
    let cuts = (1..=REQUESTS.len())
        .flat_map(|request| Moment::ALL.map(|moment| killed_at((request, moment))));
    stream::iter(cuts)
        .buffer_unordered(AT_A_TIME)
        .collect::<()>()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_is_killed_again_and_again_gets_on_with_the_same_lead() {
    let world = World::new().await;
    let mut kills = 0;
    // Each start is killed one request later than the one before, with the CRM having acted; the last one has not so many to send.
    for request in 1..=MANY {
        world.wire.mend(Some((request, Moment::Acted)));
        let gate = world.home.serve().await;
        submit(&gate.client).await.expect("answered");
        let is_cut = tokio::select! {
            () = world.wire.cut() => true,
            () = crm::drain(&gate, &world.crm, 1) => false,
        };
        if !is_cut {
            break;
        }
        gate.kill_9().await;
        kills += 1;
    }
    assert!((3..MANY).contains(&kills), "{kills} kills");
    let gate = world.recover().await;
    world.assert_one(&gate, "killed again and again").await;
}

/// Lets the gate be killed at the nth of these calls on its journal, before it is carried out. Returns whether there are so many.
async fn killed_by_strace(call: &str, nth: usize) -> bool {
    let world = World::new().await;
    let process = struck(&world.home, call, nth);
    let process = match Gate::ready(process).await {
        Ok(gate) => {
            // Struck by the submission itself, the gate answers nothing.
            submit(&gate.client).await.ok();
            tokio::select! {
                _ = gate.process.ended() => {}
                () = crm::until_orders(&world.crm, 1) => {}
            }
            gate.process
        }
        Err(process) => process,
    };
    // What is under way is finished: the record of the attempt's end is written, or struck.
    process.signal(rustix::process::Signal::TERM);
    let end = process.ended().await;
    let was_struck = end.signal() == Some(9);
    assert!(was_struck || end.success(), "{call} {nth}: {end}");
    let gate = world.recover().await;
    world.assert_one(&gate, &format!("{call} {nth}")).await;
    was_struck
}

fn struck(home: &Home, call: &str, nth: usize) -> Process {
    let segment = home.path(SEGMENT);
    strace::serve(
        home,
        &[
            "-P",
            segment.to_str().expect("text"),
            "-e",
            &format!("trace={call}"),
            "-e",
            &format!("inject={call}:signal=KILL:when={nth}"),
        ],
    )
}

async fn killed_at_each(call: &str) {
    if !strace::is_there() {
        return;
    }
    for nth in 1..=MANY {
        if !killed_by_strace(call, nth).await {
            // The lead, the start of its attempt, the end of its attempt.
            assert!(nth > 3, "only {} calls of {call} were struck", nth - 1);
            return;
        }
    }
    panic!("a delivery does not write its journal {MANY} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_any_write_of_the_journal_leaves_one_customer_and_one_order() {
    killed_at_each("pwrite64").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_any_write_of_the_journal_and_its_fdatasync_leaves_one_customer_and_one_order()
 {
    killed_at_each("fdatasync").await;
}
