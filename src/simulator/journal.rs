//! The list of what the simulator received: what a test asks after the fact. It holds the last 200 000 requests or
//! 128 MiB of their text, whichever ends first; the totals go on counting. API keys are masked on entry.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::simulator::call::Call;

const MOST_REQUESTS: usize = 200_000;
const MOST_BYTES: usize = 128 * 1024 * 1024;
const MASK: &str = "***";

/// A request that reached the API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReceivedRequest {
    /// 1 for the first request since the start or the last reset, in order of arrival.
    pub number: u64,
    /// Time of arrival since the simulator was started, monotonic; milliseconds in JSON.
    #[serde(rename = "at_ms", serialize_with = "as_milliseconds")]
    pub at: Duration,
    /// HTTP verb.
    pub method: String,
    /// Path as sent, percent-encoded.
    pub path: String,
    /// Name of the API method, e.g. `orders/create`; empty when the path means none.
    pub operation: String,
    /// Query parameters in order; `apiKey` masked.
    pub query: Vec<(String, String)>,
    /// Fields of an urlencoded body; those that carry a JSON object or array are parsed. `apiKey` masked.
    pub form: Map<String, Value>,
    /// The same fields letter for letter, after percent-decoding and nothing else; not shown in JSON.
    #[serde(skip)]
    pub fields: Vec<(String, String)>,
    /// The status that was sent; none when the connection ended without one, or while the request waits.
    pub status: Option<u16>,
    /// `answered`, the kind of the fault that struck, or `waiting`.
    pub outcome: String,
}

fn as_milliseconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_secs_f64() * 1000.0)
}

/// What is kept of a request; the JSON inside is parsed only when somebody looks.
struct Kept {
    number: u64,
    at: Duration,
    call: Call,
    operation: &'static str,
    bytes: usize,
    status: Option<u16>,
    outcome: &'static str,
}

/// The received requests and the totals.
#[derive(Default)]
pub(super) struct Journal {
    kept: VecDeque<Kept>,
    bytes: usize,
    total: u64,
    by_operation: BTreeMap<&'static str, u64>,
    by_outcome: BTreeMap<&'static str, u64>,
    by_status: BTreeMap<u16, u64>,
}

impl Journal {
    /// Enters a request on arrival and returns its number.
    pub(super) fn arrive(&mut self, at: Duration, operation: &'static str, call: &Call) -> u64 {
        self.total += 1;
        *self.by_operation.entry(operation).or_default() += 1;
        let mut call = call.clone();
        call.mask_key(MASK);
        let bytes = call.size();
        self.bytes += bytes;
        self.kept.push_back(Kept {
            number: self.total,
            at,
            call,
            operation,
            bytes,
            status: None,
            outcome: "waiting",
        });
        while self.kept.len() > MOST_REQUESTS || self.bytes > MOST_BYTES {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes;
        }
        self.total
    }

    /// Notes what became of a request.
    pub(super) fn settle(&mut self, number: u64, status: Option<u16>, outcome: &'static str) {
        *self.by_outcome.entry(outcome).or_default() += 1;
        if let Some(status) = status {
            *self.by_status.entry(status).or_default() += 1;
        }
        // Numbers are consecutive, so the place follows from the first one kept.
        let first = self.kept.front().map_or(0, |kept| kept.number);
        let kept = number
            .checked_sub(first)
            .and_then(|place| usize::try_from(place).ok())
            .and_then(|place| self.kept.get_mut(place));
        if let Some(kept) = kept {
            kept.status = status;
            kept.outcome = outcome;
        }
    }

    /// The requests whose number is above `after`, oldest first.
    pub(super) fn received(&self, after: u64) -> Vec<ReceivedRequest> {
        self.kept
            .iter()
            .filter(|kept| kept.number > after)
            .map(Kept::show)
            .collect()
    }

    /// Totals since the start or the last reset.
    pub(super) fn totals(&self) -> Totals {
        Totals {
            received: self.total,
            by_operation: named(&self.by_operation),
            by_outcome: named(&self.by_outcome),
            by_status: self.by_status.clone(),
        }
    }
}

/// Counters that are never dropped for space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Requests that reached the API.
    pub received: u64,
    /// How many called which API method.
    pub by_operation: BTreeMap<String, u64>,
    /// How many ended in which outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// How many were answered with which status.
    pub by_status: BTreeMap<u16, u64>,
}

impl Kept {
    fn show(&self) -> ReceivedRequest {
        let form = self
            .call
            .form
            .iter()
            .map(|(name, text)| (name.clone(), parsed(text)))
            .collect();
        ReceivedRequest {
            number: self.number,
            at: self.at,
            method: self.call.method.clone(),
            path: self.call.path.clone(),
            operation: self.operation.to_owned(),
            query: self.call.query.clone(),
            form,
            fields: self.call.form.clone(),
            status: self.status,
            outcome: self.outcome.to_owned(),
        }
    }
}

fn named(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    let named = counts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count));
    named.collect()
}

/// Objects and arrays are parsed; a scalar stays the text it was.
fn parsed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_the_total_is_not() {
        let mut journal = Journal::default();
        let call = Call::default();
        for _ in 0..=MOST_REQUESTS {
            let number = journal.arrive(Duration::ZERO, "orders/list", &call);
            journal.settle(number, Some(200), "answered");
        }
        let received = journal.received(0);
        assert_eq!(received.len(), MOST_REQUESTS);
        assert_eq!(received[0].number, 2);
        assert_eq!(received[MOST_REQUESTS - 1].status, Some(200));
        assert_eq!(journal.totals().received, MOST_REQUESTS as u64 + 1);
        assert_eq!(journal.totals().by_status[&200], MOST_REQUESTS as u64 + 1);
        assert_eq!(
            journal.totals().by_operation["orders/list"],
            MOST_REQUESTS as u64 + 1
        );
    }

    #[test]
    fn a_large_body_pushes_older_requests_out() {
        let mut journal = Journal::default();
        let mut call = Call::default();
        call.form
            .push(("order".to_owned(), "x".repeat(MOST_BYTES / 2)));
        for _ in 0..3 {
            journal.arrive(Duration::ZERO, "orders/create", &call);
        }
        assert_eq!(journal.received(0).len(), 1);
    }
}
