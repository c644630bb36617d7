//! What the store promises, said only through its door: nothing here knows of journal, snapshot or sled but by their files.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod deliveries;
mod erasure;
#[path = "../shared/files.rs"]
mod files;
mod keys;
#[path = "../shared/leads.rs"]
mod leads;
mod reading;
mod start;
mod support;
