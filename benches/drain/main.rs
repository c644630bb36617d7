//! How fast a backlog drains: so many leads wait, the CRM comes back, and fresh leads come meanwhile.
//!
//! `cargo bench --bench drain [-- --leads 2000 --matched 300 --rate 10 --latency-ms 200]`. First without a search for the customer, where fifty leads go
//! with one request; then with `customer = "match"` for people of three kinds. What counts is the time, how few requests a lead takes, that no
//! second holds more requests than the account permits, and how long a fresh lead takes. All is counted by the simulated CRM or read from
//! the gate's store; duplicates end the bench, everything else is only printed. Before that leads one after another to a CRM that is well, and a burst
//! of new people to a slow one.

#[path = "../support/app.rs"]
mod app;
mod burst;
mod case;
mod gate;
mod healthy;
#[path = "../support/mod.rs"]
mod support;

use std::io::{self, Write};
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Runtime;

use crate::case::{Case, Drained, Kind};
use crate::support::Outcome;

#[derive(Parser)]
struct Arguments {
    /// Leads that wait when nobody is searched for.
    #[arg(long, default_value_t = 100_000)]
    leads: usize,
    /// Leads that wait in each of the cases with a search: they take about a request each.
    #[arg(long, default_value_t = 600)]
    matched: usize,
    /// Requests in any one second that the account permits; the gate is told one less, as its default has it.
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// How long the CRM takes for an answer.
    #[arg(long, default_value_t = 200)]
    latency_ms: u64,
    /// Only these cases.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let runtime = Runtime::new()?;
    let is_wanted = |kind: Kind| arguments.only.is_empty() || arguments.only.contains(&kind);
    if is_wanted(Kind::Healthy) {
        runtime.block_on(healthy::run())?;
    }
    if is_wanted(Kind::Burst) {
        runtime.block_on(burst::run())?;
    }
    let cases = [
        (Kind::Unmatched, arguments.leads),
        (Kind::OneContact, arguments.matched),
        (Kind::Known, arguments.matched),
        (Kind::TwoContacts, arguments.matched),
    ];
    for (kind, leads) in cases.into_iter().filter(|(kind, _)| is_wanted(*kind)) {
        let case = Case {
            kind,
            leads,
            rate: arguments.rate,
            latency: Duration::from_millis(arguments.latency_ms),
        };
        print(&case, &runtime.block_on(case.run())?)?;
    }
    Ok(())
}

fn print(case: &Case, drained: &Drained) -> Outcome<()> {
    let mut out = io::stdout().lock();
    let seconds = |span: Duration| format!("{:.2} s", span.as_secs_f64());
    writeln!(
        out,
        "\n{} leads waiting: {}; {:?} per answer, {} requests a second permitted",
        case.leads,
        case.kind.sentence(),
        case.latency,
        case.rate
    )?;
    writeln!(out, "  accepted in {}", seconds(drained.accepted_in))?;
    writeln!(
        out,
        "  drained {} after the CRM was back, {} after its first answer",
        seconds(drained.since_back),
        seconds(drained.since_healthy)
    )?;
    writeln!(
        out,
        "  requests per waiting lead: {:.3}",
        drained.requests_per_lead
    )?;
    writeln!(
        out,
        "  requests in any one second: at most {}; refused as too many: {}",
        drained.peak_per_second, drained.too_many
    )?;
    writeln!(
        out,
        "  {} fresh leads meanwhile: p50 {}, p95 {}, longest {}",
        drained.fresh.len(),
        seconds(drained.percentile(50)),
        seconds(drained.percentile(95)),
        seconds(drained.percentile(100)),
    )?;
    writeln!(
        out,
        "  orders {}, customers {}, duplicates {}",
        drained.orders, drained.customers, drained.duplicates
    )?;
    for (operation, count) in &drained.by_operation {
        writeln!(out, "  {count:>7} {operation}")?;
    }
    if drained.duplicates > 0 {
        return Err("there are duplicates".into());
    }
    Ok(())
}
