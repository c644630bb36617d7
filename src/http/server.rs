//! Starts actix-web on a listener with the bounds it does not set by itself.

use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, dev};
use rustix::process::{Resource, getrlimit};

use crate::http::every_request::on_every_request;
use crate::http::settings::Server;

/// How long an idle connection stays open. Short: actix guards only the first request of a connection against senders that drip.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// What one collector needs, and a person beside it.
const CONNECTIONS_ASIDE: usize = 32;

/// Files that connections leave to the rest of the process: the index (at most 200, and as many for a moment when it is renewed), the journal, what goes out.
const OTHER_FILES: u64 = 512;

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until the returned server is stopped through its handle or its listener fails; to be spawned or awaited. `configure` is called once per
/// worker and builds the URL table; it must insert `web::Data` of [`Server`] and of the clock (as [`crate::http::routes`] does).
/// Signals are not listened to: the app decides what they mean.
pub fn start<F>(listener: TcpListener, settings: &Server, configure: F) -> io::Result<dev::Server>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = available_parallelism().map_or(1, NonZeroUsize::get);
    let grace = settings.shutdown_grace;
    let grace_seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(on_every_request))
            .configure(configure.clone())
    })
    .workers(workers)
    .max_connections((connections(settings.max_connections) / workers).max(1))
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(grace_seconds)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

/// As many as are set, unless the system allows fewer open files: a flood of connections must not leave the store without.
fn connections(set: usize) -> usize {
    let files = getrlimit(Resource::Nofile).current;
    let room = files.map_or(set, room_for_connections);
    if room < set {
        tracing::warn!(
            open_files = files,
            "server.max_connections is {set}, but the system allows the process too few open files: {room} connections are taken; raise `ulimit -n` or LimitNOFILE of the unit to {} at least",
            set as u64 + OTHER_FILES
        );
    }
    set.min(room)
}

/// Where so many files may be open.
fn room_for_connections(files: u64) -> usize {
    let room = files.saturating_sub(OTHER_FILES).max(files / 4);
    usize::try_from(room).unwrap_or(usize::MAX)
}

/// The same for an address that only machines of our own reach: one thread, few connections, no line in the log for each request.
pub fn start_aside<F>(listener: TcpListener, configure: F) -> io::Result<dev::Server>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let server = HttpServer::new(move || App::new().configure(configure.clone()))
        .workers(1)
        .max_connections(CONNECTIONS_ASIDE)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_store_however_few_there_are() {
        assert_eq!(room_for_connections(65_536), 65_024);
        assert_eq!(room_for_connections(1_024), 512);
        assert_eq!(room_for_connections(256), 64);
    }
}
