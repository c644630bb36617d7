//! A RetailCRM for the demo and for tests: the wire formats of API v5 over real HTTP, with faults on command. It is
//! built from published facts about the CRM and uses nothing else of this crate, so that an error of ours cannot be on
//! both sides of a test.
//!
//! What it is true to: the key and its refusals, urlencoded bodies with JSON inside (a JSON body carries nothing), 201
//! and 200, numbers like `17A`, times without a zone, `[]` for empty maps, paging by 20, 50 or 100, loose text
//! search, 460 for partly failed uploads, 503 above the rate limit, unknown custom fields that vanish, unknown codes
//! that refuse the order, lines that find their offer or become free text, payments that do not go with a delivery, duplicates by external
//! id, customers merged into others.
//!
//! Where nobody knows what the CRM does, it takes the stricter way: a text that is a number, an e-mail without a
//! domain or a line over 255 characters is refused. One external id exists once in the whole account.
//!
//! Beside the API it has `/_control/...` (see [`control`]) for faults and for looking inside, and pages for people under
//! the paths of the CRM's own web interface.
//!
//! ```no_run
//! # async fn example() -> Result<(), leadgate::simulator::StartError> {
//! use leadgate::simulator::{Calls, Fault, FaultKind, Options, SimulatedCrm};
//!
//! let crm = SimulatedCrm::start(Options::default()).await?;
//! let lost = FaultKind::LostAnswer { hang: false };
//! crm.fault(Fault::new(lost).on("orders/create").calls(Calls::Every(2)));
//! let mut changed = crm.changed();
//! changed.wait_for(|handled| *handled >= 3).await.ok();
//! assert_eq!(crm.orders().len(), 3);
//! crm.stop().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod answer;
mod call;
mod connection;
pub mod control;
mod crm;
mod custom_values;
mod customers;
mod delivery;
mod demo_account;
mod fault;
mod fault_book;
mod fields;
mod filters;
mod http;
mod journal;
mod lines;
mod lists;
mod operation;
mod options;
mod order_checks;
mod orders;
mod pace;
mod pages;
mod payments;
mod records;
mod reference;
mod schema;
mod set_up;
mod shared;
mod texts;
mod time;
mod upload;
mod world;

pub use account::{
    Account, CustomField, Dictionary, Entity, Entry, ErrorsShape, FieldType, Language, Offer,
    PaymentType, Site, Status, User,
};
pub use crm::SimulatedCrm;
pub use fault::{Body, Calls, Fault, FaultKind, Stage, Target};
pub use journal::{ReceivedRequest, Totals};
pub use options::{DEMO_API_KEY, Options, StartError};
pub use shared::Stats;
