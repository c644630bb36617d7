//! What the store's files promise: a model of the store against crashes at any frame, damage of every kind, backups, and the files of every
//! version that ever wrote any. Nothing here knows more of the store than its door and what its files look like from outside.

#![expect(
    clippy::expect_used,
    reason = "clippy knows test functions, but not the helpers they share"
)]

mod backup;
mod damage;
mod doctor;
mod files;
mod index_damage;
#[path = "../shared/leads.rs"]
mod leads;
mod model;
mod sequences;
mod upgrade;
mod world;
