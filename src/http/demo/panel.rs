//! The panel below the shop: the state of the simulated CRM, its switch, the figures, where to look, and what to type.

use maud::{Markup, html};

use crate::http::demo::DemoParts;
use crate::http::demo::view::View;

/// The section. The part with the id `crm-now` is replaced by the script as things change; the rest stands still.
pub(super) fn panel(view: &View, parts: &DemoParts) -> Markup {
    html! {
        section.panel id="crm" aria-labelledby="crm-title" {
            div.words {
                p.eyebrow { "leadgate" }
                h2 id="crm-title" { (view.say("Что происходит с заявками", "What happens to the leads")) }
                p {
                    (view.say(
                        "Выключите CRM и отправьте форму: посетитель сразу увидит «спасибо», а заявка подождёт на диске. Включите CRM, и самое большее через 15 секунд она дойдёт, один раз.",
                        "Switch the CRM off and send a form: the visitor sees “thank you” at once, and the lead waits on the disk. Switch the CRM on, and within 15 seconds at most it arrives, once.",
                    ))
                }
            }
            (now(view, parts))
            p data-part="reload" { a href=(view.page("#crm")) { (view.say("Обновить числа", "Refresh the figures")) } }
            (places(view, parts))
            (examples(view, parts))
        }
    }
}

fn now(view: &View, parts: &DemoParts) -> Markup {
    let on = parts.crm.is_on();
    let (state, wish, action) = if on {
        (
            view.say("RetailCRM работает", "RetailCRM is up"),
            "off",
            view.say("Выключить CRM", "Switch the CRM off"),
        )
    } else {
        (
            view.say("RetailCRM выключена", "RetailCRM is down"),
            "on",
            view.say("Включить CRM", "Switch the CRM on"),
        )
    };
    let figures = [
        (
            "waiting",
            parts.store.waiting(&parts.destination).count,
            view.say("ждут в leadgate", "waiting in leadgate"),
        ),
        (
            "orders",
            parts.crm.orders(),
            view.say("заказов в CRM", "orders in the CRM"),
        ),
    ];
    html! {
        div.now id="crm-now" data-state=(if on { "on" } else { "off" }) {
            p.power role="status" { span.lamp aria-hidden="true" {} (state) }
            form method="post" action=(view.below("crm")) data-script="switch" {
                input type="hidden" name="state" value=(wish);
                button.button.quiet { (action) }
            }
            dl {
                @for (name, figure, label) in figures {
                    div data-figure=(name) { dt { (label) } dd { (figure) } }
                }
            }
        }
    }
}

/// Where to look: the admin with its login, the CRM.
fn places(view: &View, parts: &DemoParts) -> Markup {
    html! {
        div.look {
            div.place {
                h3 { a href={ (view.base) "/admin/" } { (view.say("Список заявок в админке", "The list of leads in the admin")) } }
                p {
                    (view.say("Логин ", "Login ")) code { (parts.login.name) }
                    (view.say(", пароль ", ", password ")) code { (parts.login.password) }
                }
            }
            div.place {
                h3 { a href=(parts.crm.url()) { (view.say("Заказы в имитации RetailCRM", "Orders in the simulated RetailCRM")) } }
                p { (view.say("Клиенты, заказы и поля, какими их получила CRM", "Customers, orders and fields as the CRM received them")) }
            }
        }
    }
}

/// Both forms without a browser.
fn examples(view: &View, parts: &DemoParts) -> Markup {
    let gate = parts.public_url.as_str().trim_end_matches('/');
    let plain = format!(
        "curl -i {gate}/f/callback \\\n  --data-urlencode 'name=Анна Петрова' \\\n  --data-urlencode 'phone=8 (912) 345-67-89' \\\n  \
         --data-urlencode 'city=Казань' \\\n  --data-urlencode 'consent=on'"
    );
    let json = format!(
        "curl -i {gate}/f/banquet \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"name\": \"Пётр Смирнов\", \"phone\": \"+7 912 345-67-90\", \
         \"guests\": 40,\n       \"delivery_date\": \"2031-06-14\", \"interests\": [\"Мебель\", \"Свет\"]}}'"
    );
    let examples = [
        (
            view.say("Обычная форма: ответ 303", "The plain form: answer 303"),
            plain,
        ),
        (
            view.say(
                "JSON: ответ 200 и номер заявки",
                "JSON: answer 200 and the lead's id",
            ),
            json,
        ),
    ];
    html! {
        details {
            summary { (view.say("То же из терминала", "The same from a terminal")) }
            @for (title, command) in examples {
                h3 { (title) }
                pre tabindex="0" role="region" aria-label=(title) { code { (command) } }
            }
        }
    }
}
