//! Reads the small bodies that the admin is sent. actix-web waits for a slow body for ever, so there is a deadline, and a limit.

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use crate::clock::Clock;
use crate::http::admin::reason::Reason;
use crate::http::settings::Server;

/// A log-in or a set of filters is far shorter.
const LONGEST: usize = 64 * 1024;

/// The whole body, unless it is too long, breaks off, or takes longer than `server.body_timeout`.
pub(super) async fn read(
    payload: Payload,
    server: &Server,
    clock: &Clock,
) -> Result<Bytes, Reason> {
    tokio::select! {
        biased;
        body = collect(payload) => body,
        () = clock.sleep(server.body_timeout) => Err(malformed("the body did not arrive in time")),
    }
}

async fn collect(mut payload: Payload) -> Result<Bytes, Reason> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Reason::Malformed(error.to_string()))?;
        if body.len() + chunk.len() > LONGEST {
            return Err(malformed("the body is longer than 64 KiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn malformed(detail: &str) -> Reason {
    Reason::Malformed(detail.to_owned())
}
