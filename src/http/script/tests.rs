//! The script below the socket: what it holds, how it may be kept, how it is pinned.

use std::collections::BTreeMap;
use std::io::Read;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service};
use flate2::read::GzDecoder;

use super::*;
use crate::http::tests::form;
use crate::lead::{Capture, CaptureMode, CaptureSubmit, Form, OriginRule};

/// The most the script may weigh with one form's rules, compressed.
const MOST_BYTES: usize = 6_000;

fn captured(mode: CaptureMode, js: &[(&str, &str)]) -> Form {
    let pairs = js
        .iter()
        .map(|(name, body)| ((*name).to_owned(), (*body).to_owned()));
    let mut form = form(OriginRule::Listed(vec!["https://shop.example".to_owned()]));
    form.capture = Some(Capture {
        mode,
        selector: "#contact-form-1, .registration-form-1".to_owned(),
        submit: CaptureSubmit::Auto,
        js: pairs.collect::<BTreeMap<_, _>>(),
    });
    form
}

fn one_form() -> Forms {
    let body = "return document.querySelector('#total').textContent";
    Forms::new([captured(CaptureMode::Form, &[("cart", body)])])
}

fn scripts(forms: &Forms) -> web::Data<Scripts> {
    let home = Url::parse("https://leads.example.ru").expect("a URL");
    web::Data::new(Scripts::new(forms, &home))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

async fn ask(scripts: &web::Data<Scripts>, request: TestRequest) -> Answer {
    let app = App::new()
        .app_data(scripts.clone())
        .configure(crate::http::script_routes);
    let app = init_service(app).await;
    let answer = call_service(&app, request.to_request()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = to_bytes(answer.into_body()).await.expect("a body").to_vec();
    Answer {
        status,
        headers,
        body,
    }
}

async fn get(scripts: &web::Data<Scripts>, uri: &str) -> Answer {
    ask(scripts, TestRequest::with_uri(uri)).await
}

#[tokio::test]
async fn it_is_small_and_has_no_comments_left() {
    let scripts = scripts(&one_form());
    let plain = get(&scripts, "/leadgate.js").await;
    assert!(!plain.text().contains("//  ") && !plain.text().contains("/*"));
    let request =
        TestRequest::with_uri("/leadgate.js").insert_header((ACCEPT_ENCODING, "br, gzip"));
    let zipped = ask(&scripts, request).await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    let mut unzipped = Vec::new();
    GzDecoder::new(zipped.body.as_slice())
        .read_to_end(&mut unzipped)
        .expect("gzip");
    assert_eq!(unzipped, plain.body);
    let weight = zipped.body.len();
    assert!(weight <= MOST_BYTES, "{weight} bytes");
    assert!(weight > 1_000, "{weight} bytes are no script");
}

#[tokio::test]
async fn it_carries_the_rules_of_the_captured_forms_and_is_a_script_with_whatever_they_say() {
    let odd = [
        ("a\"</script>", "return 1 // the last line is a comment"),
        ("__proto__", "/* nothing */"),
        ("total", "return $(\"#total\").text()"),
    ];
    let mut button = captured(CaptureMode::Button, &odd);
    button.id = crate::lead::FormId::parse("order").expect("an id");
    let mut uncaptured = form(OriginRule::Any);
    uncaptured.id = crate::lead::FormId::parse("hidden-one").expect("an id");
    let forms = Forms::new([captured(CaptureMode::Form, &[]), button, uncaptured]);
    let answer = get(&scripts(&forms), "/leadgate.js").await;
    let text = answer.text();
    assert!(text.contains("{\"i\":\"callback\",\"o\":[\"https://shop.example\"],\"s\":\"#contact-form-1, .registration-form-1\",\"l\":\"ru\","));
    assert!(text.contains("\"f\":[[\"name\"],[\"phone\",\"tel\"],[\"size\"]]}"));
    assert!(text.contains("\"total\":function(){\nreturn $(\"#total\").text()\n}"));
    assert!(text.contains("\"b\":true") && !text.contains("hidden-one"));
    assert!(text.trim_end().ends_with("\"https://leads.example.ru/\");"));
    assert_eq!(check_body(text), Ok(()));
}

#[tokio::test]
async fn it_may_be_kept_and_is_not_sent_again_when_it_is_known() {
    let scripts = scripts(&one_form());
    let first = get(&scripts, "/leadgate.js").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(
        first.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(first.header("access-control-allow-origin"), "*");
    assert_eq!(first.header("cross-origin-resource-policy"), "cross-origin");
    assert!(
        first
            .header("cache-control")
            .starts_with("public, max-age=300")
    );
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"'));
    for (tags, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"x\", W/{tag}"), StatusCode::NOT_MODIFIED),
        ("\"x\"".to_owned(), StatusCode::OK),
    ] {
        let again = TestRequest::with_uri("/leadgate.js").insert_header(("if-none-match", tags));
        assert_eq!(ask(&scripts, again).await.status, status);
    }
    let zipped = TestRequest::with_uri("/leadgate.js").insert_header((ACCEPT_ENCODING, "gzip"));
    assert_ne!(ask(&scripts, zipped).await.header("etag"), tag);
    let head = TestRequest::with_uri("/leadgate.js").method(Method::HEAD);
    assert_eq!(ask(&scripts, head).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_content_can_be_pinned_and_stays_after_a_reload() {
    let scripts = scripts(&one_form());
    let told = get(&scripts, "/leadgate.json").await;
    let told: serde_json::Value = serde_json::from_slice(&told.body).expect("JSON");
    let src = told["src"].as_str().expect("an address").to_owned();
    let path = src.strip_prefix("https://leads.example.ru").expect("ours");
    let pinned = get(&scripts, path).await;
    assert_eq!(pinned.header("cache-control"), CACHING_FOR_EVER);
    let digest = STANDARD.encode(Sha384::digest(&pinned.body));
    assert_eq!(told["integrity"], format!("sha384-{digest}"));

    let mut other = captured(CaptureMode::Form, &[]);
    other.capture.as_mut().expect("capture").selector = ".other".to_owned();
    scripts.publish(&Forms::new([other]));
    let now = get(&scripts, "/leadgate.js").await;
    assert!(now.text().contains(".other"));
    assert_eq!(get(&scripts, path).await.body, pinned.body);
    let unknown = get(&scripts, "/leadgate.0123456789abcdef.js").await;
    assert_eq!(unknown.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(unknown.header("location"), "leadgate.js");
}

#[test]
fn only_a_browser_that_takes_it_gets_gzip() {
    for (accepted, taken) in [
        ("gzip", true),
        ("deflate, gzip;q=0.5", true),
        ("gzip;q=0", false),
        ("br", false),
        ("", false),
    ] {
        let mut headers = HeaderMap::new();
        let value = accepted.parse().expect("a header");
        headers.insert(ACCEPT_ENCODING, value);
        assert_eq!(takes_gzip(&headers), taken, "{accepted}");
    }
}
