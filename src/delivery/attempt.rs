//! One try of a delivery, as it is kept for the operator.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::delivery::Cause;
use crate::lead::Bilingual;

/// One try. Written when it starts (before the first byte goes to the CRM) and again when it is settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took; `None` while it is under way, and for ever when the process died in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How it ended; `None` likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AttemptOutcome>,
    /// The HTTP status of the answer that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cause>,
    /// The requests it was made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// How an attempt ended: the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The destination has the lead.
    Delivered,
    /// It certainly has not; again later.
    Retry,
    /// Nobody knows; looked up before the next try.
    Unknown,
    /// Refused as it is.
    Rejected,
    /// The destination is in trouble; the attempt cost nothing.
    Paused,
}

impl AttemptOutcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
        }
    }
}

/// One request of an attempt. Holds no personal data and no key: those are masked where it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it was for, in the CRM's words: `orders/create`.
    pub operation: String,
    /// The status of the answer, if one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// From the first byte sent to the last byte read.
    pub duration_ms: u64,
    /// What it brought, in a few words: `found`, `created`, `timed out`.
    #[serde(deserialize_with = "note_of_any_age")]
    pub note: Bilingual,
    /// What was sent, masked: method and path, then a line for each field of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// How the answer begins, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl Step {
    /// The most steps that are kept of an attempt.
    pub const MOST: usize = 20;

    /// The most bytes that a request takes in the record.
    pub const LONGEST_REQUEST: usize = 1_000;

    /// The most bytes that an answer takes in the record: 500 Latin letters and what stands around them.
    pub const LONGEST_ANSWER: usize = 600;

    /// The most bytes of a note in one language, and of the name of an operation.
    const LONGEST_NOTE: usize = 120;

    /// The steps as they are kept: at most [`Self::MOST`], each at most 2 KiB in the record. Of too many the first and the last stay, as the
    /// first say how it began and the last why it ended.
    pub fn bounded(steps: Vec<Self>) -> Vec<Self> {
        let mut steps = steps;
        if steps.len() > Self::MOST {
            let first = Self::MOST / 2 - 1;
            let gone = steps.len() + 1 - Self::MOST;
            steps.splice(first..first + gone, [Self::left_out(gone)]);
        }
        steps.into_iter().map(Self::short).collect()
    }

    /// Stands for steps that were not kept.
    fn left_out(count: usize) -> Self {
        Self {
            operation: "…".to_owned(),
            http_status: None,
            duration_ms: 0,
            note: Bilingual::new(
                format!("запросов пропущено: {count}"),
                format!("requests left out: {count}"),
            ),
            request: None,
            answer: None,
        }
    }

    fn short(self) -> Self {
        Self {
            operation: excerpt(&self.operation, Self::LONGEST_NOTE),
            note: Bilingual::new(
                excerpt(&self.note.ru, Self::LONGEST_NOTE),
                excerpt(&self.note.en, Self::LONGEST_NOTE),
            ),
            request: self
                .request
                .map(|text| excerpt(&text, Self::LONGEST_REQUEST)),
            answer: self.answer.map(|text| excerpt(&text, Self::LONGEST_ANSWER)),
            ..self
        }
    }
}

/// The beginning of a text that takes at most `most` bytes in a record, with an ellipsis where it was cut.
pub fn excerpt(text: &str, most: usize) -> String {
    // As JSON writes it: a quote is two bytes, a control character six.
    let cost = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    };
    let mut left = most.saturating_sub('…'.len_utf8());
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let Some(rest) = left.checked_sub(cost(c)) else {
            return format!("{}…", text.get(..end).unwrap_or_default());
        };
        left = rest;
        end = at + c.len_utf8();
    }
    text.to_owned()
}

/// Notes were once said in English only.
fn note_of_any_age<'de, D: Deserializer<'de>>(reader: D) -> Result<Bilingual, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Note {
        Bilingual(Bilingual),
        English(String),
    }
    Ok(match Note::deserialize(reader)? {
        Note::Bilingual(note) => note,
        Note::English(note) => Bilingual::same(note),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: usize) -> Step {
        Step {
            operation: format!("orders/create {number}"),
            http_status: Some(400),
            duration_ms: u64::MAX,
            note: Bilingual::new("я".repeat(5_000), "\u{1}".repeat(5_000)),
            request: Some("\"".repeat(5_000)),
            answer: Some("ответ\n".repeat(5_000)),
        }
    }

    #[test]
    fn a_kept_step_is_two_kilobytes_at_the_most() {
        let kept = Step::bounded(vec![step(1)]);
        let record = serde_json::to_string(&kept[0]).expect("JSON");
        assert!(record.len() <= 2_048, "{}", record.len());
        assert!(kept[0].answer.as_ref().is_some_and(|a| a.ends_with('…')));
    }

    #[test]
    fn a_short_step_is_kept_as_it_is() {
        let short = Step {
            note: Bilingual::new("создан", "created"),
            request: Some("POST /api/v5/orders/create\norder={\"phone\":\"***\"}".to_owned()),
            answer: None,
            ..step(1)
        };
        assert_eq!(Step::bounded(vec![short.clone()]), [short]);
    }

    #[test]
    fn of_too_many_steps_the_first_and_the_last_are_kept() {
        for count in [Step::MOST, Step::MOST + 1, 500] {
            let kept = Step::bounded((1..=count).map(step).collect());
            assert_eq!(kept.len(), Step::MOST);
            assert_eq!(kept[0].operation, "orders/create 1");
            let last = &kept[Step::MOST - 1].operation;
            assert_eq!(*last, format!("orders/create {count}"));
        }
        let kept = Step::bounded((1..=23).map(step).collect());
        assert_eq!(kept[9].note.en, "requests left out: 4");
        assert_eq!(kept[8].operation, "orders/create 9");
        assert_eq!(kept[10].operation, "orders/create 14");
    }

    #[test]
    fn a_step_of_an_older_record_is_read() {
        let old = r#"{"operation":"orders","duration_ms":5,"note":"not there"}"#;
        let step: Step = serde_json::from_str(old).expect("a step");
        assert_eq!(step.note, Bilingual::same("not there"));
        assert_eq!((step.request, step.answer), (None, None));
    }
}
