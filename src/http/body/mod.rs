//! Reads the body of a submission and turns it into names and values, whatever the encoding.
//!
//! Two things are guarded here because actix-web guards neither (facts/durability-and-delivery.md, 4.1): how long a body may take to
//! arrive, and, before its first byte is read, how long it says it is. Everything else is lenient: a lead is not refused for a broken
//! percent sign or a wrong charset.

mod charset;
mod json;
mod multipart;
mod urlencoded;

use std::fmt;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use bytes::{Bytes, BytesMut};
use encoding_rs::Encoding;
use futures_util::{Stream, StreamExt};

use crate::clock::Clock;
use crate::http::problem::{Malformed, Problem};
use crate::http::request_id;
use crate::telemetry::field;

/// Names and values in the order they came.
pub type Pairs = Vec<(String, String)>;

/// The most names that one submission may hold, controls included.
pub const MOST_FIELDS: usize = 500;

/// What a body held.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Names and values.
    pub pairs: Pairs,
    /// The names of file inputs in which a file was chosen; files are not accepted.
    pub files: Vec<String>,
}

/// The names only: values are the visitor's.
impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.pairs.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Decoded")
            .field("names", &names)
            .field("files", &self.files)
            .finish()
    }
}

/// What the headers say about the body, found acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    format: Format,
    charset: Option<&'static Encoding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Urlencoded,
    Multipart {
        boundary: String,
    },
    Json,
    /// No `Content-Type`: fine as long as nothing follows.
    Undeclared,
}

impl Announced {
    /// Reads the headers. Refuses by media type first, then by the announced length.
    pub fn read(headers: &HeaderMap, max_body: usize) -> Result<Self, Problem> {
        let declared = ContentType::read(headers);
        let format = match declared.kind {
            Kind::None => Format::Undeclared,
            Kind::Urlencoded => Format::Urlencoded,
            Kind::Json => Format::Json,
            Kind::Multipart => Format::Multipart {
                boundary: declared
                    .parameter("boundary")
                    .filter(|boundary| !boundary.is_empty())
                    .ok_or(Problem::Malformed(Malformed::Multipart))?
                    .to_owned(),
            },
            Kind::Other => return Err(Problem::MediaType),
        };
        if is_compressed(headers) {
            return Err(Problem::MediaType);
        }
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        if length.is_some_and(|length| usize::try_from(length).map_or(true, |l| l > max_body)) {
            return Err(Problem::TooLarge);
        }
        Ok(Self {
            format,
            charset: declared
                .parameter("charset")
                .and_then(|label| Encoding::for_label(label.as_bytes())),
        })
    }
}

/// Whether the request says that its body is JSON, which also decides how it is answered.
pub fn is_json(headers: &HeaderMap) -> bool {
    ContentType::read(headers).kind == Kind::Json
}

/// Whether the body is one that a plain `<form>` can send.
pub fn is_plain_form(headers: &HeaderMap) -> bool {
    let kind = ContentType::read(headers).kind;
    matches!(kind, Kind::None | Kind::Urlencoded | Kind::Multipart)
}

fn is_compressed(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// A `Content-Type`, read leniently: half of the world's senders write it by hand.
#[derive(Debug)]
struct ContentType<'a> {
    kind: Kind,
    parameters: &'a str,
}

/// What comes before the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    None,
    Urlencoded,
    Multipart,
    Json,
    Other,
}

impl Kind {
    fn read(essence: &str) -> Self {
        let kinds = [
            ("", Self::None),
            ("application/x-www-form-urlencoded", Self::Urlencoded),
            ("application/json", Self::Json),
            ("multipart/form-data", Self::Multipart),
            ("text/json", Self::Json),
        ];
        let mut known = kinds.iter();
        let found = known.find(|(name, _)| essence.eq_ignore_ascii_case(name));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }
}

impl<'a> ContentType<'a> {
    fn read(headers: &'a HeaderMap) -> Self {
        let text = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        Self {
            kind: Kind::read(essence.trim()),
            parameters,
        }
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut all = self
            .parameters
            .split(';')
            .filter_map(|part| part.split_once('='));
        let (_, value) = all.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
        Some(value.trim().trim_matches('"'))
    }
}

/// Reads bodies within the limits of the config.
#[derive(Clone, Debug)]
pub struct BodyReader {
    max_body: usize,
    timeout: Duration,
    clock: Clock,
}

impl BodyReader {
    /// `max_body` in bytes; `timeout` is for the whole body.
    pub fn new(max_body: usize, timeout: Duration, clock: Clock) -> Self {
        Self {
            max_body,
            timeout,
            clock,
        }
    }

    /// See [`Announced::read`].
    pub fn announced(&self, headers: &HeaderMap) -> Result<Announced, Problem> {
        Announced::read(headers, self.max_body)
    }

    /// Reads and decodes the body.
    pub async fn read<S>(&self, announced: Announced, payload: S) -> Result<Decoded, Problem>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        let body = tokio::select! {
            biased;
            body = self.collect(payload) => body?,
            () = self.clock.sleep(self.timeout) => return Err(Problem::TooSlow),
        };
        decode(announced, body).await
    }

    async fn collect<S>(&self, mut payload: S) -> Result<Bytes, Problem>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| {
                tracing::debug!(
                    { field::REQUEST_ID } = request_id::current(),
                    %error,
                    "a body broke off"
                );
                Problem::Malformed(Malformed::Interrupted)
            })?;
            if body.len() + chunk.len() > self.max_body {
                return Err(Problem::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

async fn decode(announced: Announced, body: Bytes) -> Result<Decoded, Problem> {
    let charset = announced.charset;
    match announced.format {
        Format::Undeclared if body.is_empty() => Ok(Decoded::default()),
        Format::Undeclared => Err(Problem::MediaType),
        Format::Urlencoded => Ok(Decoded {
            pairs: charset::texts(urlencoded::split(&body)?, charset),
            files: Vec::new(),
        }),
        // Its reader is large, and most bodies are of the other kinds.
        Format::Multipart { boundary } => {
            Box::pin(multipart::decode(body, boundary, charset)).await
        }
        Format::Json => Ok(Decoded {
            pairs: json::pairs(&charset::text(&body, charset))?,
            files: Vec::new(),
        }),
    }
}

#[cfg(test)]
mod tests;
