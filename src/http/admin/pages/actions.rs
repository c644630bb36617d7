//! What an operator can do with a lead: buttons that post, then a redirect back to the lead with a word about what was done.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::clock::Clock;
use crate::delivery::State;
use crate::http::admin::api::orders::{Action, carry_out};
use crate::http::admin::auth::Operator;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::{erasures, rows};
use crate::http::admin::reason::Reason;
use crate::lead::LeadId;
use crate::store::{Store, StoredLead};

/// The buttons that the state of the lead allows.
pub(super) fn buttons(screen: &Screen, stored: &StoredLead) -> Markup {
    let has = |states: &[State]| {
        let mut deliveries = stored.status.deliveries.iter();
        deliveries.any(|delivery| states.contains(&delivery.state))
    };
    let erased = stored.status.erased_at.is_some();
    let resendable = has(&[State::Failed, State::Retrying, State::Delivered]);
    let id = stored.lead.id;
    html! {
        div.actions {
            @if resendable && !erased {
                @let class = if stored.status.state() == State::Delivered { "" } else { "primary" };
                (button(id, Action::Resend, resend_label(screen, stored), class))
            }
            @if has(&[State::Held]) {
                (button(id, Action::Release, screen.pick("Это не спам — отправить", "Not spam: deliver"), "primary"))
                (button(id, Action::Discard, screen.pick("Отклонить", "Discard"), ""))
            }
            @if !erased {
                a.button href={ "/admin/leads/" (id) "/preview" } { (screen.pick("Что уйдёт в CRM", "What the CRM would get")) }
                a.button.danger href={ "/admin/leads/" (id) "/erase/confirm" } { (screen.pick("Стереть данные…", "Erase the data…")) }
            }
        }
    }
}

fn resend_label<'a>(screen: &Screen, stored: &StoredLead) -> &'a str {
    match stored.status.state() {
        State::Delivered => screen.language.pick(
            "Проверить в CRM и отправить, если нет",
            "Check in the CRM, resend if gone",
        ),
        State::Retrying => screen.language.pick("Отправить сейчас", "Send now"),
        _ => screen.language.pick("Отправить снова", "Resend"),
    }
}

fn button(id: LeadId, action: Action, label: &str, class: &str) -> Markup {
    html! {
        form method="post" action={ "/admin/leads/" (id) "/" (action.as_str()) } {
            button class=(class) { (label) }
        }
    }
}

/// `GET /admin/leads/{id}/erase/confirm`: says what an erasure does before it is done.
pub(crate) async fn confirm_erase(
    operator: Operator,
    screen: Screen,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, Reason> {
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let stored = store.lead(id).await?.ok_or(Reason::NotFound)?;
    let title = screen.pick("Стереть данные заявки?", "Erase the data of this lead?");
    let content = html! {
        section.card.narrow {
            h1 { (title) }
            p { strong { (rows::display_name(&screen, &stored)) } " · " (screen.time(stored.lead.received_at)) }
            p { (screen.pick(
                "Имя, телефон, e-mail и все поля исчезнут из leadgate безвозвратно. Недоставленная заявка отправлена не будет. В CRM ничего не меняется: если заявка там уже есть, удалите её отдельно.",
                "Name, phone, e-mail and all fields vanish from leadgate for good. A lead that is not delivered yet will not be. Nothing changes in the CRM: if the lead is there, delete it there.",
            )) }
            div.actions {
                (button(id, Action::Erase, screen.pick("Стереть безвозвратно", "Erase for good"), "danger"))
                (erasures::link(&screen, &stored))
                a.button href={ "/admin/leads/" (id) } { (screen.pick("Отмена", "Cancel")) }
            }
        }
    };
    Ok(screen.page(&operator, title, &content))
}

/// `POST /admin/leads/{id}/{action}`.
pub(crate) async fn perform(
    operator: Operator,
    path: web::Path<(String, String)>,
    store: web::Data<Store>,
    clock: web::Data<Clock>,
) -> Result<HttpResponse, Reason> {
    let (id, action) = path.into_inner();
    let action = Action::parse(&action).ok_or(Reason::NotFound)?;
    let id = LeadId::parse(&id).ok_or(Reason::NotFound)?;
    let done = match carry_out(action, id, &operator, (&store, &clock)).await {
        Ok(_) => action.as_str(),
        Err(Reason::Conflict(_)) => CONFLICT,
        Err(other) => return Err(other),
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/admin/leads/{id}?done={done}")))
        .finish())
}

/// The word in the URL for an action that came too late.
const CONFLICT: &str = "conflict";

/// What the word in the URL means; unknown words mean nothing, so nobody can put a text on the page.
pub(super) fn flash<'a>(screen: &Screen, code: &str) -> Option<&'a str> {
    let pick = |ru, en| Some(screen.language.pick(ru, en));
    if code == CONFLICT {
        return pick(
            "Состояние заявки уже изменилось, поэтому ничего не сделано. Ниже — как она есть сейчас.",
            "The state of the lead has changed meanwhile, so nothing was done. Below is how it is now.",
        );
    }
    match Action::parse(code)? {
        Action::Resend => pick("Снова в работе.", "Back to work."),
        Action::Release => pick(
            "Заявка выпущена и отправляется.",
            "Released; it goes out now.",
        ),
        Action::Discard => pick("Заявка отклонена.", "The lead is discarded."),
        Action::Erase => pick("Данные стёрты.", "The data is erased."),
    }
}
