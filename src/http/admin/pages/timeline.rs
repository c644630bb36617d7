//! Deliveries of a lead and the timeline of their attempts.

use maud::{Markup, html};

use crate::delivery::{Attempt, AttemptOutcome, Delivery};
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::rows;
use crate::http::admin::words;

/// A card for each delivery, with its attempts, the latest first.
pub(super) fn deliveries(
    screen: &Screen,
    deliveries: &[Delivery],
    logs: &[Vec<Attempt>],
) -> Markup {
    html! {
        @for (delivery, log) in deliveries.iter().zip(logs) {
            section.card {
                h2 { (screen.pick("Доставка", "Delivery")) ": " (delivery.destination) }
                p { (rows::pill(screen, delivery.state)) " " (rows::order(delivery)) }
                (rows::order_status_in_full(screen, delivery))
                (rows::what_next(screen, delivery))
                @if log.is_empty() {
                    p.muted { (screen.pick("Попыток ещё не было.", "No attempt yet.")) }
                } @else {
                    ol.timeline reversed { @for attempt in log.iter().rev() { (entry(screen, attempt)) } }
                }
            }
        }
    }
}

fn entry(screen: &Screen, attempt: &Attempt) -> Markup {
    html! {
        li class=(mark(attempt)) {
            p {
                strong { (screen.pick("Попытка", "Attempt")) " " (attempt.number) }
                " · " (screen.time(attempt.started_at))
                " · " (words::outcome(attempt.outcome, screen.language))
                @if let Some(status) = attempt.http_status { " · HTTP " (status) }
                @if let Some(ms) = attempt.duration_ms { " · " (duration(screen, ms)) }
            }
            @if let Some(cause) = &attempt.error { p.error { (cause.text(screen.language)) } }
            @if !attempt.steps.is_empty() {
                details {
                    summary { (screen.pick("Запросы", "Requests")) " (" (attempt.steps.len()) ")" }
                    ul.steps {
                        @for step in &attempt.steps {
                            li {
                                code { (step.operation) }
                                @if let Some(status) = step.http_status { " · HTTP " (status) }
                                " · " (duration(screen, step.duration_ms)) " · " (step.note)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The class that colours the dot of an attempt; the words beside it say the same.
fn mark(attempt: &Attempt) -> &'static str {
    match attempt.outcome {
        Some(AttemptOutcome::Delivered) => "good",
        Some(AttemptOutcome::Rejected) => "bad",
        Some(AttemptOutcome::Retry | AttemptOutcome::Unknown | AttemptOutcome::Paused) | None => {
            "waiting"
        }
    }
}

fn duration(screen: &Screen, ms: u64) -> String {
    format!("{ms} {}", screen.pick("мс", "ms"))
}
