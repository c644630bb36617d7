//! What is read from headers and from a slow, long or undeclared body.

use actix_web::http::header::{HeaderName, HeaderValue};
use futures_util::stream;

use super::*;

fn headers(list: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        headers.insert(
            name.clone(),
            HeaderValue::from_str(value).expect("a header"),
        );
    }
    headers
}

fn reader(max_body: usize) -> BodyReader {
    BodyReader::new(max_body, Duration::from_secs(10), Clock::system())
}

fn chunks(list: &[&'static str]) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
    stream::iter(
        list.iter()
            .map(|text| Ok(Bytes::from_static(text.as_bytes())))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn media_types_are_accepted_or_refused_by_name() {
    let table = [
        ("application/x-www-form-urlencoded", None),
        (
            "Application/X-WWW-Form-Urlencoded;Charset=\"windows-1251\"",
            None,
        ),
        ("application/json; charset=utf-8", None),
        ("multipart/form-data; boundary=x", None),
        (
            "multipart/form-data",
            Some(Problem::Malformed(Malformed::Multipart)),
        ),
        ("text/plain", Some(Problem::MediaType)),
        ("text/xml", Some(Problem::MediaType)),
    ];
    for (media_type, refusal) in table {
        let read = Announced::read(&headers(&[(CONTENT_TYPE, media_type)]), 1_000);
        assert_eq!(read.err(), refusal, "{media_type}");
    }
}

#[test]
fn an_announced_length_is_refused_before_a_byte_is_read() {
    for (length, refused) in [
        ("1000", false),
        ("1001", true),
        ("99999999999999999999", false),
    ] {
        let list = [(CONTENT_TYPE, "application/json"), (CONTENT_LENGTH, length)];
        let read = Announced::read(&headers(&list), 1_000);
        assert_eq!(read == Err(Problem::TooLarge), refused, "{length}");
    }
}

#[test]
fn a_compressed_body_is_a_media_type_we_do_not_read() {
    let list = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_ENCODING, "gzip"),
    ];
    assert_eq!(
        Announced::read(&headers(&list), 1_000),
        Err(Problem::MediaType)
    );
}

#[tokio::test]
async fn a_body_longer_than_it_said_is_too_large() {
    let announced = Announced::read(
        &headers(&[(CONTENT_TYPE, "application/x-www-form-urlencoded")]),
        10,
    )
    .expect("acceptable");
    let read = reader(10)
        .read(announced, chunks(&["a=12345", "678901"]))
        .await;
    assert_eq!(read, Err(Problem::TooLarge));
}

#[tokio::test]
async fn a_missing_type_is_fine_only_for_an_empty_body() {
    let announced = Announced::read(&HeaderMap::new(), 100).expect("acceptable");
    let empty = reader(100).read(announced.clone(), chunks(&[])).await;
    assert_eq!(empty, Ok(Decoded::default()));
    let body = reader(100).read(announced, chunks(&["a=1"])).await;
    assert_eq!(body, Err(Problem::MediaType));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let clock = Clock::system();
    let reader = BodyReader::new(100, Duration::from_secs(3_600), clock.clone());
    let announced =
        Announced::read(&headers(&[(CONTENT_TYPE, "application/json")]), 100).expect("acceptable");
    let reading = tokio::spawn(async move { reader.read(announced, stream::pending()).await });
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(3_601));
    assert_eq!(reading.await.expect("no panic"), Err(Problem::TooSlow));
}

#[tokio::test]
async fn the_charset_of_the_header_reaches_the_values() {
    let list = [(
        CONTENT_TYPE,
        "application/x-www-form-urlencoded; charset=windows-1251",
    )];
    let announced = Announced::read(&headers(&list), 100).expect("acceptable");
    let read = reader(100)
        .read(announced, chunks(&["name=%C0%ED%ED%E0"]))
        .await
        .expect("readable");
    assert_eq!(read.pairs, [("name".to_owned(), "Анна".to_owned())]);
}
