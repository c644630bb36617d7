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

#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/acks.rs"]
mod acks;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/client.rs"]
mod client;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/crm.rs"]
mod crm;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/gate.rs"]
mod gate;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/home.rs"]
mod home;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/load.rs"]
mod load;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/log.rs"]
mod log;
#[allow(dead_code, reason = "tests/process uses the rest")]
#[path = "../process/strace.rs"]
mod strace;
