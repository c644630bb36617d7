//! A receiver of webhooks that checks signatures by the rules of Standard Webhooks, written for the tests from the specification.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Nothing a test waits for takes longer on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How old a webhook may be, by the specification's own libraries.
const TOLERANCE_S: i64 = 300;

/// One request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Hook {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether a receiver whose clock is right finds it fresh.
    pub(crate) fn is_fresh(&self, now: i64) -> bool {
        let sent_at: i64 = self.header("webhook-timestamp").parse().expect("seconds");
        (now - sent_at).abs() <= TOLERANCE_S
    }

    /// What a receiver does before it believes a webhook; the tests move the clock, so its age is looked at where that is the point.
    pub(crate) fn verified(&self, secret: &str) -> Value {
        let (id, sent_at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let key = secret.strip_prefix("whsec_").expect("the prefix");
        let key = STANDARD.decode(key).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(sent_at.as_bytes());
        mac.update(b".");
        mac.update(self.body.as_bytes());
        let signatures = self.header("webhook-signature").split(' ');
        let known = signatures.filter_map(|signature| signature.strip_prefix("v1,"));
        let mut decoded = known.filter_map(|signature| STANDARD.decode(signature).ok());
        assert!(
            decoded.any(|signature| mac.clone().verify_slice(&signature).is_ok()),
            "no signature fits: {self:?}"
        );
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// The receiver. Answers 204, or what a test wants first.
pub(crate) struct Receiver {
    address: SocketAddr,
    hooks: watch::Sender<Vec<Hook>>,
    first: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let receiver = Self {
            address: listener.local_addr().expect("an address"),
            hooks: watch::Sender::default(),
            first: Arc::default(),
        };
        let (hooks, first) = (receiver.hooks.clone(), Arc::clone(&receiver.first));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (hooks, first) = (hooks.clone(), Arc::clone(&first));
                // A client that goes away in the middle has sent nothing.
                tokio::spawn(async move { drop(take(stream, &hooks, &first).await) });
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks/leadgate", self.address)
    }

    /// The next request is answered so: a status line's number and more header lines.
    pub(crate) fn answer_once(&self, answer: &str) {
        self.first
            .lock()
            .expect("unpoisoned")
            .push(answer.to_owned());
    }

    pub(crate) fn hooks(&self) -> Vec<Hook> {
        self.hooks.borrow().clone()
    }

    /// Waits until so many requests have come, and returns the last of them.
    pub(crate) async fn hook(&self, count: usize) -> Hook {
        let mut hooks = self.hooks.subscribe();
        let waiting = hooks.wait_for(|hooks| hooks.len() >= count);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(hooks) => hooks.expect("a receiver")[count - 1].clone(),
            Err(_elapsed) => panic!("waited in vain for webhook {count}"),
        }
    }
}

async fn take(
    mut stream: TcpStream,
    hooks: &watch::Sender<Vec<Hook>>,
    first: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let hook = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        if let Some(hook) = parse(&bytes) {
            break hook;
        }
    };
    let answer = first.lock().expect("unpoisoned").pop();
    let answer = answer.unwrap_or_else(|| "204".to_owned());
    hooks.send_modify(|hooks| hooks.push(hook));
    let answer = format!("HTTP/1.1 {answer}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await
}

/// The request, when it is whole.
fn parse(bytes: &[u8]) -> Option<Hook> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    };
    let hook = Hook {
        headers: head.lines().skip(1).filter_map(header).collect(),
        body: body.to_owned(),
    };
    let length: usize = hook.header("content-length").parse().ok()?;
    (body.len() == length).then_some(hook)
}
