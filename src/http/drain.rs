//! Reads what is left of a body after the answer is decided, so that the sender gets to see the answer.
//!
//! A refusal is often decided before the body has been read, or has arrived. If the connection were closed then, the bytes still under
//! way would be answered with a reset, which throws away the answer on the other side: the sender sees "connection reset" instead of 413 or
//! 404. So the rest is read and dropped first, up to a length and for a time.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::clock::Clock;
use crate::http::settings::Server;

/// A sender of more than this is cut off.
const MOST_DRAINED: usize = 16 << 20;

/// The body, lent to the handler and read to its end afterwards.
#[derive(Clone)]
struct Lent(Rc<RefCell<Payload>>);

impl Stream for Lent {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// Middleware: lends the body to what comes after it. The time for the whole body, ours included, is `server.body_timeout`.
pub async fn after_every_answer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return next.call(request).await;
    }
    let lent = Lent(Rc::new(RefCell::new(payload)));
    request.set_payload(Payload::Stream {
        payload: Box::pin(lent.clone()),
    });
    let patience = patience(&request);
    let answered = next.call(request).await;
    if let Some((clock, end)) = patience {
        tokio::select! {
            biased;
            () = drain(lent) => {}
            () = clock.sleep_until(end) => {}
        }
    }
    answered
}

fn patience(request: &ServiceRequest) -> Option<(web::Data<Clock>, jiff::Timestamp)> {
    let clock = request.app_data::<web::Data<Clock>>()?.clone();
    let server = request.app_data::<web::Data<Server>>()?;
    let end = clock.now().checked_add(server.body_timeout).ok()?;
    Some((clock, end))
}

async fn drain(mut rest: Lent) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = rest.next().await {
        drained += chunk.len();
        if drained > MOST_DRAINED {
            return;
        }
    }
}
