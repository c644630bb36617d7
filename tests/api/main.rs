//! The gate as its users meet it: the real app against the simulated CRM over real HTTP. Time is moved with the clock; nothing sleeps.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod account_check;
mod admin_api;
mod alerts;
mod bad_input;
mod baskets;
mod cors;
mod delivery;
mod erasures;
mod failures;
mod fault_matrix;
#[path = "../shared/files.rs"]
mod files;
mod idempotency;
mod mail_tls;
mod metrics;
mod order_status;
mod outage;
mod preview;
mod rate_limit;
mod restart;
mod retry_after;
mod script;
mod steps;
mod submission;
mod support;
