//! What stands beside the forms, and the server over a real socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::*;

#[tokio::test]
async fn every_answer_carries_an_id_of_its_own() {
    let gate = Gate::open();
    let mut ids = Vec::new();
    for uri in [
        "/healthz",
        "/readyz",
        "/",
        "/nowhere",
        "/f/callback",
        "/static/public.css",
    ] {
        let request = TestRequest::with_uri(uri).insert_header(("x-request-id", "mine"));
        let answer = gate.ask(request).await;
        ids.push(answer.header("x-request-id").expect("an id").to_owned());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert!(!ids.contains(&"mine".to_owned()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn the_root_leads_to_the_admin_and_the_probes_answer() {
    let gate = Gate::open();
    let root = gate.ask(TestRequest::with_uri("/")).await;
    assert_eq!(root.header("location"), Some("admin/"));
    for uri in ["/healthz", "/readyz"] {
        for method in [Method::GET, Method::HEAD] {
            let probe = TestRequest::with_uri(uri).method(method);
            assert_eq!(gate.ask(probe).await.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn the_stylesheet_is_not_sent_twice() {
    let gate = Gate::open();
    let first = gate.ask(TestRequest::with_uri("/static/public.css")).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"'));
    assert!(
        first
            .header("content-type")
            .expect("a type")
            .starts_with("text/css")
    );
    let again = TestRequest::with_uri("/static/public.css").insert_header(("if-none-match", tag));
    let second = gate.ask(again).await;
    assert_eq!(second.status, StatusCode::NOT_MODIFIED);
    assert!(second.body.is_empty());
    let missing = gate.ask(TestRequest::with_uri("/static/none.css")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

/// Sends all of `request` and reads the answer until the server closes the connection.
fn talk(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream
        .write_all(head.as_bytes())
        .expect("the head is taken");
    stream.write_all(body).expect("the body is taken");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer, not a reset");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_socket_a_refused_body_is_read_so_that_the_refusal_is_seen() {
    let gate = Gate::open();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let parts = gate.parts().clone();
    let server =
        server::start(listener, &server(), move |cfg| routes(cfg, &parts)).expect("started");
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let talked = tokio::task::spawn_blocking(move || {
        let large = vec![b'a'; 3 << 20];
        let head = |form: &str, length: usize| {
            format!(
                "POST /f/{form} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: application/json\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        let body = b"phone=89123456789";
        [
            talk(address, &head("callback", large.len()), &large),
            talk(address, &head("nobody", large.len()), &large),
            talk(address, &head("callback", body.len()), body),
        ]
    });
    let answers = talked.await.expect("no panic");
    for (answer, status) in answers.iter().zip(["413", "404", "200"]) {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains("x-request-id: "));
    }
    handle.stop(true).await;
    serving.await.expect("no panic").expect("stopped in order");
}

#[tokio::test]
async fn the_recipes_have_our_address_in_both_languages() {
    let gate = Gate::open();
    for (language, word) in [("ru", "рецепты"), ("en", "recipes")] {
        let uri = format!("/docs/script?lang={language}");
        let page = gate.ask(TestRequest::with_uri(&uri)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(word) && page.body.contains("Tilda"));
        assert!(
            page.body.contains("https://leads.example.ru/leadgate.js")
                && !page.body.contains("HOME")
        );
    }
}
