//! The delivering side: one worker per destination; lanes, pause and probe.

mod health;

pub use health::{DestinationHealth, Health, Outlook};
