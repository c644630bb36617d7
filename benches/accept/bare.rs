//! What the gate is measured against: a handler that parses the body and answers, and does nothing else.

use std::hint::black_box;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};

use crate::support::Outcome;

/// As many as the gate has.
const WORKERS: usize = 2;

/// Headers that the server writes itself.
const OF_THE_SERVER: [&str; 2] = ["content-length", "date"];

/// An answer of the gate, to be given to everybody.
#[derive(Clone)]
struct Answer {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: web::Bytes,
}

/// Starts it on a free port. `like` is an answer of the gate, head and body: this server's are of the same bytes.
pub(crate) async fn start(like: Vec<u8>) -> Outcome<SocketAddr> {
    let answer = Answer::read(&like)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(answer.clone()))
            .route("/f/callback", web::post().to(parse_and_answer))
    })
    .workers(WORKERS)
    .keep_alive(Duration::from_secs(5))
    .disable_signals()
    .listen(listener)?
    .run();
    tokio::spawn(server);
    Ok(address)
}

async fn parse_and_answer(body: web::Bytes, answer: web::Data<Answer>) -> HttpResponse {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    black_box(pairs);
    let mut response = HttpResponse::Ok();
    for (name, value) in &answer.headers {
        response.append_header((name.clone(), value.clone()));
    }
    response.body(answer.body.clone())
}

impl Answer {
    fn read(bytes: &[u8]) -> Outcome<Self> {
        let text = std::str::from_utf8(bytes)?;
        let (head, body) = text
            .split_once("\r\n\r\n")
            .ok_or("an answer without a head")?;
        let mut headers = Vec::new();
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").ok_or("a header without a value")?;
            if !OF_THE_SERVER.contains(&name) {
                headers.push((name.parse()?, value.parse()?));
            }
        }
        Ok(Self {
            headers,
            body: body.to_owned().into(),
        })
    }
}
