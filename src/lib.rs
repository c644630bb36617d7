//! leadgate: a gate between the forms on a company's sites and its CRM.
//!
//! **The promise:** a visitor who saw "thank you" exists in the CRM exactly once, or an operator is looking at a row that says why not yet.
//!
//! # The path of a lead, left to right
//!
//! ```text
//!  browser / site back end                                                            RetailCRM
//!         |                                                                               ^
//!         v                                                                               |
//!   http -> intake -> (lead: parse, validate) -> store.accept -> dispatch -> destination
//!   edge    use case   pure, no I/O              one fdatasync,   begin,      retailcrm/
//!                                                then sled        deliver,    mapping, api
//!         ^                                          |            settle
//!         +-------------- admin pages and API -------+
//! ```
//!
//! # The rooms, and who may use whom
//!
//! Each module may use only those above it; `tests/arrows.rs` reads every `crate::` path and fails on an arrow that runs the wrong way.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`] [`secret`] [`telemetry`] | leaves: the only source of now and of waiting; secrets that never print; the log and its field names |
//! | [`metrics`] | a leaf too: what is counted for Prometheus |
//! | [`lead`] | what we receive: submission, lead, phone, e-mail, name, form, templates. Pure |
//! | [`delivery`] | what we owe: the duty, its legal transitions, attempts, failures, the retry schedule. Pure |
//! | [`store`] | where it is kept: journal and snapshot hold the truth, sled is read from |
//! | [`destination`] | where it goes: the trait, the HTTP client, RetailCRM |
//! | [`intake`] | use case 1: check, screen, keep |
//! | [`dispatch`] | use case 2: one worker per destination; pause and probe |
//! | [`alerts`] | who is told when a person is needed: mail, webhooks, the CRM's own notifications |
//! | [`http`] | the edge: URL table, refusals, CORS, rate limits, the admin |
//! | [`config`] | gathers every module's settings; tells all problems at once |
//! | [`app`] [`cli`] | assembly; the commands |
//! | [`simulator`] | a RetailCRM for the demo and the tests; uses nothing of ours |
//!
//! # Invariants
//!
//! - A 200 or 303 to a form means that fdatasync returned for its lead; key, lead and deliveries are one frame of the journal.
//! - Nothing goes to a CRM before "attempt n started" is in the journal; an attempt that was started and never settled is in doubt, and the next one
//!   looks the lead up by its external id before it sends anything.
//! - Truth is the newest snapshot and the journal after it; the next snapshot is made of these two. The index (sled and its files) can be thrown away
//!   at any time, and is, whenever anything can have been lost under it or somebody meets damage in it.
//! - No code outside [`destination`] opens a connection to a CRM; no code outside [`http`] knows an HTTP status of ours.
//! - [`lead`] and [`delivery`] do no I/O and read no clock.
//! - Names, phones, e-mails and addresses print masked; no URL that is logged holds any.
//!
//! # Adding a CRM
//!
//! Its folder in `destination/` with the files `mod`, `settings`, `mapping`, `api`; one line in [`destination::registry`]; its keys in
//! `config/destinations/`; a block in `config.example.toml`; a simulator of its wire; a test file.

pub mod clock;
pub mod secret;
pub mod telemetry;

pub mod metrics;

pub mod lead;

pub mod delivery;

pub mod store;

pub mod destination;

pub mod intake;

pub mod dispatch;

pub mod alerts;

pub mod http;

pub mod config;

pub mod app;
pub mod cli;

pub mod simulator;
