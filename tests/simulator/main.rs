//! The simulated RetailCRM asked over real HTTP, as any client of the CRM would ask it. These tests hold the wire
//! formats that the rest of the project is tested against.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the helpers they share"
)]

mod account;
mod api;
mod client;
mod control;
mod customers;
mod faults;
mod lines;
mod official;
mod orders;
mod pages;
mod stored_orders;
mod uploads;
