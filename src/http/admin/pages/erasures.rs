//! Erasing a person: whom, what is found, then the receipt. The receipts of all erasures stand below.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::clock::Clock;
use crate::http::admin::api::erasures::{TypedPerson, carry_out};
use crate::http::admin::auth::Operator;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::pages::rows;
use crate::http::admin::reason::Reason;
use crate::http::admin::{body, words};
use crate::http::settings::Server;
use crate::lead::Language;
use crate::store::{Erasure, Person, Store, StoredLead};

/// The page's address.
pub(super) const PAGE: &str = "/admin/erasures";

/// Receipts that are shown; the API tells all.
const MOST: usize = 50;

/// Leads that are shown before they are erased; all of them are.
const SHOWN: usize = 50;

/// `GET /admin/erasures`.
pub(crate) async fn show(
    operator: Operator,
    screen: Screen,
    store: web::Data<Store>,
) -> Result<HttpResponse, Reason> {
    let erasures = store.erasures().await?;
    let title = screen.pick("Стереть данные человека", "Erase a person");
    let content = html! {
        h1 { (title) }
        form.card.narrow.login method="post" action={ (PAGE) "/confirm" } {
            p { (screen.pick(
                "Все заявки с этим телефоном или e-mail. Сначала будет показано, что найдено.",
                "All leads with this phone or e-mail. What is found is shown first.",
            )) }
            label { (screen.pick("Телефон", "Phone")) input name="phone" type="tel" autocomplete="off"; }
            label { "E-mail" input name="email" type="email" autocomplete="off"; }
            button.primary { (screen.pick("Найти", "Find")) }
        }
        @for erasure in erasures.iter().rev().take(MOST) { (receipt(&screen, erasure)) }
    };
    Ok(screen.page(&operator, title, &content))
}

/// `POST /admin/erasures/confirm`: a post although it changes nothing, so that no phone stands in an address.
pub(crate) async fn confirm(
    operator: Operator,
    screen: Screen,
    payload: web::Payload,
    store: web::Data<Store>,
    (clock, server): (web::Data<Clock>, web::Data<Server>),
) -> Result<HttpResponse, Reason> {
    let typed = TypedPerson::from_form(&body::read(payload, &server, &clock).await?);
    let leads = store.leads_of(&typed.parse()?).await?;
    let title = screen.pick("Стереть данные человека?", "Erase this person?");
    let content = html! {
        section.card.narrow {
            h1 { (title) }
            @if leads.is_empty() {
                p { (screen.pick("Заявок с этим телефоном или e-mail нет.", "There is no lead with this phone or e-mail.")) }
                div.actions { a.button href=(PAGE) { (screen.pick("Назад", "Back")) } }
            } @else {
                (found(&screen, &leads))
                form method="post" action={ (PAGE) "/erase" } {
                    input type="hidden" name="phone" value=(typed.phone);
                    input type="hidden" name="email" value=(typed.email);
                    div.actions {
                        button.danger { (screen.pick("Стереть безвозвратно", "Erase for good")) }
                        a.button href=(PAGE) { (screen.pick("Отмена", "Cancel")) }
                    }
                }
            }
        }
    };
    Ok(screen.page(&operator, title, &content))
}

fn found(screen: &Screen, leads: &[StoredLead]) -> Markup {
    html! {
        p { strong { (words::leads(leads.len(), screen.language)) } }
        ul {
            @for stored in leads.iter().take(SHOWN) {
                li { a href={ "/admin/leads/" (stored.lead.id) } { (rows::display_name(screen, stored)) } " · " (screen.time(stored.lead.received_at)) }
            }
        }
        p { (screen.pick(
            "Имя, телефон, e-mail и все поля исчезнут из leadgate безвозвратно, журнал попыток тоже. Недоставленное отправлено не будет. В CRM ничего не меняется: квитанция назовёт заказы, которые надо стереть там, и резервные копии, в которых человек остался.",
            "Name, phone, e-mail and all fields vanish from leadgate for good, and the logs of attempts with them. What is not delivered yet will not be. Nothing changes in the CRM: the receipt names the orders to be erased there, and the backups that still hold the person.",
        )) }
    }
}

/// `POST /admin/erasures/erase`.
pub(crate) async fn perform(
    operator: Operator,
    payload: web::Payload,
    store: web::Data<Store>,
    (clock, server): (web::Data<Clock>, web::Data<Server>),
) -> Result<HttpResponse, Reason> {
    let typed = TypedPerson::from_form(&body::read(payload, &server, &clock).await?);
    let person: Person = typed.parse()?;
    match carry_out(&person, &operator, (&store, &clock)).await {
        // Nobody is left: the receipt of who was faster is on the page.
        Ok(_) | Err(Reason::NotFound) => {}
        Err(other) => return Err(other),
    }
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, PAGE))
        .finish())
}

fn receipt(screen: &Screen, erasure: &Erasure) -> Markup {
    let language = screen.language;
    html! {
        section.card {
            h2 { (screen.time(erasure.at)) " · " (words::leads(erasure.leads.len(), language)) }
            p { (summary(erasure, language)) }
            @if let Some(by) = &erasure.by { p.muted { (screen.pick("Стёр(ла): ", "By: ")) (by) } }
            @if erasure.waits_for_room {
                p.notice.bad { (screen.pick(
                    "На диске не хватило места для нового индекса, поэтому его старые страницы ещё целы. Освободите место: leadgate попробует снова в течение часа и при каждом запуске.",
                    "The disk had no room for a new index, so its old pages are still there. Make room: leadgate tries again within the hour, and at every start.",
                )) }
            }
            @if !erasure.in_crms.is_empty() {
                p { (screen.pick("Осталось в CRM:", "Left in the CRM:")) }
                ul { @for made in &erasure.in_crms { li { (in_crm(made)) } } }
            }
            @if !erasure.backups.is_empty() {
                p { (screen.pick("Осталось в резервных копиях, сделанных раньше:", "Left in backups made before:")) }
                ul { @for backup in &erasure.backups { li { code { (backup.path.display()) } " · " (screen.time(backup.made_at)) } } }
            }
        }
    }
}

fn summary(erasure: &Erasure, language: Language) -> String {
    let Erasure {
        deliveries,
        given_up,
        attempts,
        ..
    } = erasure;
    match language {
        Language::Ru => format!(
            "Доставок: {deliveries}, из них отменено: {given_up}. Стёрто записей о попытках: {attempts}. Переписано: {}.",
            erasure.rewritten.join(", ")
        ),
        Language::En => format!(
            "Deliveries: {deliveries}, of them given up: {given_up}. Logs of attempts erased: {attempts}. Written anew: {}.",
            erasure.rewritten.join(", ")
        ),
    }
}

fn in_crm(made: &crate::store::InCrm) -> Markup {
    let number = made.order_number.as_deref();
    let name = number.map_or_else(|| made.destination.to_string(), ToOwned::to_owned);
    html! {
        (made.destination) ": "
        @match &made.url {
            Some(url) => a href=(url) rel="noreferrer" { (name) },
            None => (name),
        }
    }
}

/// What leads here from a lead: the same person's phone and e-mail, posted.
pub(super) fn link(screen: &Screen, stored: &StoredLead) -> Markup {
    let contact = &stored.lead.contact;
    let phone = contact.phone.as_ref().map(|phone| phone.e164().to_owned());
    let email = contact
        .email
        .as_ref()
        .map(|email| email.as_str().to_owned());
    html! {
        @if phone.is_some() || email.is_some() {
            form method="post" action={ (PAGE) "/confirm" } {
                input type="hidden" name="phone" value=(phone.unwrap_or_default());
                input type="hidden" name="email" value=(email.unwrap_or_default());
                button { (screen.pick("Все заявки этого человека…", "All leads of this person…")) }
            }
        }
    }
}
