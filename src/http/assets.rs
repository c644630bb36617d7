//! The files of `static/`, compiled in, so that the program is one file; served with strong ETags.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, IF_NONE_MATCH, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::http::problem::Problem;
use crate::http::visit::reply_to;

/// One compiled-in file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// The last part of its address.
    pub name: &'static str,
    /// The value of `Content-Type`.
    pub media_type: &'static str,
    /// All of it.
    pub content: &'static str,
}

const FILES: &[File] = &[File {
    name: "public.css",
    media_type: "text/css; charset=utf-8",
    content: include_str!("../../static/public.css"),
}];

/// How long a browser may use a file without asking again; after an upgrade pages look old for so long at the most.
const CACHING: &str = "public, max-age=300";

/// The compiled-in files with their ETags.
#[derive(Clone, Debug)]
pub struct Assets(Vec<(File, EntityTag)>);

impl Default for Assets {
    fn default() -> Self {
        Self::of(FILES)
    }
}

impl Assets {
    /// Other files than the public ones, for a scope that has files of its own.
    pub fn of(files: &[File]) -> Self {
        let tagged = files.iter().map(|file| {
            let digest = Sha256::digest(file.content.as_bytes());
            let tag: String = digest[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            (*file, EntityTag::new_strong(tag))
        });
        Self(tagged.collect())
    }
}

/// `GET /static/{name}`.
pub async fn serve(
    assets: web::Data<Assets>,
    name: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, actix_web::Error> {
    let Some((file, tag)) = assets.0.iter().find(|(file, _)| file.name == *name) else {
        return Ok(reply_to(&request)?.refuse(&Problem::NotFound));
    };
    let is_known = is_known(&request, tag);
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((ETAG, tag.clone()))
        .insert_header((CACHE_CONTROL, CACHING))
        .insert_header((CONTENT_TYPE, file.media_type));
    Ok(if is_known {
        answer.finish()
    } else {
        answer.body(file.content)
    })
}

/// Whether the request says that it has what this tag names.
pub(super) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}
