//! `GET /admin/forms`: the forms, where to post them, how busy they are, and origins that were refused in the last day.

use actix_web::{HttpResponse, web};
use arc_swap::ArcSwap;
use maud::{Markup, html};

use crate::http::admin::api::forms::start_of_day;
use crate::http::admin::auth::Operator;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::snippet;
use crate::http::admin::reason::Reason;
use crate::http::refused_origins::{RefusedOrigin, RefusedOrigins};
use crate::http::settings::Server;
use crate::lead::{Form, Forms, OriginRule};
use crate::store::{FormCount, Store};

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    (live, store): (web::Data<ArcSwap<Forms>>, web::Data<Store>),
    refused: web::Data<RefusedOrigins>,
    server: web::Data<Server>,
) -> Result<HttpResponse, Reason> {
    let midnight = start_of_day(screen.now, &screen.zone);
    let forms = live.load_full();
    let mut cards = Vec::new();
    for form in forms.iter() {
        let count = store.form_count(form.id.clone(), midnight).await?;
        cards.push(card(&screen, form, count, &server));
    }
    let content = html! {
        h1 { (screen.pick("Формы", "Forms")) }
        (refusals(&screen, &refused.last_day(screen.now), &forms))
        @for card in cards { (card) }
    };
    Ok(screen.page(&operator, screen.pick("Формы", "Forms"), &content))
}

fn card(screen: &Screen, form: &Form, count: FormCount, server: &Server) -> Markup {
    html! {
        section.card {
            h2 { (form.title) " " code { (form.id) } }
            p {
                a href={ "/admin/?form=" (form.id) } { (snippet::today(count.leads_since, screen.language)) }
                @if let Some(at) = count.last_lead_at {
                    " · " (screen.pick("последняя", "the last")) " " (screen.time(at)) " " span.muted { (screen.zone_name()) }
                }
            }
            p { (screen.pick("Принимается с", "Accepted from")) ": " (origins(screen, &form.origins)) }
            details {
                summary { (screen.pick("HTML для страницы", "HTML for a page")) }
                (snippet::of(screen, form, &server.public_url))
            }
        }
    }
}

fn origins(screen: &Screen, rule: &OriginRule) -> Markup {
    html! {
        @match rule {
            OriginRule::Any => (screen.pick("любых страниц", "any page")),
            OriginRule::Listed(list) if list.is_empty() => (screen.pick("страниц самого leadgate", "leadgate's own pages")),
            OriginRule::Listed(list) => @for origin in list { code { (origin) } " " },
        }
    }
}

fn refusals(screen: &Screen, refused: &[RefusedOrigin], forms: &Forms) -> Markup {
    if refused.is_empty() {
        return html! {};
    }
    html! {
        section.card.warned {
            h2 { (screen.pick("Отказы за сутки: чужие страницы", "Refused in the last day: pages nobody allowed")) }
            p { (screen.pick(
                "С этих адресов пытались отправить форму, но в конфигурации их нет. Если сайт ваш, замените строку origins у формы на показанную.",
                "Somebody tried to post a form from these origins, which the config does not name. If the site is yours, replace the form's origins line by the one shown.",
            )) }
            ul.refused {
                @for entry in refused {
                    li {
                        p { strong { (entry.origin) } " → " code { (entry.form) } " · × " (entry.count) " · " (screen.time(entry.last_at)) }
                        @if let Some(line) = remedy(entry, forms) { pre tabindex="0" { code { (line) } } }
                    }
                }
            }
        }
    }
}

/// The line for the config; none when the form is gone or lets everybody in by now.
fn remedy(entry: &RefusedOrigin, forms: &Forms) -> Option<String> {
    match &forms.get(entry.form.as_str())?.origins {
        OriginRule::Any => None,
        OriginRule::Listed(list) if list.contains(&entry.origin) => None,
        OriginRule::Listed(list) => Some(snippet::origins_line(list, &entry.origin)),
    }
}
