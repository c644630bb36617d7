//! The banner of a paused destination: since when, how much waits, when it is tried next, why, and what to do.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::delivery::Cause;
use crate::dispatch::{DestinationHealth, Health};
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::words;
use crate::lead::Language;
use crate::store::Waiting;

/// The banner, or nothing while the destination is healthy.
pub(super) fn banner(screen: &Screen, entry: &DestinationHealth, waiting: Waiting) -> Markup {
    let Health::Paused {
        since,
        cause,
        next_probe_at,
    } = &entry.health
    else {
        return html! {};
    };
    html! {
        section.banner role="status" {
            p.headline { (headline(screen, entry, (*since, *next_probe_at), cause, waiting)) }
            p { (cause.text(screen.language)) }
            p.muted { (remedy(screen, cause)) }
        }
    }
}

/// What people call the destination.
pub(super) fn name(entry: &DestinationHealth) -> String {
    match entry.kind {
        "retailcrm" => format!("RetailCRM ({})", entry.id),
        kind => format!("{kind} ({})", entry.id),
    }
}

fn headline(
    screen: &Screen,
    entry: &DestinationHealth,
    (since, next_probe_at): (Timestamp, Timestamp),
    cause: &Cause,
    waiting: Waiting,
) -> String {
    let language = screen.language;
    let name = name(entry);
    let since = words::moment(since, screen.now, &screen.zone, language);
    // "In 0 s" would read like a clock that stands.
    let probe = Some(next_probe_at.duration_since(screen.now).as_secs())
        .filter(|seconds| *seconds > 0)
        .map(|seconds| words::span(seconds, language));
    let leads = words::leads(waiting.count, language);
    let age = waiting
        .oldest_received_at
        .map(|oldest| words::span(screen.now.duration_since(oldest).as_secs(), language));
    match language {
        Language::Ru => {
            let trouble = if is_out_of_reach(cause) {
                "недоступна"
            } else {
                "не принимает заявки"
            };
            let wait = words::plural(waiting.count, "ждёт", "ждут", "ждут");
            let oldest = age.map_or_else(String::new, |age| format!(", самой старой {age}"));
            let probe = probe.map_or_else(
                || "проба сейчас".to_owned(),
                |span| format!("следующая проба через {span}"),
            );
            format!("{name} {trouble} с {since}, {wait} {leads}{oldest}, {probe}")
        }
        Language::En => {
            let trouble = if is_out_of_reach(cause) {
                "unreachable"
            } else {
                "accepts no leads"
            };
            let oldest = age.map_or_else(String::new, |age| format!(", the oldest for {age}"));
            let probe = probe.map_or_else(
                || "a probe is due now".to_owned(),
                |span| format!("next probe in {span}"),
            );
            format!("{name} {trouble} since {since}, {leads} waiting{oldest}, {probe}")
        }
    }
}

/// The trouble is the network or the CRM's own, not the set-up.
fn is_out_of_reach(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::Unreachable { .. }
            | Cause::TimedOut { .. }
            | Cause::ConnectionLost { .. }
            | Cause::RateLimited
            | Cause::ServerError { .. }
            | Cause::Unreadable { .. }
    )
}

fn remedy<'a>(screen: &Screen, cause: &Cause) -> &'a str {
    if is_out_of_reach(cause) {
        screen.language.pick(
            "Ничего делать не нужно: заявки сохранены и уйдут сами, когда CRM ответит.",
            "Nothing needs to be done: the leads are kept and go out by themselves when the CRM answers.",
        )
    } else {
        screen.language.pick(
            "Исправьте настройку и перечитайте её (SIGHUP): заявки сохранены и уйдут сами.",
            "Mend the setting and reload it (SIGHUP): the leads are kept and go out by themselves.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::DestinationId;
    use jiff::tz::TimeZone;

    fn said(language: Language, cause: Cause) -> String {
        said_with_a_probe_at(language, cause, "2026-11-21T07:40:40Z")
    }

    fn said_with_a_probe_at(language: Language, cause: Cause, probe: &str) -> String {
        let at = |text: &str| text.parse().expect("an instant");
        let screen = Screen {
            language,
            now: at("2026-11-21T07:40:00Z"),
            zone: TimeZone::get("Europe/Moscow").expect("a zone"),
            here: "/admin/".to_owned(),
        };
        let entry = DestinationHealth {
            id: DestinationId::parse("shop").expect("an id"),
            kind: "retailcrm",
            health: Health::Paused {
                since: at("2026-11-21T07:32:00Z"),
                cause,
                next_probe_at: at(probe),
            },
        };
        let waiting = Waiting {
            count: 14,
            oldest_received_at: Some(at("2026-11-21T07:32:00Z")),
        };
        banner(&screen, &entry, waiting).0
    }

    #[test]
    fn the_banner_says_since_when_how_much_waits_and_when_it_is_tried_next() {
        let text = said(Language::Ru, Cause::TimedOut { after_s: 30 });
        assert!(text.contains("RetailCRM (shop) недоступна с 10:32:00, ждут 14 заявок, самой старой 8 мин, следующая проба через 40 с"), "{text}");
        let text = said(Language::En, Cause::TimedOut { after_s: 30 });
        assert!(text.contains("RetailCRM (shop) unreachable since 10:32:00, 14 leads waiting, the oldest for 8 min, next probe in 40 s"), "{text}");
    }

    #[test]
    fn a_probe_that_is_due_is_not_counted_down_to() {
        let due = "2026-11-21T07:40:00Z";
        let text = said_with_a_probe_at(Language::Ru, Cause::RateLimited, due);
        assert!(text.contains("самой старой 8 мин, проба сейчас"), "{text}");
        let text = said_with_a_probe_at(Language::En, Cause::RateLimited, due);
        assert!(text.contains("for 8 min, a probe is due now"), "{text}");
    }

    #[test]
    fn a_wrong_key_is_told_with_its_remedy() {
        let text = said(
            Language::En,
            Cause::AccessDenied {
                message: "Wrong \"apiKey\" value.".to_owned(),
            },
        );
        assert!(text.contains("accepts no leads since"));
        assert!(text.contains("destinations.api_key"));
        assert!(text.contains("SIGHUP"));
    }
}
