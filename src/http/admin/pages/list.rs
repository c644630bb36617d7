//! `GET /admin/`: the sent-leads list.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use arc_swap::ArcSwap;
use maud::{Markup, html};

use crate::alerts::Alerts;
use crate::dispatch::Outlook;
use crate::http::admin::auth::Operator;
use crate::http::admin::filters::{self, TypedFilters};
use crate::http::admin::pages::HOME;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::{
    alerts, banner, destinations, failures, filter_bar, resend, rows, snippet,
};
use crate::http::admin::reason::Reason;
use crate::http::settings::Server;
use crate::lead::{Forms, Language};
use crate::store::{LeadPage, Store};

/// `/admin`: the list is at `/admin/`.
pub(crate) async fn with_slash() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, HOME))
        .finish()
}

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    request: HttpRequest,
    (store, outlook, alerted): (web::Data<Store>, web::Data<Outlook>, web::Data<Alerts>),
    (live, server): (web::Data<ArcSwap<Forms>>, web::Data<Server>),
) -> Result<HttpResponse, Reason> {
    let query = request.query_string();
    let typed = TypedFilters::from_query(query);
    let filter = typed.parse(&screen.zone)?;
    let page = filters::page(query)?;
    let listed = store.leads(filter, page).await?;
    let forms = live.load_full();
    let targets = outlook.destinations();
    let ids: Vec<String> = targets.iter().map(|entry| entry.id.to_string()).collect();
    let content = html! {
        h1.hidden { (screen.pick("Заявки", "Leads")) }
        @for entry in targets.iter() {
            (banner::banner(&screen, entry, store.waiting(&entry.id)))
            (destinations::notice(&screen, entry, &outlook.checked(&entry.id)))
        }
        (alerts::banner(&screen, &alerted))
        (filter_bar::tabs(&screen, &typed, &store))
        (filter_bar::bar(&screen, &typed, &forms, &ids))
        (failures::narrowed(&screen, &typed))
        (resend::flash(&screen, query))
        (fresh_pill(&screen, &typed, &listed, page.before.is_some()))
        @if !listed.leads.is_empty() {
            (rows::table(&screen, &listed.leads))
        } @else if typed.is_empty() && page.before.is_none() {
            (first_run(&screen, &forms, &server))
        } @else {
            (nothing_found(&screen))
        }
        (pager(&screen, &typed, &listed, page.before.is_some()))
    };
    Ok(screen.page(&operator, screen.pick("Заявки", "Leads"), &content))
}

/// Where the script announces leads that came meanwhile; without scripts it stays hidden. Only on the first page: older pages do not change.
fn fresh_pill(screen: &Screen, typed: &TypedFilters, listed: &LeadPage, paged: bool) -> Markup {
    if paged {
        return html! {};
    }
    let newest = listed
        .leads
        .first()
        .map(|stored| stored.lead.id.to_string())
        .unwrap_or_default();
    html! {
        a #fresh.fresh hidden role="status" href={ (HOME) "?" (typed.to_query()) }
            data-newest=(newest) data-query=(typed.to_query())
            data-text=(screen.pick("Новых: {n}. Показать", "{n} new. Show")) {}
    }
}

fn first_run(screen: &Screen, forms: &Forms, server: &Server) -> Markup {
    html! {
        section.card.empty {
            h2 { (screen.pick("Заявок пока нет", "No leads yet")) }
            p { (screen.pick(
                "Вставьте форму на страницу или укажите её адрес в action своей формы. Первая заявка появится здесь сразу.",
                "Put a form on a page, or its address into the action of your own form. The first lead appears here at once.",
            )) }
            @match forms.iter().next() {
                Some(form) => (snippet::of(screen, form, &server.public_url)),
                None => p { (screen.pick("В конфигурации нет ни одной формы: добавьте блок [[forms]].", "The config has no form yet: add a [[forms]] block.")) },
            }
        }
    }
}

fn nothing_found(screen: &Screen) -> Markup {
    html! {
        section.card.empty {
            h2 { (screen.pick("Ничего не нашлось", "Nothing found")) }
            p { (screen.pick("С такими фильтрами заявок нет.", "No lead matches these filters.")) }
            p { a.button href=(HOME) { (screen.pick("Сбросить фильтры", "Reset the filters")) } }
        }
    }
}

fn pager(screen: &Screen, typed: &TypedFilters, listed: &LeadPage, paged: bool) -> Markup {
    let query = typed.to_query();
    let join = if query.is_empty() { "" } else { "&" };
    html! {
        nav.pager aria-label=(screen.pick("Страницы", "Pages")) {
            @if !listed.leads.is_empty() { (resend::link(screen, typed)) }
            @if paged {
                a.button href={ (HOME) "?" (query) } { (newest_label(screen.language)) }
            }
            @if let Some(next) = listed.next {
                a.button href={ (HOME) "?" (query) (join) "cursor=" (next) } rel="next" { (screen.pick("Раньше →", "Older →")) }
            }
        }
    }
}

fn newest_label(language: Language) -> &'static str {
    language.pick("← К самым новым", "← Newest")
}
