//! Why an attempt failed, and what to do next.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lead::Language;

/// A failed attempt: what to do next ([`FailureKind`]) and why ([`Cause`]).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .cause.text(Language::En))]
pub struct Failure {
    /// What to do next.
    pub kind: FailureKind,
    /// Why, for people.
    pub cause: Cause,
    /// The HTTP status that decided, if an answer came.
    pub http_status: Option<u16>,
    /// The doubt of an earlier attempt was cleared by a look-up of this one: nothing is there.
    pub doubt_cleared: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Certainly nothing was made; try again later, not before the destination's hint.
    Transient {
        /// The destination's own hint (`Retry-After`), already clamped.
        retry_after: Option<Duration>,
    },
    /// Something may have been made: look it up before anything is sent again, not before the destination's hint.
    Unknown {
        /// As in [`Self::Transient`].
        retry_after: Option<Duration>,
    },
    /// Refused as it is; needs a person.
    Rejected,
    /// The destination seems wrongly set up (key, account, address). If a probe says so too: pause it, keep the leads, tell the operator. If not,
    /// it is this lead's trouble: try again later.
    Misconfigured,
}

impl FailureKind {
    /// When the destination wants to be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after } | Self::Unknown { retry_after } => *retry_after,
            Self::Rejected | Self::Misconfigured => None,
        }
    }

    /// The same for what was never sent because of the trouble: nothing of it can have been made.
    pub fn of_unsent(&self) -> Self {
        match self {
            Self::Unknown { retry_after } => Self::Transient {
                retry_after: *retry_after,
            },
            kind => kind.clone(),
        }
    }
}

impl Failure {
    /// A failure of this kind and cause, without an HTTP answer.
    pub fn new(kind: FailureKind, cause: Cause) -> Self {
        Self {
            kind,
            cause,
            http_status: None,
            doubt_cleared: false,
        }
    }

    /// The same with the status of the answer that decided.
    pub fn with_status(self, status: u16) -> Self {
        Self {
            http_status: Some(status),
            ..self
        }
    }

    /// Whether the next attempt must look up first, given that this one began `in_doubt`.
    pub fn leaves_doubt(&self, in_doubt: bool) -> bool {
        match self.kind {
            FailureKind::Unknown { .. } => true,
            FailureKind::Transient { .. } | FailureKind::Rejected | FailureKind::Misconfigured => {
                in_doubt && !self.doubt_cleared
            }
        }
    }

    /// Whether the trouble may be the destination's and not the lead's: the network, the server, the set-up.
    pub fn concerns_destination(&self) -> bool {
        match &self.kind {
            FailureKind::Misconfigured => true,
            FailureKind::Rejected => false,
            FailureKind::Transient { .. } | FailureKind::Unknown { .. } => {
                !matches!(self.cause, Cause::RateLimited | Cause::Internal)
            }
        }
    }
}

/// Why, in a form that can be said in both languages. Stored with the attempt; texts of the CRM are kept as it said them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// No connection: name, network, TLS.
    Unreachable {
        /// What the network said.
        detail: String,
    },
    /// No answer in time.
    TimedOut {
        /// The time-out, in seconds.
        after_s: u64,
    },
    /// The connection broke after the request was on its way.
    ConnectionLost {
        /// What the network said.
        detail: String,
    },
    /// More requests than the CRM permits.
    RateLimited,
    /// The CRM failed (5xx).
    ServerError {
        /// The HTTP status.
        status: u16,
    },
    /// An answer that is not the CRM's: an HTML page, another server, no such account.
    NotTheCrm {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said, or the CRM's own words.
        detail: String,
    },
    /// A success whose body cannot be read.
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// The key is wrong or lacks a right.
    AccessDenied {
        /// The CRM's words.
        message: String,
    },
    /// The CRM refused the content.
    Refused {
        /// The CRM's summary.
        message: String,
        /// Its complaints, field by field; the field may be empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        errors: Vec<(String, String)>,
    },
    /// The lead cannot be turned into a request with the current mapping.
    Mapping {
        /// What and where.
        detail: String,
    },
    /// The schedule is used up.
    GaveUp {
        /// The delays waited, in seconds.
        after_s: u64,
        /// The last trouble.
        last: Option<Box<Cause>>,
    },
    /// The form is no longer in the config, or no longer delivers there.
    FormGone {
        /// Its id.
        form: String,
    },
    /// The destination is no longer in the config.
    DestinationGone {
        /// Its id.
        destination: String,
    },
    /// A defect of leadgate itself: the code that delivers panicked.
    Internal,
}

impl Cause {
    /// The cause as one fixed word, for logs: the texts can quote what a visitor typed. The same word as in the record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::ConnectionLost { .. } => "connection_lost",
            Self::RateLimited => "rate_limited",
            Self::ServerError { .. } => "server_error",
            Self::NotTheCrm { .. } => "not_the_crm",
            Self::Unreadable { .. } => "unreadable",
            Self::AccessDenied { .. } => "access_denied",
            Self::Refused { .. } => "refused",
            Self::Mapping { .. } => "mapping",
            Self::GaveUp { .. } => "gave_up",
            Self::FormGone { .. } => "form_gone",
            Self::DestinationGone { .. } => "destination_gone",
            Self::Internal => "internal",
        }
    }

    /// Whether it is found before anything is sent: it tells nothing of the destination.
    pub fn is_found_without_asking(&self) -> bool {
        match self {
            Self::Mapping { .. } | Self::FormGone { .. } | Self::DestinationGone { .. } => true,
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::ConnectionLost { .. }
            | Self::RateLimited
            | Self::ServerError { .. }
            | Self::NotTheCrm { .. }
            | Self::Unreadable { .. }
            | Self::AccessDenied { .. }
            | Self::Refused { .. }
            | Self::GaveUp { .. }
            | Self::Internal => false,
        }
    }

    /// The fields that a refusal names, for logs; what is not shaped like the name of a field is passed over.
    pub fn refused_fields(&self) -> Vec<&str> {
        let Self::Refused { errors, .. } = self else {
            return Vec::new();
        };
        let is_name = |name: &&str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".[]_-".contains(&b))
        };
        let names = errors.iter().map(|(field, _)| field.as_str());
        names.filter(is_name).collect()
    }

    /// The cause as a sentence for the operator.
    pub fn text(&self, language: Language) -> String {
        let ru = language == Language::Ru;
        match self {
            Self::Unreachable { detail } if ru => format!("CRM недоступна: {detail}"),
            Self::Unreachable { detail } => format!("the CRM cannot be reached: {detail}"),
            Self::TimedOut { after_s } if ru => format!("CRM не ответила за {after_s} с"),
            Self::TimedOut { after_s } => format!("the CRM did not answer within {after_s} s"),
            Self::ConnectionLost { detail } if ru => format!("связь с CRM оборвалась: {detail}"),
            Self::ConnectionLost { detail } => format!("the connection to the CRM broke: {detail}"),
            Self::RateLimited => language
                .pick(
                    "CRM просит отправлять запросы реже",
                    "the CRM asks for fewer requests",
                )
                .to_owned(),
            Self::ServerError { status } if ru => format!("CRM ответила ошибкой сервера {status}"),
            Self::ServerError { status } => format!("the CRM failed with status {status}"),
            Self::NotTheCrm { status, detail } if ru => {
                format!(
                    "по адресу отвечает не RetailCRM или такого аккаунта нет (статус {status}: {detail}); проверьте destinations.url"
                )
            }
            Self::NotTheCrm { status, detail } => format!(
                "this is not RetailCRM, or there is no such account (status {status}: {detail}); check destinations.url"
            ),
            Self::Unreadable { detail } if ru => format!("ответ CRM не удалось прочесть: {detail}"),
            Self::Unreadable { detail } => format!("the CRM's answer cannot be read: {detail}"),
            Self::AccessDenied { message } if ru => {
                format!(
                    "CRM не принимает ключ API: {message}; проверьте destinations.api_key и права ключа"
                )
            }
            Self::AccessDenied { message } => {
                format!(
                    "the CRM does not accept the API key: {message}; check destinations.api_key and its rights"
                )
            }
            Self::Refused { message, errors } => refusal(language, message, errors),
            Self::Mapping { detail } if ru => format!("не удалось заполнить поля CRM: {detail}"),
            Self::Mapping { detail } => format!("the CRM's fields cannot be filled: {detail}"),
            Self::GaveUp { after_s, last } => gave_up(language, *after_s, last.as_deref()),
            Self::FormGone { form } => form_gone(language, form),
            Self::DestinationGone { destination } => destination_gone(language, destination),
            Self::Internal => language
                .pick(
                    "внутренняя ошибка leadgate; подробности в журнале процесса",
                    "an internal error of leadgate; the process log tells more",
                )
                .to_owned(),
        }
    }
}

fn form_gone(language: Language, form: &str) -> String {
    match language {
        Language::Ru => {
            format!("формы {form} больше нет в конфигурации; верните её и отправьте снова")
        }
        Language::En => format!("form {form} is no longer in the config; put it back and resend"),
    }
}

fn destination_gone(language: Language, destination: &str) -> String {
    match language {
        Language::Ru => format!(
            "назначения {destination} больше нет в конфигурации; верните его и отправьте снова"
        ),
        Language::En => {
            format!("destination {destination} is no longer in the config; put it back and resend")
        }
    }
}

fn refusal(language: Language, message: &str, errors: &[(String, String)]) -> String {
    let mut text = format!(
        "{}: {message}",
        language.pick("CRM отказала", "the CRM refused")
    );
    for (field, complaint) in errors {
        let separator = if field.is_empty() { "" } else { ": " };
        text.push_str(&format!("; {field}{separator}{complaint}"));
    }
    text
}

fn gave_up(language: Language, after_s: u64, last: Option<&Cause>) -> String {
    let hours = after_s / 3600;
    let last = last.map(|cause| cause.text(language)).unwrap_or_default();
    match language {
        Language::Ru => format!("попытки закончились (ждали {hours} ч); последняя: {last}"),
        Language::En => format!("out of attempts (waited {hours} h); the last: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_the_log_is_the_one_in_the_record() {
        let text = String::new;
        let causes = [
            Cause::Unreachable { detail: text() },
            Cause::TimedOut { after_s: 1 },
            Cause::ConnectionLost { detail: text() },
            Cause::RateLimited,
            Cause::ServerError { status: 500 },
            Cause::NotTheCrm {
                status: 404,
                detail: text(),
            },
            Cause::Unreadable { detail: text() },
            Cause::AccessDenied { message: text() },
            Cause::Refused {
                message: text(),
                errors: Vec::new(),
            },
            Cause::Mapping { detail: text() },
            Cause::GaveUp {
                after_s: 1,
                last: None,
            },
            Cause::FormGone { form: text() },
            Cause::DestinationGone {
                destination: text(),
            },
            Cause::Internal,
        ];
        for cause in causes {
            let record = serde_json::to_value(&cause).expect("JSON");
            assert_eq!(record["cause"], cause.word());
        }
    }
}
