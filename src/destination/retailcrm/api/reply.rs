//! What an answer of RetailCRM means. Decided by the status and the shape of the body; a text is looked at only for the
//! identifiers in it, which stay the same in every language of an account (traps 4 and 29).

use std::time::Duration;

use serde_json::{Map, Value};

use crate::delivery::{Cause, Failure, FailureKind};
use crate::destination::client::{HttpAnswer, TransportError};

/// What a request may have done by the time its answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) enum Purpose {
    /// Nothing: it reads a list.
    Read,
    /// Nothing that a repeat would not do again: it reads or edits one record by its id, which may be gone.
    ById,
    /// As [`Purpose::Create`], for many rows at once: with 460 the answer tells which of them are in.
    Upload,
    /// It may have made a record, and a repeat may make another one or be refused.
    Create,
}

/// Why a request did not bring what was asked.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::destination::retailcrm) enum Fault {
    /// The attempt ends here.
    Failed(Failure),
    /// The CRM looked at the content and refused it; perhaps it takes it in another form.
    Refused(Refusal),
    /// No record with this id. A merged customer says into which one.
    Missing {
        /// The id of the record it was merged into.
        combined_to: Option<u64>,
    },
}

/// A refusal in the CRM's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::destination::retailcrm) struct Refusal {
    /// The status, 4xx or 200.
    pub(in crate::destination::retailcrm) status: u16,
    /// `errorMsg`.
    pub(in crate::destination::retailcrm) message: String,
    /// `errors`: field path (empty when the CRM gives a list) and complaint.
    pub(in crate::destination::retailcrm) errors: Vec<(String, String)>,
}

impl Refusal {
    /// The refusal as the end of the attempt: it needs a person.
    pub(in crate::destination::retailcrm) fn into_failure(self) -> Failure {
        let status = self.status;
        Failure::new(FailureKind::Rejected, self.into_cause()).with_status(status)
    }

    /// Everything the CRM said, in one line.
    pub(in crate::destination::retailcrm) fn text(&self) -> String {
        let complaints: Vec<&str> = self
            .errors
            .iter()
            .map(|(_, complaint)| complaint.as_str())
            .collect();
        if complaints.is_empty() {
            self.message.clone()
        } else {
            complaints.join("; ")
        }
    }

    fn into_cause(self) -> Cause {
        Cause::Refused {
            message: self.message,
            errors: self.errors,
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Fault {
    /// The fault of a read as the end of the attempt. What we read is asked in the same words for every lead, so a refusal says nothing of this
    /// one: it is asked again later, and an order that may exist stays in doubt.
    pub(in crate::destination::retailcrm) fn into_failure_of_read(self) -> Failure {
        match self {
            Self::Refused(refusal) => Failure {
                kind: FailureKind::Transient { retry_after: None },
                ..refusal.into_failure()
            },
            other => other.into_failure(),
        }
    }

    /// The fault as the end of the attempt.
    pub(in crate::destination::retailcrm) fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::Refused(refusal) => refusal.into_failure(),
            Self::Missing { .. } => {
                let cause = Cause::Refused {
                    message: "Not found".to_owned(),
                    errors: Vec::new(),
                };
                Failure::new(FailureKind::Rejected, cause).with_status(404)
            }
        }
    }
}

/// A request that got no answer.
pub(super) fn unanswered(purpose: Purpose, error: &TransportError) -> Failure {
    let kind = if error.may_have_arrived() {
        unsettled(purpose, None)
    } else {
        FailureKind::Transient { retry_after: None }
    };
    Failure::new(kind, error.cause())
}

/// Reads an answer: the body of a success, or why there is none.
pub(super) fn read(purpose: Purpose, answer: &HttpAnswer) -> Result<Map<String, Value>, Fault> {
    let status = answer.status;
    let body = serde_json::from_slice::<Map<String, Value>>(&answer.body).ok();
    let body = body.filter(|body| body.contains_key("success") || body.contains_key("errorMsg"));
    match (status, body) {
        (200..=299, Some(body)) if body.get("success") == Some(&Value::Bool(true)) => Ok(body),
        (460, Some(body)) if purpose == Purpose::Upload => Ok(body),
        (429, _) => Err(rate_limited(answer).into()),
        (500..=599, body) => Err(server_error(purpose, answer, body.as_ref()).into()),
        (_, Some(body)) => Err(refused(purpose, status, &body)),
        (200..=299, None) => Err(unreadable(purpose, answer).into()),
        (408, None) => {
            let kind = unsettled(purpose, hint(answer));
            Err(failure(kind, Cause::ServerError { status }, status).into())
        }
        // The web server in front finds this one request too large; the next lead may be smaller.
        (413 | 414 | 431, None) => Err(Fault::Refused(Refusal {
            status,
            message: beginning(answer),
            errors: Vec::new(),
        })),
        (_, None) => Err(not_the_crm(status, beginning(answer)).into()),
    }
}

/// What follows when nobody knows what became of a request of this purpose; with the hint, if anything came that had one.
fn unsettled(purpose: Purpose, retry_after: Option<Duration>) -> FailureKind {
    match purpose {
        Purpose::Create | Purpose::Upload => FailureKind::Unknown { retry_after },
        Purpose::Read | Purpose::ById => FailureKind::Transient { retry_after },
    }
}

fn failure(kind: FailureKind, cause: Cause, status: u16) -> Failure {
    Failure::new(kind, cause).with_status(status)
}

/// The limiter answers before anything is done with the request, so nothing was made.
fn rate_limited(answer: &HttpAnswer) -> Failure {
    failure(
        FailureKind::Transient {
            retry_after: hint(answer),
        },
        Cause::RateLimited,
        answer.status,
    )
}

/// The CRM's hint, made sane: neither a hot loop nor a lost day.
fn hint(answer: &HttpAnswer) -> Option<Duration> {
    answer
        .retry_after
        .map(|span| span.clamp(Duration::from_secs(1), Duration::from_secs(300)))
}

/// 503 is both the rate limit and plain unavailability; a body of the CRM's own shape says that the CRM itself sent the request back.
fn server_error(
    purpose: Purpose,
    answer: &HttpAnswer,
    body: Option<&Map<String, Value>>,
) -> Failure {
    let status = answer.status;
    if let (503, Some(body)) = (status, body) {
        let text = message(body).to_lowercase();
        if ["limit", "лимит", "límite"]
            .iter()
            .any(|word| text.contains(word))
        {
            return rate_limited(answer);
        }
        return failure(
            FailureKind::Transient {
                retry_after: hint(answer),
            },
            Cause::ServerError { status },
            status,
        );
    }
    let kind = unsettled(purpose, hint(answer));
    failure(kind, Cause::ServerError { status }, status)
}

/// A page instead of a reply: after a create nobody knows; a read says that something else stands at the address.
fn unreadable(purpose: Purpose, answer: &HttpAnswer) -> Failure {
    let detail = beginning(answer);
    let is_read = matches!(purpose, Purpose::Read | Purpose::ById);
    if is_read && detail.starts_with('<') {
        return not_the_crm(answer.status, detail);
    }
    let kind = unsettled(purpose, hint(answer));
    failure(kind, Cause::Unreadable { detail }, answer.status)
}

fn not_the_crm(status: u16, detail: String) -> Failure {
    failure(
        FailureKind::Misconfigured,
        Cause::NotTheCrm { status, detail },
        status,
    )
}

/// A refusal with the CRM's body: of the key, of the account, of the store, or of the content.
fn refused(purpose: Purpose, status: u16, body: &Map<String, Value>) -> Fault {
    if body.get("success") == Some(&Value::Bool(true)) {
        // Success with a status that is none: something between us and the CRM is playing tricks.
        return not_the_crm(status, message(body)).into();
    }
    if status < 300 && !body.contains_key("success") {
        let cause = Cause::Unreadable {
            detail: message(body),
        };
        return failure(unsettled(purpose, None), cause, status).into();
    }
    let refusal = Refusal {
        status,
        message: message(body),
        errors: errors(body),
    };
    let text = refusal.message.to_lowercase();
    let no_such_account = text.contains("account") && text.contains("exist")
        || text.contains("аккаунт") && text.contains("существ");
    match status {
        401..=403 => denied(refusal),
        _ if text.contains("apikey") => denied(refusal),
        405 => not_the_crm(status, refusal.message).into(),
        _ if no_such_account => not_the_crm(status, refusal.message).into(),
        404 if purpose == Purpose::ById && !(text.contains("method") || text.contains("метод")) =>
        {
            let combined_to = body
                .get("combinedTo")
                .and_then(|record| record.get("id"))
                .and_then(whole_number);
            Fault::Missing { combined_to }
        }
        404 => not_the_crm(status, refusal.message).into(),
        _ if names_site(&refusal) => {
            failure(FailureKind::Misconfigured, refusal.into_cause(), status).into()
        }
        _ => Fault::Refused(refusal),
    }
}

fn denied(refusal: Refusal) -> Fault {
    let status = refusal.status;
    failure(
        FailureKind::Misconfigured,
        Cause::AccessDenied {
            message: refusal.message,
        },
        status,
    )
    .into()
}

/// `Parameter 'site' is missing`, or a complaint about the field `site`: every lead would meet it.
fn names_site(refusal: &Refusal) -> bool {
    let quoted = |text: &str| text.contains("'site'") || text.contains("\"Site\"");
    quoted(&refusal.message)
        || refusal.errors.iter().any(|(field, text)| {
            matches!(
                field.as_str(),
                "site" | "order.site" | "customer.site" | "children[site]"
            ) || quoted(text)
        })
}

fn message(body: &Map<String, Value>) -> String {
    body.get("errorMsg")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// `errors` in all the shapes it has: absent, an object, a list of texts, `[]` for empty.
fn errors(body: &Map<String, Value>) -> Vec<(String, String)> {
    let said = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("; "),
        other => other.to_string(),
    };
    match body.get("errors") {
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(field, text)| {
                // PHP turns a list with a gap into an object with numbers for keys.
                let field = if field.bytes().all(|b| b.is_ascii_digit()) {
                    String::new()
                } else {
                    field.clone()
                };
                (field, said(text))
            })
            .collect(),
        Some(Value::Array(texts)) => texts
            .iter()
            .map(|text| (String::new(), said(text)))
            .collect(),
        Some(Value::String(text)) => vec![(String::new(), text.clone())],
        _ => Vec::new(),
    }
}

/// Ids are numbers, or numbers in quotes.
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// How a body that is no reply begins, on one line.
fn beginning(answer: &HttpAnswer) -> String {
    let start = answer
        .body
        .get(..answer.body.len().min(400))
        .unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        "an empty body".to_owned()
    } else {
        line.chars().take(120).collect()
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
