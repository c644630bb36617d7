//! The words of the pages in both languages: states, plurals, times. Whole phrases, never glued together from parts that another
//! language would put elsewhere.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::delivery::{AttemptOutcome, OrderStanding, State};
use crate::lead::{HeldReason, Language};

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

/// Where the order stands in the CRM: the account's own name for it, else its code.
pub(super) fn standing(standing: &OrderStanding, language: Language) -> String {
    match standing {
        OrderStanding::Status { code, name } => name.as_ref().unwrap_or(code).clone(),
        OrderStanding::Merged { into } => match language {
            Language::Ru => format!("объединён с заказом {into}"),
            Language::En => format!("merged into order {into}"),
        },
        OrderStanding::Gone => language
            .pick("заказа больше нет в CRM", "no longer in the CRM")
            .to_owned(),
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

/// The form of a Russian noun for a number: 1 заявка, 2 заявки, 5 заявок.
pub(super) fn plural<'a>(count: usize, one: &'a str, few: &'a str, many: &'a str) -> &'a str {
    match (count % 10, count % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    }
}

/// "14 заявок", "1 lead".
pub(super) fn leads(count: usize, language: Language) -> String {
    let noun = match language {
        Language::Ru => plural(count, "заявка", "заявки", "заявок"),
        Language::En if count == 1 => "lead",
        Language::En => "leads",
    };
    format!("{count} {noun}")
}

/// A span as a person says it: "40 с", "8 мин", "3 ч", "2 д"; negative ones are nothing.
pub(super) fn span(seconds: i64, language: Language) -> String {
    let seconds = seconds.max(0);
    let (count, ru, en) = match seconds {
        0..=89 => (seconds, "с", "s"),
        90..=5_399 => (seconds / 60, "мин", "min"),
        5_400..=172_799 => (seconds / 3_600, "ч", "h"),
        _ => (seconds / 86_400, "д", "d"),
    };
    format!("{count} {}", language.pick(ru, en))
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

/// Day and time; the year only when it is another one.
pub(super) fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone, language: Language) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    if at.date() == now.date() {
        return at.strftime("%H:%M:%S").to_string();
    }
    let format = match (language, at.year() == now.year()) {
        (Language::Ru, true) => "%d.%m %H:%M",
        (Language::Ru, false) => "%d.%m.%Y %H:%M",
        (Language::En, true) => "%-d %b %H:%M",
        (Language::En, false) => "%-d %b %Y %H:%M",
    };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn russian_counts_leads_as_a_russian_does() {
        let said: Vec<String> = [0, 1, 2, 5, 11, 12, 21, 22, 25, 101, 111, 1_002]
            .into_iter()
            .map(|count| leads(count, Language::Ru))
            .collect();
        assert_eq!(
            said.join(", "),
            "0 заявок, 1 заявка, 2 заявки, 5 заявок, 11 заявок, 12 заявок, 21 заявка, 22 заявки, 25 заявок, 101 заявка, 111 заявок, 1002 заявки"
        );
    }

    #[test]
    fn a_moment_of_today_is_a_time_and_an_older_one_has_its_day() {
        let zone = TimeZone::get("Europe/Moscow").expect("a zone");
        let now: Timestamp = "2026-11-21T07:40:00Z".parse().expect("an instant");
        let said =
            |at: &str, language| moment(at.parse().expect("an instant"), now, &zone, language);
        assert_eq!(said("2026-11-21T07:32:05Z", Language::Ru), "10:32:05");
        assert_eq!(said("2026-11-20T20:59:00Z", Language::Ru), "20.11 23:59");
        assert_eq!(
            said("2025-11-20T20:59:00Z", Language::En),
            "20 Nov 2025 23:59"
        );
    }

    #[test]
    fn spans_are_said_in_the_unit_that_fits() {
        let said = |seconds| span(seconds, Language::En);
        assert_eq!(
            [said(-5), said(40), said(480), said(7_200), said(200_000)],
            ["0 s", "40 s", "8 min", "2 h", "2 d"]
        );
    }
}
