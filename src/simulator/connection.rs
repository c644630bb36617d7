//! Clients' connections from below: handles by which they can be cut under the server's feet, which no HTTP server
//! offers and a dying network does every day.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use actix_web::rt;

/// A second handle on a client's connection, by which it can be cut under the server's feet.
#[derive(Clone)]
pub(super) struct Connection(Arc<TcpStream>);

impl Connection {
    pub(super) fn of(stream: &rt::net::TcpStream) -> Option<Self> {
        let handle = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Self(Arc::new(TcpStream::from(handle))))
    }

    /// Ends the connection in both directions without another byte.
    pub(super) fn cut(&self) {
        // It fails when the client was faster, which is the same to both.
        drop(self.0.shutdown(Shutdown::Both));
    }

    /// Lets the coming close be a reset (RST) instead of an orderly end.
    pub(super) fn close_by_reset(&self) {
        let twin = self.0.try_clone().and_then(rt::net::TcpStream::from_std);
        if let Ok(twin) = twin {
            // Without it the close is an orderly one in the middle of the body: broken as well.
            drop(twin.set_zero_linger());
        }
    }
}

/// The open connections of one listening socket.
#[derive(Default)]
pub(super) struct Connections(Mutex<Vec<Weak<TcpStream>>>);

impl Connections {
    /// Enters a new connection; closed ones are forgotten on the way.
    pub(super) fn enter(&self, connection: &Connection) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| known.strong_count() > 0);
        open.push(Arc::downgrade(&connection.0));
    }

    /// Cuts all of them.
    pub(super) fn cut(&self) {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.iter().filter_map(Weak::upgrade) {
            Connection(stream).cut();
        }
    }
}
