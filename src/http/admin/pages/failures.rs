//! `GET /admin/failures`: what fails, by cause, with one button for all the leads of a cause.

use actix_web::{HttpRequest, HttpResponse, web};
use arc_swap::ArcSwap;
use maud::{Markup, html};

use crate::delivery::CauseKey;
use crate::http::admin::auth::Operator;
use crate::http::admin::failures::{self, Failures, Group};
use crate::http::admin::filters::TypedFilters;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::{FAILURES, HOME, resend};
use crate::http::admin::reason::Reason;
use crate::http::admin::{causes, words};
use crate::lead::{Forms, Language};
use crate::store::Store;

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    request: HttpRequest,
    (store, live): (web::Data<Store>, web::Data<ArcSwap<Forms>>),
) -> Result<HttpResponse, Reason> {
    let found = failures::find(&store).await?;
    let forms = live.load_full();
    let title = screen.pick("Ошибки", "Failures");
    let content = html! {
        h1 { (title) }
        (resend::flash(&screen, request.query_string()))
        @if found.groups.is_empty() {
            section.card.empty {
                h2 { (screen.pick("Ошибок нет", "Nothing fails")) }
                p { (screen.pick(
                    "Ни одна заявка не ждёт повтора и не отвергнута CRM.",
                    "No lead waits for a retry, and none was refused by the CRM.",
                )) }
            }
        } @else {
            (introduction(&screen, &found))
            @for group in &found.groups { (card(&screen, group, &forms)) }
        }
    };
    Ok(screen.page(&operator, title, &content))
}

fn introduction(screen: &Screen, found: &Failures) -> Markup {
    html! {
        p.muted {
            (screen.pick(
                "Недоставленные заявки и те, что ждут повтора, по причинам. Исправьте причину и отправьте снова всю группу: перед отправкой каждая заявка ищется в CRM, дублей не будет.",
                "Leads that failed or wait for a retry, by cause. Mend the cause and resend the whole group: each lead is looked up in the CRM before it is sent, so there will be no duplicates.",
            ))
            " " (screen.pick("Время", "Times")) ": " (screen.zone_name()) "."
        }
        @if found.cut_off {
            p.notice { (cut_off(found, screen.language)) }
        }
    }
}

fn cut_off(found: &Failures, language: Language) -> String {
    let leads = words::leads(found.looked_at, language);
    let groups = found.groups.len();
    match language {
        Language::Ru => format!(
            "Показано не всё: просмотрено {leads} (самые новые), причин показано {groups}. Отправка группы всё равно охватит её целиком."
        ),
        Language::En => format!(
            "Not all is shown: {leads} were looked at (the newest), {groups} causes are told. Resending a group takes the whole of it all the same."
        ),
    }
}

fn card(screen: &Screen, group: &Group, forms: &Forms) -> Markup {
    let filters = TypedFilters {
        cause: group.key.to_string(),
        ..TypedFilters::default()
    };
    let query = filters.to_query();
    let leads = words::leads(group.leads(), screen.language);
    html! {
        section.card.failure {
            h2 { (leads) ": " (causes::title(&group.key, screen.language)) }
            p {
                (names(screen, group, forms))
                " · " (period(screen, group))
                @if group.retrying > 0 {
                    " · " (screen.pick("ждут повтора", "waiting for a retry")) ": " (group.retrying)
                }
            }
            p.error { (group.example.text(screen.language)) }
            div.actions {
                form method="post" action={ "/admin/resend?" (query) } {
                    button.primary { (screen.pick("Отправить снова", "Resend")) " (" (group.leads()) ")" }
                }
                a.button href={ (HOME) "?" (query) } { (screen.pick("Показать заявки", "Show the leads")) }
            }
        }
    }
}

/// "формы: Обратный звонок, Опрос · shop".
fn names(screen: &Screen, group: &Group, forms: &Forms) -> String {
    let titles = group.forms.iter().map(|id| {
        forms
            .get(id)
            .map_or(id.as_str(), |form| form.title.as_str())
    });
    let label = if group.forms.len() == 1 {
        screen.pick("форма", "form")
    } else {
        screen.pick("формы", "forms")
    };
    let destinations: Vec<&str> = group.destinations.iter().map(String::as_str).collect();
    format!(
        "{label}: {} · {}",
        titles.collect::<Vec<_>>().join(", "),
        destinations.join(", ")
    )
}

fn period(screen: &Screen, group: &Group) -> Markup {
    html! {
        (screen.time(group.oldest))
        @if group.newest > group.oldest { " – " (screen.time(group.newest)) }
    }
}

/// Above a list that is narrowed to one cause: which one, and the way back.
pub(super) fn narrowed(screen: &Screen, typed: &TypedFilters) -> Markup {
    let Some(key) = CauseKey::parse(&typed.cause) else {
        return html! {};
    };
    html! {
        p.notice {
            (screen.pick("Только с причиной", "Only with the cause")) ": "
            strong { (causes::title(&key, screen.language)) } " · "
            a href=(FAILURES) { (screen.pick("Все ошибки", "All failures")) } " · "
            a href={ (HOME) "?" (typed.to_query_with("cause", "")) } { (screen.pick("Убрать фильтр", "Remove the filter")) }
        }
    }
}
