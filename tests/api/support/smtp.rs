//! A mail server of the tests' own: takes mails over real SMTP, plain, under TLS or under STARTTLS, keeps them, and can be down or refuse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// It came under TLS.
    pub(crate) protected: bool,
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

/// How connections are protected.
#[derive(Clone)]
enum Protection {
    None,
    FromTheFirstByte(TlsAcceptor),
    /// Once the client asks for it; before that no mail and no login is taken.
    StartTls(TlsAcceptor),
}

/// What every connection shares.
#[derive(Clone)]
struct Desk {
    mails: watch::Sender<Vec<Mail>>,
    refuses: Arc<AtomicBool>,
    /// How often somebody logged in.
    logins: Arc<AtomicUsize>,
}

/// The server.
pub(crate) struct MailServer {
    address: SocketAddr,
    desk: Desk,
    protection: Protection,
    /// The certificate in PEM, under TLS.
    pub(crate) certificate: String,
    listening: Option<JoinHandle<()>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        Self::listen(Protection::None, String::new()).await
    }

    /// Under TLS from the first byte, with a certificate for `localhost` that nobody else trusts.
    pub(crate) async fn start_with_tls() -> Self {
        let (tls, certificate) = certified();
        Self::listen(Protection::FromTheFirstByte(tls), certificate).await
    }

    /// Plain at first and under TLS once the client asks for it, with a certificate of the same kind.
    pub(crate) async fn start_with_starttls() -> Self {
        let (tls, certificate) = certified();
        Self::listen(Protection::StartTls(tls), certificate).await
    }

    async fn listen(protection: Protection, certificate: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut server = Self {
            address: listener.local_addr().expect("an address"),
            desk: Desk {
                mails: watch::Sender::default(),
                refuses: Arc::default(),
                logins: Arc::default(),
            },
            protection,
            certificate,
            listening: None,
        };
        server.serve(listener);
        server
    }

    fn serve(&mut self, listener: TcpListener) {
        let (desk, protection) = (self.desk.clone(), self.protection.clone());
        self.listening = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (desk, protection) = (desk.clone(), protection.clone());
                tokio::spawn(async move {
                    // A client that goes away in the middle has sent no mail.
                    drop(meet(stream, protection, &desk).await);
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
        self.desk.refuses.store(refuses, Ordering::SeqCst);
    }

    /// How often somebody logged in, with or without a mail afterwards.
    pub(crate) fn logins(&self) -> usize {
        self.desk.logins.load(Ordering::SeqCst)
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.desk.mails.borrow().clone()
    }

    /// Waits until so many mails have come, and returns the last of them.
    pub(crate) async fn mail(&self, count: usize) -> Mail {
        let mut mails = self.desk.mails.subscribe();
        let waiting = mails.wait_for(|mails| mails.len() >= count);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(mails) => mails.expect("a server")[count - 1].clone(),
            Err(_elapsed) => panic!("waited in vain for mail {count}"),
        }
    }
}

/// A certificate for `localhost` that nobody has signed, and its PEM.
fn certified() -> (TlsAcceptor, String) {
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
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// One connection.
async fn meet(mut stream: TcpStream, protection: Protection, desk: &Desk) -> std::io::Result<()> {
    match protection {
        Protection::None => {
            greet(&mut stream).await?;
            talk(stream, false, desk).await
        }
        Protection::FromTheFirstByte(tls) => {
            let mut stream = tls.accept(stream).await?;
            greet(&mut stream).await?;
            talk(stream, true, desk).await
        }
        Protection::StartTls(tls) => {
            greet(&mut stream).await?;
            let stream = until_starttls(stream).await?;
            talk(tls.accept(stream).await?, true, desk).await
        }
    }
}

async fn greet(stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    stream.write_all(b"220 mail.test ESMTP\r\n").await
}

/// The plain beginning of a conversation that is to be protected: nothing is taken before it is.
async fn until_starttls(stream: TcpStream) -> std::io::Result<TcpStream> {
    let mut stream = BufReader::new(stream);
    loop {
        let line = line(&mut stream).await?;
        let answer = match line.to_ascii_uppercase().as_str() {
            "STARTTLS" => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(stream.into_inner());
            }
            hello if hello.starts_with("EHLO ") => "250-mail.test\r\n250 STARTTLS",
            _ => "530 must issue STARTTLS first",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// One conversation.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    protected: bool,
    desk: &Desk,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut readers, mut login) = (Vec::new(), None);
    loop {
        let line = line(&mut stream).await?;
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                desk.logins.fetch_add(1, Ordering::SeqCst);
                login = Some(rest.to_owned());
                "235 welcome".to_owned()
            }
            "MAIL" => {
                readers.clear();
                "250 ok".to_owned()
            }
            "RCPT" if desk.refuses.load(Ordering::SeqCst) => "451 mailbox busy".to_owned(),
            "RCPT" => {
                readers.push(rest.to_owned());
                "250 ok".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mail = Mail {
                    readers: readers.clone(),
                    login: login.clone(),
                    protected,
                    text: data(&mut stream).await?,
                };
                desk.mails.send_modify(|mails| mails.push(mail));
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
