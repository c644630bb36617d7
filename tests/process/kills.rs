//! `kill -9` at random moments under load, over and over on one data directory, with a CRM that misbehaves: every visitor who was answered
//! is in the CRM exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use leadgate::simulator::{Body, Calls, Fault, FaultKind, SimulatedCrm};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::crm;
use crate::gate::{Gate, Process};
use crate::home::{Home, Setup};
use crate::load::{Answered, Load};

/// How often the gate is killed, unless `LEADGATE_KILL_ROUNDS` says otherwise.
const ROUNDS: usize = 50;

/// A round whose moment does not come (no work is left for the CRM, say) ends after this.
const LONGEST_ROUND: Duration = Duration::from_secs(2);

/// When a round ends.
#[derive(Debug)]
enum Moment {
    /// So long after the start of the process, be it ready or not.
    After(Duration),
    /// With this answer to a visitor.
    Answer(usize),
    /// With this call of the CRM.
    Call(u64),
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_lead_is_in_the_crm_exactly_once_after_fifty_kills() {
    let rounds = number("LEADGATE_KILL_ROUNDS").map_or(ROUNDS, |rounds| {
        usize::try_from(rounds).expect("a number of rounds")
    });
    let seed = number("LEADGATE_KILL_SEED").unwrap_or_else(rand::random);
    println!("{rounds} kills with LEADGATE_KILL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let crm = troubled_crm().await;
    let home = Home::new(&Setup::new(crm.url()));
    let load = Load::start(6);
    let mut starts = Starts::default();
    for round in 0..rounds {
        let allowed = random.random_range(3..25);
        load.allow(allowed);
        let moment = moment(&mut random, allowed, (&load, &crm));
        let process = home.spawn();
        kill_at(&moment, process, (&load, &crm), &mut starts).await;
        if round % 10 == 9 {
            println!("{} kills, {} submissions", round + 1, load.begun());
        }
    }
    let gate = home.serve().await;
    load.send_to(&gate.client);
    let answered = load.finish().await;
    crm::drain(&gate, &crm, answered.len()).await;
    println!("{starts:?}; calls of the CRM: {:?}", outcomes(&crm));
    assert_everything_arrived_once(&answered, &gate, &crm).await;
    assert_eq!(gate.terminate().await, 0);
}

/// What the rounds were.
#[derive(Debug, Default)]
struct Starts {
    killed_before_ready: usize,
    killed_at_work: usize,
}

/// Every third order is made and its answer never arrives; some calls fail with 500.
async fn troubled_crm() -> SimulatedCrm {
    let crm = crm::start().await;
    let lost = FaultKind::LostAnswer { hang: false };
    crm.fault(Fault::new(lost).on("orders/create").calls(Calls::Every(3)));
    let broken = FaultKind::Status {
        status: 500,
        retry_after: None,
        body: Body::Html,
    };
    crm.fault(Fault::new(broken).calls(Calls::Every(23)));
    crm
}

fn moment(random: &mut StdRng, allowed: usize, (load, crm): (&Load, &SimulatedCrm)) -> Moment {
    match random.random_range(0..10) {
        0..2 => Moment::After(Duration::from_micros(random.random_range(0..150_000))),
        2..5 => Moment::Answer(*load.answers().borrow() + random.random_range(1..=allowed)),
        // A gate asks nothing in its first second: it does not know what the last one has just asked.
        _ => Moment::Call(*crm.changed().borrow() + random.random_range(1..50)),
    }
}

async fn kill_at(
    moment: &Moment,
    process: Process,
    (load, crm): (&Load, &SimulatedCrm),
    starts: &mut Starts,
) {
    let process = if let Moment::After(span) = moment {
        // The end of the process is the event; it does not come by itself.
        let ended = timeout(*span, process.ended()).await;
        assert!(ended.is_err(), "it ended by itself with {ended:?}");
        starts.killed_before_ready += 1;
        process
    } else {
        let gate = Gate::ready(process).await;
        let gate = gate.unwrap_or_else(|process| {
            panic!("no start after a kill:\n{}", process.log.lines().join("\n"))
        });
        load.send_to(&gate.client);
        match moment {
            Moment::Answer(number) => reach(load.answers(), number).await,
            Moment::Call(number) => reach(crm.changed(), number).await,
            Moment::After(_) => {}
        }
        starts.killed_at_work += 1;
        gate.process
    };
    assert!(
        !process.has_ended(),
        "it ended by itself: {}",
        process.exit_code().await
    );
    process.signal(rustix::process::Signal::KILL);
    process.ended().await;
    for harm in ["is damaged", "cannot be used", "applied=Some", "panicked"] {
        assert!(
            !process.log.says(harm),
            "{}",
            process.log.lines().join("\n")
        );
    }
}

async fn reach<T: PartialOrd>(mut counter: watch::Receiver<T>, number: &T) {
    let reached = counter.wait_for(|count| count >= number);
    if let Ok(reached) = timeout(LONGEST_ROUND, reached).await {
        reached.expect("the counter lives on");
    }
}

async fn assert_everything_arrived_once(answered: &Answered, gate: &Gate, crm: &SimulatedCrm) {
    let mut orders = BTreeMap::<String, usize>::new();
    for order in crm.orders() {
        let external = order["externalId"].as_str().expect("an external id");
        *orders.entry(external.to_owned()).or_default() += 1;
    }
    for (external, count) in &orders {
        assert_eq!(*count, 1, "{external} is in the CRM {count} times");
    }
    for (id, leads) in answered {
        assert_eq!(leads.len(), 1, "{id} became {leads:?}");
        for lead in leads {
            let external = format!("lg-{lead}");
            assert!(
                orders.contains_key(&external),
                "{lead} was answered and is not in the CRM"
            );
        }
    }
    // Everything begun was answered in the end, by sending it again with its `_id`: so there is no order beyond that.
    assert_eq!(
        orders.len(),
        answered.len(),
        "as many orders as submissions"
    );
    let leads = gate.client.leads().await;
    assert_eq!(leads.len(), answered.len(), "as many leads as submissions");
    for lead in leads {
        assert_eq!(lead["state"], "delivered", "{lead}");
        assert_ne!(lead["deliveries"][0]["attempts"], 0, "{lead}");
    }
}

fn outcomes(crm: &SimulatedCrm) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for request in crm.received() {
        *outcomes.entry(request.outcome).or_default() += 1;
    }
    outcomes
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var_os(variable)?;
    let number = value.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {value:?}")))
}
