//! `leadgate serve` as a child process.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::client::Client;
use crate::log::Log;

/// The executable under test.
pub(crate) const LEADGATE: &str = env!("CARGO_BIN_EXE_leadgate");

/// No start and no stop takes so long, even under strace on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A child process whose end can be waited for by many.
pub(crate) struct Process {
    pid: Pid,
    pub(crate) log: Log,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts it with an English locale and without the settings of whoever runs the tests.
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .env_remove("LEADGATE_CONFIG")
            .env_remove("LEADGATE_LOG")
            .env_remove("LEADGATE_LOG_FORMAT")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = Log::of(child.stderr.take().expect("piped"));
        let pid = Pid::from_child(&child);
        let exit = wait_for(child);
        Self { pid, log, exit }
    }

    /// Its number.
    pub(crate) fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Sends a signal, unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.exit.borrow().is_none() {
            // It may end this very moment.
            kill_process(self.pid, signal).ok();
        }
    }

    /// Stops every thread where it is, as a loss of power does: nothing leaves the process any more. A call of the kernel that is under way goes
    /// on, but what it says is heard by nobody.
    ///
    /// # Panics
    /// When it does not come to a halt in time.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let deadline = Instant::now() + PATIENCE;
        // The stop begins when one thread takes the signal, on a busy machine milliseconds later; then no other one comes back from the kernel.
        while !self.has_ended() {
            let states: Vec<char> = self.threads().collect();
            if states.contains(&'T') && states.iter().all(|state| matches!(state, 'T' | 'D')) {
                return;
            }
            assert!(Instant::now() < deadline, "it runs on");
            std::thread::yield_now();
        }
    }

    /// The states of its threads, in the letters of `/proc`.
    fn threads(&self) -> impl Iterator<Item = char> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id()));
        let stats = tasks.into_iter().flatten().flatten();
        stats.filter_map(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
            // Behind the name, which may hold anything.
            stat.rsplit_once(") ")?.1.chars().next()
        })
    }

    /// Where each thread is in the kernel, a line each: what is left to tell of a process that hangs.
    fn whereabouts(&self) -> String {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id()));
        let tasks = tasks.into_iter().flatten().flatten();
        let line = |task: std::fs::DirEntry| {
            let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let (name, waits, call) = (read("comm"), read("wchan"), read("syscall"));
            format!("{}: {waits} {}\n", name.trim(), call.trim())
        };
        tasks.map(line).collect()
    }

    /// How it ended.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let ended = tokio::time::timeout(PATIENCE, exit.wait_for(Option::is_some)).await;
        let status = ended.expect("the process ends").expect("it is waited for");
        status.expect("it has ended")
    }

    /// Its exit code; 128 and the number of the signal that killed it, as shells say.
    pub(crate) async fn exit_code(&self) -> i32 {
        let status = self.ended().await;
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.exit.borrow().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let is_stuck = std::thread::panicking() && !self.has_ended();
        let at = if is_stuck {
            self.whereabouts()
        } else {
            String::new()
        };
        self.signal(Signal::KILL);
        if std::thread::panicking() {
            eprint!("{at}");
            eprintln!("--- what the process said ---");
            let mut lines = self.log.lines();
            // What the tests themselves ask while they wait.
            lines.retain(|line| !line.contains("path=\"/admin/api/"));
            let tail = lines.len().saturating_sub(200);
            eprintln!("{}", lines[tail..].join("\n"));
        }
    }
}

fn wait_for(mut child: Child) -> watch::Receiver<Option<ExitStatus>> {
    let (sender, exit) = watch::channel(None);
    std::thread::spawn(move || {
        sender.send_replace(child.wait().ok());
    });
    exit
}

/// A gate that has said that it is ready.
pub(crate) struct Gate {
    pub(crate) process: Process,
    pub(crate) client: Client,
}

impl Gate {
    /// Waits until the process listens. `Err` is the process, if it ended instead.
    pub(crate) async fn ready(process: Process) -> Result<Self, Process> {
        let line = process
            .log
            .line_from(0, "leadgate is ready", PATIENCE)
            .await;
        let Some(line) = line else {
            return Err(process);
        };
        let address = line
            .split("address=")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|address| address.parse::<SocketAddr>().ok());
        let client = Client::of(address.expect("the line tells the address"));
        Ok(Self { process, client })
    }

    /// SIGKILL: no goodbye of any kind. Waits until it is gone.
    pub(crate) async fn kill_9(self) {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
    }

    /// SIGTERM, and the exit code that follows.
    pub(crate) async fn terminate(self) -> i32 {
        self.process.signal(Signal::TERM);
        self.process.exit_code().await
    }

    /// SIGHUP, and the line about it that holds `verdict`.
    pub(crate) async fn hang_up(&self, verdict: &str) {
        let from = self.process.log.lines().len();
        self.process.signal(Signal::HUP);
        let said = self.process.log.line_from(from, verdict, PATIENCE).await;
        assert!(said.is_some(), "it ended instead of reloading");
    }
}
