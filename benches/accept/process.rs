//! What the system says of a process: its memory and its CPU time.

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::ParseIntError;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{self, Outcome};

/// `sysconf(_SC_CLK_TCK)` is 100 on every Linux.
const MILLISECONDS_PER_TICK: u64 = 10;

/// Resident memory.
pub(crate) struct Kibibytes(u64);

impl fmt::Display for Kibibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 * 10 / 1024;
        write!(f, "{}.{} MiB", tenths / 10, tenths % 10)
    }
}

/// What `/proc/{process}` says.
pub(crate) fn resident(process: &str) -> Outcome<Kibibytes> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB");
    Ok(Kibibytes(number.parse()?))
}

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
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = directory.path().join("config.toml");
    fs::write(&config, support::text(crate::NO_CRM, &address.to_string()))?;
    let child = Command::new(env!("CARGO_BIN_EXE_leadgate"))
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(Stdio::null())
        .spawn()?;
    let gate = Process(child);
    for _ in 0..100 {
        pause(Duration::from_millis(100));
        if is_ready(address) {
            pause(Duration::from_secs(1));
            return resident(&gate.0.id().to_string());
        }
    }
    Err("`leadgate serve` does not serve".into())
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

fn pause(span: Duration) {
    thread::sleep(span);
}

/// Ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
