//! How the gate bears growth: the same questions over 1 000, 100 000 and a million stored leads.
//!
//! `cargo bench --bench growth [-- --leads 1000,100000,1000000 --waiting 100000 --requests 1000 --seconds 5]`. Each size gets a store of its own,
//! filled through the store's door with leads that come half a minute apart and with the states that a shop has; the newest of them wait.
//! Then the real binary serves it: what it is asked, the erasure of a person, its starts (after all was written in one go, after a clean stop, after a kill under load,
//! without the index), its memory, and the rate at which it accepts. The gates of all sizes are asked in turn, so that what else the machine does is in every column. The destination is a port where nobody listens, so that what waits keeps waiting.
//!
//! Printed is a table with the ratio to the smallest size; a bound that does not hold at the largest is marked, and nothing is asserted. A million
//! leads take some minutes to fill in and 3 GB of the disk. What was written lately is in the page cache, so starts are warm.

mod asked;
#[path = "../support/child.rs"]
mod child;
mod fill;
#[path = "../support/load.rs"]
mod load;
mod people;
mod size;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod wire;

use std::io;

use clap::Parser;
use tokio::runtime::Runtime;

use crate::size::{Size, Stored};
use crate::support::Outcome;

#[derive(Parser)]
struct Arguments {
    /// How many leads are stored; several numbers make several columns, compared with the first.
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
    leads: Vec<u32>,
    /// How many of them wait at the most; a tenth of a smaller store does.
    #[arg(long, default_value_t = 100_000)]
    waiting: u32,
    /// How often each thing is asked.
    #[arg(long, default_value_t = 1000)]
    requests: usize,
    /// How long leads are accepted.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    // Refused when the process has a provider already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = Runtime::new()?;
    let sizes = arguments.leads.iter();
    let stored = sizes.map(|leads| Stored::fill(*leads, &arguments, &runtime));
    let stored = stored.collect::<Outcome<Vec<Stored>>>()?;
    let asked = runtime.block_on(size::ask(&stored, arguments.requests))?;
    let sizes = stored.into_iter().zip(asked);
    let sizes = sizes.map(|(stored, asked)| stored.measure(asked, (arguments.seconds, &runtime)));
    let sizes = sizes.collect::<Outcome<Vec<Size>>>()?;
    table::print(&mut io::stdout().lock(), &sizes)?;
    Ok(())
}
