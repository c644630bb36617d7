//! How an answer reaches the client, or does not: this is where faults happen on the wire. A call is carried out by a
//! task of its own, so that a client that leaves early does not take its order back: PHP behind a web server goes
//! on as well.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, rt};
use futures_util::stream;

use crate::simulator::answer::{Answer, Complaint, Refusal};
use crate::simulator::call::Call;
use crate::simulator::connection::Connection;
use crate::simulator::fault::{Body, FaultKind};
use crate::simulator::shared::Shared;
use crate::simulator::texts::Text;
use crate::simulator::time::wait;
use crate::simulator::world::{Arrival, FailingRow};

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// What is to be done with the connection.
enum Delivery {
    Whole(Answer),
    Page(u16, Option<u64>, &'static str, String),
    Half(Answer),
    Drops(Answer, usize, Duration),
    Nothing,
}

/// Takes a call in, carries it out and delivers the answer as the faults want it.
pub(super) async fn serve(
    shared: Arc<Shared>,
    call: Call,
    connection: Option<Connection>,
) -> HttpResponse {
    let work = rt::spawn(carry_out(shared, call));
    let delivery = work.await.unwrap_or(Delivery::Nothing);
    deliver(delivery, connection)
}

async fn carry_out(shared: Arc<Shared>, call: Call) -> Delivery {
    let mut clearings = shared.clearings();
    let arrival = {
        let at = shared.clock.elapsed();
        shared.world().arrive(&call, at)
    };
    wait(arrival.decision.before).await;
    let number = arrival.number;
    let settle = |status, outcome| shared.settle(number, status, outcome);
    let outcome = arrival
        .decision
        .fault
        .as_ref()
        .map_or("answered", FaultKind::name);
    let delivery = match &arrival.decision.fault {
        None => whole(&shared, &call, &arrival, outcome),
        Some(FaultKind::Partial460 { .. }) => whole(&shared, &call, &arrival, outcome),
        Some(FaultKind::LostAnswer { hang }) => {
            process(&shared, &call, &arrival);
            settle(None, outcome);
            if *hang {
                until_cleared(&mut clearings).await;
            }
            Delivery::Nothing
        }
        Some(FaultKind::Hang) => {
            settle(None, outcome);
            until_cleared(&mut clearings).await;
            Delivery::Nothing
        }
        Some(FaultKind::Reset) => {
            let answer = process(&shared, &call, &arrival);
            settle(Some(answer.status), outcome);
            Delivery::Half(answer)
        }
        Some(FaultKind::SlowDrip { bytes, every_ms }) => {
            let answer = process(&shared, &call, &arrival);
            settle(Some(answer.status), outcome);
            Delivery::Drops(answer, *bytes, Duration::from_millis(*every_ms))
        }
        Some(fault) => {
            let delivery = instead(&shared, &call, fault);
            settle(delivery.status(), outcome);
            delivery
        }
    };
    wait(arrival.decision.after).await;
    delivery
}

fn whole(shared: &Shared, call: &Call, arrival: &Arrival, outcome: &'static str) -> Delivery {
    let answer = process(shared, call, arrival);
    shared.settle(arrival.number, Some(answer.status), outcome);
    Delivery::Whole(answer)
}

fn process(shared: &Shared, call: &Call, arrival: &Arrival) -> Answer {
    let failing = match &arrival.decision.fault {
        Some(FaultKind::Partial460 { row, text }) => Some(FailingRow {
            row: *row,
            text: text.clone(),
        }),
        _ => None,
    };
    shared
        .world()
        .process(call, arrival.is_over_limit, failing.as_ref())
}

async fn until_cleared(clearings: &mut tokio::sync::watch::Receiver<u64>) {
    // An error means that the simulator is gone, which ends a hang as well.
    drop(clearings.changed().await);
}

/// The made-up answer of a fault that strikes before anything is carried out.
fn instead(shared: &Shared, call: &Call, fault: &FaultKind) -> Delivery {
    let refuse = |refusal: Refusal| {
        let world = shared.world();
        Delivery::Whole(refusal.answer(&world.setup.account))
    };
    match fault {
        FaultKind::Status {
            status,
            retry_after,
            body,
        } => status_page(*status, *retry_after, *body),
        FaultKind::RateLimited => refuse(Refusal::new(503, Text::RateLimit)),
        FaultKind::Html405 => Delivery::Page(405, None, HTML, page(405)),
        FaultKind::NonJson200 => {
            let text = "<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>";
            Delivery::Page(200, None, HTML, text.to_owned())
        }
        FaultKind::SuccessFalse200 { text } => {
            let refusal = Refusal::new(200, Text::Given(text.clone()));
            refuse(refusal)
        }
        FaultKind::WrongKey403 => refuse(Refusal::new(403, Text::ApiKeyWrong)),
        FaultKind::Forbidden403 => refuse(Refusal::new(403, Text::AccessDenied)),
        FaultKind::Account404 => refuse(Refusal::new(404, Text::AccountMissing)),
        FaultKind::FieldError { field, text } => {
            let complaint = Complaint::new(field, Text::Given(text.clone()));
            refuse(Refusal::about(not_loaded(call), vec![complaint]))
        }
        // Of the others only `down` comes here: carry_out keeps the rest to itself.
        _ => Delivery::Nothing,
    }
}

/// How a method says that it refuses what was sent.
fn not_loaded(call: &Call) -> Text {
    match (call.method.as_str(), call.path.strip_prefix("/api/v5/")) {
        ("POST", Some(path)) if path.starts_with("orders/") => Text::OrderNotLoaded,
        ("POST", Some(path)) if path.starts_with("customers/") => Text::CustomerNotLoaded,
        ("POST", _) => Text::EntityFormat,
        _ => Text::InputParameters,
    }
}

fn status_page(status: u16, retry_after: Option<u64>, body: Body) -> Delivery {
    let (content_type, text) = match body {
        Body::Html => (HTML, page(status)),
        Body::Json => {
            let body = serde_json::json!({"success": false, "errorMsg": reason(status)});
            (JSON, body.to_string())
        }
        Body::Empty => (HTML, String::new()),
    };
    Delivery::Page(status, retry_after, content_type, text)
}

/// The page of a web server that stands in front.
fn page(status: u16) -> String {
    let title = format!("{status} {}", reason(status));
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Unknown")
}

impl Delivery {
    fn status(&self) -> Option<u16> {
        match self {
            Self::Whole(answer) | Self::Half(answer) | Self::Drops(answer, ..) => {
                Some(answer.status)
            }
            Self::Page(status, ..) => Some(*status),
            Self::Nothing => None,
        }
    }
}

fn deliver(delivery: Delivery, connection: Option<Connection>) -> HttpResponse {
    let status = status_code(delivery.status().unwrap_or(500));
    let mut response = HttpResponse::build(status);
    match delivery {
        Delivery::Whole(answer) => response.content_type(JSON).body(answer.body.to_string()),
        Delivery::Page(_, retry_after, content_type, text) => {
            if let Some(seconds) = retry_after {
                response.insert_header((RETRY_AFTER, seconds));
            }
            response
                .insert_header((CONTENT_TYPE, content_type))
                .body(text)
        }
        Delivery::Half(answer) => {
            let body = answer.body.to_string().into_bytes();
            response.content_type(JSON).no_chunking(body.len() as u64);
            response.streaming(half(body, connection))
        }
        Delivery::Drops(answer, bytes, every) => {
            let body = answer.body.to_string().into_bytes();
            response.content_type(JSON).no_chunking(body.len() as u64);
            response.streaming(drops(body, bytes.max(1), every))
        }
        Delivery::Nothing => {
            if let Some(connection) = connection {
                connection.cut();
            }
            // Nobody can receive it: the connection is cut.
            response.finish()
        }
    }
}

/// RetailCRM's 460 has no name, yet it is a valid code.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The first half of the body, a pause in which the server sends it, and a reset.
fn half(
    mut body: Vec<u8>,
    connection: Option<Connection>,
) -> impl stream::Stream<Item = Result<Bytes, std::io::Error>> {
    body.truncate(body.len() / 2);
    let first = Some(Bytes::from(body));
    stream::unfold((first, connection), |(first, connection)| async move {
        match first {
            Some(first) => Some((Ok(first), (None, connection))),
            None => {
                tokio::task::yield_now().await;
                if let Some(connection) = &connection {
                    connection.close_by_reset();
                }
                let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                Some((Err(broken), (None, connection)))
            }
        }
    })
}

fn drops(
    body: Vec<u8>,
    bytes: usize,
    every: Duration,
) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Bytes::from(body), move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        wait(every).await;
        let drop = rest.split_to(bytes.min(rest.len()));
        Some((Ok(drop), rest))
    })
}
