//! The load: keep-alive connections that each send the next lead as soon as the last one is answered.
//!
//! As cheap as can be, because it shares the cores with what it measures: one thread, requests made by writing a number into ready
//! bytes, and of an answer only its status and length are read.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;

use crate::support::Outcome;

/// Stands in the request wherever the number of the lead goes.
const PLACE: &str = "#########";

/// The number of the next lead, over the whole run: no lead is sent twice. Behind `+79` it makes a valid Russian mobile number.
static NEXT: AtomicU32 = AtomicU32::new(120_000_000);

/// What one connection at a time sends to one address.
pub(crate) struct Load {
    address: SocketAddr,
    request: Request,
}

/// What came of it.
pub(crate) struct Measured {
    /// How long it took, to the last answer.
    pub(crate) span: Duration,
    /// One per answer, in microseconds, ascending.
    pub(crate) latencies: Vec<u32>,
}

impl Measured {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.span.as_secs_f64()
    }

    /// In milliseconds.
    pub(crate) fn quantile(&self, quantile: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1) as f64;
        let micros = self.latencies.get((last * quantile) as usize);
        micros.map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

impl Load {
    /// A load for the form `callback` at this address.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            request: Request::new(),
        }
    }

    /// Sends over so many connections for so long, from a thread of its own.
    pub(crate) fn run(&self, connections: usize, span: Duration) -> Outcome<Measured> {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
                runtime.block_on(self.send(connections, span))
            });
            Ok(thread.join().map_err(|_panic| "the load broke")??)
        })
    }

    async fn send(&self, connections: usize, span: Duration) -> io::Result<Measured> {
        let start = now();
        let sending = (0..connections)
            .map(|_| tokio::spawn(connection(self.address, self.request.clone(), start + span)));
        let mut latencies = Vec::new();
        for sent in try_join_all(sending).await? {
            latencies.extend(sent?);
        }
        latencies.sort_unstable();
        Ok(Measured {
            span: start.elapsed(),
            latencies,
        })
    }

    /// Sends one lead and returns the whole answer as it came.
    pub(crate) fn one_answer(&self) -> Outcome<Vec<u8>> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let answer = runtime.block_on(async {
            let mut stream = TcpStream::connect(self.address).await?;
            let mut answer = Answer::default();
            stream.write_all(self.request.clone().next()).await?;
            answer.read(&mut stream).await?;
            io::Result::Ok(answer.bytes)
        });
        Ok(answer?)
    }
}

async fn connection(
    address: SocketAddr,
    mut request: Request,
    end: Instant,
) -> io::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::with_capacity(1 << 14);
    let mut answer = Answer::default();
    let mut sent_at = now();
    while sent_at < end {
        stream.write_all(request.next()).await?;
        answer.read(&mut stream).await?;
        let answered_at = now();
        let latency = answered_at.duration_since(sent_at).as_micros();
        latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
        sent_at = answered_at;
    }
    Ok(latencies)
}

/// The bytes of a request, and where its number goes.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Request {
    /// As a page's script sends it.
    pub(crate) fn new() -> Self {
        let body = format!(
            "name=%D0%98%D0%B2%D0%B0%D0%BD+%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2&phone=%2B79{PLACE}\
             &email=visitor{PLACE}%40mail.example&comment=%D0%97%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0+{PLACE}\
             &utm_source=yandex&utm_medium=cpc&utm_campaign=spring&_id=visit-{PLACE}"
        );
        let head = format!(
            "POST /f/callback HTTP/1.1\r\nHost: leads.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101\r\n\
             Accept: application/json\r\nOrigin: https://shop.example\r\nReferer: https://shop.example/order\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let text = head + body.as_str();
        Self {
            places: text.match_indices(PLACE).map(|(at, _)| at).collect(),
            bytes: text.into_bytes(),
        }
    }

    /// The request of the next lead.
    pub(crate) fn next(&mut self) -> &[u8] {
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        for at in &self.places {
            self.bytes[*at..at + PLACE.len()].copy_from_slice(number.as_bytes());
        }
        &self.bytes
    }
}

/// Reads answers, one after another.
#[derive(Default)]
pub(crate) struct Answer {
    /// The latest, head and body.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// Reads one whole answer. Any but a 200 ends the bench: it would be measured as if it were a lead.
    pub(crate) async fn read(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        self.bytes.clear();
        let whole = loop {
            if stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(whole) = length(&self.bytes) {
                break whole;
            }
        };
        while self.bytes.len() < whole {
            if stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if self.bytes.starts_with(b"HTTP/1.1 200 ") {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&self.bytes)))
    }
}

/// How long an answer is, head and body, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    const FIELD: &[u8] = b"\r\ncontent-length: ";
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let field = find(&bytes[..head], FIELD)? + FIELD.len();
    let digits = bytes[field..head].split(|byte| *byte == b'\r').next()?;
    let body: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(head + body)
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}
