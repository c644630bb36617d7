//! The JSON API of the contract's table "Admin HTTP". Its shapes are in [`view`]; they are never the stored ones.

pub(super) mod destinations;
pub(super) mod erasures;
pub(super) mod failures;
pub(super) mod forms;
pub(super) mod leads;
pub(super) mod orders;
pub(super) mod preview;
pub(super) mod view;
