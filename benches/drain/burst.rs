//! How long a slow CRM takes for a burst: 100 leads of new people, 800 ms per answer, the default pace of 9 requests a second.
//!
//! The pace is then the limit, so what counts is how few requests the leads take.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use futures_util::future::try_join_all;
use leadgate::clock::Clock;
use leadgate::lead::DestinationId;
use leadgate::simulator::{Options, SimulatedCrm};
use reqwest::header::ACCEPT;

use crate::app::Gate;
use crate::support::Outcome;

/// Posted at once.
const LEADS: usize = 100;

/// Per answer.
const LATENCY: Duration = Duration::from_millis(800);

/// Runs it and prints what came of it.
pub(crate) async fn run() -> Outcome<()> {
    let crm = SimulatedCrm::start(Options {
        latency: LATENCY,
        ..Options::default()
    })
    .await?;
    let gate = Gate::start(&crm.url()).await?;
    let clock = Clock::system();
    let start = clock.monotonic();
    post_all(&format!("http://{}/f/callback", gate.app.address())).await?;
    let accepted = clock.monotonic() - start;
    let mut changed = crm.changed();
    while crm.orders().len() < LEADS {
        changed.changed().await?;
    }
    let in_the_crm = clock.monotonic() - start;
    let shop = DestinationId::parse("shop").ok_or("no id")?;
    while gate.app.store().waiting(&shop).count > 0 {
        clock.sleep(Duration::from_millis(10)).await;
    }
    let settled = clock.monotonic() - start;

    let mut requests = BTreeMap::<String, usize>::new();
    for request in crm.received() {
        *requests.entry(request.operation).or_default() += 1;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{LEADS} leads, {LATENCY:?} per answer of the CRM")?;
    writeln!(out, "all accepted after {:.2} s", accepted.as_secs_f64())?;
    writeln!(
        out,
        "all orders there after {:.2} s",
        in_the_crm.as_secs_f64()
    )?;
    writeln!(out, "all settled after {:.2} s", settled.as_secs_f64())?;
    writeln!(out, "customers: {}", crm.stats().customers)?;
    writeln!(
        out,
        "requests in any one second: at most {}",
        crm.peak_per_second()
    )?;
    for (operation, count) in requests {
        writeln!(out, "{count:>5} {operation}")?;
    }
    drop(out);
    gate.stop().await?;
    crm.stop().await;
    Ok(())
}

/// New people with a phone and an e-mail each, all at once.
async fn post_all(url: &str) -> Outcome<()> {
    let http = reqwest::Client::builder().build()?;
    let posting = (0..LEADS).map(async |number| {
        let body = format!(
            "name=Visitor&phone=%2B7912{number:07}&email=visitor{number}%40mail.example&_id=visit-{number}"
        );
        let request = http.post(url).header(ACCEPT, "application/json");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        request.body(body).send().await?.error_for_status()
    });
    try_join_all(posting).await?;
    Ok(())
}
