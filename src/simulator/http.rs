//! The listening socket and the three kinds of addresses behind it: the API, the control endpoint, the pages. One
//! worker thread is enough for a simulator and keeps many of them cheap.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;

use crate::simulator::call::{Call, Raw};
use crate::simulator::connection::{Connection, Connections};
use crate::simulator::delivery;
use crate::simulator::options::StartError;
use crate::simulator::shared::Shared;
use crate::simulator::{control, pages};

/// Larger bodies are answered 413; RetailCRM's own bound is not known.
const MOST_BODY: usize = 32 * 1024 * 1024;
/// Kept-alive connections close after this much silence.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A bound address with its server.
pub(super) struct Listening {
    address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    connections: Arc<Connections>,
}

impl Listening {
    /// Binds and serves on the current tokio runtime.
    pub(super) fn open(listen: SocketAddr, shared: Arc<Shared>) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen {
            address: listen,
            source,
        };
        let data = web::Data::from(shared);
        let connections = Arc::new(Connections::default());
        let entered = Arc::clone(&connections);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(MOST_BODY))
                .default_service(web::to(serve))
        })
        .workers(1)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .on_connect(move |io, extensions| {
            let stream = io.downcast_ref::<actix_web::rt::net::TcpStream>();
            if let Some(connection) = stream.and_then(Connection::of) {
                entered.enter(&connection);
                extensions.insert(connection);
            }
        })
        .bind(listen)
        .map_err(failed)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        let server = server.run();
        let handle = server.handle();
        Ok(Self {
            address,
            handle,
            server: tokio::spawn(server),
            connections,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the socket and all connections, and waits until that is done.
    pub(super) async fn close(self) {
        self.handle.stop(false).await;
        // The server's workers are told to end and not waited for, so the connections are cut here.
        self.connections.cut();
        // An error of a server that is being thrown away has no reader.
        drop(self.server.await);
    }

    /// Tells the server to end without waiting for it.
    pub(super) fn abandon(self) {
        // The command is sent when the future is made; awaiting it would only wait for the end.
        drop(self.handle.stop(false));
        self.connections.cut();
    }
}

async fn serve(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let shared = shared.into_inner();
    let path = request.uri().path();
    if let Some(rest) = path.strip_prefix("/_control/") {
        let query = request.query_string();
        return control::serve(&shared, request.method().as_str(), rest, (query, &body));
    }
    if path == "/api" || path.starts_with("/api/") {
        let call = decode(&request, &body);
        let connection = request.conn_data::<Connection>().cloned();
        return delivery::serve(shared, call, connection).await;
    }
    pages::serve(&shared, request.method().as_str(), path)
}

fn decode(request: &HttpRequest, body: &[u8]) -> Call {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    Call::decode(&Raw {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.query_string(),
        content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
        header_key: header("x-api-key"),
        body,
    })
}
