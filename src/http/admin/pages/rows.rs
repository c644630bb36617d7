//! The table of leads: a row per lead on a wide screen, a card on a phone.

use maud::{Markup, html};

use crate::delivery::{Delivery, OrderStanding, State};
use crate::http::admin::api::view::next_attempt_at;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::words;
use crate::lead::Lead;
use crate::store::StoredLead;

/// The table.
pub(super) fn table(screen: &Screen, leads: &[StoredLead]) -> Markup {
    let heads = [
        screen.pick("Получена", "Received"),
        screen.pick("Имя", "Name"),
        screen.pick("Телефон", "Phone"),
        screen.pick("Форма", "Form"),
        screen.pick("Состояние", "State"),
        screen.pick("Заказ", "Order"),
        screen.pick("Попыток", "Attempts"),
        screen.pick("Что дальше", "What next"),
    ];
    html! {
        // A phone shows cards without heads, so the zone stands above them.
        p.zone.muted { (screen.pick("Время", "Times")) ": " (screen.zone_name()) }
        table.leads {
            thead { tr {
                @for (place, head) in heads.iter().enumerate() {
                    th scope="col" { (head) @if place == 0 { " " small.muted { (screen.zone_name()) } } }
                }
            } }
            tbody { @for stored in leads { (row(screen, stored, &heads)) } }
        }
    }
}

fn row(screen: &Screen, stored: &StoredLead, heads: &[&str; 8]) -> Markup {
    let StoredLead { lead, status } = stored;
    let deliveries = &status.deliveries;
    let attempts: u32 = deliveries.iter().map(|each| each.attempts).sum();
    html! {
        tr {
            td data-label=(heads[0]) { (screen.time(lead.received_at)) }
            td.name data-label=(heads[1]) {
                a.open href={ "/admin/leads/" (lead.id) } { (display_name(screen, stored)) }
            }
            td.phone data-label=(heads[2]) { (phone(lead)) }
            td data-label=(heads[3]) { (lead.form_title) }
            td data-label=(heads[4]) { (pill(screen, status.state())) }
            td data-label=(heads[5]) { @for delivery in deliveries { (order(delivery)) (order_status(screen, delivery)) } }
            td.number data-label=(heads[6]) { @if attempts > 0 { (attempts) } }
            td.next data-label=(heads[7]) { @for delivery in deliveries { (what_next(screen, delivery)) } }
        }
    }
}

/// The name, or what stands for a missing one.
pub(super) fn display_name(screen: &Screen, stored: &StoredLead) -> String {
    if stored.status.erased_at.is_some() {
        return screen.pick("данные стёрты", "data erased").to_owned();
    }
    stored.lead.contact.name.as_ref().map_or_else(
        || screen.pick("без имени", "no name").to_owned(),
        |name| name.typed().to_owned(),
    )
}

/// The phone with its extension.
pub(super) fn phone(lead: &Lead) -> Markup {
    html! {
        @if let Some(phone) = &lead.contact.phone {
            (phone.e164())
            @if let Some(extension) = phone.extension() { " #" (extension) }
        }
    }
}

/// A state as a word on a colour; the word alone says it all.
pub(super) fn pill(screen: &Screen, state: State) -> Markup {
    html! { span class={ "pill " (state.as_str()) } { (words::state(state, screen.language)) } }
}

/// The order's number, linked to the CRM.
pub(super) fn order(delivery: &Delivery) -> Markup {
    let Some(receipt) = &delivery.receipt else {
        return html! {};
    };
    let number = receipt
        .order_number
        .clone()
        .or_else(|| receipt.order_id.map(|id| id.to_string()))
        .or_else(|| receipt.customer_id.map(|id| format!("№ {id}")));
    html! {
        @if let Some(number) = number {
            @match receipt.url.as_deref().filter(|url| is_web_address(url)) {
                Some(url) => a.crm href=(url) target="_blank" rel="noopener noreferrer" { (number) },
                None => (number),
            }
        }
    }
}

/// Where the order stands in the CRM.
pub(super) fn order_status(screen: &Screen, delivery: &Delivery) -> Markup {
    html! {
        @if let Some(status) = &delivery.order_status {
            p.status { (words::standing(&status.standing, screen.language)) }
        }
    }
}

/// The same for the lead's own page: with the raw code, and since when it is known.
pub(super) fn order_status_in_full(screen: &Screen, delivery: &Delivery) -> Markup {
    html! {
        @if let Some(status) = &delivery.order_status {
            p.status {
                (screen.pick("В CRM", "In the CRM")) ": " strong { (words::standing(&status.standing, screen.language)) }
                @if let OrderStanding::Status { code, .. } = &status.standing { " " code { (code) } }
                " " span.muted { (screen.pick("с", "since")) " " (screen.time(status.noted_at)) }
            }
        }
    }
}

/// A link made of what a CRM said must not be able to run anything.
fn is_web_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The last trouble and when it is tried again; a warning when the CRM took less than was sent.
pub(super) fn what_next(screen: &Screen, delivery: &Delivery) -> Markup {
    html! {
        @if let Some(warning) = &delivery.warning {
            p.warning { (warning.pick(screen.language)) }
        }
        @if let Some(cause) = &delivery.last_error {
            p.error { (cause.text(screen.language)) }
        }
        @match next_attempt_at(delivery).filter(|_| delivery.attempts > 0) {
            Some(at) if at > screen.now => p.muted { (screen.pick("следующая попытка", "next attempt")) " " (screen.time(at)) },
            // Its time has come: it waits for the CRM, or for its turn.
            Some(_) => p.muted { (screen.pick("пойдёт, как только CRM сможет принять", "goes as soon as the CRM can take it")) },
            None => {},
        }
    }
}
