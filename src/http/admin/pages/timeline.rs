//! Deliveries of a lead and the timeline of their attempts.

use maud::{Markup, html};

use crate::delivery::{Attempt, AttemptOutcome, CauseKey, Delivery, State, Step};
use crate::http::admin::filters::TypedFilters;
use crate::http::admin::pages::HOME;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::rows;
use crate::http::admin::words;
use crate::store::Deed;

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
                (same_cause(screen, delivery))
                @if log.is_empty() {
                    p.muted { (screen.pick("Попыток ещё не было.", "No attempt yet.")) }
                } @else {
                    ol.timeline reversed { @for attempt in log.iter().rev() { (entry(screen, attempt)) } }
                }
            }
        }
    }
}

/// What operators did with the lead, the latest first.
pub(super) fn deeds(screen: &Screen, deeds: &[Deed]) -> Markup {
    if deeds.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            h2 { (screen.pick("Действия операторов", "Actions of operators")) }
            ol.timeline reversed {
                @for deed in deeds.iter().rev() {
                    li.calm { p {
                        strong { (words::deed(deed.what, screen.language)) }
                        " · " (screen.time(deed.at)) " · " (deed.by)
                    } }
                }
            }
        }
    }
}

/// To all leads that fail as this one does.
fn same_cause(screen: &Screen, delivery: &Delivery) -> Markup {
    let is_failing = matches!(delivery.state, State::Failed | State::Retrying);
    let cause = delivery.last_error.as_ref().filter(|_| is_failing);
    let filters = cause.map(|cause| TypedFilters {
        cause: CauseKey::of(cause).to_string(),
        ..TypedFilters::default()
    });
    html! {
        @if let Some(filters) = filters {
            p { a href={ (HOME) "?" (filters.to_query()) } { (screen.pick("Все заявки с этой причиной", "All leads with this cause")) } }
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
            (steps(screen, attempt))
        }
    }
}

/// The requests of an attempt. Of one that failed the deciding request lies open.
fn steps(screen: &Screen, attempt: &Attempt) -> Markup {
    if attempt.steps.is_empty() {
        return html! {};
    }
    let deciding = attempt
        .error
        .as_ref()
        .and_then(|_| deciding(&attempt.steps));
    html! {
        details open[deciding.is_some()] {
            summary { (screen.pick("Запросы", "Requests")) " (" (attempt.steps.len()) ")" }
            ul.steps { @for (place, step) in attempt.steps.iter().enumerate() {
                li { (step_entry(screen, step, deciding == Some(place))) }
            } }
        }
    }
}

/// The last request that wanted to change something: after a refusal comes a look whether the order is there all the same. Else the last.
fn deciding(steps: &[Step]) -> Option<usize> {
    let is_write = |step: &Step| {
        let request = step.request.as_deref();
        request.is_some_and(|request| request.starts_with("POST "))
    };
    steps
        .iter()
        .rposition(is_write)
        .or(steps.len().checked_sub(1))
}

fn step_entry(screen: &Screen, step: &Step, open: bool) -> Markup {
    html! {
        code { (step.operation) }
        @if let Some(status) = step.http_status { " · HTTP " (status) }
        @if step.request.is_some() || step.http_status.is_some() { " · " (duration(screen, step.duration_ms)) }
        " · " (step.note.pick(screen.language))
        @if let Some(request) = &step.request {
            details open[open] {
                summary { (screen.pick("Запрос и ответ", "Request and answer")) }
                pre.wire { (request) }
                @match &step.answer {
                    Some(answer) => pre.wire { (answer) },
                    None => p.muted { (screen.pick("Ответа нет.", "No answer.")) },
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
