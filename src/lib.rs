//! leadgate
pub mod clock;
pub mod config;
pub mod delivery;
pub mod destination;
pub mod dispatch;
pub mod http;
pub mod intake;
pub mod lead;
pub mod secret;
pub mod store;
