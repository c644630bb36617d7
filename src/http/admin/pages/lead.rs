//! `GET /admin/leads/{id}`: everything that is known of one lead, what became of it, and what can be done.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::delivery::{Attempt, State};
use crate::http::admin::api::leads::attempt_logs;
use crate::http::admin::auth::Operator;
use crate::http::admin::filters;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::{HOME, actions, rows, timeline};
use crate::http::admin::reason::Reason;
use crate::http::admin::words;
use crate::lead::{Field, Lead, LeadId, Value};
use crate::store::{Store, StoredLead};

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    id: web::Path<String>,
    request: HttpRequest,
    store: web::Data<Store>,
) -> Result<HttpResponse, Reason> {
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let stored = store.lead(id).await?.ok_or(Reason::NotFound)?;
    let logs = attempt_logs(&store, &stored).await?;
    let flash = filters::parameter(request.query_string(), "done");
    let title = rows::display_name(&screen, &stored);
    let content = content(&screen, &stored, &logs, flash.as_deref());
    Ok(screen.page(&operator, &title, &content))
}

fn content(
    screen: &Screen,
    stored: &StoredLead,
    logs: &[Vec<Attempt>],
    flash: Option<&str>,
) -> Markup {
    let StoredLead { lead, status } = stored;
    html! {
        p { a href=(HOME) { "← " (screen.pick("Все заявки", "All leads")) } }
        @if let Some(text) = flash.and_then(|code| actions::flash(screen, code)) {
            p.notice.good role="status" { (text) }
        }
        header.lead {
            h1 { (rows::display_name(screen, stored)) }
            (rows::pill(screen, status.state()))
            span.muted { (screen.time(lead.received_at)) " " (screen.zone_name()) " · " (lead.form_title) }
        }
        @if let Some(reason) = status.held_reason.filter(|_| status.state() == State::Held) {
            p.notice { (screen.pick("Задержана", "Held")) ": " (words::held(reason, screen.language)) }
        }
        @if lead.key_reused {
            p.notice { (screen.pick(
                "Тот же ключ _id уже приходил с другими данными: похоже, страница закэширована вместе с ключом.",
                "The same _id had come before with other content: the page seems to be cached together with its key.",
            )) }
        }
        (actions::buttons(screen, stored))
        div.columns {
            div {
                (contact(screen, lead))
                (fields(screen, &lead.fields))
                (attribution(screen, lead))
            }
            div {
                (timeline::deeds(screen, &status.deeds))
                (timeline::deliveries(screen, &status.deliveries, logs))
            }
        }
    }
}

fn contact(screen: &Screen, lead: &Lead) -> Markup {
    let contact = &lead.contact;
    html! {
        section.card {
            h2 { (screen.pick("Контакт", "Contact")) }
            dl {
                @if let Some(phone) = &contact.phone {
                    dt { (screen.pick("Телефон", "Phone")) }
                    dd { a href={ "tel:" (phone.e164()) } { (rows::phone(lead)) }
                        @if phone.typed() != phone.e164() { " " span.muted { (phone.typed()) } }
                    }
                }
                @if let Some(email) = &contact.email {
                    dt { "E-mail" }
                    dd { a href={ "mailto:" (email.as_str()) } { (email.as_str()) } }
                }
                dt { (screen.pick("Номер заявки", "Lead id")) }
                dd { code { (lead.id) } }
            }
        }
    }
}

fn fields(screen: &Screen, fields: &[Field]) -> Markup {
    if fields.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            h2 { (screen.pick("Поля формы", "Fields")) }
            dl {
                @for field in fields {
                    dt title=(field.name) { (field.label.as_ref().unwrap_or(&field.name)) }
                    dd {
                        span.typed { (value(screen, &field.value)) }
                        @if let Some(typed) = &field.typed { " " span.muted { (typed) } }
                    }
                }
            }
        }
    }
}

fn value(screen: &Screen, value: &Value) -> String {
    match value {
        Value::Boolean(true) => screen.pick("да", "yes").to_owned(),
        Value::Boolean(false) => screen.pick("нет", "no").to_owned(),
        other => other.to_text(),
    }
}

fn attribution(screen: &Screen, lead: &Lead) -> Markup {
    let marks = marks(screen, lead);
    if marks.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            h2 { (screen.pick("Откуда пришёл", "Where from")) }
            dl { @for (name, value) in marks { dt { (name) } dd { span.typed { (value) } } } }
        }
    }
}

/// Names and values of all that is known of the visit.
fn marks<'a>(screen: &Screen, lead: &'a Lead) -> Vec<(&'a str, &'a str)> {
    let utm = &lead.attribution.utm;
    let pick = |ru, en| screen.language.pick(ru, en);
    let known = [
        ("utm_source", &utm.source),
        ("utm_medium", &utm.medium),
        ("utm_campaign", &utm.campaign),
        ("utm_term", &utm.term),
        ("utm_content", &utm.content),
        (pick("Страница", "Page"), &lead.page.url),
        (pick("Заголовок", "Title"), &lead.page.title),
        (pick("Пришёл с", "Came from"), &lead.page.referrer),
    ];
    let visit = &lead.attribution.visit.0;
    let visit = visit
        .iter()
        .map(|(id, value)| (id.as_str(), value.as_str()));
    known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .chain(visit)
        .collect()
}
