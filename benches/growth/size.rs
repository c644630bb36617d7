//! Everything that is measured with one number of stored leads.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use leadgate::clock::Clock;
use leadgate::config::Config;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::Arguments;
use crate::asked::{Answers, Operator, TOKEN, ask_everything};
use crate::child::{Serve, resident, status_of};
use crate::fill::{Filled, Plan};
use crate::load::Load;
use crate::support::{self, Outcome};

/// Nobody listens there, so what waits keeps waiting.
const NO_CRM: &str = "http://127.0.0.1:9";

/// Connections of the load: as `accept` has them by default.
const CONNECTIONS: usize = 64;

/// The load runs so long before the process is killed in it.
const UNTIL_KILL: Duration = Duration::from_millis(300);

/// What was measured.
pub(crate) struct Size {
    pub(crate) leads: u32,
    pub(crate) waiting: u32,
    /// Bytes that the visitor sent, and bytes of the lead's record before it is compressed, on average.
    pub(crate) sent_per_lead: f64,
    pub(crate) bytes_per_lead: f64,
    pub(crate) filled_in: Duration,
    /// Bytes of the index, the snapshot and the journal, settled.
    pub(crate) disk: [u64; 3],
    /// The same with an index that was built anew.
    pub(crate) disk_rebuilt: u64,
    /// Of the process that comes after the one which wrote everything: sled then reads its whole log, and writes down what it has learnt.
    pub(crate) first: Duration,
    pub(crate) after_clean_stop: Duration,
    pub(crate) after_kill: Duration,
    pub(crate) rebuild: Duration,
    /// How long the erasure of a person took, up to the receipt: all files are then without them.
    pub(crate) erasure: Duration,
    /// Bytes of all files after it.
    pub(crate) disk_after_erasure: u64,
    /// In MiB: after the start, after all the questions, the most during an erasure, after it, after the rebuild, after the load.
    pub(crate) memory: [f64; 6],
    pub(crate) answers: Vec<Answers>,
    /// Microseconds per lead of the CSV.
    pub(crate) export: f64,
    /// Leads a second.
    pub(crate) accepted: f64,
    /// Of an accept, in milliseconds.
    pub(crate) accept_p50: f64,
    pub(crate) accept_p99: f64,
}

/// A filled store with a gate over it.
pub(crate) struct Stored {
    directory: TempDir,
    data: PathBuf,
    plan: Plan,
    filled: Filled,
    filled_in: Duration,
    disk: [u64; 3],
    first: Duration,
    gate: Serve,
    after_clean_stop: Duration,
    memory: f64,
}

impl Stored {
    /// Fills a store with so many leads and starts a gate over it.
    pub(crate) fn fill(leads: u32, arguments: &Arguments, runtime: &Runtime) -> Outcome<Self> {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let home = directory.path();
        let clock = Clock::system();
        let plan = Plan {
            leads,
            // Else a small store would be nothing but leads that wait.
            waiting: arguments.waiting.min(leads / 10),
            now: clock.now(),
        };
        let start = clock.monotonic();
        let config = Config::parse(&config("127.0.0.1:0"), &home.join("config.toml"));
        let config = config.map_err(|refused| format!("{:#?}", refused.problems))?;
        let filled = runtime.block_on(plan.fill(&config.store.path, &config))?;
        let filled_in = clock.monotonic() - start;
        let disk = disk(&config.store.path)?;
        said(&format!("{leads} leads filled in after {filled_in:.0?}"))?;
        let (gate, first) = Serve::start(home, self::config)?;
        gate.stop()?;
        let (gate, after_clean_stop) = Serve::start(home, self::config)?;
        Ok(Self {
            data: config.store.path,
            plan,
            filled,
            filled_in,
            disk,
            first,
            after_clean_stop,
            memory: mebibytes(&gate)?,
            gate,
            directory,
        })
    }

    /// Who asks the gate, each thing so often.
    pub(crate) fn operator(&self, times: usize) -> Outcome<Operator<'_>> {
        let ids = (self.filled.ids.as_slice(), self.plan.now);
        Operator::new(self.gate.address, times, ids)
    }

    /// Measures everything else, now that it was asked.
    pub(crate) fn measure(
        self,
        (answers, export): (Vec<Answers>, f64),
        (seconds, runtime): (u64, &Runtime),
    ) -> Outcome<Size> {
        let home = self.directory.path();
        let mut memory = vec![self.memory, mebibytes(&self.gate)?];
        forget_most(&self.gate.id())?;
        let erasure = runtime.block_on(self.operator(1)?.erase())?;
        memory.extend([most(&self.gate.id())?, mebibytes(&self.gate)?]);
        let disk_after_erasure = disk(&self.data)?.iter().sum();
        kill_under_load(self.gate)?;
        let (gate, after_kill) = Serve::start(home, config)?;
        // It is there for visitors, too.
        Load::new(gate.address).one_answer()?;
        gate.stop()?;
        fs::remove_dir_all(self.data.join("sled"))?;
        let (gate, rebuild) = Serve::start(home, config)?;
        let disk_rebuilt = disk(&self.data)?.iter().sum();
        memory.push(mebibytes(&gate)?);
        let load = Load::new(gate.address);
        load.run(CONNECTIONS, Duration::from_secs(1))?;
        let measured = load.run(CONNECTIONS, Duration::from_secs(seconds))?;
        memory.push(mebibytes(&gate)?);
        gate.stop()?;
        self.directory.close()?;
        Ok(Size {
            leads: self.plan.leads,
            waiting: self.plan.waiting,
            sent_per_lead: self.filled.sent_per_lead,
            bytes_per_lead: self.filled.bytes_per_lead,
            filled_in: self.filled_in,
            disk: self.disk,
            disk_rebuilt,
            first: self.first,
            after_clean_stop: self.after_clean_stop,
            after_kill,
            rebuild,
            erasure,
            disk_after_erasure,
            memory: memory.try_into().map_err(|_other| "not six")?,
            answers,
            export,
            accepted: measured.rate(),
            accept_p50: measured.quantile(0.50),
            accept_p99: measured.quantile(0.99),
        })
    }
}

/// The answers to everything that an operator asks, and the microseconds that a lead takes in an export, of each of these.
pub(crate) async fn ask(stored: &[Stored], times: usize) -> Outcome<Vec<(Vec<Answers>, f64)>> {
    let operators = stored.iter().map(|stored| stored.operator(times));
    let operators = operators.collect::<Outcome<Vec<_>>>()?;
    let mut all = Vec::new();
    for (operator, answers) in operators.iter().zip(ask_everything(&operators).await?) {
        let (span, rows) = operator.export().await?;
        all.push((answers, span.as_secs_f64() * 1e6 / f64::from(rows)));
    }
    said("everything was asked")?;
    Ok(all)
}

impl Size {
    /// Bytes on the disk per lead: as they were filled in, after an erasure, and with an index that was built anew.
    pub(crate) fn disk_per_lead(&self) -> [f64; 3] {
        let filled = self.disk.iter().sum();
        let taken = [filled, self.disk_after_erasure, self.disk_rebuilt];
        taken.map(|bytes: u64| bytes as f64 / f64::from(self.leads))
    }
}

/// The bench's usual form, and a rarer one.
fn config(listen: &str) -> String {
    let usual = support::text(NO_CRM, listen);
    format!(
        r#"{usual}
[admin]
token = "{TOKEN}"
[[forms]]
id = "banquet"
title = "Banquet"
origins = ["https://shop.example"]
  [[forms.deliver]]
  destination = "shop"
"#
    )
}

/// SIGKILL while leads come.
fn kill_under_load(gate: Serve) -> Outcome<()> {
    let load = Load::new(gate.address);
    load.one_answer()?;
    thread::scope(|scope| {
        // It ends when nobody answers any more.
        let sending = scope.spawn(|| drop(load.run(CONNECTIONS, UNTIL_KILL * 100)));
        thread::sleep(UNTIL_KILL);
        drop(gate);
        sending.join().map_err(|_panic| "the load broke".into())
    })
}

/// A large store takes minutes, and somebody watches.
fn said(what: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{what}")
}

fn mebibytes(gate: &Serve) -> Outcome<f64> {
    Ok(resident(&gate.id())?.0 as f64 / 1024.0)
}

/// The most that a process has had since [`forget_most`], in MiB.
fn most(process: &str) -> Outcome<f64> {
    Ok(status_of(process, "VmHWM:")?.0 as f64 / 1024.0)
}

/// What a process has had at the most counts from now on.
fn forget_most(process: &str) -> io::Result<()> {
    fs::write(format!("/proc/{process}/clear_refs"), "5")
}

/// What a data directory takes of the disk: the index, the snapshots, the journal.
fn disk(data: &Path) -> io::Result<[u64; 3]> {
    let [snapshots, journal] = ["snapshots", "journal"].map(|name| taken(&data.join(name)));
    let (snapshots, journal, all) = (snapshots?, journal?, taken(data)?);
    // The index has one of two names, and beside it are a few small files.
    Ok([all - snapshots - journal, snapshots, journal])
}

fn taken(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            taken(&entry.path())?
        } else {
            // As `du` counts.
            metadata.blocks() * 512
        };
    }
    Ok(bytes)
}
