//! The crash proof: whatever ends a gate, be it `kill -9`, a power cut, a disk that refuses or a clock that jumps, every answered lead is there,
//! unchanged, and in the CRM exactly once. `README.md` beside this file says how to run it in full and what that has printed.
//!
//! What the executable is run with is shared with `tests/process`. The gate's data may lie on a disk of its own that can be cut off; what
//! visitors were answered is kept elsewhere.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "clippy knows test functions, but not the helpers they share"
)]
#![allow(
    dead_code,
    reason = "what is shared with tests/process is not used in full"
)]

mod census;
mod clock;
mod cuts;
mod disk;
mod dying_disk;
mod end;
mod kills;
mod points;
mod seed;
mod tally;
mod world;

#[path = "../process/acks.rs"]
mod acks;
#[path = "../process/client.rs"]
mod client;
#[path = "../process/crm.rs"]
mod crm;
#[path = "../process/gate.rs"]
mod gate;
#[path = "../process/home.rs"]
mod home;
#[path = "../process/load.rs"]
mod load;
#[path = "../process/log.rs"]
mod log;
#[path = "../process/strace.rs"]
mod strace;
