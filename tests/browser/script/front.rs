//! What stands before the gate in these tests, as nginx does in life, and can be broken in the ways in which networks and servers break.
//! Also a web server for the pages of the site.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use leadgate::clock::Clock;
use tokio::sync::watch;

/// What becomes of a lead that is posted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It goes through to the gate.
    #[default]
    None,
    /// It is answered with this status and these further header lines, and goes nowhere.
    Answer(u16, &'static str),
    /// It is not answered as long as the fault lasts.
    Hang,
    /// The gate takes it, but its answer is lost; once.
    LoseAnswer,
    /// Every connection is closed at once, also that of who asks for the script.
    Down,
}

/// A posted lead as it came.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) at: Timestamp,
}

impl Post {
    /// The first value of a name of an urlencoded body.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.body.as_bytes());
        pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
    }
}

/// The way to the gate.
pub(crate) struct Front {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    posts: watch::Sender<Vec<Post>>,
}

impl Front {
    /// Stands before the gate whose address will be told.
    pub(crate) fn start(gate: watch::Receiver<Option<SocketAddr>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let front = Self {
            address: listener.local_addr().expect("an address"),
            fault: watch::channel(Fault::None).0,
            posts: watch::channel(Vec::new()).0,
        };
        let (fault, posts) = (front.fault.clone(), front.posts.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (fault, posts, gate) = (fault.clone(), posts.clone(), *gate.borrow());
                thread::spawn(move || pass(stream, gate, &fault, &posts));
            }
        });
        front
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks it, or mends it.
    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// All leads that were posted, whatever became of them.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.borrow().clone()
    }

    /// Waits until so many were posted.
    pub(crate) async fn posted(&self, count: usize) -> Vec<Post> {
        let mut posts = self.posts.subscribe();
        let enough = posts.wait_for(|posts| posts.len() >= count);
        let seen = tokio::time::timeout(super::PATIENCE, enough).await;
        seen.unwrap_or_else(|_| panic!("{count} posts never came: {:#?}", self.posts()))
            .expect("the front runs")
            .clone()
    }
}

/// One request: the head, the body.
struct Request {
    line: String,
    head: String,
    body: Vec<u8>,
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut head) = (String::new(), String::new());
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        head.push_str(&header);
    }
    let length = head.lines().find_map(|header| {
        let (name, value) = header.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, head, body })
}

fn pass(
    mut stream: TcpStream,
    gate: Option<SocketAddr>,
    fault: &watch::Sender<Fault>,
    posts: &watch::Sender<Vec<Post>>,
) {
    let Some(request) = read(&stream) else { return };
    let mut now = fault.borrow().clone();
    let is_lead = request.line.starts_with("POST /f/");
    if is_lead {
        let post = Post {
            head: request.head.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            at: Clock::system().now(),
        };
        posts.send_modify(|posts| posts.push(post));
        // Ends with the test's process at the latest.
        while now == Fault::Hang {
            thread::park_timeout(Duration::from_millis(20));
            now = fault.borrow().clone();
        }
    }
    match now {
        Fault::Down => {}
        Fault::Answer(status, headers) if is_lead => {
            let answer = format!(
                "HTTP/1.1 {status} X\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Retry-After\r\n{headers}\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).ok();
        }
        now => {
            let Some(answer) = gate.and_then(|gate| forward(gate, &request)) else {
                return;
            };
            if now == Fault::LoseAnswer && is_lead {
                fault.send_replace(Fault::None);
                return;
            }
            stream.write_all(&answer).ok();
        }
    }
}

fn forward(gate: SocketAddr, request: &Request) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(gate).ok()?;
    let head: String = request
        .head
        .lines()
        .filter(|header| !header.to_ascii_lowercase().starts_with("connection:"))
        .map(|header| format!("{header}\r\n"))
        .collect();
    let whole = format!("{}{head}Connection: close\r\n\r\n", request.line);
    stream.write_all(whole.as_bytes()).ok()?;
    stream.write_all(&request.body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// A page of the site: header lines, and the HTML.
type Page = (String, String);

/// The web server of the site.
pub(crate) struct Site {
    address: SocketAddr,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    posts: watch::Sender<Vec<Post>>,
}

impl Site {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let site = Self {
            address: listener.local_addr().expect("an address"),
            pages: Arc::default(),
            posts: watch::channel(Vec::new()).0,
        };
        let (pages, posts) = (Arc::clone(&site.pages), site.posts.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (pages, posts) = (Arc::clone(&pages), posts.clone());
                thread::spawn(move || show(stream, &pages, &posts));
            }
        });
        site
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn put(&self, path: &str, headers: &str, html: &str) {
        let page = (headers.to_owned(), html.to_owned());
        let mut pages = self.pages.lock().expect("no panic");
        pages.insert(path.to_owned(), page);
    }

    /// What was posted to the site itself.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.borrow().clone()
    }
}

fn show(
    mut stream: TcpStream,
    pages: &Mutex<HashMap<String, Page>>,
    posts: &watch::Sender<Vec<Post>>,
) {
    let Some(request) = read(&stream) else { return };
    let target = request
        .line
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    if request.line.starts_with("POST") {
        let post = Post {
            head: request.head,
            body: String::from_utf8_lossy(&request.body).into_owned(),
            at: Clock::system().now(),
        };
        posts.send_modify(|posts| posts.push(post));
    }
    let path = target.split('?').next().unwrap_or_default();
    let found = pages.lock().expect("no panic").get(path).cloned();
    let (status, (headers, html)) = match found {
        Some(page) => ("200 OK", page),
        // Or the browser notes that there is no icon.
        None if path == "/favicon.ico" => ("204 No Content", Page::default()),
        None => ("404 Not Found", Page::default()),
    };
    let kind = match path.rsplit_once('.') {
        Some((_, "js")) => "text/javascript",
        Some((_, "css")) => "text/css",
        _ => "text/html",
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        html.len()
    );
    stream.write_all(head.as_bytes()).ok();
    stream.write_all(html.as_bytes()).ok();
}
