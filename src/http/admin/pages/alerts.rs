//! `GET /admin/alerts`: by which ways alerts leave, what is wrong with them, and a button that sends a test. Also the banner that says so on the
//! list.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::alerts::{Alerts, ChannelView, TestRun, Trouble};
use crate::clock::Clock;
use crate::http::admin::auth::Operator;
use crate::http::admin::body;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::reason::Reason;
use crate::http::request_id;
use crate::http::settings::Server;
use crate::telemetry::field;

/// The page's address.
pub(super) const PAGE: &str = "/admin/alerts";

/// The page.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    alerts: web::Data<Alerts>,
) -> Result<HttpResponse, Reason> {
    let channels = alerts.channels();
    let title = screen.pick("Оповещения", "Alerts");
    let content = html! {
        h1 { (title) }
        @if channels.is_empty() {
            (nobody(&screen))
        } @else {
            section.card {
                p { (screen.pick(
                    "leadgate сообщит, когда CRM на паузе или снова работает, когда заявка не доставлена и когда заявка ждёт слишком долго.",
                    "leadgate tells when a CRM is paused or works again, when a lead is not delivered, and when a lead waits too long.",
                )) }
                ul { @for channel in channels.iter() { (way(&screen, channel)) } }
                form method="post" action="/admin/alerts/test" {
                    button.primary { (screen.pick("Отправить проверку", "Send a test")) }
                }
            }
            @if let Some(run) = alerts.last_test() { (results(&screen, &run)) }
        }
    };
    Ok(screen.page(&operator, title, &content))
}

/// `POST /admin/alerts/test`: sends a test by every way and comes back with the results.
pub(crate) async fn test(
    operator: Operator,
    payload: web::Payload,
    alerts: web::Data<Alerts>,
    (server, clock): (web::Data<Server>, web::Data<Clock>),
) -> Result<HttpResponse, Reason> {
    // The form has no fields; its body is read so that the connection can be used again.
    body::read(payload, &server, &clock).await?;
    tracing::info!(
        { field::REQUEST_ID } = request_id::current(),
        operator = operator.name(),
        "a test of the alerts is sent"
    );
    alerts.send_test().await;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, PAGE))
        .finish())
}

/// The banner of ways by which nothing leaves; nothing while all is well.
pub(super) fn banner(screen: &Screen, alerts: &Alerts) -> Markup {
    let channels = alerts.channels();
    let troubles = channels.iter().filter_map(|channel| {
        let trouble = channel.trouble.as_ref()?;
        Some((channel, trouble))
    });
    html! {
        @for (channel, trouble) in troubles {
            section.banner role="status" {
                p.headline {
                    (screen.pick("Оповещения не уходят", "Alerts cannot be sent")) ": " (channel.name.pick(screen.language))
                }
                (complaint(screen, trouble))
                p.muted { (screen.pick(
                    "Заявки это не задерживает. Оповещения сохранены, попытки повторяются.",
                    "This does not hold up leads. The alerts are kept, and are tried again.",
                )) " " a href=(PAGE) { (screen.pick("Оповещения", "Alerts")) } }
            }
        }
    }
}

fn way(screen: &Screen, channel: &ChannelView) -> Markup {
    html! {
        li {
            strong { (channel.name.pick(screen.language)) }
            @if let Some(at) = channel.last_sent_at {
                " · " (screen.pick("последнее", "the last")) " " (screen.time(at)) " " span.muted { (screen.zone_name()) }
            }
            @if let Some(trouble) = &channel.trouble {
                div.notice.bad { (complaint(screen, trouble)) }
            }
        }
    }
}

fn complaint(screen: &Screen, trouble: &Trouble) -> Markup {
    html! {
        p { (screen.pick("С", "Since")) " " (screen.time(trouble.since)) ": " (trouble.error.pick(screen.language)) }
    }
}

fn results(screen: &Screen, run: &TestRun) -> Markup {
    html! {
        section.card {
            h2 { (screen.pick("Последняя проверка", "The last test")) " · " (screen.time(run.at)) }
            ul role="status" {
                @for (name, result) in &run.results {
                    li {
                        strong { (name.pick(screen.language)) } ": "
                        @match result {
                            Ok(()) => span.good { (screen.pick("отправлено", "sent")) },
                            Err(error) => span.bad { (screen.pick("не отправлено", "not sent")) ": " (error.pick(screen.language)) },
                        }
                    }
                }
            }
        }
    }
}

fn nobody(screen: &Screen) -> Markup {
    html! {
        section.card.empty {
            p { (screen.pick(
                "Оповещать некого: в конфигурации нет блоков [alerts.email] и [[alerts.webhooks]], список alerts.destinations пуст. Как их заполнить, сказано в config.example.toml.",
                "Nobody is told: the config has no [alerts.email], no [[alerts.webhooks]], and alerts.destinations is empty. config.example.toml says how to fill them.",
            )) }
        }
    }
}
