//! leadgate
pub mod clock;
pub mod lead;
pub mod secret;
pub mod delivery;
pub mod destination;
pub mod store;
pub mod config;
pub mod http;
