//! Every call on a file that a gate makes while it starts, works, writes a snapshot and stops, struck one after another: by a kill just before
//! it, by an error instead of it. Whatever it was, the next start finds everything that was answered.
//!
//! First each phase is traced without any harm; that tells the points. Then each point has a life of its own, with a copy of the same data.

mod blow;
pub(crate) mod phase;
pub(crate) mod point;
mod template;
mod tests;
