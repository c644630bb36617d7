//! The words of the pages in both languages: states, outcomes, times. Whole phrases, never glued together from parts that another
//! language would put elsewhere.

use jiff::Timestamp;

use crate::delivery::{AttemptOutcome, State};
use crate::lead::{HeldReason, Language};

pub(super) use crate::lead::spoken::{leads, moment, plural, span};

/// The state as people read it.
pub(super) fn state(state: State, language: Language) -> &'static str {
    match state {
        State::Failed => language.pick("не доставлена", "failed"),
        State::Held => language.pick("задержана", "held"),
        State::Retrying => language.pick("ждёт повтора", "retrying"),
        State::Sending => language.pick("отправляется", "sending"),
        State::Queued => language.pick("в очереди", "queued"),
        State::Delivered => language.pick("доставлена", "delivered"),
        State::Discarded => language.pick("отклонена", "discarded"),
    }
}

/// How an attempt ended; `None` is one that has not, or that the process died in.
pub(super) fn outcome(outcome: Option<AttemptOutcome>, language: Language) -> &'static str {
    match outcome {
        Some(AttemptOutcome::Delivered) => language.pick("доставлена", "delivered"),
        Some(AttemptOutcome::Retry) => language.pick("не вышло, повторим", "failed, will retry"),
        Some(AttemptOutcome::Unknown) => language.pick(
            "исход неизвестен, сначала проверим в CRM",
            "outcome unknown, the CRM is asked first",
        ),
        Some(AttemptOutcome::Rejected) => language.pick("CRM отказала", "refused by the CRM"),
        Some(AttemptOutcome::Paused) => language.pick(
            "CRM на паузе, попытка не в счёт",
            "CRM paused, costs nothing",
        ),
        None => language.pick("идёт или прервана", "under way or cut off"),
    }
}

/// Why a lead is held.
pub(super) fn held(reason: HeldReason, language: Language) -> &'static str {
    match reason {
        HeldReason::Honeypot => language.pick(
            "заполнено скрытое поле-ловушка, люди его не видят",
            "the hidden trap field was filled, which people do not see",
        ),
    }
}

/// "8 мин назад", "in 40 s".
pub(super) fn relative(at: Timestamp, now: Timestamp, language: Language) -> String {
    let passed = now.duration_since(at).as_secs();
    let span = span(passed.abs(), language);
    match (language, passed >= 0) {
        (Language::Ru, true) => format!("{span} назад"),
        (Language::Ru, false) => format!("через {span}"),
        (Language::En, true) => format!("{span} ago"),
        (Language::En, false) => format!("in {span}"),
    }
}
