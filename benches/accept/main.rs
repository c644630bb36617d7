//! How much accepting a lead costs: the gate against a bare actix-web handler that parses the same body and answers the same bytes.
//!
//! `cargo bench --bench accept [-- --connections 64 --seconds 5 --rounds 3]`. Both are measured in one run, in turns, by one load
//! generator of one thread on the same cores; the gate answers after fdatasync. The ratio is what counts, because the machine's speed
//! is in both; nothing is asserted.
//!
//! The gate's destination is a port where nobody listens, so it is paused soon and its leads wait: delivering is paced and takes
//! place later, and a simulated CRM would take the two cores from what is measured. The gate logs as `leadgate serve` does, to a sink.

#[path = "../support/app.rs"]
mod app;
mod bare;
#[path = "../support/child.rs"]
mod child;
#[path = "../support/load.rs"]
mod load;
mod process;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::io::{self, Write};
use std::time::Duration;

use clap::Parser;
use leadgate::store::{Filter, Page};
use leadgate::telemetry::SERVE_FILTER;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::Gate;
use crate::load::Load;
use crate::report::{Level, Round, Side};
use crate::support::Outcome;

/// Of both, before anything counts: the destination gets paused, files and caches come into being.
const WARM_UP: Duration = Duration::from_secs(1);

/// `leadgate` when nobody listens there: port 9 is refused at once, unless somebody still discards.
const NO_CRM: &str = "http://127.0.0.1:9";

#[derive(Parser)]
struct Arguments {
    /// How many requests are under way at once; several numbers make several measurements.
    #[arg(long, value_delimiter = ',', default_value = "16,64,256")]
    connections: Vec<usize>,
    /// How long each of the two is measured each time.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often they take turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    log_as_serve_does()?;
    let runtime = Runtime::new()?;
    let gate = runtime.block_on(Gate::start(NO_CRM))?;
    let gate_load = Load::new(gate.app.address());
    let bare_address = runtime.block_on(bare::start(gate_load.one_answer()?))?;
    let bare_load = Load::new(bare_address);

    let mut levels = Vec::new();
    for connections in arguments.connections {
        let mut rounds = Vec::new();
        bare_load.run(connections, WARM_UP)?;
        gate_load.run(connections, WARM_UP)?;
        for _ in 0..arguments.rounds {
            let span = Duration::from_secs(arguments.seconds);
            let mut cpu = vec![process::cpu_time()?];
            let bare = bare_load.run(connections, span)?;
            cpu.push(process::cpu_time()?);
            let before = groups(&gate);
            let answered = gate_load.run(connections, span)?;
            runtime.block_on(until_applied(&gate))?;
            cpu.push(process::cpu_time()?);
            rounds.push(Round {
                bare: Side::new(bare, cpu[1] - cpu[0]),
                gate: Side::new(answered, cpu[2] - cpu[1]),
                groups: groups(&gate) - before,
            });
        }
        levels.push(Level {
            connections,
            rounds,
        });
    }
    let after_load = child::resident("self")?;
    runtime.block_on(gate.stop())?;

    let mut out = io::stdout().lock();
    report::table(&mut out, &levels)?;
    writeln!(out, "memory of this process after the load: {after_load}")?;
    writeln!(
        out,
        "memory of an idle `leadgate serve`: {}",
        process::of_idle_gate()?
    )?;
    Ok(())
}

/// How many groups went to the journal so far: each is one frame and has one fdatasync.
fn groups(gate: &Gate) -> u64 {
    // The number of a change is the sequence of the frame that made it.
    *gate.app.store().changes().borrow()
}

/// A reader sees everything that was answered. What the applier has left is the gate's work and must not be done while bare is measured.
async fn until_applied(gate: &Gate) -> Outcome<()> {
    let page = Page {
        before: None,
        limit: 1,
    };
    gate.app.store().leads(Filter::default(), page).await?;
    Ok(())
}

/// Formatting a line about each request is a part of the product path; where it goes is not.
fn log_as_serve_does() -> Outcome<()> {
    let filter: Targets = SERVE_FILTER.parse()?;
    let lines = layer().compact().with_ansi(false).with_writer(io::sink);
    registry().with(lines).with(filter).try_init()?;
    Ok(())
}
