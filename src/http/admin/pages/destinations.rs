//! `GET /admin/destinations`: how each destination is, where the config and its account disagree, and what its CRM did not take of the leads.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::destination::{Finding, Severity};
use crate::dispatch::{Checked, DestinationHealth, Health, Outlook};
use crate::http::admin::auth::Operator;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::warnings::Warnings;
use crate::http::admin::pages::{DESTINATIONS, banner};
use crate::http::admin::reason::Reason;
use crate::http::admin::words;
use crate::lead::Language;
use crate::store::{Store, Waiting};

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    (store, outlook): (web::Data<Store>, web::Data<Outlook>),
) -> Result<HttpResponse, Reason> {
    let title = screen.pick("Назначения", "Destinations");
    let warnings = Warnings::of(&store).await?;
    let content = html! {
        h1 { (title) }
        @for entry in outlook.destinations().iter() {
            (banner::banner(&screen, entry, store.waiting(&entry.id)))
            (card(&screen, entry, (store.waiting(&entry.id), &outlook.checked(&entry.id)), &warnings))
        }
    };
    Ok(screen.page(&operator, title, &content))
}

/// The line above the list of leads while leads fail or lose data for what a check has found; nothing else stands there.
pub(super) fn notice(screen: &Screen, entry: &DestinationHealth, checked: &Checked) -> Markup {
    let problems = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Problem)
        .count();
    if problems == 0 {
        return html! {};
    }
    let name = banner::name(entry);
    let text = match screen.language {
        Language::Ru => {
            let noun = words::plural(problems, "расхождение", "расхождения", "расхождений");
            format!("{name}: {problems} {noun} настроек с аккаунтом")
        }
        Language::En => {
            let noun = if problems == 1 { "way" } else { "ways" };
            format!("{name}: the config and the account disagree in {problems} {noun}")
        }
    };
    html! { p.notice.bad { a href=(DESTINATIONS) { (text) } } }
}

fn card(
    screen: &Screen,
    entry: &DestinationHealth,
    (waiting, checked): (Waiting, &Checked),
    warnings: &Warnings,
) -> Markup {
    let is_found = !checked.findings.is_empty();
    html! {
        section.card.warned[is_found] {
            h2 { (banner::name(entry)) " " (health(screen, &entry.health)) }
            p {
                a href={ "/admin/?destination=" (entry.id) } { (screen.pick("Заявки сюда", "Leads to here")) }
                @if waiting.count > 0 {
                    " · " (screen.pick("ждут", "waiting")) ": " (words::leads(waiting.count, screen.language))
                }
            }
            (check(screen, checked))
            @if is_found {
                ul.findings { @for finding in &checked.findings { (row(screen, finding)) } }
            }
            (warnings.section(screen, &entry.id))
        }
    }
}

fn health(screen: &Screen, health: &Health) -> Markup {
    html! {
        @match health {
            Health::Healthy { .. } => span.pill.delivered { (screen.pick("работает", "healthy")) },
            Health::Paused { .. } => span.pill.retrying { (screen.pick("на паузе", "paused")) },
        }
    }
}

/// When the account was compared with the config, and how that ended.
fn check(screen: &Screen, checked: &Checked) -> Markup {
    html! {
        @if let Some((since, cause)) = &checked.unanswered {
            p.error {
                (screen.pick("Аккаунт не удаётся сверить с", "The account cannot be compared since")) " "
                (screen.time(*since)) ": " (cause.text(screen.language))
            }
        }
        @match checked.at {
            Some(at) => p {
                (screen.pick("Настройки сверены с аккаунтом", "The config was compared with the account")) " " (screen.time(at)) " "
                span.muted { (screen.zone_name()) }
                @if checked.findings.is_empty() { ": " (screen.pick("расхождений нет", "they agree")) }
            },
            None => p.muted { (screen.pick("Настройки ещё не сверялись с аккаунтом.", "The config was not compared with the account yet.")) },
        }
    }
}

fn row(screen: &Screen, finding: &Finding) -> Markup {
    let class = match finding.severity {
        Severity::Problem => "error",
        Severity::Warning => "warning",
    };
    html! {
        li {
            p { code { (finding.key_path) } }
            p class=(class) { (finding.message.pick(screen.language)) }
            @if let Some(instead) = &finding.instead {
                p { (screen.pick("В аккаунте", "The account")) ": " (instead.pick(screen.language)) }
            }
            p.muted { (finding.remedy.pick(screen.language)) }
        }
    }
}
