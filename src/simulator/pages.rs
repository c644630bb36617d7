//! Pages for people, under the paths of RetailCRM's own web interface, because links of the gate's admin lead there.
//! Two languages at once: whoever tries the demo should understand it without a switch.

use actix_web::HttpResponse;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::simulator::records::{Records, text_of};
use crate::simulator::shared::Shared;
use crate::simulator::world::World;

/// Rows of the first page.
const LATEST: usize = 50;

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:#0a7d5a}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
header{border-bottom:3px solid var(--accent);margin-bottom:1.5rem}
h1{font-size:1.4rem;margin:.5rem 0}
a{color:var(--accent)}
p.note{opacity:.75;margin:.25rem 0 1rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;background:var(--soft)}
td.value{white-space:pre-wrap}
table.record th{width:38%}
ul.figures{display:flex;flex-wrap:wrap;gap:.75rem;list-style:none;padding:0}
ul.figures li{background:var(--soft);border-radius:.5rem;padding:.5rem 1rem}
ul.figures b{display:block;font-size:1.4rem}
";

/// Answers any path outside of the API and the control endpoint.
pub(super) fn serve(shared: &Shared, method: &str, path: &str) -> HttpResponse {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let page = match (method, segments.as_slice()) {
        ("GET", [""]) => Some(overview(shared)),
        ("GET", ["orders", id, "edit"]) => order(&shared.world(), id),
        ("GET", ["customers", id]) => customer(&shared.world(), id),
        _ => None,
    };
    match page {
        Some(page) => respond(HttpResponse::Ok(), &page),
        None => {
            let text = html! { p { "Такой страницы нет. · There is no such page." } p { a href="/" { "← RetailCRM" } } };
            respond(HttpResponse::NotFound(), &frame("404", &text))
        }
    }
}

fn respond(mut response: actix_web::HttpResponseBuilder, page: &Markup) -> HttpResponse {
    response
        .content_type("text/html; charset=utf-8")
        .body(page.0.clone())
}

fn frame(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ru" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                // Without one every browser asks for /favicon.ico and notes the 404 in its console.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p.note {
                        "Имитация RetailCRM: для показа и проверок, данные живут в памяти. · "
                        "A simulated RetailCRM: for demonstration and tests, data live in memory."
                    }
                }
                (content)
            }
        }
    }
}

fn overview(shared: &Shared) -> Markup {
    let stats = shared.stats();
    let world = shared.world();
    let figures = [
        ("Заказы · Orders", stats.orders as u64),
        ("Клиенты · Customers", stats.customers as u64),
        ("Запросы к API · API requests", stats.totals.received),
        (
            "Сбои включены · Faults set",
            world.faults.rules().len() as u64,
        ),
    ];
    let content = html! {
        ul.figures { @for (label, figure) in figures { li { b { (figure) } (label) } } }
        h2 { "Последние заказы · Latest orders" }
        @if world.records.orders.is_empty() {
            p { "Пока пусто. · Nothing here yet." }
        } @else {
            div.scroll { (latest(&world)) }
        }
    };
    frame("RetailCRM (имитация · simulated)", &content)
}

fn latest(world: &World) -> Markup {
    html! {
        table {
            thead { tr {
                th { "Номер · Number" } th { "Создан · Created" } th { "Имя · Name" }
                th { "Телефон · Phone" } th { "Клиент · Customer" }
            } }
            tbody {
                @for order in world.records.orders.values().rev().take(LATEST) {
                    tr {
                        td { a href={ "/orders/" (order.id) "/edit" } { (text_of(&order.fields, "number").unwrap_or("?")) } }
                        td { (text_of(&order.fields, "createdAt").unwrap_or_default()) }
                        td { @for part in ["lastName", "firstName", "patronymic"] { (text_of(&order.fields, part).unwrap_or_default()) " " } }
                        td { (text_of(&order.fields, "phone").unwrap_or_default()) }
                        td { a href={ "/customers/" (order.customer) } { (order.customer) } }
                    }
                }
            }
        }
    }
}

fn order(world: &World, id: &str) -> Option<Markup> {
    let order = world.records.orders.get(&id.parse().ok()?)?;
    let mut shown = world.records.show_order(order);
    if let Some(members) = shown.as_object_mut() {
        members.remove("customer");
    }
    let number = text_of(&order.fields, "number").unwrap_or("?");
    let content = html! {
        p { a href="/" { "← Все заказы · All orders" } }
        p { "Клиент · Customer: " a href={ "/customers/" (order.customer) } { (order.customer) } }
        (record(&shown))
    };
    Some(frame(&format!("Заказ · Order {number}"), &content))
}

fn customer(world: &World, id: &str) -> Option<Markup> {
    let customer = world.records.customers.get(&id.parse().ok()?)?;
    let orders = world.records.orders.values();
    let content = html! {
        p { a href="/" { "← Все заказы · All orders" } }
        @if let Some(heir) = customer.merged_into {
            p { "Объединён с · Merged into: " a href={ "/customers/" (heir) } { (heir) } }
        }
        (record(&Records::show_customer(customer)))
        h2 { "Заказы · Orders" }
        ul {
            @for order in orders.filter(|order| order.customer == customer.id) {
                li { a href={ "/orders/" (order.id) "/edit" } { (text_of(&order.fields, "number").unwrap_or("?")) } }
            }
        }
    };
    Some(frame(
        &format!("Клиент · Customer {}", customer.id),
        &content,
    ))
}

/// Every member with a value, under the label that both languages' managers know it by.
fn record(shown: &Value) -> Markup {
    let members = shown.as_object().into_iter().flatten();
    html! {
        div.scroll { table.record { tbody {
            @for (name, value) in members.filter(|(_, value)| !is_empty(value)) {
                tr { th { (label(name)) } td.value { (cell(value)) } }
            }
        } } }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn cell(value: &Value) -> Markup {
    match value {
        Value::String(text) => html! { (text) },
        Value::Bool(flag) => html! { (if *flag { "да · yes" } else { "нет · no" }) },
        Value::Array(items) => html! { @for item in items { div { (cell(item)) } } },
        Value::Object(members) => html! {
            @for (name, value) in members { div { (label(name)) ": " (cell(value)) } }
        },
        other => html! { (other.to_string()) },
    }
}

/// Members without a label here show their name on the wire.
fn label(name: &str) -> &str {
    match name {
        "number" => "Номер · Number",
        "externalId" => "Внешний ID · External ID",
        "orderType" => "Тип заказа · Order type",
        "orderMethod" => "Способ оформления · Order method",
        "status" => "Статус · Status",
        "createdAt" => "Создан · Created",
        "statusUpdatedAt" => "Статус изменён · Status changed",
        "firstName" => "Имя · First name",
        "lastName" => "Фамилия · Last name",
        "patronymic" => "Отчество · Patronymic",
        "phone" => "Телефон · Phone",
        "phones" => "Телефоны · Phones",
        "email" => "E-mail",
        "customerComment" => "Комментарий клиента · Customer's comment",
        "managerComment" => "Комментарий менеджера · Manager's comment",
        "managerId" => "Менеджер · Manager",
        "customFields" => "Пользовательские поля · Custom fields",
        "source" => "Источник · Source",
        "site" => "Магазин · Store",
        "items" => "Товары · Items",
        "payments" => "Оплаты · Payments",
        "delivery" => "Доставка · Delivery",
        "totalSumm" => "Сумма · Total",
        "tags" => "Теги · Tags",
        "ordersCount" => "Заказов · Orders",
        other => other,
    }
}
