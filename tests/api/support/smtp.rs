//! A mail server of the tests' own: takes mails over real SMTP, plain or under TLS, keeps them, and can be down or refuse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Nothing a test waits for takes longer on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A mail as it came.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) readers: Vec<String>,
    /// What the client logged in with: `AUTH PLAIN`'s argument.
    pub(crate) login: Option<String>,
    /// Headers and body, without the dots of the protocol.
    pub(crate) text: String,
}

impl Mail {
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ");
        let mut lines = unfolded.lines();
        let line = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    }

    /// The body with the soft line ends of quoted-printable taken out; for texts in ASCII.
    pub(crate) fn body(&self) -> String {
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap_or_default();
        body.replace("=\r\n", "").replace("=3D", "=")
    }
}

/// The server.
pub(crate) struct MailServer {
    address: SocketAddr,
    mails: watch::Sender<Vec<Mail>>,
    refuses: Arc<AtomicBool>,
    tls: Option<TlsAcceptor>,
    /// The certificate in PEM, under TLS.
    pub(crate) certificate: String,
    listening: Option<JoinHandle<()>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        Self::listen(None, String::new()).await
    }

    /// Under TLS from the first byte, with a certificate for `localhost` that nobody else trusts.
    pub(crate) async fn start_with_tls() -> Self {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a server's config");
        Self::listen(Some(TlsAcceptor::from(Arc::new(config))), made.cert.pem()).await
    }

    async fn listen(tls: Option<TlsAcceptor>, certificate: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut server = Self {
            address: listener.local_addr().expect("an address"),
            mails: watch::Sender::default(),
            refuses: Arc::default(),
            tls,
            certificate,
            listening: None,
        };
        server.serve(listener);
        server
    }

    fn serve(&mut self, listener: TcpListener) {
        let (mails, refuses, tls) = (
            self.mails.clone(),
            Arc::clone(&self.refuses),
            self.tls.clone(),
        );
        self.listening = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mails, refuses, tls) = (mails.clone(), Arc::clone(&refuses), tls.clone());
                tokio::spawn(async move {
                    // A client that goes away in the middle has sent no mail.
                    drop(meet(stream, tls.as_ref(), &mails, &refuses).await);
                });
            }
        }));
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Nobody listens any more.
    pub(crate) async fn stop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            drop(listening.await);
        }
    }

    /// Listens again on the same port.
    pub(crate) async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address)
            .await
            .expect("the same port");
        self.serve(listener);
    }

    /// From now on every reader is refused, or none.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.borrow().clone()
    }

    /// Waits until so many mails have come, and returns the last of them.
    pub(crate) async fn mail(&self, count: usize) -> Mail {
        let mut mails = self.mails.subscribe();
        let waiting = mails.wait_for(|mails| mails.len() >= count);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(mails) => mails.expect("a server")[count - 1].clone(),
            Err(_elapsed) => panic!("waited in vain for mail {count}"),
        }
    }
}

/// One connection, plain or under TLS.
async fn meet(
    stream: TcpStream,
    tls: Option<&TlsAcceptor>,
    mails: &watch::Sender<Vec<Mail>>,
    refuses: &AtomicBool,
) -> std::io::Result<()> {
    match tls {
        None => talk(stream, mails, refuses).await,
        Some(tls) => talk(tls.accept(stream).await?, mails, refuses).await,
    }
}

/// One conversation.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    mails: &watch::Sender<Vec<Mail>>,
    refuses: &AtomicBool,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test ESMTP\r\n").await?;
    let (mut readers, mut login) = (Vec::new(), None);
    loop {
        let line = line(&mut stream).await?;
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                login = Some(rest.to_owned());
                "235 welcome".to_owned()
            }
            "MAIL" => {
                readers.clear();
                "250 ok".to_owned()
            }
            "RCPT" if refuses.load(Ordering::SeqCst) => "451 mailbox busy".to_owned(),
            "RCPT" => {
                readers.push(rest.to_owned());
                "250 ok".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let text = data(&mut stream).await?;
                let (readers, login) = (readers.clone(), login.clone());
                mails.send_modify(|mails| {
                    mails.push(Mail {
                        readers,
                        login,
                        text,
                    });
                });
                "250 taken".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 what?".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn line(stream: &mut BufReader<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Everything up to the dot that stands alone.
async fn data(stream: &mut BufReader<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
}
