//! Logging: its set-up for `serve`, and the names of its fields, so that one thing has one name in every line.
//!
//! The names are used as `tracing::info!({ field::LEAD_ID } = %lead, "accepted")`. What a visitor typed is never a field.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// The names of fields.
pub mod field {
    /// The id of a lead.
    pub const LEAD_ID: &str = "lead.id";
    /// The id of a form.
    pub const FORM_ID: &str = "form.id";
    /// The id of the destination of a delivery.
    pub const DESTINATION: &str = "delivery.destination";
    /// The state of a delivery after what is told.
    pub const DELIVERY_STATE: &str = "delivery.state";
    /// The number of an attempt, from 1.
    pub const ATTEMPT_NUMBER: &str = "attempt.number";
    /// How an attempt ended.
    pub const ATTEMPT_OUTCOME: &str = "attempt.outcome";
    /// How long it took, in whole milliseconds.
    pub const DURATION_MS: &str = "duration_ms";
    /// The id of an HTTP request, as in `X-Request-Id`.
    pub const REQUEST_ID: &str = "request.id";
    /// The status of an HTTP answer, ours or a destination's.
    pub const HTTP_STATUS: &str = "http.status";
    /// Where in the config.
    pub const KEY_PATH: &str = "config.key";
}

/// The variable with the filter, such as `info,leadgate::dispatch=debug`.
pub const FILTER_VARIABLE: &str = "LEADGATE_LOG";

/// The variable with the format: `text` or `json`.
pub const FORMAT_VARIABLE: &str = "LEADGATE_LOG_FORMAT";

/// What `serve` logs unless [`FILTER_VARIABLE`] says otherwise: of the server library only what is wrong.
pub const SERVE_FILTER: &str = "info,actix_server=warn";

/// What `demo` logs: no line per request, because its page asks every two seconds.
pub const DEMO_FILTER: &str = "info,actix_server=warn,leadgate::http::request_log=warn";

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none.
    #[error(
        "{FILTER_VARIABLE} cannot be read; write it as \"info\" or \"info,leadgate::dispatch=debug\""
    )]
    Filter(#[from] ParseError),
    /// An unknown format.
    #[error("{FORMAT_VARIABLE} is {0:?}; it may be \"text\" or \"json\"")]
    Format(String),
    /// Somebody has started logging in this process already.
    #[error("logging is started already")]
    Started(#[from] TryInitError),
}

/// Starts logging to stderr for the rest of the process, as the environment asks; `filter` is used where it says nothing.
pub fn start(filter: &str) -> Result<(), TelemetryError> {
    let filter = variable(FILTER_VARIABLE).unwrap_or_else(|| filter.to_owned());
    // The library's richer filter, which can also look into spans, takes locks for every span to do so.
    let filter: Targets = filter.parse()?;
    let lines = layer().with_writer(stderr);
    // Not `fmt()`: it has a level of its own, the libraries are told the finer of the two, and sled would offer each of its traces.
    match format(variable(FORMAT_VARIABLE))? {
        Format::Text => {
            let lines = lines.compact().with_ansi(stderr().is_terminal());
            registry().with(lines).with(filter).try_init()?;
        }
        Format::Json => {
            let lines = lines.json().flatten_event(true);
            registry().with(lines).with(filter).try_init()?;
        }
    }
    Ok(())
}

fn format(wanted: Option<String>) -> Result<Format, TelemetryError> {
    match wanted.as_deref() {
        None | Some("text") => Ok(Format::Text),
        Some("json") => Ok(Format::Json),
        Some(_) => Err(TelemetryError::Format(wanted.unwrap_or_default())),
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "logging starts before the config is read, so that its problems can be logged"
    )]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_field_is_logged_under_the_name_of_its_constant() {
        let mut file = tempfile::tempfile().expect("a file");
        let writer = Arc::new(file.try_clone().expect("a second handle"));
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(writer)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!({ field::ATTEMPT_NUMBER } = 2, { field::DESTINATION } = %"shop", "attempted");
        });
        let mut line = String::new();
        file.rewind()
            .and_then(|()| file.read_to_string(&mut line))
            .expect("readable");
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(line["attempt.number"], 2);
        assert_eq!(line["delivery.destination"], "shop");
    }

    #[test]
    fn text_is_the_default_and_unknown_formats_are_refused() {
        assert_eq!(format(None).expect("default"), Format::Text);
        assert_eq!(format(Some("json".into())).expect("known"), Format::Json);
        let refused = format(Some("yaml".into()))
            .expect_err("unknown")
            .to_string();
        assert_eq!(
            refused,
            "LEADGATE_LOG_FORMAT is \"yaml\"; it may be \"text\" or \"json\""
        );
    }
}
