//! What the client and the driver's WebSocket exchange.

/// A message on the WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A signaling message, as JSON.
    Text(String),
    /// A relayed packet behind its [`RelayHeader`](netplay_protocol::RelayHeader).
    Binary(Vec<u8>),
}

/// What the driver does with its WebSocket. There is at most one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketCommand {
    /// Open a WebSocket, in place of any other. Ends in [`SocketEvent::Connected`] or
    /// [`SocketEvent::DialFailed`], unless it is closed before.
    Dial {
        /// Where: `ws://…` or `wss://…`, path included.
        url: String,
    },
    /// Close the WebSocket, or stop opening it.
    Close,
}

/// What happened on the WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    /// It is open.
    Connected,
    /// It could not be opened, for this reason.
    DialFailed(String),
    /// A frame arrived.
    Received(Frame),
    /// A ping or pong arrived, which the driver has answered.
    Alive,
    /// It closed: because the server closed it (`None`) or it failed, for this reason.
    Disconnected(Option<String>),
}
