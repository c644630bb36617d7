//! The control endpoint of the simulator, outside of the key, the rate limit and the list of received requests.
//!
//! | request | does |
//! |---|---|
//! | `GET /_control/faults` | `{"faults":[rule with "seen" and "struck"]}` |
//! | `POST /_control/faults` | adds one rule (an object) or several (an array) |
//! | `DELETE /_control/faults` | removes all rules and ends every hang |
//! | `GET /_control/requests?after=N` | `{"requests":[...]}`, those numbered above N |
//! | `GET /_control/orders`, `GET /_control/customers` | `{"orders":[...]}`, `{"customers":[...]}`, oldest first |
//! | `POST /_control/orders/{id}` | what a manager does by hand: `{"status":CODE}`, `"delete"` or `{"merge_into":ID}` |
//! | `GET /_control/stats` | totals, `peak_per_second`, numbers of records |
//! | `POST /_control/reset` | forgets records, rules and requests |
//! | `GET /_control/account` | key masked, limit, latency and account |
//! | `POST /_control/account` | replaces `api_key`, `requests_per_second`, `latency_ms`, and members of `account` by name |
//!
//! A rule is `{"kind": ..., parameters, "match": {"method", "path", "operation"}, "calls": ...}` with `calls` one of
//! `"always"`, `{"every":n}`, `{"first":n}` (also `next`), `{"nth":n}`, `{"probability":{"p":0.3,"seed":1}}`; the kinds
//! are those of [`FaultKind`](crate::simulator::FaultKind) in snake case. Answers are JSON; 400 says what is wrong.

use std::time::Duration;

use actix_web::HttpResponse;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::simulator::fault_book;
use crate::simulator::options::{StartError, setup};
use crate::simulator::order_life::{self, OrderChange};
use crate::simulator::records::Records;
use crate::simulator::shared::Shared;

/// Members of `POST /_control/account`; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    api_key: Option<String>,
    requests_per_second: Option<u32>,
    latency_ms: Option<u64>,
    #[serde(default)]
    account: Map<String, Value>,
}

/// Why a control request was not taken; the text goes to whoever sent it.
#[derive(Debug, Error)]
enum ControlError {
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Setup(#[from] StartError),
    #[error("there is no such order, status or heir")]
    Order,
}

/// Answers a request below `/_control/`; `sent` is query and body.
pub(super) fn serve(
    shared: &Shared,
    method: &str,
    path: &str,
    sent: (&str, &[u8]),
) -> HttpResponse {
    let (query, body) = sent;
    let answer = match (method, path) {
        ("GET", "faults") => Ok(json!({ "faults": shared.world().faults.rules() })),
        ("POST", "faults") => add_faults(shared, body),
        ("DELETE", "faults") => {
            shared.clear_faults();
            Ok(json!({ "faults": [] }))
        }
        ("GET", "requests") => {
            let received = shared.world().journal.received(after(query));
            Ok(json!({ "requests": received }))
        }
        ("GET", "orders") => Ok(orders(shared)),
        ("POST", path) if path.starts_with("orders/") => change_order(shared, path, body),
        ("GET", "customers") => Ok(customers(shared)),
        ("GET", "stats") => Ok(json!(shared.stats())),
        ("POST", "reset") => {
            shared.reset();
            Ok(json!({ "reset": true }))
        }
        ("GET", "account") => Ok(account(shared)),
        ("POST", "account") => change(shared, body),
        _ => return respond(404, &json!({ "error": "no such control address" })),
    };
    match answer {
        Ok(answer) => respond(200, &answer),
        Err(error) => respond(400, &json!({ "error": error.to_string() })),
    }
}

fn respond(status: u16, answer: &Value) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status)
        .content_type("application/json")
        .body(answer.to_string())
}

fn add_faults(shared: &Shared, body: &[u8]) -> Result<Value, ControlError> {
    let rules = match serde_json::from_slice(body)? {
        Value::Array(rules) => rules,
        one => vec![one],
    };
    // All are read before the first is set, so that a list is taken as a whole or not at all.
    let rules: Vec<_> = rules
        .into_iter()
        .map(fault_book::parse)
        .collect::<Result<_, _>>()?;
    let mut world = shared.world();
    for rule in rules {
        world.faults.add(rule);
    }
    Ok(json!({ "faults": world.faults.rules() }))
}

fn after(query: &str) -> u64 {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "after")
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(0)
}

fn orders(shared: &Shared) -> Value {
    let world = shared.world();
    let records = &world.records;
    let shown: Vec<Value> = records
        .orders
        .values()
        .map(|order| records.show_order(order))
        .collect();
    json!({ "orders": shown })
}

fn change_order(shared: &Shared, path: &str, body: &[u8]) -> Result<Value, ControlError> {
    let id = path.trim_start_matches("orders/").parse();
    let id = id.map_err(|_no_number| ControlError::Order)?;
    let change: OrderChange = serde_json::from_slice(body)?;
    if order_life::change(&mut shared.world(), id, &change) {
        Ok(json!({ "changed": id }))
    } else {
        Err(ControlError::Order)
    }
}

fn customers(shared: &Shared) -> Value {
    let world = shared.world();
    let live = world.records.customers.values();
    let shown: Vec<Value> = live
        .filter(|customer| customer.merged_into.is_none())
        .map(Records::show_customer)
        .collect();
    json!({ "customers": shown })
}

fn account(shared: &Shared) -> Value {
    let world = shared.world();
    json!({
        "api_key": "***",
        "requests_per_second": world.setup.requests_per_second,
        "latency_ms": world.setup.latency.as_secs_f64() * 1000.0,
        "account": world.setup.account,
    })
}

fn change(shared: &Shared, body: &[u8]) -> Result<Value, ControlError> {
    let change: Change = serde_json::from_slice(body)?;
    {
        let mut world = shared.world();
        let old = &world.setup;
        let mut account = serde_json::to_value(&old.account)?;
        for (name, value) in change.account {
            account[name] = value;
        }
        world.setup = setup(
            change.api_key.unwrap_or_else(|| old.api_key.clone()),
            change
                .requests_per_second
                .unwrap_or(old.requests_per_second),
            change.latency_ms.map_or(old.latency, Duration::from_millis),
            serde_json::from_value(account)?,
        )?;
    }
    Ok(account(shared))
}
