//! `GET /leadgate.js`: the script that captures forms, with the rules of all forms that have `[forms.capture]`.
//!
//! Its source is `static/leadgate/`, made small by `build.rs`; the rules are put behind it whenever the forms change. Each content has an
//! address of its own too, `/leadgate.<version>.js`, which may be kept for ever and pinned by its integrity hash. The last contents stay, on
//! the disk too, so that pages that have pinned one work on after a reload, a restart and an upgrade.

mod javascript;
mod kept;
mod rules;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, EntityTag, HeaderMap, HeaderName, LOCATION, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256, Sha384};
use url::Url;

use crate::http::assets::is_known;
use crate::lead::Forms;

use kept::Kept;

pub use javascript::{SyntaxError, check_body};

/// The script up to its arguments, as `build.rs` has made it.
const CORE: &str = include_str!(concat!(env!("OUT_DIR"), "/leadgate.js"));

/// How long a browser may use `/leadgate.js` without asking, and use it on while it asks: a changed rule is everywhere after so long.
const CACHING: &str = "public, max-age=300, stale-while-revalidate=86400";

/// Of an address whose content never changes.
const CACHING_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// How many contents are kept: at some 30 KB each, more than the changes of a year.
const VERSIONS_KEPT: usize = 32;

static RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// One content of the script.
#[derive(Debug)]
pub struct Script {
    /// 16 hex digits of its SHA-256; a part of its own address.
    pub version: String,
    /// The value of an `integrity` attribute.
    pub integrity: String,
    plain: Bytes,
    gzip: Option<Bytes>,
}

/// The script as it is now, and its last contents. Shared by all workers.
#[derive(Debug)]
pub struct Scripts {
    home: Url,
    kept: Option<Kept>,
    /// Newest first, at least one.
    versions: ArcSwap<Vec<Arc<Script>>>,
}

impl Script {
    fn of(forms: &Forms, home: &Url) -> Self {
        let arguments = format!("({},{});\n", rules::list(forms), json!(home.as_str()));
        Self::whole(Bytes::from(format!("{CORE}{arguments}")))
    }

    fn whole(plain: Bytes) -> Self {
        let version = Sha256::digest(&plain)[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            version,
            integrity: format!("sha384-{}", STANDARD.encode(Sha384::digest(&plain))),
            gzip: compressed(&plain),
            plain,
        }
    }

    /// The last part of the address at which this content stays for ever.
    pub fn name(&self) -> String {
        format!("leadgate.{}.js", self.version)
    }

    fn answer(&self, request: &HttpRequest, caching: &'static str) -> HttpResponse {
        let zipped = self.gzip.as_ref().filter(|_| takes_gzip(request.headers()));
        let encoding = if zipped.is_some() { "-gzip" } else { "" };
        let tag = EntityTag::new_strong(format!("{}{encoding}", self.version));
        let known = is_known(request, &tag);
        let mut answer = if known {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        answer
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, caching))
            .insert_header((VARY, "Accept-Encoding"))
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((RESOURCE_POLICY.clone(), "cross-origin"));
        if known {
            return answer.finish();
        }
        answer.insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"));
        match zipped {
            Some(zipped) => answer
                .insert_header((CONTENT_ENCODING, "gzip"))
                .body(zipped.clone()),
            None => answer.body(self.plain.clone()),
        }
    }
}

impl Scripts {
    /// The script of these forms. `home` is `server.public_url`: where leads go when the script does not know where it came from.
    pub fn new(forms: &Forms, home: &Url) -> Self {
        Self {
            home: home.clone(),
            kept: None,
            versions: ArcSwap::from_pointee(vec![Arc::new(Script::of(forms, home))]),
        }
    }

    /// The same, with the contents that earlier processes have left in this directory; what is published is kept there.
    pub fn kept_in(self, directory: PathBuf) -> Self {
        let kept = Kept::at(directory);
        let mut versions: Vec<Arc<Script>> = self.versions.load().to_vec();
        let Some(newest) = versions.first().cloned() else {
            return self;
        };
        let others = kept.read().into_iter();
        let others = others.filter(|script| script.version != newest.version);
        versions.extend(others.map(Arc::new));
        versions.truncate(VERSIONS_KEPT);
        kept.add(&newest);
        Self {
            kept: Some(kept),
            versions: ArcSwap::from_pointee(versions),
            ..self
        }
    }

    /// Takes over the rules of other forms. The same rules are the same content.
    pub fn publish(&self, forms: &Forms) {
        let newest = Arc::new(Script::of(forms, &self.home));
        if let Some(kept) = &self.kept {
            kept.add(&newest);
        }
        self.versions.rcu(|versions| {
            let others = versions
                .iter()
                .filter(|script| script.version != newest.version);
            let kept = std::iter::once(&newest).chain(others);
            kept.take(VERSIONS_KEPT).cloned().collect::<Vec<_>>()
        });
    }

    /// The script as it is now.
    pub fn now(&self) -> Option<Arc<Script>> {
        self.versions.load().first().cloned()
    }

    fn version(&self, version: &str) -> Option<Arc<Script>> {
        let versions = self.versions.load();
        let found = versions.iter().find(|script| script.version == version);
        found.cloned()
    }
}

/// `GET /leadgate.js`.
pub async fn serve(scripts: web::Data<Scripts>, request: HttpRequest) -> HttpResponse {
    match scripts.now() {
        Some(script) => script.answer(&request, CACHING),
        None => HttpResponse::NotFound().finish(),
    }
}

/// `GET /leadgate.<version>.js`. A version that is not kept any more leads to the script as it is now: a page that has pinned the old one
/// goes on as a plain form, any other works.
pub async fn serve_version(
    scripts: web::Data<Scripts>,
    version: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    match scripts.version(&version) {
        Some(script) => script.answer(&request, CACHING_FOR_EVER),
        None => HttpResponse::TemporaryRedirect()
            .insert_header((LOCATION, "leadgate.js"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .finish(),
    }
}

/// `GET /leadgate.json`: what a site's build needs to pin the script.
pub async fn describe(scripts: web::Data<Scripts>) -> HttpResponse {
    let Some(script) = scripts.now() else {
        return HttpResponse::NotFound().finish();
    };
    let src = scripts.home.join(&script.name()).map(String::from);
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(json!({ "src": src.unwrap_or_default(), "integrity": script.integrity }))
}

/// Writing to memory does not fail; if it did, the script would go out as it is.
fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts.next() == Some("gzip") && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
        })
}
