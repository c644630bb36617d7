//! leadgate
pub mod clock;
pub mod config;
pub mod delivery;
pub mod destination;
pub mod http;
pub mod lead;
pub mod secret;
pub mod store;

/// A simulated RetailCRM for the demo, the tests and `leadgate simulate-crm`.
pub mod simulator;
