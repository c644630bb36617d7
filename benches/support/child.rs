//! `leadgate serve` as a child process, so that what is measured of it is the product's alone.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use leadgate::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::Outcome;

/// A start that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often it is asked whether it serves: the error of the time that a start takes.
const TICK: Duration = Duration::from_millis(2);

/// As `packaging/systemd/leadgate.service` has it.
const ALLOCATOR: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "262144"),
    ("MALLOC_TRIM_THRESHOLD_", "4194304"),
];

/// The real binary, serving. Killed with its owner.
pub(crate) struct Serve {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Serve {
    /// Starts it in a directory and waits until it serves; `config` is given the address to listen on. Tells also how long that took. What it
    /// logs is in `gate.log` there.
    pub(crate) fn start(
        directory: &Path,
        config: impl FnOnce(&str) -> String,
    ) -> Outcome<(Self, Duration)> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let file = directory.join("config.toml");
        fs::write(&file, config(&address.to_string()))?;
        let log = File::create(directory.join("gate.log"))?;
        let clock = Clock::system();
        let start = clock.monotonic();
        let process = Command::new(env!("CARGO_BIN_EXE_leadgate"))
            .args(["serve", "--config"])
            .arg(&file)
            .envs(ALLOCATOR)
            .stderr(Stdio::from(log))
            .spawn()?;
        let mut serve = Self { process, address };
        while clock.monotonic() - start < PATIENCE {
            if serve.is_ready() {
                return Ok((serve, clock.monotonic() - start));
            }
            if let Some(status) = serve.process.try_wait()? {
                let log = fs::read_to_string(directory.join("gate.log"))?;
                return Err(format!("`leadgate serve` ended with {status}:\n{log}").into());
            }
            thread::sleep(TICK);
        }
        Err("`leadgate serve` does not serve".into())
    }

    fn is_ready(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect(self.address)?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            io::Result::Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }

    /// Its name under `/proc`.
    pub(crate) fn id(&self) -> String {
        self.process.id().to_string()
    }

    /// Has it stop in order.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        kill_process(Pid::from_child(&self.process), Signal::TERM)?;
        let status = self.process.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(format!("`leadgate serve` stopped with {status}").into())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Resident memory.
#[derive(Clone, Copy)]
pub(crate) struct Kibibytes(pub(crate) u64);

impl fmt::Display for Kibibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 * 10 / 1024;
        write!(f, "{}.{} MiB", tenths / 10, tenths % 10)
    }
}

/// What `/proc/{process}` says.
pub(crate) fn resident(process: &str) -> Outcome<Kibibytes> {
    status_of(process, "VmRSS:")
}

/// The same of another line there.
pub(crate) fn status_of(process: &str, name: &str) -> Outcome<Kibibytes> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.ok_or(format!("no {name}"))?;
    Ok(Kibibytes(number.trim().trim_end_matches(" kB").parse()?))
}
