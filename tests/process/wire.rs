//! A wire between a gate and its CRM that can be cut at any request: before the CRM hears of it, after it has acted and before the gate hears
//! of that, and after the gate has. From then on nothing passes, so whoever waits for the cut can kill the gate at that very point.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// Where a request is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// On its way there; it is lost.
    Before,
    /// On its way there; it arrives when [`Wire::let_the_late_arrive`] is called.
    Late,
    /// The CRM has acted and answered; the answer is lost.
    Acted,
    /// The answer has arrived.
    Answered,
}

impl Moment {
    pub(crate) const ALL: [Self; 4] = [Self::Before, Self::Late, Self::Acted, Self::Answered];
}

/// At which request of a delivery the wire is cut, counted from 1.
pub(crate) type Cut = (usize, Moment);

/// The wire.
pub(crate) struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    crm: SocketAddr,
    state: Mutex<State>,
    is_cut: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    cut: Option<Cut>,
    /// The requests of deliveries since the last [`Wire::mend`], without what was asked.
    seen: Vec<String>,
    late: Option<Vec<u8>>,
}

/// What becomes of a request.
enum Fate {
    Passes,
    Met(Moment),
    /// The wire is cut.
    Nothing,
}

impl Wire {
    /// A wire to the CRM at this address that passes everything.
    pub(crate) async fn to(crm: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            crm,
            state: Mutex::default(),
            is_cut: watch::Sender::new(false),
        });
        let serving = Arc::clone(&shared);
        // Ends with the runtime of the test.
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Self { address, shared }
    }

    /// Where the gate finds its CRM.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Passes everything, from now on until this request.
    pub(crate) fn mend(&self, cut: Option<Cut>) {
        let mut state = self.shared.state();
        state.cut = cut;
        state.seen.clear();
        drop(state);
        self.shared.is_cut.send_replace(false);
    }

    /// Waits until it is cut.
    pub(crate) async fn cut(&self) {
        let mut is_cut = self.shared.is_cut.subscribe();
        is_cut.wait_for(|is_cut| *is_cut).await.expect("a sender");
    }

    /// The requests of deliveries since the last [`Wire::mend`].
    pub(crate) fn seen(&self) -> Vec<String> {
        self.shared.state().seen.clone()
    }

    /// What was held on its way reaches the CRM now; returns when the CRM has acted.
    pub(crate) async fn let_the_late_arrive(&self) {
        let late = self.shared.state().late.take();
        let late = late.expect("a request that was held");
        self.shared.ask(&late).await.expect("the CRM answers");
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes one request and its answer.
    async fn serve(&self, mut gate: TcpStream) {
        let Some(request) = read_request(&mut gate).await else {
            return;
        };
        let fate = self.fate(&request);
        match fate {
            Fate::Nothing => {}
            Fate::Met(Moment::Before) => {}
            Fate::Met(Moment::Late) => self.state().late = Some(request),
            Fate::Met(Moment::Acted) => {
                self.ask(&request).await.expect("the CRM answers");
            }
            Fate::Passes | Fate::Met(Moment::Answered) => {
                if let Some(answer) = self.ask(&request).await {
                    // The gate may be gone.
                    gate.write_all(&answer).await.ok();
                    gate.shutdown().await.ok();
                }
            }
        }
        if matches!(fate, Fate::Passes) {
            return;
        }
        if matches!(fate, Fate::Met(_)) {
            self.is_cut.send_replace(true);
        }
        // Silence until the gate is gone.
        let (_open, never) = oneshot::channel::<()>();
        let mut byte = [0];
        tokio::select! {
            _ = gate.read(&mut byte) => {}
            _ = never => {}
        }
    }

    fn fate(&self, request: &[u8]) -> Fate {
        let Some(name) = of_a_delivery(request) else {
            return Fate::Passes;
        };
        let mut state = self.state();
        state.seen.push(name);
        let number = state.seen.len();
        match state.cut {
            Some((at, moment)) if number == at => Fate::Met(moment),
            Some((at, _)) if number > at => Fate::Nothing,
            _ => Fate::Passes,
        }
    }

    /// Asks the CRM; `None` when it does not answer.
    async fn ask(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut crm = TcpStream::connect(self.crm).await.ok()?;
        crm.write_all(request).await.ok()?;
        let mut answer = Vec::new();
        crm.read_to_end(&mut answer).await.ok()?;
        Some(answer)
    }
}

/// The verb and the path when it is a request of a delivery: not a probe, not a check of the account. The account's settings are read by
/// both, at moments nobody can tell; they change nothing, so a kill there is one before the first search.
fn of_a_delivery(request: &[u8]) -> Option<String> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (verb, rest) = line.split_once(" /api/v5/")?;
    let path = rest.split([' ', '?']).next()?;
    let is_one = ["orders", "customers"]
        .iter()
        .any(|start| path.starts_with(start));
    is_one.then(|| format!("{verb} {path}"))
}

/// A whole request that asks for its connection to be closed, so that its answer ends with it.
async fn read_request(gate: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = gate.read(&mut buffer).await.ok()?;
        if read == 0 {
            return None;
        }
        request.extend_from_slice(&buffer[..read]);
        let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(0, |length| length.trim().parse().expect("a number"));
        if request.len() >= head + 4 + length {
            request.splice(head..head, *b"\r\nconnection: close");
            return Some(request);
        }
    }
}
