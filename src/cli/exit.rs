//! The exit codes, from sysexits.h, so that a service manager can tell a bad config from a bad disk.

use std::process::{ExitCode, Termination};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Wrong arguments or input.
    Usage = 64,
    /// A destination could not be asked, or what is needed is in use by another process: an address, a store.
    Unavailable = 69,
    /// The disk, or a stream, did not do its part.
    Io = 74,
    /// The config has problems.
    BadConfig = 78,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
