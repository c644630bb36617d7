//! Numbers, spans and instants as people say them, in both languages: for the admin's pages and for alerts.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lead::Language;

/// The form of a Russian noun for a number: 1 заявка, 2 заявки, 5 заявок.
pub fn plural<'a>(count: usize, one: &'a str, few: &'a str, many: &'a str) -> &'a str {
    match (count % 10, count % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    }
}

/// "14 заявок", "1 lead".
pub fn leads(count: usize, language: Language) -> String {
    let noun = match language {
        Language::Ru => plural(count, "заявка", "заявки", "заявок"),
        Language::En if count == 1 => "lead",
        Language::En => "leads",
    };
    format!("{count} {noun}")
}

/// A span as a person says it: "40 с", "8 мин", "3 ч", "2 д"; negative ones are nothing.
pub fn span(seconds: i64, language: Language) -> String {
    let seconds = seconds.max(0);
    let (count, ru, en) = match seconds {
        0..=89 => (seconds, "с", "s"),
        90..=5_399 => (seconds / 60, "мин", "min"),
        5_400..=172_799 => (seconds / 3_600, "ч", "h"),
        _ => (seconds / 86_400, "д", "d"),
    };
    format!("{count} {}", language.pick(ru, en))
}

/// Day and time; the year only when it is another one.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone, language: Language) -> String {
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
