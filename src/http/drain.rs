//! Reads what is left of a body after the answer is decided, so that the sender gets to see the answer.
//!
//! A refusal is often decided before the body has been read, or has arrived. If the connection were closed then, the bytes still under
//! way would be answered with a reset, which throws away the answer on the other side: the sender sees "connection reset" instead of 413 or
//! 404. So the rest is read and dropped first, up to a length and for a time.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::{HttpMessage, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;

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

/// What may be left of a body when the answer is decided.
pub struct Rest {
    body: Lent,
    patience: Option<(web::Data<Clock>, Timestamp)>,
}

impl Rest {
    /// Lends the body to what comes after; `None` when there is none. The time for the whole of it, ours included, is
    /// `server.body_timeout`.
    pub fn lend(request: &mut ServiceRequest) -> Option<Self> {
        let payload = request.take_payload();
        if matches!(payload, Payload::None) {
            return None;
        }
        let body = Lent(Rc::new(RefCell::new(payload)));
        request.set_payload(Payload::Stream {
            payload: Box::pin(body.clone()),
        });
        let patience = patience(request);
        Some(Self { body, patience })
    }

    /// Reads it to its end, or as long as there is patience.
    pub async fn drain(self) {
        if let Some((clock, end)) = self.patience {
            tokio::select! {
                biased;
                () = drain(self.body) => {}
                () = clock.sleep_until(end) => {}
            }
        }
    }
}

fn patience(request: &ServiceRequest) -> Option<(web::Data<Clock>, Timestamp)> {
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
