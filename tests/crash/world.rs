//! A CRM that misbehaves, a gate that is ended again and again over the same data, visitors and an operator.

use std::fs;
use std::time::Duration;

use leadgate::simulator::{Body, Calls, Fault, FaultKind, SimulatedCrm};
use rand::Rng;
use rand::rngs::StdRng;
use rustix::process::Signal;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::acks::Acks;
use crate::census::Census;
use crate::client::Wish;
use crate::crm;
use crate::disk::Disk;
use crate::end::{Moment, Way};
use crate::gate::{Gate, Process};
use crate::home::{Home, Setup};
use crate::load::Load;
use crate::tally::{LONGEST_START, Tally};

/// A round whose moment does not come (no work is left for the CRM, say) ends after this.
const LONGEST_ROUND: Duration = Duration::from_secs(2);

/// What no gate may say that lost nothing but its life.
const HARM: [&str; 4] = ["is damaged", "cannot be used", "panicked", "ERROR leadgate"];

/// The world of one gate after another.
pub(crate) struct World {
    /// Unmounted before the home goes.
    disk: Option<Disk>,
    pub(crate) home: Home,
    crm: SimulatedCrm,
    acks: Acks,
    load: Load,
    census: Census,
    tally: Tally,
    /// Set for every gate.
    environment: Vec<(&'static str, String)>,
    operations: usize,
}

impl World {
    /// A world in which gates are killed.
    pub(crate) async fn new() -> Self {
        let crm = troubled_crm().await;
        let home = Home::new(&Setup::new(crm.url()));
        Self::of(home, crm, None)
    }

    /// One with a disk of its own; `None` where that is not possible.
    pub(crate) async fn on_a_disk() -> Option<Self> {
        let crm = troubled_crm().await;
        let mut setup = Setup::new(crm.url());
        // A directory that the gate has to make is lost with everything else that is not synced.
        setup.data = "disk/data".into();
        let home = Home::new(&setup);
        let disk = Disk::mount(&home)?;
        Some(Self::of(home, crm, Some(disk)))
    }

    fn of(home: Home, crm: SimulatedCrm, disk: Option<Disk>) -> Self {
        let acks = Acks::new(home.path("acks"));
        Self {
            load: Load::start(6, acks.clone()),
            acks,
            home,
            crm,
            disk,
            census: Census::default(),
            tally: Tally::default(),
            environment: Vec::new(),
            operations: 0,
        }
    }

    /// Every gate from now on reads its clock through this library.
    pub(crate) fn set_clock(&mut self, library: &str) {
        let file = self.home.path("clock");
        let file = file.to_str().expect("text").to_owned();
        self.environment = vec![
            ("LD_PRELOAD", library.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ];
        self.jump_to(0);
    }

    /// The clock goes wrong by so many hours, for a gate that runs too.
    pub(crate) fn jump_to(&self, hours: i32) {
        let next = self.home.path("clock.next");
        fs::write(&next, format!("{hours:+}h\n")).expect("written");
        fs::rename(next, self.home.path("clock")).expect("renamed");
    }

    /// One gate from its start to its end.
    pub(crate) async fn round(&mut self, way: Way, random: &mut StdRng) {
        let allowed = random.random_range(3..25);
        self.load.allow(allowed);
        let moment = Moment::any(random, allowed);
        let process = if let Moment::After(span) = moment {
            let process = self.spawn();
            // The end of the process is the event; it does not come by itself.
            let ended = timeout(span, process.ended()).await;
            assert!(ended.is_err(), "it ended by itself with {ended:?}");
            process
        } else {
            let gate = self.start().await;
            if !self.environment.is_empty() {
                self.jump_to(random.random_range(-1..=1));
            }
            self.load.send_to(&gate.client);
            self.reach(&moment, &gate).await;
            gate.process
        };
        if self.disk.is_none() || way == Way::Cut {
            self.count(&moment);
        }
        let has_stopped = matches!(moment, Moment::Stopping(_) | Moment::Stopped);
        assert!(
            has_stopped || !process.has_ended(),
            "it ended by itself: {}",
            process.exit_code().await
        );
        self.end(way, process).await;
    }

    /// Leads are answered by a gate that is killed before it has delivered them: it asks nothing in its first second.
    pub(crate) async fn leave_undelivered(&mut self, leads: usize) {
        self.load.allow(leads);
        let gate = self.start().await;
        self.load.send_to(&gate.client);
        reach(self.load.answers(), |_| leads).await;
        gate.kill_9().await;
        assert_eq!(self.crm.orders().len(), 0, "they were to be left");
    }

    fn spawn(&self) -> Process {
        let mut command = self.home.command();
        command.envs(self.environment.clone());
        Process::start(&mut command)
    }

    /// Starts a gate, and looks whether everything is there.
    async fn start(&mut self) -> Gate {
        let begun = Instant::now();
        let gate = Gate::ready(self.spawn()).await;
        let took = begun.elapsed();
        let gate = gate.unwrap_or_else(|process| {
            panic!("no start:\n{}", process.log.lines().join("\n"));
        });
        assert!(took < LONGEST_START, "a start of {took:?}");
        self.tally.starts.push(took);
        let answered = self.acks.read();
        self.census.look(&gate.client, &answered, &self.crm).await;
        gate
    }

    async fn reach(&mut self, moment: &Moment, gate: &Gate) {
        match moment {
            Moment::Answers(more) => reach(self.load.answers(), |now| now + more).await,
            Moment::Calls(more) => reach(self.crm.changed(), |now| now + more).await,
            Moment::Erasing(span) => self.erase(gate, *span).await,
            Moment::Stopping(span) => {
                gate.process.signal(Signal::TERM);
                timeout(*span, gate.process.ended()).await.ok();
            }
            Moment::Stopped => {
                gate.process.signal(Signal::TERM);
                assert_eq!(gate.process.exit_code().await, 0);
            }
            Moment::After(_) => {}
        }
    }

    /// Has a lead erased, and waits so long, or until it is.
    async fn erase(&mut self, gate: &Gate, span: Duration) {
        self.operations += 1;
        let id = format!("held-{}", self.operations);
        let fields = [
            ("_id", id.as_str()),
            ("phone", "+79991234567"),
            ("_gotcha", "x"),
        ];
        let answer = gate.client.try_post(Wish::Json, &fields).await;
        let lead = answer.expect("answered").lead();
        self.acks.note(&id, &lead);
        let (client, of) = (gate.client.clone(), lead.clone());
        // On its own, so that the gate does not see the operator go before its end.
        let erasing = tokio::spawn(async move { client.erase(&of).await });
        if let Ok(erased) = timeout(span, erasing).await {
            let erased = erased.expect("no panic").expect("answered");
            assert_eq!(erased, 200);
            self.census.note_erased(&lead);
        }
    }

    fn count(&mut self, moment: &Moment) {
        self.tally.ends += 1;
        *match moment {
            Moment::After(_) => &mut self.tally.in_start,
            Moment::Answers(_) | Moment::Calls(_) => &mut self.tally.at_work,
            Moment::Erasing(_) => &mut self.tally.in_snapshot,
            Moment::Stopping(_) | Moment::Stopped => &mut self.tally.in_stop,
        } += 1;
    }

    async fn end(&mut self, way: Way, process: Process) {
        let lines = process.log.lines();
        if way == Way::Cut {
            // A machine without power answers nobody any more. This one would: of a sync that is under way at its shutdown ext4 says now and
            // then that it has succeeded (4 of 80 cuts), which is heard by nobody when the power is gone.
            process.freeze();
            self.disk.as_mut().expect("a disk").cut();
        }
        process.signal(Signal::KILL);
        process.ended().await;
        if way == Way::Cut {
            self.disk.as_mut().expect("a disk").power_up();
        }
        for harm in HARM {
            let is_said = lines.iter().any(|line| line.contains(harm));
            assert!(!is_said, "{harm}:\n{}", lines.join("\n"));
        }
    }

    /// A last start; waits until nothing is owed, and looks through everything once more.
    pub(crate) async fn finish(mut self) -> Tally {
        // A CRM that keeps on pausing the gate has nothing new to show; one that loses its answers has.
        self.crm.clear_faults();
        lose_answers(&self.crm);
        let gate = self.start().await;
        self.load.send_to(&gate.client);
        let load = std::mem::replace(&mut self.load, Load::start(0, self.acks.clone()));
        let answered = load.finish().await;
        let visits = answered.keys().filter(|id| id.starts_with("visit-"));
        crm::drain(&gate, &self.crm, visits.count()).await;
        self.census.look(&gate.client, &answered, &self.crm).await;
        self.tally.orders = self.census.everything_arrived(&answered, &self.crm);
        self.tally.answered = answered.len();
        self.tally.erased = self.census.erased();
        assert_eq!(gate.terminate().await, 0);
        self.tally
    }
}

async fn reach<T: PartialOrd>(mut counter: watch::Receiver<T>, goal: impl Fn(&T) -> T) {
    let goal = goal(&*counter.borrow_and_update());
    let reached = counter.wait_for(|count| *count >= goal);
    if let Ok(reached) = timeout(LONGEST_ROUND, reached).await {
        reached.expect("the counter lives on");
    }
}

/// Everything that can go wrong between a gate and its CRM, some of it often.
async fn troubled_crm() -> SimulatedCrm {
    let crm = crm::start().await;
    lose_answers(&crm);
    let status = |status, retry_after| FaultKind::Status {
        status,
        retry_after,
        body: Body::Html,
    };
    let drip = FaultKind::SlowDrip {
        bytes: 64,
        every_ms: 20,
    };
    let any = [
        (status(500, None), 23),
        (status(429, Some(1)), 31),
        (FaultKind::RateLimited, 37),
        (FaultKind::NonJson200, 41),
        (drip, 29),
        (FaultKind::Down, 43),
    ];
    for (kind, every) in any {
        crm.fault(Fault::new(kind).calls(Calls::Every(every)));
    }
    crm
}

/// Orders and customers are made and nobody is told, or only of some.
fn lose_answers(crm: &SimulatedCrm) {
    let lost = || FaultKind::LostAnswer { hang: false };
    let row_fails = FaultKind::Partial460 {
        row: 1,
        text: "Что-то пошло не так".into(),
    };
    let made = [
        (lost(), "orders/create", 3),
        (lost(), "orders/upload", 3),
        (FaultKind::Reset, "orders/create", 5),
        (FaultKind::Reset, "orders/upload", 5),
        (row_fails, "orders/upload", 7),
        (lost(), "customers/create", 4),
    ];
    for (kind, operation, every) in made {
        crm.fault(Fault::new(kind).on(operation).calls(Calls::Every(every)));
    }
}
