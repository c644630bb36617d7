//! When a gate ends, and how.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// How a gate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `kill -9`. The machine lives on.
    Kill,
    /// The disk under it loses its power, and everything that was not synced.
    Cut,
}

/// When.
#[derive(Clone, Debug)]
pub(crate) enum Moment {
    /// So long after the start of the process, be it ready or not.
    After(Duration),
    /// With so many more answers to visitors.
    Answers(usize),
    /// With so many more calls of the CRM.
    Calls(u64),
    /// So long after an operator has asked to have a lead erased, which ends with a snapshot.
    Erasing(Duration),
    /// So long after SIGTERM, or with its end if that comes before.
    Stopping(Duration),
    /// When it has stopped in order.
    Stopped,
}

impl Moment {
    /// Any.
    pub(crate) fn any(random: &mut StdRng, allowed: usize) -> Self {
        let mut up_to = |ms: u64| Duration::from_micros(random.random_range(0..ms * 1000));
        let (start, erasing, stopping) = (up_to(250), up_to(500), up_to(60));
        match random.random_range(0..20) {
            0..5 => Self::After(start),
            5..10 => Self::Answers(random.random_range(1..=allowed)),
            // A gate asks nothing in its first second: it does not know what the last one has just asked.
            10..14 => Self::Calls(random.random_range(1..50)),
            14..17 => Self::Erasing(erasing),
            17..19 => Self::Stopping(stopping),
            _ => Self::Stopped,
        }
    }
}
