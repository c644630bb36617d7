//! The worker over a real store and a destination that does what the test says.

mod batches;
mod desk;
mod log;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::delivery::{
    Attempt, AttemptOutcome, Cause, Delivered, Delivery, DeliveryId, Failure, FailureKind, Lane,
    Receipt, RetrySchedule, State,
};
use crate::destination::preview::Preview;
use crate::destination::{Claim, Destination, Finding, Report};
use crate::dispatch::{Dispatcher, Health, Outlook, Target};
use crate::lead::{
    Client, Create, DestinationId, Form, FormId, Language, LeadId, OriginRule, Submission,
};
use crate::store::{NewLead, Settings, Store};

/// Nothing a test waits for takes longer on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the destination does with a claim.
enum Reaction {
    Take,
    Hang,
    Panic,
    Fail(Failure),
}

type Script = Box<dyn Fn(&Claim) -> Reaction + Send + Sync>;

/// A destination whose probe always succeeds.
struct Scripted {
    id: DestinationId,
    script: Script,
    at_once: usize,
    handed_over: HandedOver,
}

/// What came to a destination together, and in which lane.
type HandedOver = Arc<Mutex<Vec<(Lane, Vec<LeadId>)>>>;

impl Destination for Scripted {
    fn id(&self) -> &DestinationId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn deliver<'a>(&'a self, lane: Lane, claims: &'a [Claim]) -> BoxFuture<'a, Vec<Report>> {
        async move {
            let handed = claims.iter().map(|claim| claim.lead.id).collect();
            self.handed_over
                .lock()
                .expect("unpoisoned")
                .push((lane, handed));
            let mut reports = Vec::new();
            for claim in claims {
                let outcome = match (self.script)(claim) {
                    Reaction::Take => Ok(Delivered {
                        receipt: Receipt::default(),
                        warning: None,
                    }),
                    Reaction::Hang => std::future::pending().await,
                    Reaction::Panic => panic!("a defect of the destination"),
                    Reaction::Fail(failure) => Err(failure),
                };
                let steps = Vec::new();
                reports.push(Report { outcome, steps });
            }
            reports
        }
        .boxed()
    }

    fn preview(&self, _: &Claim) -> Result<Preview, Failure> {
        unreachable!("no worker asks for a preview")
    }

    fn most_at_once(&self) -> usize {
        self.at_once
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async { Ok(()) }.boxed()
    }

    fn is_ours(&self, _: &Receipt) -> bool {
        true
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>> {
        async { Ok(Vec::new()) }.boxed()
    }
}

struct World {
    store: Store,
    clock: Clock,
    outlook: Outlook,
    dispatcher: Dispatcher,
    handed_over: HandedOver,
    _directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let settings = Settings {
            path: directory.path().join("data"),
            min_free: 0,
        };
        let (store, clock) = (Store::open(&settings).expect("a store"), Clock::system());
        let outlook = Outlook::default();
        Self {
            dispatcher: Dispatcher::new(store.clone(), clock.clone(), outlook.clone()),
            store,
            clock,
            outlook,
            handed_over: HandedOver::default(),
            _directory: directory,
        }
    }

    /// Keeps a lead of this phone for the only destination.
    async fn lead(&self, phone: &str) -> LeadId {
        let at = self.clock.now();
        let pairs = vec![
            ("name".to_owned(), "Иван".to_owned()),
            ("phone".to_owned(), phone.to_owned()),
        ];
        let lead = Submission::from_pairs(pairs)
            .into_lead(&form(), LeadId::mint(at), at, Client::default())
            .expect("a lead");
        let new = NewLead {
            lead,
            held: None,
            targets: vec![(shop(), Create::Order)],
            key: None,
        };
        self.clock.advance(Duration::from_millis(5));
        let (mut changes, before) = (self.store.changes(), self.kept());
        let id = self.store.accept(new).await.expect("kept").lead();
        // On the disk at once; a worker sees it when the index has it.
        while self.kept() == before {
            changes.changed().await.expect("a running store");
        }
        id
    }

    fn kept(&self) -> usize {
        let states = State::ALL.into_iter();
        states.map(|state| self.store.count(state)).sum()
    }

    /// Lets the destination work, by this script.
    async fn work(&self, script: impl Fn(&Claim) -> Reaction + Send + Sync + 'static) {
        self.work_together(1, script).await;
    }

    /// The same for a destination that takes so many claims at once.
    async fn work_together(
        &self,
        at_once: usize,
        script: impl Fn(&Claim) -> Reaction + Send + Sync + 'static,
    ) {
        let target = self.target(at_once, script);
        self.dispatcher.assign(vec![target]).await;
    }

    /// The destination, as its worker gets it.
    fn target(
        &self,
        at_once: usize,
        script: impl Fn(&Claim) -> Reaction + Send + Sync + 'static,
    ) -> Target {
        let destination = Arc::new(Scripted {
            id: shop(),
            script: Box::new(script),
            at_once,
            handed_over: Arc::clone(&self.handed_over),
        });
        let steps = vec![Duration::from_secs(10)];
        Target {
            destination,
            retry: RetrySchedule::new(steps, Duration::from_secs(25)).expect("a schedule"),
            in_flight: 8,
        }
    }

    async fn delivery(&self, lead: LeadId) -> Delivery {
        let stored = self.store.lead(lead).await.expect("readable");
        stored.expect("kept").status.deliveries.remove(0)
    }

    async fn attempts(&self, lead: LeadId) -> Vec<Attempt> {
        let id = DeliveryId { lead, ordinal: 0 };
        self.store.attempts(id).await.expect("readable")
    }

    async fn until(&self, lead: LeadId, state: State) {
        let mut changes = self.store.changes();
        let waiting = async {
            while self.delivery(lead).await.state != state {
                changes.changed().await.expect("a running store");
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(
            in_time,
            "waited in vain for {state:?}: {:?}",
            self.delivery(lead).await
        );
    }

    fn is_healthy(&self) -> bool {
        let destinations = self.outlook.destinations();
        matches!(destinations[0].health, Health::Healthy { .. })
    }
}

fn shop() -> DestinationId {
    DestinationId::parse("shop").expect("an id")
}

fn form() -> Form {
    Form {
        id: FormId::parse("callback").expect("an id"),
        title: "Callback".to_owned(),
        origins: OriginRule::Any,
        language: Language::En,
        success_url: None,
        roistat_key: None,
        capture: None,
        fields: Vec::new(),
        deliver: Vec::new(),
    }
}

fn is_of(claim: &Claim, lead: LeadId) -> bool {
    claim.lead.id == lead
}

#[tokio::test]
async fn a_panic_in_a_destination_is_an_unknown_outcome_and_holds_up_nobody() {
    let world = World::new();
    let poison = world.lead("+79120000001").await;
    let same_person = world.lead("+79120000001").await;
    world
        .work(move |claim| {
            if !is_of(claim, poison) {
                return Reaction::Take;
            }
            match (claim.delivery.attempts, claim.delivery.in_doubt) {
                (1, false) => Reaction::Panic,
                (2, true) => Reaction::Take,
                _ => Reaction::Hang,
            }
        })
        .await;
    world.until(poison, State::Retrying).await;
    let delivery = world.delivery(poison).await;
    assert_eq!(delivery.last_error, Some(Cause::Internal));
    assert_eq!(
        world.attempts(poison).await[0].outcome,
        Some(AttemptOutcome::Unknown)
    );
    world.until(same_person, State::Delivered).await;
    assert!(world.is_healthy());
    world.clock.advance(Duration::from_secs(15));
    world.until(poison, State::Delivered).await;
}

#[tokio::test]
async fn a_lead_that_always_panics_needs_a_person_in_the_end() {
    let world = World::new();
    let poison = world.lead("+79120000001").await;
    world.work(|_| Reaction::Panic).await;
    for _ in 0..2 {
        world.until(poison, State::Retrying).await;
        let attempts = world.delivery(poison).await.attempts;
        let mut changes = world.store.changes();
        world.clock.advance(Duration::from_secs(15));
        while world.delivery(poison).await.attempts == attempts {
            changes.changed().await.expect("a running store");
        }
    }
    world.until(poison, State::Failed).await;
    assert!(world.is_healthy(), "our defect is not the CRM's trouble");
}

#[tokio::test]
async fn one_lead_that_a_firewall_refuses_spends_its_own_schedule_and_pauses_nobody() {
    let world = World::new();
    let poison = world.lead("+79120000001").await;
    world
        .work(move |claim| {
            if is_of(claim, poison) {
                let cause = Cause::NotTheCrm {
                    status: 403,
                    detail: "<html>".to_owned(),
                };
                Reaction::Fail(Failure::new(FailureKind::Misconfigured, cause))
            } else {
                Reaction::Take
            }
        })
        .await;
    world.until(poison, State::Retrying).await;
    assert!(world.is_healthy());
    assert_eq!(world.delivery(poison).await.retries, 1);
    assert_eq!(
        world.attempts(poison).await[0].outcome,
        Some(AttemptOutcome::Retry)
    );
    let other = world.lead("+79120000002").await;
    world.until(other, State::Delivered).await;
}

#[tokio::test]
async fn three_leads_that_meet_a_wrong_set_up_pause_the_destination_and_wait_for_free_from_then_on()
{
    let world = World::new();
    let mut leads = Vec::new();
    for n in 1..=3 {
        leads.push(world.lead(&format!("+7912000000{n}")).await);
    }
    world
        .work(|_| {
            let message = "Access denied.".to_owned();
            let cause = Cause::AccessDenied { message };
            Reaction::Fail(Failure::new(FailureKind::Misconfigured, cause))
        })
        .await;
    let mut changes = world.store.changes();
    let pausing = async {
        while world.is_healthy() || world.store.count(State::Sending) > 0 {
            changes.changed().await.expect("a running store");
        }
    };
    tokio::time::timeout(PATIENCE, pausing)
        .await
        .expect("paused");
    let mut outcomes = Vec::new();
    for lead in leads {
        outcomes.push(world.attempts(lead).await[0].outcome);
    }
    let count = |outcome| {
        outcomes
            .iter()
            .filter(|each| **each == Some(outcome))
            .count()
    };
    assert_eq!(count(AttemptOutcome::Retry), 2, "{outcomes:?}");
    assert_eq!(count(AttemptOutcome::Paused), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_lead_is_not_hidden_by_hundreds_of_one_phone_that_wait_before_it() {
    let world = World::new();
    let mut of_one_phone = Vec::new();
    for _ in 0..200 {
        of_one_phone.push(world.lead("+79120000001").await);
    }
    let behind = world.lead("+79120000002").await;
    world
        .work(move |claim| {
            if is_of(claim, behind) {
                Reaction::Take
            } else {
                Reaction::Hang
            }
        })
        .await;
    world.until(behind, State::Delivered).await;
    assert_eq!(world.delivery(of_one_phone[0]).await.state, State::Sending);
    assert_eq!(world.delivery(of_one_phone[1]).await.state, State::Queued);
}
