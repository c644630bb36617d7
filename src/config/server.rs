//! The blocks `[server]`, `[limits]` and `[store]`, with their defaults.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use url::Url;

use crate::config::reader::Block;
use crate::config::values;
use crate::http::settings::{Limits, Rate, Server};
use crate::store::{self, Keep};

/// Where to listen: this machine only, for a proxy in front.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// A long form with a long comment is under 64 KiB; four of them leave room for a page of attribution.
const MAX_BODY: u64 = 256 << 10;
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_CONNECTIONS: u32 = 1024;
/// Room to settle what is there, and for one snapshot of a small store.
const MIN_FREE: u64 = 64 << 20;
/// A season and the same season a year later: what people look back at. The CRM has the lead.
const KEEP_DELIVERED: Option<Duration> = Some(Duration::from_secs(365 * 86_400));
/// Long enough to notice that something was given up that should not have been.
const KEEP_DISCARDED: Option<Duration> = Some(Duration::from_secs(90 * 86_400));
const TIME_ZONE: &str = "Europe/Moscow";

/// Reads `[server]`; `None` only when a problem was noted.
pub(crate) fn server(mut block: Block<'_>) -> Option<Server> {
    let listen = block.value_or("listen", LISTEN, values::socket);
    let public_url = public_url(&mut block, listen);
    let max_body = max_body(&mut block);
    let time_zone = time_zone(&mut block);
    let proxies = block.list("trusted_proxies", values::network);
    let shutdown_grace = block.value_or("shutdown_grace", SHUTDOWN_GRACE, values::duration);
    let body_timeout = block.value_or("body_timeout", BODY_TIMEOUT, values::time_limit);
    let max_connections = block.value_or(
        "max_connections",
        MAX_CONNECTIONS,
        values::whole(1..=100_000),
    );
    let metrics_listen = block.optional("metrics_listen", values::socket);
    block.finish();
    Some(Server {
        listen,
        public_url: public_url?,
        trusted_proxies: proxies.unwrap_or_else(|| vec![IpNet::from(LISTEN.ip())]),
        max_body,
        time_zone: time_zone?,
        shutdown_grace,
        body_timeout,
        max_connections: max_connections as usize,
        metrics_listen,
    })
}

/// The public address; by default the one we listen on, which is right for a trial on one machine.
fn public_url(block: &mut Block<'_>, listen: SocketAddr) -> Option<Url> {
    if block.value("public_url").is_none() {
        let mut reachable = listen;
        if listen.ip().is_unspecified() {
            reachable.set_ip(LISTEN.ip());
        }
        return Url::parse(&format!("http://{reachable}")).ok();
    }
    let url = block.optional("public_url", values::host_address)?;
    if url.scheme() == "http" && !values::is_loopback(&url) {
        block.warning(
            "public_url",
            "http shows what visitors type to the network; put https in front and write https here",
        );
    }
    Some(url)
}

/// The default zone may be missing where the system has no zone database, as in a bare container.
fn time_zone(block: &mut Block<'_>) -> Option<TimeZone> {
    if block.value("time_zone").is_some() {
        return block.optional("time_zone", values::zone);
    }
    TimeZone::get(TIME_ZONE)
        .map_err(|error| {
            block.problem(
                "time_zone",
                format!("the default is not to be had ({error}); install tzdata or write \"UTC\""),
            );
        })
        .ok()
}

fn max_body(block: &mut Block<'_>) -> usize {
    let bytes = block.value_or("max_body", MAX_BODY, values::size);
    if bytes == 0 {
        block.problem(
            "max_body",
            "must be above zero, or no lead can come in; the default is \"256 KiB\"",
        );
    }
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Reads `[limits]`.
pub(crate) fn limits(mut block: Block<'_>) -> Limits {
    let limits = Limits {
        per_address: block.value_or("per_address", per_minute(120), values::rate),
        per_form: block.value_or("per_form", per_minute(1200), values::rate),
        whole: block.value_or("whole", per_minute(6000), values::rate),
    };
    block.finish();
    limits
}

/// `count` is at least 1.
const fn per_minute(count: u32) -> Rate {
    Rate {
        count: NonZeroU32::MIN.saturating_add(count - 1),
        per: Duration::from_secs(60),
    }
}

/// Reads `[store]` and `[store.keep]`; the path starts from the directory of the config file.
pub(crate) fn store(mut block: Block<'_>, directory: &Path) -> (store::Settings, Keep) {
    block.optional("kind", values::word(&[("sled", ())]));
    let path = block.value_or("path", "data".to_owned(), values::text);
    let settings = store::Settings {
        path: directory.join(path.strip_prefix("./").unwrap_or(&path)),
        min_free: block.value_or("min_free", MIN_FREE, values::size),
    };
    let keep = keep(block.block("keep"));
    block.finish();
    (settings, keep)
}

fn keep(mut block: Block<'_>) -> Keep {
    let keep = Keep {
        delivered: block.value_or("delivered", KEEP_DELIVERED, values::keeping_time),
        discarded: block.value_or("discarded", KEEP_DISCARDED, values::keeping_time),
        failed: block.value_or("failed", None, values::keeping_time),
        held: block.value_or("held", None, values::keeping_time),
    };
    for (key, span) in [("failed", keep.failed), ("held", keep.held)] {
        if span.is_some() {
            block.warning(
                key,
                "leads that nobody has looked after are removed when this time is over; \"forever\" keeps them",
            );
        }
    }
    block.finish();
    keep
}
