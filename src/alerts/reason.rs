//! Why, without a word that came from outside: the CRM's own texts quote what visitors typed, and alerts travel far.

use serde::{Deserialize, Serialize};

use crate::delivery::Cause;
use crate::lead::{Bilingual, Language};

/// The most fields of a refusal that are named.
const MOST_FIELDS: usize = 5;

/// A cause as alerts say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reason {
    /// The fixed word, for programs.
    pub(super) word: String,
    /// The sentence, for people.
    pub(super) text: Bilingual,
}

impl Reason {
    /// The cause without its foreign words.
    pub(super) fn of(cause: &Cause) -> Self {
        Self {
            word: cause.word().to_owned(),
            text: text(cause),
        }
    }
}

fn text(cause: &Cause) -> Bilingual {
    match cause {
        // These hold numbers and our own ids alone.
        Cause::TimedOut { .. }
        | Cause::RateLimited
        | Cause::ServerError { .. }
        | Cause::FormGone { .. }
        | Cause::DestinationGone { .. }
        | Cause::Internal => Bilingual::new(cause.text(Language::Ru), cause.text(Language::En)),
        Cause::Unreachable { .. } => Bilingual::new(
            "до CRM нет связи (сеть, имя или TLS)",
            "the CRM cannot be reached (network, name or TLS)",
        ),
        Cause::ConnectionLost { .. } => {
            Bilingual::new("связь с CRM оборвалась", "the connection to the CRM broke")
        }
        Cause::NotTheCrm { status, .. } => Bilingual::new(
            format!(
                "по адресу отвечает не CRM или такого аккаунта нет (статус {status}); проверьте destinations.url"
            ),
            format!(
                "this is not the CRM, or there is no such account (status {status}); check destinations.url"
            ),
        ),
        Cause::Unreadable { .. } => Bilingual::new(
            "ответ CRM не удалось прочесть",
            "the CRM's answer cannot be read",
        ),
        Cause::AccessDenied { .. } => Bilingual::new(
            "CRM не принимает ключ API; проверьте destinations.api_key и права ключа",
            "the CRM does not accept the API key; check destinations.api_key and its rights",
        ),
        Cause::Refused { .. } => refused(&cause.refused_fields()),
        Cause::Mapping { .. } => Bilingual::new(
            "поля CRM не удалось заполнить; проверьте forms.deliver",
            "the CRM's fields cannot be filled; check forms.deliver",
        ),
        Cause::GaveUp { after_s, last } => gave_up(*after_s, last.as_deref().map(text)),
    }
}

fn refused(fields: &[&str]) -> Bilingual {
    if fields.is_empty() {
        return Bilingual::new("CRM отказала", "the CRM refused");
    }
    let shown = fields.len().min(MOST_FIELDS);
    let names = fields.get(..shown).unwrap_or_default().join(", ");
    Bilingual::new(
        format!("CRM отказала, поля: {names}"),
        format!("the CRM refused, fields: {names}"),
    )
}

fn gave_up(after_s: u64, last: Option<Bilingual>) -> Bilingual {
    let hours = after_s / 3600;
    let last = last.unwrap_or_else(|| Bilingual::same("?"));
    Bilingual::new(
        format!(
            "попытки закончились (ждали {hours} ч); последняя: {}",
            last.ru
        ),
        format!("out of attempts (waited {hours} h); the last: {}", last.en),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_repeats_what_somebody_else_has_said() {
        let said = || "Иван +79120000001".to_owned();
        let refused = Cause::Refused {
            message: said(),
            errors: vec![("customFields.city".to_owned(), said()), (said(), said())],
        };
        let causes = [
            Cause::Unreachable { detail: said() },
            Cause::ConnectionLost { detail: said() },
            Cause::NotTheCrm {
                status: 404,
                detail: said(),
            },
            Cause::Unreadable { detail: said() },
            Cause::AccessDenied { message: said() },
            Cause::Mapping { detail: said() },
            Cause::GaveUp {
                after_s: 7200,
                last: Some(Box::new(refused.clone())),
            },
            refused,
        ];
        for cause in &causes {
            let reason = Reason::of(cause);
            for text in [&reason.text.ru, &reason.text.en] {
                assert!(!text.contains("Иван") && !text.contains("7912"), "{text}");
            }
        }
        let last = Reason::of(&causes[6]);
        assert_eq!(
            last.text.en,
            "out of attempts (waited 2 h); the last: the CRM refused, fields: customFields.city"
        );
    }
}
