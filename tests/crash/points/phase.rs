//! The phases of a gate's life whose calls are struck.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::timeout;

use crate::acks::Acks;
use crate::client::{Client, Wish};
use crate::gate::{Gate, Process};
use crate::home::Home;
use crate::load::Visit;
use crate::points::template::LEADS;
use crate::strace;

/// How long nothing may be said before the state is asked for again.
const TICK: Duration = Duration::from_millis(100);

/// A gate that cannot write what it owes may never deliver; then this is long enough.
const LONGEST_RUN: Duration = Duration::from_secs(8);

/// A phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A start where nothing is.
    FirstStart,
    /// A start after a kill: the index is trusted, the journal replayed.
    StartAfterKill,
    /// A start on another kernel than the last: the index is built anew.
    StartAfterCut,
    /// A lead comes and is delivered.
    Run,
    /// A lead is erased, which ends with a snapshot.
    Snapshot,
    /// SIGTERM.
    Stop,
}

impl Phase {
    pub(crate) const ALL: [Self; 6] = [
        Self::FirstStart,
        Self::StartAfterKill,
        Self::StartAfterCut,
        Self::Run,
        Self::Snapshot,
        Self::Stop,
    ];

    fn is_start(self) -> bool {
        matches!(
            self,
            Self::FirstStart | Self::StartAfterKill | Self::StartAfterCut
        )
    }

    /// Lets a gate live through this phase, traced with these options, and then end by SIGTERM unless it has ended before. What it answers is
    /// noted.
    pub(crate) async fn live(self, home: &Home, options: &[&str]) -> Lived {
        let acks = Acks::new(home.path("acks"));
        if self.is_start() {
            let started = Gate::ready(strace::serve(home, options)).await;
            let process = started.map_or_else(|process| process, |gate| gate.process);
            process.signal(Signal::TERM);
            process.ended().await;
            return Lived {
                process,
                erased: None,
            };
        }
        let gate = home.serve().await;
        let tracer = strace::attach(home, &gate.process, options).await;
        let erased = match self {
            Self::Run => {
                visit(&gate.client, LEADS, &acks).await;
                until_delivered(&gate, &acks).await;
                None
            }
            Self::Snapshot => erase(&gate.client, &acks).await,
            _ => None,
        };
        gate.process.signal(Signal::TERM);
        gate.process.ended().await;
        tracer.ended().await;
        Lived {
            process: gate.process,
            erased,
        }
    }
}

/// A life that is over.
pub(crate) struct Lived {
    pub(crate) process: Process,
    /// The lead whose erasure was answered with 200.
    pub(crate) erased: Option<String>,
}

/// One visitor, who may be answered or not.
pub(crate) async fn visit(client: &Client, number: u32, acks: &Acks) {
    let visit = Visit::of(number);
    let fields = [
        ("_id", visit.id.as_str()),
        ("name", visit.name),
        ("phone", &visit.phone),
        ("comment", &visit.comment),
    ];
    if let Ok(answer) = client.try_post(Wish::Json, &fields).await
        && answer.status != 503
    {
        acks.note(&visit.id, &answer.lead());
    }
}

async fn erase(client: &Client, acks: &Acks) -> Option<String> {
    let fields = [
        ("_id", "held-1"),
        ("phone", "+79991234567"),
        ("_gotcha", "x"),
    ];
    let answer = client.try_post(Wish::Json, &fields).await.ok()?;
    if answer.status == 503 {
        return None;
    }
    let lead = answer.lead();
    acks.note("held-1", &lead);
    let erased = client.erase(&lead).await.ok()?;
    (erased == 200).then_some(lead)
}

/// Until the leads are delivered, or the gate has ended, or nothing comes of it any more.
async fn until_delivered(gate: &Gate, acks: &Acks) {
    let delivered = async {
        for lead in acks.read().values().flatten() {
            while gate.client.try_state(lead).await.is_some_and(is_owed) {
                // The log tells of every attempt; the record of its end follows the line.
                gate.process.log.next_line(TICK).await;
            }
        }
    };
    tokio::select! {
        _ = timeout(LONGEST_RUN, delivered) => {}
        _ = gate.process.ended() => {}
    }
}

fn is_owed(state: String) -> bool {
    ["queued", "sending", "retrying"].contains(&state.as_str())
}
