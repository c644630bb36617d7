//! The rows of the table: what goes wrong, as rules for the simulated CRM.

use std::time::Duration;

use leadgate::simulator::{Account, Body, Calls, ErrorsShape, Fault, FaultKind, Language};

use super::cell::Call;

/// What `Retry-After` asks for: more than the first step of the schedule, so that it shows.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(40);

/// One kind of trouble.
pub(super) struct Trouble {
    pub(super) name: &'static str,
    kind: Kind,
    calls: Calls,
    pub(super) account: Account,
}

/// The same for every call, or named after the call's own fields.
enum Kind {
    Same(FaultKind),
    /// A complaint about a value that the mapping sets and that can be left out.
    OfAValue,
}

impl Trouble {
    pub(super) fn parse(name: &'static str) -> Self {
        let (kind, calls) = match name {
            // Once: what is sent again is not what was complained of.
            _ if name.starts_with("400 of a value") => (Kind::OfAValue, Calls::First(1)),
            // One row of one upload.
            _ if name.starts_with("460 ") => (Kind::Same(kind(name)), Calls::First(1)),
            _ => (Kind::Same(kind(name)), Calls::Always),
        };
        let mut account = Account::default();
        if name.ends_with("a list") {
            account.errors = ErrorsShape::List;
        }
        if name.ends_with("in Russian") {
            account.language = Language::Ru;
        }
        Self {
            name,
            kind,
            calls,
            account,
        }
    }

    /// The rule that makes it at this call.
    pub(super) fn at(&self, call: Call) -> Fault {
        let kind = match &self.kind {
            Kind::Same(kind) => kind.clone(),
            Kind::OfAValue => complaint(match call {
                Call::Order | Call::Orders => "orderMethod",
                _ => "customFields.channel",
            }),
        };
        Fault::new(kind).on(call.operation()).calls(self.calls)
    }

    /// Whether it is waited for until the time is up.
    pub(super) fn is_slow(&self) -> bool {
        self.name.starts_with("time-out") || self.name == "1 byte per second"
    }

    /// Whether the CRM said when to come again.
    pub(super) fn asks_to_wait(&self) -> bool {
        self.name.ends_with("Retry-After")
    }
}

fn kind(name: &str) -> FaultKind {
    match name {
        "closed without a word" => FaultKind::Down,
        "time-out before" => FaultKind::Hang,
        "time-out after commit" => FaultKind::LostAnswer { hang: true },
        "reset in mid-body" => FaultKind::Reset,
        "1 byte per second" => FaultKind::SlowDrip {
            bytes: 1,
            every_ms: 1000,
        },
        "500" => status(500, Body::Html),
        "502 HTML" => status(502, Body::Html),
        "503" => status(503, Body::Html),
        "503 of the CRM itself" => status(503, Body::Json),
        "503 with Retry-After" => asking_to_wait(503),
        "429 with Retry-After" => asking_to_wait(429),
        "503 rate limit" | "503 limit in Russian" => FaultKind::RateLimited,
        "403 key" | "403 key in Russian" => FaultKind::WrongKey403,
        "403 scope" => FaultKind::Forbidden403,
        "404 account" | "404 account in Russian" => FaultKind::Account404,
        "405 HTML" => FaultKind::Html405,
        "400 of the person"
        | "400, errors as a list"
        | "400, errors as a map"
        | "400 in Russian" => complaint("firstName"),
        "460 partial" | "460 partial in Russian" => FaultKind::Partial460 {
            row: 1,
            text: "managerId: no such manager".to_owned(),
        },
        "non-JSON 200" => FaultKind::NonJson200,
        "success:false with 200" => FaultKind::SuccessFalse200 {
            text: "Internal error".to_owned(),
        },
        other => panic!("nobody knows how to make {other:?}"),
    }
}

fn complaint(field: &str) -> FaultKind {
    FaultKind::FieldError {
        field: field.to_owned(),
        text: "Значение недопустимо.".to_owned(),
    }
}

fn status(status: u16, body: Body) -> FaultKind {
    FaultKind::Status {
        status,
        retry_after: None,
        body,
    }
}

fn asking_to_wait(status: u16) -> FaultKind {
    FaultKind::Status {
        status,
        retry_after: Some(RETRY_AFTER.as_secs()),
        body: Body::Html,
    }
}
