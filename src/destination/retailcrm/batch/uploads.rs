//! Rows that go to the CRM together: what became of each of them, whatever the CRM says of the whole.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::delivery::{Cause, Failure, FailureKind, Step};
use crate::destination::retailcrm::api::{Api, Entity, Fault, MOST_ROWS, OrderRecord, Steps};
use crate::destination::retailcrm::batch::halving::{Halving, Verdict};

/// The most bytes of JSON in one upload: the answer to one of orders repeats them in full, and answers are read up to a bound.
const MOST_BYTES: usize = 256 * 1024;

/// One row.
pub(super) struct Row {
    /// The id that we gave it.
    pub(super) external_id: String,
    /// The record.
    pub(super) record: Value,
}

/// What became of one row.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// It is in the CRM.
    Stored(Box<OrderRecord>),
    /// It is not, for a reason of its own: it must be sent by itself, to learn why.
    Alone,
    /// The attempt ends here.
    Failed(Failure),
}

/// Uploads under way.
struct Uploads<'a> {
    api: &'a Api,
    entity: Entity,
    rows: &'a [Row],
    ends: Vec<Option<End>>,
    steps: Vec<Steps>,
}

/// Uploads the rows; for each of them, in their order, how that ended and the requests in which it took part.
pub(super) async fn run(api: &Api, entity: Entity, rows: &[Row]) -> Vec<(End, Vec<Step>)> {
    let sizes: Vec<usize> = rows
        .iter()
        .map(|row| row.record.to_string().len())
        .collect();
    let mut halving = Halving::new(&sizes, MOST_ROWS, MOST_BYTES);
    let mut uploads = Uploads {
        api,
        entity,
        rows,
        ends: rows.iter().map(|_| None).collect(),
        steps: rows.iter().map(|_| Steps::new()).collect(),
    };
    while let Some(part) = halving.next() {
        uploads.send(part, &mut halving).await;
    }
    let ends = uploads
        .ends
        .into_iter()
        .map(|end| end.unwrap_or(End::Alone));
    ends.zip(uploads.steps).collect()
}

impl Uploads<'_> {
    async fn send(&mut self, part: Vec<usize>, halving: &mut Halving) {
        let records: Vec<&Value> = part.iter().map(|row| &self.rows[*row].record).collect();
        let mut steps = Steps::new();
        let answer = self.api.upload_all(self.entity, &records, &mut steps).await;
        self.note_steps(&part, steps);
        match answer {
            Ok(stored) => {
                halving.answered();
                let missing = self.note_stored(part, stored);
                self.take_apart(missing).await;
            }
            // Refused as a whole, so nothing is in; perhaps for the sake of one row.
            Err(Fault::Refused(_) | Fault::Missing { .. }) => match halving.failed(part) {
                Verdict::GoOn => {}
                Verdict::Alone(row) => self.end(vec![row], &End::Alone),
                Verdict::GiveUp(rows) => self.end(rows, &End::Alone),
            },
            Err(Fault::Failed(failure)) => self.look_after(failure, part, halving).await,
        }
    }

    /// Some rows of an upload are not said to be in. An older request may have brought them; else the CRM refused them, and each asks for itself.
    async fn take_apart(&mut self, missing: Vec<usize>) {
        if missing.is_empty() {
            return;
        }
        match self.find(&missing).await {
            Ok(found) => {
                let missing = self.note_stored(missing, found);
                self.end(missing, &End::Alone);
            }
            // The single way looks up by itself when it is refused.
            Err(Fault::Refused(_) | Fault::Missing { .. }) => self.end(missing, &End::Alone),
            Err(Fault::Failed(failure)) => self.end(missing, &End::Failed(unknown(&failure))),
        }
    }

    /// An upload failed as a whole. What may be in is looked for before anything is sent again.
    async fn look_after(&mut self, failure: Failure, part: Vec<usize>, halving: &mut Halving) {
        // Who is asked to wait does not come back at once to look.
        if is_everybodys(&failure) || failure.kind.retry_after().is_some() {
            self.end(part, &End::Failed(failure.clone()));
            return self.end(halving.rest(Vec::new()), &End::Failed(unsent(&failure)));
        }
        let missing = match self.find(&part).await {
            Ok(found) => self.note_stored(part, found),
            Err(trouble) => {
                let hint = trouble.into_failure_of_read().kind.retry_after();
                let failure = asked_to_wait(failure, hint);
                self.end(part, &End::Failed(failure.clone()));
                return self.end(halving.rest(Vec::new()), &End::Failed(unsent(&failure)));
            }
        };
        if missing.is_empty() {
            return halving.answered();
        }
        if !is_answered(&failure) {
            // Nobody knows whether the CRM still works on it: what is not there now may be there in a minute.
            self.end(missing, &End::Failed(failure.clone()));
            return self.end(halving.rest(Vec::new()), &End::Failed(unsent(&failure)));
        }
        match halving.failed(missing) {
            Verdict::GoOn => {}
            Verdict::Alone(row) => self.end(vec![row], &End::Alone),
            Verdict::GiveUp(rows) => self.end(rows, &End::Failed(failure)),
        }
    }

    async fn find(&mut self, rows: &[usize]) -> Result<HashMap<String, OrderRecord>, Fault> {
        let ids: Vec<&str> = rows
            .iter()
            .map(|row| self.rows[*row].external_id.as_str())
            .collect();
        let mut steps = Steps::new();
        let found = self.api.find_all(self.entity, &ids, &mut steps).await;
        self.note_steps(rows, steps);
        found
    }

    /// Ends the rows that are stored; returns the others.
    fn note_stored(
        &mut self,
        part: Vec<usize>,
        mut stored: HashMap<String, OrderRecord>,
    ) -> Vec<usize> {
        let mut missing = Vec::new();
        for row in part {
            match stored.remove(&self.rows[row].external_id) {
                Some(record) => self.ends[row] = Some(End::Stored(Box::new(record))),
                None => missing.push(row),
            }
        }
        missing
    }

    fn end(&mut self, rows: Vec<usize>, end: &End) {
        for row in rows {
            self.ends[row] = Some(end.clone());
        }
    }

    fn note_steps(&mut self, rows: &[usize], steps: Steps) {
        for row in rows {
            self.steps[*row].extend(steps.iter().cloned());
        }
    }
}

/// Every upload would meet it, whatever its rows: certainly nothing was made, or the key or the store is refused.
fn is_everybodys(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Transient { .. } | FailureKind::Rejected => true,
        // A page of a firewall may be for the sake of one row.
        FailureKind::Misconfigured => !matches!(failure.cause, Cause::NotTheCrm { .. }),
        FailureKind::Unknown { .. } => false,
    }
}

/// Something came back, so the CRM is through with the request; unless it came from a gateway that has waited long enough, or could not read the
/// answer. What stands behind it may still be at work.
fn is_answered(failure: &Failure) -> bool {
    !matches!(
        failure.http_status,
        None | Some(408 | 502..=504 | 520..=524)
    )
}

/// The failure with the hint that came with the look after it.
fn asked_to_wait(failure: Failure, retry_after: Option<Duration>) -> Failure {
    match failure.kind {
        FailureKind::Unknown { .. } => Failure {
            kind: FailureKind::Unknown { retry_after },
            ..failure
        },
        _ => failure,
    }
}

/// The failure for rows that were not sent any more.
fn unsent(failure: &Failure) -> Failure {
    Failure {
        kind: failure.kind.of_unsent(),
        ..failure.clone()
    }
}

/// The failure for rows that were sent, when the look after them failed.
fn unknown(failure: &Failure) -> Failure {
    Failure {
        kind: FailureKind::Unknown {
            retry_after: failure.kind.retry_after(),
        },
        ..failure.clone()
    }
}

/// The failure for a row of which nothing was noted.
pub(super) fn lost() -> Failure {
    Failure::new(FailureKind::Unknown { retry_after: None }, Cause::Internal)
}
