//! Deliveries to the simulated RetailCRM over real HTTP: what is in the CRM after every kind of trouble, and with how many requests.

#![expect(
    clippy::expect_used,
    reason = "clippy knows test functions, but not the helpers they share"
)]

mod batches;
mod check;
mod conflicts;
mod custom_fields;
mod customers;
mod orders;
mod refusals;
mod wire;
mod world;
