//! What snapshot and journal hold together, each record read as the gate would read it.

use serde::de::DeserializeOwned;

use crate::delivery::{Attempt, State};
use crate::lead::Lead;
use crate::store::Status;
use crate::store::record::{KeyRecord, Record, Table, decode};
use crate::store::start::{Directories, OpenError};
use crate::store::truth::Whole;

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Leads.
    pub leads: u64,
    /// Leads whose deliveries are known: as many as leads, unless something was lost.
    pub statuses: u64,
    /// How many deliveries are in which state, in the order of [`State::ALL`].
    pub deliveries: [u64; State::ALL.len()],
    /// Attempts.
    pub attempts: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// Records that cannot be read.
    pub unreadable: u64,
}

impl Holds {
    pub(super) fn of(whole: &Whole, directories: &Directories) -> Result<Self, OpenError> {
        let mut holds = Self::default();
        whole.each(directories, u64::MAX, &mut |record| {
            holds.add(&record);
            Ok(())
        })?;
        Ok(holds)
    }

    fn add(&mut self, record: &Record) {
        let value = record.value.as_deref().unwrap_or_default();
        match record.table {
            Table::Lead => {
                self.leads += 1;
                self.check::<Lead>(value);
            }
            Table::Status => {
                self.statuses += 1;
                let status = self.check::<Status>(value);
                for delivery in status.iter().flat_map(|status| &status.deliveries) {
                    let mut counts = State::ALL.iter().zip(&mut self.deliveries);
                    if let Some((_, count)) = counts.find(|(state, _)| **state == delivery.state) {
                        *count += 1;
                    }
                }
            }
            Table::Attempt => {
                self.attempts += 1;
                self.check::<Attempt>(value);
            }
            Table::Key => {
                self.keys += 1;
                self.check::<KeyRecord>(value);
            }
        }
    }

    fn check<T: DeserializeOwned>(&mut self, value: &[u8]) -> Option<T> {
        let read = decode(value).ok();
        self.unreadable += u64::from(read.is_none());
        read
    }
}
