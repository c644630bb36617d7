//! leadgate
pub mod clock;
pub mod lead;
pub mod secret;
