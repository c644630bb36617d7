//! The admin's static files, compiled in, with strong ETags so that a browser asks and is answered "not modified".

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::http::admin::reason::Reason;

/// Name, type and content.
const FILES: &[(&str, &str, &str)] = &[
    (
        "admin.css",
        "text/css; charset=utf-8",
        include_str!("../../../static/admin.css"),
    ),
    (
        "admin.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../static/admin.js"),
    ),
    (
        "admin.svg",
        "image/svg+xml",
        include_str!("../../../static/admin.svg"),
    ),
];

/// `GET /admin/static/{file}`; open to all, there is nothing of anybody in it.
pub(super) async fn serve(
    name: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Reason> {
    let (_, kind, content) = FILES
        .iter()
        .find(|(file, ..)| *file == name.as_str())
        .ok_or(Reason::NotFound)?;
    let digest = Sha256::digest(content.as_bytes());
    let tag: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{tag}\"");
    let known = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, tag));
    if known {
        return Ok(response.finish());
    }
    Ok(response.insert_header((CONTENT_TYPE, *kind)).body(*content))
}
