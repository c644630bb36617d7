//! The load: so many leads a second, whatever the gate does. What is late because the one before it was is late, too.

use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::future::join_all;
use leadgate::clock::Clock;
use leadgate::lead::LeadId;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime;

use crate::load::{Answer, Request};
use crate::support::Outcome;

/// How many connections share the rate.
const CONNECTIONS: u32 = 64;

/// What came of it since somebody looked last.
#[derive(Default)]
pub(crate) struct Window {
    /// From the moment that a lead was due to its answer, in microseconds; not sorted.
    pub(crate) latencies: Vec<u32>,
    /// Whose answer was not 200, or did not come.
    pub(crate) refused: u64,
}

#[derive(Default)]
struct Shared {
    window: Mutex<Window>,
    answered: Mutex<Vec<LeadId>>,
    is_over: AtomicBool,
}

/// A load that goes on until it is ended.
pub(crate) struct Paced {
    shared: Arc<Shared>,
    thread: JoinHandle<Outcome<()>>,
}

impl Paced {
    /// Sends from a thread of its own.
    pub(crate) fn start(address: SocketAddr, rate: u32) -> Self {
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let every = Duration::from_secs(1) * CONNECTIONS / rate.max(1);
            runtime.block_on(async {
                let sending = (0..CONNECTIONS).map(|number| {
                    let first = every * number / CONNECTIONS;
                    sender(address, (first, every), &state)
                });
                join_all(sending).await;
            });
            Ok(())
        });
        Self { shared, thread }
    }

    /// What came of it since the last look.
    pub(crate) fn window(&self) -> Window {
        mem::take(&mut *lock(&self.shared.window))
    }

    /// Ends it; every lead that was answered with 200.
    pub(crate) fn end(self) -> Outcome<Vec<LeadId>> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_panic| "the load broke")??;
        Ok(mem::take(&mut *lock(&self.shared.answered)))
    }
}

/// One connection at a time; a new one after a failure.
async fn sender(address: SocketAddr, (first, every): (Duration, Duration), shared: &Shared) {
    let clock = Clock::system();
    let mut due = clock.monotonic() + first;
    let (mut stream, mut request, mut answer) = (None, Request::new(), Answer::default());
    while !shared.is_over.load(Ordering::Relaxed) {
        clock
            .sleep(due.saturating_duration_since(clock.monotonic()))
            .await;
        match one(address, &mut stream, (&mut request, &mut answer)).await {
            Ok(lead) => {
                let late = clock.monotonic().saturating_duration_since(due).as_micros();
                let late = u32::try_from(late).unwrap_or(u32::MAX);
                lock(&shared.window).latencies.push(late);
                lock(&shared.answered).push(lead);
            }
            Err(_) => {
                stream = None;
                lock(&shared.window).refused += 1;
            }
        }
        due += every;
    }
}

async fn one(
    address: SocketAddr,
    stream: &mut Option<TcpStream>,
    (request, answer): (&mut Request, &mut Answer),
) -> Outcome<LeadId> {
    let stream = match stream {
        Some(stream) => stream,
        None => {
            let new = TcpStream::connect(address).await?;
            new.set_nodelay(true)?;
            stream.insert(new)
        }
    };
    stream.write_all(request.next()).await?;
    answer.read(stream).await?;
    let text = std::str::from_utf8(&answer.bytes)?;
    let id = text.split("\"id\":\"").nth(1);
    let id = id.and_then(|rest| LeadId::parse(rest.split('"').next()?));
    id.ok_or_else(|| format!("an answer without an id: {text}").into())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
