//! Connections that are not WebSockets yet.

use std::sync::{Arc, Mutex, PoisonError};

use super::counter::Counted;
use super::network::CountedInNetworks;

/// A connection between its arrival and the end of its upgrade. Clones are the same connection.
///
/// It counts as a handshake until [`end`](Self::end), or until the connection closes. Nothing of it has been read when
/// it begins to count.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    counted: Arc<Mutex<Option<HandshakePermit>>>,
}

/// What a handshake counts against.
#[derive(Debug)]
pub(super) struct HandshakePermit {
    pub(super) _total: Counted,
    /// None behind a proxy, whose clients share its address.
    pub(super) _of_address: Option<CountedInNetworks>,
}

impl Handshake {
    pub(super) fn new(permit: HandshakePermit) -> Self {
        Self { counted: Arc::new(Mutex::new(Some(permit))) }
    }

    /// The connection is a WebSocket from now on, which has a [`ConnectionPermit`](super::ConnectionPermit).
    pub(crate) fn end(&self) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}
