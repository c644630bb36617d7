//! Resending everything that a filter finds: a link under the list, a page that asks once more, and the post.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::clock::Clock;
use crate::delivery::State;
use crate::http::admin::api::orders::resend_all;
use crate::http::admin::auth::Operator;
use crate::http::admin::filters::{self, TypedFilters};
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::{FAILURES, HOME};
use crate::http::admin::reason::Reason;
use crate::http::admin::{body, words};
use crate::http::settings::Server;
use crate::lead::Language;
use crate::store::Store;

/// The link, where the filter names a state that can be resent.
pub(super) fn link(screen: &Screen, typed: &TypedFilters) -> Markup {
    let resendable = [State::Failed, State::Retrying];
    let mut named = typed.state.split(',').filter_map(State::parse);
    let is_narrow = named.any(|state| resendable.contains(&state)) || !typed.cause.is_empty();
    html! {
        @if is_narrow {
            a.button href={ "/admin/resend/confirm?" (typed.to_query()) } { (screen.pick("Отправить снова все найденные…", "Resend all found…")) }
        }
    }
}

/// What was done, after the redirect.
pub(super) fn flash(screen: &Screen, query: &str) -> Markup {
    let resent = filters::parameter(query, "resent").and_then(|count| count.parse().ok());
    html! {
        @if let Some(resent) = resent {
            p.notice.good role="status" {
                (screen.pick("Снова в работе", "Back to work")) ": " (words::leads(resent, screen.language))
            }
        }
    }
}

/// `GET /admin/resend/confirm?<filters>`: asks once more.
pub(crate) async fn confirm(
    operator: Operator,
    screen: Screen,
    request: HttpRequest,
) -> Result<HttpResponse, Reason> {
    let typed = TypedFilters::from_query(request.query_string());
    typed.parse(&screen.zone)?;
    let title = screen.pick(
        "Отправить снова все найденные заявки?",
        "Resend all found leads?",
    );
    let content = html! {
        section.card.narrow {
            h1 { (title) }
            p { (explanation(screen.language)) }
            div.actions {
                form method="post" action={ "/admin/resend?" (typed.to_query()) } {
                    button.primary { (screen.pick("Отправить снова", "Resend")) }
                }
                a.button href={ (HOME) "?" (typed.to_query()) } { (screen.pick("Отмена", "Cancel")) }
            }
        }
    };
    Ok(screen.page(&operator, title, &content))
}

fn explanation(language: Language) -> &'static str {
    language.pick(
        "Все заявки, подходящие под фильтры списка, вернутся в работу; те, чьё состояние этого не позволяет, останутся как есть. Прежде чем отправлять, каждая ищется в CRM, поэтому дублей не будет. Скорость ограничена настройкой requests_per_second.",
        "All leads that match the filters of the list go back to work; those whose state does not allow it stay as they are. Each is looked up in the CRM before it is sent, so there will be no duplicates. The pace is bounded by requests_per_second.",
    )
}

/// `POST /admin/resend?<filters>`.
pub(crate) async fn perform(
    operator: Operator,
    request: HttpRequest,
    payload: web::Payload,
    (store, clock): (web::Data<Store>, web::Data<Clock>),
    server: web::Data<Server>,
) -> Result<HttpResponse, Reason> {
    // The form has no fields; its body is read so that the connection can be used again.
    body::read(payload, &server, &clock).await?;
    let typed = TypedFilters::from_query(request.query_string());
    let filter = typed.parse(&server.time_zone)?;
    let done = resend_all(&operator, &store, filter, &clock).await?;
    let resent = done.resent;
    let next = if typed.cause.is_empty() {
        format!("{HOME}?{}&resent={resent}", typed.to_query())
    } else {
        // The group is at work now: its own list would be empty.
        format!("{FAILURES}?resent={resent}")
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, next))
        .finish())
}
