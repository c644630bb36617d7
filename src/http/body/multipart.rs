//! `multipart/form-data` over the collected body. Text parts become values; a chosen file is named, so that it can be refused by name.

use std::convert::Infallible;

use bytes::Bytes;
use encoding_rs::Encoding;
use futures_util::stream;

use crate::http::body::charset::{self, RawPair};
use crate::http::body::{Decoded, MOST_FIELDS};
use crate::http::problem::{Malformed, Problem};
use crate::http::request_id;
use crate::telemetry::field;

/// Decodes all parts. A part without a name carries nothing for us and is passed over.
pub(super) async fn decode(
    body: Bytes,
    boundary: String,
    declared: Option<&'static Encoding>,
) -> Result<Decoded, Problem> {
    let whole = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut raw: Vec<RawPair> = Vec::new();
    let mut files = Vec::new();
    let mut charset = declared;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        if raw.len() + files.len() == MOST_FIELDS {
            return Err(Problem::TooManyFields);
        }
        let Some(name) = part.name().map(str::to_owned) else {
            continue;
        };
        if part.file_name().is_some_and(|file| !file.is_empty()) {
            files.push(name);
            continue;
        }
        let is_file_input = part.file_name().is_some();
        charset = charset.or_else(|| charset_of(&part));
        let value = part.bytes().await.map_err(broken)?;
        if !(is_file_input && value.is_empty()) {
            raw.push((name.into_bytes(), value.to_vec()));
        }
    }
    Ok(Decoded {
        pairs: charset::texts(raw, charset),
        files,
    })
}

fn charset_of(part: &multer::Field<'_>) -> Option<&'static Encoding> {
    let label = part.content_type()?.get_param(mime::CHARSET)?;
    Encoding::for_label(label.as_str().as_bytes())
}

fn broken(error: multer::Error) -> Problem {
    tracing::debug!(
        { field::REQUEST_ID } = request_id::current(),
        %error,
        "a multipart body is broken"
    );
    Problem::Malformed(Malformed::Multipart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use proptest::prelude::*;

    fn read(body: &[u8]) -> Result<Decoded, Problem> {
        decode(Bytes::copy_from_slice(body), "XX".to_owned(), None)
            .now_or_never()
            .expect("the whole body is there")
    }

    fn part(disposition: &str, value: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
    }

    #[test]
    fn text_parts_are_values_and_line_breaks_stay() {
        let body = part("name=\"comment\"", "one\r\ntwo") + "--XX--\r\n";
        assert_eq!(
            read(body.as_bytes()).expect("readable").pairs,
            [("comment".to_owned(), "one\r\ntwo".to_owned())]
        );
    }

    #[test]
    fn a_chosen_file_is_named_and_an_empty_file_input_is_nothing() {
        let body = part("name=\"cv\"; filename=\"cv.pdf\"", "%PDF")
            + part("name=\"photo\"; filename=\"\"", "").as_str()
            + "--XX--\r\n";
        let decoded = read(body.as_bytes()).expect("readable");
        assert_eq!(decoded.files, ["cv"]);
        assert!(decoded.pairs.is_empty());
    }

    #[test]
    fn a_body_that_breaks_off_is_malformed() {
        for body in [
            "",
            "nonsense",
            "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhal",
        ] {
            assert_eq!(
                read(body.as_bytes()),
                Err(Problem::Malformed(Malformed::Multipart)),
                "{body}"
            );
        }
    }

    #[test]
    fn ten_thousand_parts_are_too_many() {
        let body = part("name=\"a\"", "1").repeat(10_000) + "--XX--\r\n";
        assert_eq!(read(body.as_bytes()), Err(Problem::TooManyFields));
    }

    #[test]
    fn a_part_may_name_its_charset() {
        let mut body =
            b"--XX\r\nContent-Disposition: form-data; name=\"n\"\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n"
                .to_vec();
        body.extend(b"\xC0\xED\xED\xE0\r\n--XX--\r\n");
        assert_eq!(read(&body).expect("readable").pairs[0].1, "Анна");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            head in proptest::collection::vec(any::<u8>(), 0..60),
            tail in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut body = head;
            body.extend(b"\r\n--XX\r\n");
            body.extend(tail);
            let _answer = read(&body);
        }
    }
}
