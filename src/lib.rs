//! leadgate

/// A simulated RetailCRM for the demo, the tests and `leadgate simulate-crm`.
pub mod simulator;
