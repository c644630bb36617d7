//! What the system says of a process: its memory and its CPU time.

use std::fs;
use std::num::ParseIntError;
use std::thread;
use std::time::Duration;

use crate::child::{Kibibytes, Serve, resident};
use crate::support::{self, Outcome};

/// `sysconf(_SC_CLK_TCK)` is 100 on every Linux.
const MILLISECONDS_PER_TICK: u64 = 10;

/// The CPU time of this process so far, user and system, threads that have ended included.
pub(crate) fn cpu_time() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, ParseIntError>>()?;
    Ok(Duration::from_millis(ticks * MILLISECONDS_PER_TICK))
}

/// Starts the real binary, waits until it serves and has been asked, and looks at it a second later.
pub(crate) fn of_idle_gate() -> Outcome<Kibibytes> {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (gate, _) = Serve::start(directory.path(), |listen| {
        support::text(crate::NO_CRM, listen)
    })?;
    thread::sleep(Duration::from_secs(1));
    let memory = resident(&gate.id())?;
    gate.stop()?;
    Ok(memory)
}
