//! `GET /admin/leads/{id}/preview`: the exact requests that a stored lead would produce now, and what each line of the mapping gives.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::destination::LiveDestinations;
use crate::destination::preview::{Given, MappedValue, Preview, PreviewedRequest};
use crate::http::admin::auth::Operator;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::rows;
use crate::http::admin::previews::{self, DeliveryPreview};
use crate::http::admin::reason::Reason;
use crate::lead::LeadId;
use crate::store::Store;

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    id: web::Path<String>,
    (store, live): (web::Data<Store>, web::Data<LiveDestinations>),
) -> Result<HttpResponse, Reason> {
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let stored = store.lead(id).await?.ok_or(Reason::NotFound)?;
    let previews = previews::of(&stored, &live)?;
    let name = rows::display_name(&screen, &stored);
    let title = screen.pick("Что уйдёт в CRM", "What the CRM would get");
    let content = html! {
        p { a href={ "/admin/leads/" (id) } { "← " (name) } }
        h1 { (title) }
        p.muted { (screen.pick(
            "Запросы, которые leadgate отправила бы по этой заявке сейчас, с действующей конфигурацией. Здесь ничего не отправляется. Ключ API идёт в заголовке X-API-KEY и не показывается.",
            "The requests that leadgate would send for this lead now, under the config as it is. Nothing is sent here. The API key goes in the header X-API-KEY and is not shown.",
        )) }
        @for shown in &previews { (delivery(&screen, shown)) }
    };
    Ok(screen.page(&operator, title, &content))
}

fn delivery(screen: &Screen, shown: &DeliveryPreview<'_>) -> Markup {
    html! {
        section.card {
            h2 { (screen.pick("Доставка", "Delivery")) ": " (shown.delivery.destination) }
            @match &shown.preview {
                Err(cause) => p.error { (cause.text(screen.language)) },
                Ok(preview) => (requests(screen, preview)),
            }
        }
        @if let Ok(preview) = &shown.preview {
            @if !preview.values.is_empty() { (values(screen, &preview.values)) }
        }
    }
}

fn requests(screen: &Screen, preview: &Preview) -> Markup {
    html! {
        ol.requests {
            @for request in &preview.requests {
                li {
                    p { (request.purpose.pick(screen.language)) }
                    pre.wire { (wire(request)) }
                }
            }
        }
        @for note in &preview.notes { p.muted { (note.pick(screen.language)) } }
    }
}

/// The request as it goes out, but for the encoding.
fn wire(request: &PreviewedRequest) -> String {
    let mut text = format!("{} {}", request.method, request.path);
    for (place, (name, value)) in request.query.iter().enumerate() {
        let join = if place == 0 { '?' } else { '&' };
        text.push_str(&format!("{join}{name}={value}"));
    }
    for (name, value) in &request.form {
        text.push_str(&format!("\n{name}={}", indented(value)));
    }
    text
}

/// JSON as people read it; a scalar as it is.
fn indented(value: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(record) if record.is_object() || record.is_array() => {
            serde_json::to_string_pretty(&record).unwrap_or_else(|_never| value.to_owned())
        }
        Ok(_) | Err(_) => value.to_owned(),
    }
}

fn values(screen: &Screen, values: &[MappedValue]) -> Markup {
    let heads = [
        screen.pick("Поле CRM", "CRM field"),
        screen.pick("В конфигурации", "In the config"),
        screen.pick("Значение", "Value"),
    ];
    html! {
        section.card {
            h2 { (screen.pick("Какие значения даёт конфигурация", "What the mapping gives")) }
            table.values {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for value in values {
                    tr {
                        td { code { (value.path) } }
                        td { code { (value.template) } }
                        td { (given(screen, &value.given)) }
                    }
                } }
            }
        }
    }
}

fn given(screen: &Screen, given: &Given) -> Markup {
    html! {
        @match given {
            Given::Value(value) => span.typed { (value) },
            Given::Empty => span.muted { (screen.pick("пусто, не отправляется", "empty, not sent")) },
            Given::LeftOut { value, why } => {
                @if !value.is_empty() { span.typed { (value) } " " }
                span.warning { (why.pick(screen.language)) }
            },
        }
    }
}
