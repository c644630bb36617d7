//! Customers that wait for the pace at the same time are made by one request.
//!
//! In a healthy and idle system nobody waits, and each customer is a `customers/create` of its own. When the pace is what everybody
//! waits for, the first to come waits for its turn on behalf of all who come meanwhile, and sends them as one
//! `customers/upload` (50 rows at most). Whatever an upload does not say clearly of a row is asked again for that row alone.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::delivery::{Cause, Failure, FailureKind, Step};
use crate::destination::pace::Permit;
use crate::destination::retailcrm::api::upload::{Entity, MOST_ROWS, stored};
use crate::destination::retailcrm::api::{Api, Call, Fault, Purpose, Steps, annotate};
use crate::lead::Bilingual;

/// The customers that wait.
#[derive(Default)]
pub(super) struct Gathering(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    rows: Vec<Row>,
    /// Somebody waits for the pace on behalf of all rows.
    is_led: bool,
}

struct Row {
    customer: Value,
    reply: oneshot::Sender<Reply>,
}

/// What one row is told, and the request it went with, for the log of its own attempt.
struct Reply {
    end: RowEnd,
    step: Option<Step>,
}

/// What became of one row.
enum RowEnd {
    Made(u64),
    /// Ask for it alone: it had nobody to go with, or the upload did not say what became of it.
    Alone,
    Failed(Fault),
}

impl Gathering {
    /// Adds a row. `Some` when the caller must lead.
    fn add(&self, row: Row) -> Option<Lead<'_>> {
        let mut waiting = self.waiting();
        waiting.rows.push(row);
        let leads = !mem::replace(&mut waiting.is_led, true);
        // Lazily: a lead that is made and not given out would be dropped here, and its end asks for the lock that is held.
        leads.then(|| Lead(Some(self)))
    }

    fn clear(&self) -> Vec<Row> {
        mem::take(&mut *self.waiting()).rows
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to send for all. Dropped with its attempt before it was met, it lets the others know by dropping their replies.
struct Lead<'a>(Option<&'a Gathering>);

impl Lead<'_> {
    /// The rows to send; who comes from now on finds another leader.
    fn take(mut self) -> Vec<Row> {
        self.0.take().map(Gathering::clear).unwrap_or_default()
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if let Some(gathering) = self.0.take() {
            drop(gathering.clear());
        }
    }
}

impl Api {
    /// Makes a customer, together with those who wait for the pace too; its internal id.
    pub(in crate::destination::retailcrm) async fn make_customer(
        &self,
        customer: &Value,
        steps: &mut Steps,
    ) -> Result<u64, Fault> {
        let (reply, told) = oneshot::channel();
        let row = Row {
            customer: customer.clone(),
            reply,
        };
        let lead = self.gathering.add(row);
        let leads = lead.is_some();
        if let Some(lead) = lead {
            let mut permit = Some(self.pace.acquire().await);
            let mut rows = lead.take();
            if let Some(permit) = permit.take_if(|_| rows.len() == 1) {
                return self.create_customer_now(customer, permit, steps).await;
            }
            while !rows.is_empty() {
                let rest = rows.split_off(rows.len().min(MOST_ROWS));
                self.upload(rows, permit.take(), steps).await;
                rows = rest;
            }
        }
        let Ok(Reply { end, step }) = told.await else {
            return Err(leader_gone().into());
        };
        // The one who led has logged it already.
        steps.extend(step.filter(|_| !leads));
        match end {
            RowEnd::Made(id) => Ok(id),
            RowEnd::Alone => self.create_customer(customer, steps).await,
            RowEnd::Failed(fault) => Err(fault),
        }
    }

    async fn upload(&self, rows: Vec<Row>, permit: Option<Permit>, steps: &mut Steps) {
        let customers = Value::Array(rows.iter().map(|row| row.customer.clone()).collect());
        let form = self.with_site(vec![("customers", customers.to_string())]);
        let path = ["api", "v5", "customers", "upload"];
        let call = Call::post("customers/upload", &path, form, Purpose::Upload);
        let answer = match permit {
            Some(permit) => self.send(&call, permit, steps).await,
            None => self.call(call, steps).await,
        };
        let count = rows.len();
        let note = Bilingual::new(
            format!("клиентов в одном запросе: {count}"),
            format!("{count} customers in one request"),
        );
        annotate(steps, note);
        let step = steps.last().cloned();
        let made = answer
            .as_ref()
            .map(|body| stored(body, Entity::Customers))
            .unwrap_or_default();
        for Row { customer, reply } in rows {
            let end = match &answer {
                Ok(_) => {
                    let id = customer.get("externalId").and_then(Value::as_str);
                    let id = id.and_then(|id| made.get(id)?.id);
                    id.map_or(RowEnd::Alone, RowEnd::Made)
                }
                // 460 and other refusals: some rows are in, some are not; each asks for itself and finds what is there.
                Err(Fault::Refused(_) | Fault::Missing { .. }) => RowEnd::Alone,
                Err(fault @ Fault::Failed(_)) => RowEnd::Failed(fault.clone()),
            };
            let step = step.clone();
            // A row whose attempt is gone needs no answer.
            drop(reply.send(Reply { end, step }));
        }
    }
}

/// The one who led was dropped, perhaps after it had sent.
fn leader_gone() -> Failure {
    let detail = "the request was given up together with another lead's".to_owned();
    Failure::new(
        FailureKind::Unknown { retry_after: None },
        Cause::ConnectionLost { detail },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> (Row, oneshot::Receiver<Reply>) {
        let (reply, end) = oneshot::channel();
        let customer = Value::Null;
        (Row { customer, reply }, end)
    }

    #[test]
    fn the_first_leads_for_all_who_join_until_it_takes_their_rows() {
        let gathering = Gathering::default();
        let (rows, _ends): (Vec<_>, Vec<_>) = (0..4).map(|_| row()).unzip();
        let mut rows = rows.into_iter();
        let mut join = || gathering.add(rows.next().expect("a row"));
        let lead = join().expect("the first leads");
        assert!(join().is_none() && join().is_none());
        assert_eq!(lead.take().len(), 3);
        let next = join().expect("the next one leads anew");
        assert_eq!(next.take().len(), 1);
    }

    #[test]
    fn a_leader_that_is_dropped_lets_the_others_know_and_makes_way() {
        let gathering = Gathering::default();
        let ((first, _), (second, mut end)) = (row(), row());
        let lead = gathering.add(first).expect("leads");
        assert!(gathering.add(second).is_none());
        drop(lead);
        assert!(matches!(
            end.try_recv(),
            Err(oneshot::error::TryRecvError::Closed)
        ));
        assert!(gathering.add(row().0).is_some());
    }
}
