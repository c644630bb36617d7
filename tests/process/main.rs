//! The real executable as its operator and its visitors meet it: a child process with a config file, signals, a disk and a simulated CRM.
//! What is promised about crashes and durability is shown here from the outside, because inside the process nothing can kill it in earnest.
//!
//! Nothing sleeps: tests wait for lines of the log, for calls that reach the CRM, and for the end of the process, each with a deadline.
//! What needs strace or the right to mount is left out, with a line that says so, where there is none.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "clippy knows test functions, but not the helpers they share"
)]

mod acks;
mod answers_after_fdatasync;
mod backup;
#[allow(dead_code, reason = "tests/crash uses the rest")]
mod client;
mod commands;
mod crm;
mod disk_errors;
mod disk_full;
#[allow(dead_code, reason = "tests/crash uses the rest")]
mod gate;
mod home;
mod kill_between_steps;
#[allow(dead_code, reason = "tests/crash uses the rest")]
mod load;
mod log;
mod misconfigured;
mod shutdown;
#[allow(dead_code, reason = "tests/crash uses the rest")]
mod strace;
mod wire;
