//! What can be wrong with one value of the config, said so that the reader knows what to write instead.

use std::ops::RangeInclusive;

use toml::Value;

use crate::delivery::ScheduleError;
use crate::secret::SecretError;

/// Why a value cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Mistake {
    /// Of another type or form than it must have.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What belongs there, with an example.
        expected: &'static str,
        /// What is there; of a secret only its type.
        found: String,
    },
    /// None of a closed list of words.
    #[error("expected one of {}, found {found}{hint}", ticked(.allowed))]
    Word {
        /// The list.
        allowed: Vec<&'static str>,
        /// What is there.
        found: String,
        /// The question for the nearest word, if one is near.
        hint: String,
    },
    /// A number out of its bounds.
    #[error("expected a whole number from {least} to {most}, found {found}")]
    Range {
        /// The least that will do.
        least: u32,
        /// The most.
        most: u32,
        /// What is there.
        found: String,
    },
    /// A secret that cannot be read from where the config says it is.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A list of delays that is no schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl Mistake {
    /// The value is not what it must be.
    pub(crate) fn expected(expected: &'static str, value: &Value) -> Self {
        Self::Expected {
            expected,
            found: shown(value),
        }
    }

    /// The same of a value that must not be shown: only its type is told.
    pub(crate) fn expected_secret(expected: &'static str, value: &Value) -> Self {
        let found = match value {
            Value::String(_) => "another text",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table of other keys",
        };
        Self::Expected {
            expected,
            found: found.to_owned(),
        }
    }

    /// The value is no whole number in these bounds.
    pub(crate) fn range(bounds: &RangeInclusive<u32>, value: &Value) -> Self {
        Self::Range {
            least: *bounds.start(),
            most: *bounds.end(),
            found: shown(value),
        }
    }

    /// The value is none of these words.
    pub(crate) fn word(allowed: Vec<&'static str>, value: &Value) -> Self {
        let hint = value.as_str().map_or_else(String::new, |text| {
            did_you_mean(text, allowed.iter().copied())
        });
        Self::Word {
            found: shown(value),
            hint,
            allowed,
        }
    }
}

/// The question for the candidate that a slip of the pen turns into `text`: ``; did you mean `x`?``, or nothing.
pub(crate) fn did_you_mean<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(text);
    let reach = if wanted.chars().count() < 5 { 1 } else { 2 };
    candidates
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(String::new, |(_, candidate)| {
            format!("; did you mean `{candidate}`?")
        })
}

/// The most characters of a wrong value that a message repeats.
const SHOWN_CHARS: usize = 80;

/// A value as a message shows it: scalars as written, the rest by type.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let head: String = text.chars().take(SHOWN_CHARS).collect();
            let ellipsis = if head.len() < text.len() { "..." } else { "" };
            format!("{head:?}{ellipsis}")
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(instant) => instant.to_string(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

/// The words in ticks, with commas.
fn ticked(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_a_stranger_is_not() {
        let keys = ["public_url", "listen", "id"];
        assert_eq!(
            did_you_mean("publicUrl", keys.into_iter()),
            "; did you mean `public_url`?"
        );
        assert_eq!(
            did_you_mean("public-url", keys.into_iter()),
            "; did you mean `public_url`?"
        );
        assert_eq!(
            did_you_mean("lisetn", keys.into_iter()),
            "; did you mean `listen`?"
        );
        assert_eq!(did_you_mean("port", keys.into_iter()), "");
        assert_eq!(did_you_mean("xy", keys.into_iter()), "");
    }

    #[test]
    fn a_secret_value_is_not_repeated() {
        let mistake = Mistake::expected_secret("a hash", &Value::String("hunter2".into()));
        assert_eq!(mistake.to_string(), "expected a hash, found another text");
    }
}
