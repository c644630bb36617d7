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
use crate::http::script::Scripts;
use crate::http::settings::Server;
use crate::lead::{Form, Forms, OriginRule};
use crate::store::{FormCount, Store};

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    (live, store): (web::Data<ArcSwap<Forms>>, web::Data<Store>),
    refused: web::Data<RefusedOrigins>,
    (server, scripts): (web::Data<Server>, web::Data<Scripts>),
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
        (script_line(&screen, &forms, &scripts, &server))
        (refusals(&screen, &refused.last_day(screen.now), &forms))
        @for card in cards { (card) }
    };
    Ok(screen.page(&operator, screen.pick("Формы", "Forms"), &content))
}

/// How a site gets the script, plainly and pinned; nothing where no form is captured.
fn script_line(screen: &Screen, forms: &Forms, scripts: &Scripts, server: &Server) -> Markup {
    let is_used = forms.iter().any(|form| form.capture.is_some());
    let Some(script) = scripts.now().filter(|_| is_used) else {
        return html! {};
    };
    let (plain, pinned) = snippet::script_tags(&script, &server.public_url);
    html! {
        section.card {
            h2 { (screen.pick("Скрипт для сайта", "The script for a site")) }
            p { (screen.pick(
                "Одна строка в <head>: скрипт сам найдёт формы по селекторам из конфигурации.",
                "One line in <head>: the script finds the forms by the selectors of the config.",
            )) }
            pre tabindex="0" { code { (plain) } }
            p { a href={ "/docs/script?lang=" (screen.language.as_str()) } { (screen.pick("Рецепты для Tilda, WordPress, MODX, Битрикс", "Recipes for Tilda, WordPress, MODX, Bitrix")) } }
            details {
                summary { (screen.pick("С контрольной суммой", "Pinned by its hash")) }
                p { (screen.pick(
                    "Этот адрес неизменен. После смены правил захвата замените строку: старая версия хранится недолго.",
                    "This address never changes its content. Replace the line after a change of the capture rules: old versions are not kept for long.",
                )) }
                pre tabindex="0" { code { (pinned) } }
            }
        }
    }
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
