//! The second address: where a collector finds the metrics without the admin token.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;

use crate::app::StartError;
use crate::http::metrics::Gauged;
use crate::http::settings::Server;
use crate::http::{self, metrics};

/// Listens on `server.metrics_listen`.
pub(super) struct Collector {
    pub(super) address: SocketAddr,
    pub(super) handle: ServerHandle,
}

impl Collector {
    /// `None` where the config names no address of its own for the metrics.
    pub(super) fn start(settings: &Server, gauged: &Gauged) -> Result<Option<Self>, StartError> {
        let Some(address) = settings.metrics_listen else {
            return Ok(None);
        };
        let failed = |source| StartError::ListenForMetrics { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let gauged = gauged.clone();
        let routes = move |config: &mut ServiceConfig| metrics::routes(config, &gauged);
        let listening = http::server::start_aside(listener, routes).map_err(failed)?;
        let handle = listening.handle();
        tokio::spawn(async move {
            if let Err(error) = listening.await {
                tracing::error!(%error, "the HTTP server of the metrics ended");
            }
        });
        Ok(Some(Self { address, handle }))
    }
}
