//! How long after the visitor's answer a lead is an order when nothing is wrong: a CRM that answers at once, new people one after another at a rate
//! that the pace allows. What the CRM takes for its answers comes on top, once for each of the lead's requests.

use std::io::{self, Write};
use std::time::Duration;

use leadgate::clock::Clock;
use leadgate::simulator::{Options, SimulatedCrm};

use crate::app::Gate;
use crate::gate::Poster;
use crate::support::Outcome;

const LEADS: usize = 100;

/// Each takes up to four requests, of nine in a second.
const EVERY: Duration = Duration::from_millis(500);

/// What nineteen of twenty leads may take at the most, and what we aim at.
const BOUND: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(30));

/// Runs it and prints what came of it.
pub(crate) async fn run() -> Outcome<()> {
    let crm = SimulatedCrm::start(Options::default()).await?;
    let gate = Gate::start(&crm.url()).await?;
    let poster = Poster::new(gate.app.address())?;
    let clock = Clock::system();
    // The gate checks the account when it starts: these requests are out of the second's budget by then.
    clock.sleep(Duration::from_secs(2)).await;
    let mut changed = crm.changed();
    let mut took = Vec::with_capacity(LEADS);
    for number in 0..LEADS {
        let next = clock.monotonic() + EVERY;
        let body = format!("name=Visitor&phone=%2B7912{number:07}&email=v{number}%40mail.example");
        poster.post(body).await?;
        let answered = clock.monotonic();
        while crm.stats().orders <= number {
            changed.changed().await?;
        }
        took.push(clock.monotonic() - answered);
        clock
            .sleep(next.saturating_duration_since(clock.monotonic()))
            .await;
    }
    took.sort_unstable();
    print(&took)?;
    gate.stop().await?;
    crm.stop().await;
    Ok(())
}

/// Ascending.
fn print(took: &[Duration]) -> io::Result<()> {
    let quantile = |percent: usize| {
        let place = (took.len() * percent).div_ceil(100).max(1) - 1;
        took.get(place).copied().unwrap_or_default()
    };
    let milliseconds = |span: Duration| span.as_secs_f64() * 1e3;
    let (bound, aim) = BOUND;
    let verdict = if quantile(95) <= bound {
        ""
    } else {
        "  BROKEN"
    };
    writeln!(
        io::stdout(),
        "{} leads one after another, a CRM that is well: from answer to order p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms (p95 up to {bound:?}, aim {aim:?}){verdict}\n",
        took.len(),
        milliseconds(quantile(50)),
        milliseconds(quantile(95)),
        milliseconds(quantile(100)),
    )
}
