//! Whether the gate stays as it is: half an hour at half of the top rate, with a CRM that comes and goes.
//!
//! `cargo bench --bench soak [-- --minutes 30 --rate 500 --flap-seconds 60]`. Without `--rate` the top rate is measured first, on a gate of its own: how many
//! leads a second are accepted and become orders of a CRM that is up, on this machine, which gate, CRM and load share. Then the
//! simulated CRM is up, faulty, up and down in turns, and up at the end, until nothing waits. Each minute (or each tenth of a short soak) a line tells
//! latency, memory, file descriptors, disk and what waits; then the last third of them is compared with the second, and every answered lead
//! is looked for among the CRM's orders. A lost or a doubled lead ends the bench with an error, everything else is only printed.
//!
//! The simulator keeps of orders only what names them, some 1 KB each.

#[path = "../support/child.rs"]
mod child;
mod flapping;
mod gate;
#[path = "../support/load.rs"]
mod load;
mod paced;
mod proof;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use leadgate::clock::Clock;
use leadgate::simulator::{Options, SimulatedCrm};
use tokio::runtime::Runtime;

use crate::child::{Serve, resident};
use crate::flapping::{MOODS, Mood};
use crate::gate::{Operator, file_descriptors, taken, taken_without_name};
use crate::load::Load;
use crate::paced::Paced;
use crate::proof::Proof;
use crate::report::{Sample, verdict};
use crate::support::Outcome;

/// With which the top rate is measured.
const CONNECTIONS: usize = 64;

/// For how long.
const SPRINT: Duration = Duration::from_secs(20);

/// How often it is looked whether something is to be done.
const TICK: Duration = Duration::from_millis(100);

#[derive(Parser)]
struct Arguments {
    /// How long leads come.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Leads a second; without it half of the top rate, which is measured first.
    #[arg(long)]
    rate: Option<u32>,
    /// How long the CRM stays as it is; without it from one line to the next.
    #[arg(long)]
    flap_seconds: Option<u64>,
    /// How long the rest may take to be delivered when no more leads come; without it as long as they came.
    #[arg(long)]
    drain_minutes: Option<u64>,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    // Refused when the process has a provider already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = Runtime::new()?;
    let rate = match arguments.rate {
        Some(rate) => rate,
        None => half_of_top(&runtime)?,
    };
    runtime.block_on(soak(&arguments, rate))
}

/// Half of what a fresh gate accepts and delivers.
fn half_of_top(runtime: &Runtime) -> Outcome<u32> {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let crm = runtime.block_on(unlimited_crm())?;
    let url = crm.url();
    let (gate, _) = Serve::start(directory.path(), |listen| gate::config(&url, listen))?;
    let load = Load::new(gate.address);
    load.one_answer()?;
    let clock = Clock::system();
    let start = clock.monotonic();
    let sprint = load.run(CONNECTIONS, SPRINT)?;
    let accepted = crm.stats().orders;
    let operator = Operator::new(gate.address)?;
    runtime.block_on(async {
        while operator.waiting().await? > 0 {
            clock.sleep(TICK).await;
        }
        Outcome::Ok(())
    })?;
    let span = clock.monotonic() - start;
    let orders = crm.stats().orders;
    gate.stop()?;
    runtime.block_on(crm.stop());
    let top = orders as f64 / span.as_secs_f64();
    writeln!(
        io::stdout(),
        "{orders} leads accepted at {:.0} a second, p99 {:.2} ms; {accepted} of them were orders by then, all after {:.1} s: top rate {top:.0} a second",
        sprint.rate(),
        sprint.quantile(0.99),
        span.as_secs_f64(),
    )?;
    Ok((top / 2.0) as u32)
}

/// It takes whatever comes.
async fn unlimited_crm() -> Outcome<SimulatedCrm> {
    let options = Options {
        requests_per_second: 0,
        ..Options::default()
    };
    Ok(SimulatedCrm::start(options).await?)
}

async fn soak(arguments: &Arguments, rate: u32) -> Outcome<()> {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let crm = unlimited_crm().await?;
    let url = crm.url();
    let (gate, _) = Serve::start(directory.path(), |listen| gate::config(&url, listen))?;
    let operator = Operator::new(gate.address)?;
    let whole = Duration::from_secs(arguments.minutes * 60);
    let watch = Watch {
        clock: Clock::system(),
        crm: &crm,
        gate: &gate,
        operator: &operator,
        data: &directory.path().join("data"),
    };
    let between = Duration::from_secs(60).min(whole / 10);
    let flap = arguments.flap_seconds.map_or(between, Duration::from_secs);
    writeln!(
        io::stdout(),
        "{rate} leads a second for {} minutes\n",
        arguments.minutes
    )?;
    let paced = Paced::start(gate.address, rate);
    let samples = watch.until(whole, (between, flap), &paced).await?;
    let answered = paced.end()?;
    let patience = arguments.drain_minutes.unwrap_or(arguments.minutes) * 60;
    let (drained_in, waiting) = watch.drain(Duration::from_secs(patience)).await?;

    let mut out = io::stdout();
    writeln!(
        out,
        "\n{waiting} leads wait {:.0} s after the last came; memory {}",
        drained_in.as_secs_f64(),
        resident(&gate.id())?
    )?;
    verdict(&mut out, &samples)?;
    let proof = Proof::of(&answered, &crm, &operator).await?;
    proof.print(&mut out)?;
    gate.stop()?;
    crm.stop().await;
    if proof.holds() {
        return Ok(());
    }
    Err("leads were lost or doubled".into())
}

/// Looks on.
struct Watch<'a> {
    clock: Clock,
    crm: &'a SimulatedCrm,
    gate: &'a Serve,
    operator: &'a Operator,
    data: &'a Path,
}

impl Watch<'_> {
    /// For so long. A sample is taken every `between`; the CRM's mood changes every `flap`, after the sample of what it was.
    async fn until(
        &self,
        whole: Duration,
        (between, flap): (Duration, Duration),
        paced: &Paced,
    ) -> Outcome<Vec<Sample>> {
        let start = self.clock.monotonic();
        let mut moods = MOODS.iter().copied().cycle();
        let (mut mood, mut samples) = (moods.next().unwrap_or(Mood::Up), Vec::<Sample>::new());
        let (mut next_flap, mut next_sample, mut seen) = (flap, between, Duration::ZERO);
        Sample::head(&mut io::stdout())?;
        loop {
            self.clock.sleep(TICK).await;
            self.crm.shed();
            let at = self.clock.monotonic() - start;
            if at >= next_sample {
                let mut sample = self.sample(at, mood).await?;
                sample.answered = samples.last().map_or(0, |before| before.answered);
                sample.set_window(paced.window(), at - seen);
                sample.print(&mut io::stdout())?;
                samples.push(sample);
                seen = at;
                next_sample += between;
            }
            if at >= next_flap {
                mood = moods.next().unwrap_or(Mood::Up);
                mood.befall(self.crm).await?;
                next_flap += flap;
            }
            if next_sample > whole {
                return Ok(samples);
            }
        }
    }

    async fn sample(&self, at: Duration, mood: Mood) -> Outcome<Sample> {
        let process = self.gate.id();
        Ok(Sample {
            at,
            mood,
            rate: 0.0,
            answered: 0,
            refused: 0,
            p50: 0.0,
            p99: 0.0,
            mebibytes: resident(&process)?.0 as f64 / 1024.0,
            descriptors: file_descriptors(&process)?,
            disk: taken(self.data) + taken_without_name(&process),
            waiting: self.operator.waiting().await?,
            orders: self.crm.stats().orders,
        })
    }

    /// With a CRM that is up, until nothing waits or patience ends. How long that took, and how many wait then.
    async fn drain(&self, patience: Duration) -> Outcome<(Duration, u64)> {
        Mood::Up.befall(self.crm).await?;
        let start = self.clock.monotonic();
        loop {
            self.crm.shed();
            let waiting = self.operator.waiting().await?;
            let span = self.clock.monotonic() - start;
            if waiting == 0 || span >= patience {
                return Ok((span, waiting));
            }
            self.clock.sleep(TICK).await;
        }
    }
}
