//! What the tests share: the demo as a process, and a visitor with a browser.

mod driver;
mod gate;
mod visitor;

pub(crate) use gate::Gate;
pub(crate) use visitor::{Script, Visitor, Window, client};
