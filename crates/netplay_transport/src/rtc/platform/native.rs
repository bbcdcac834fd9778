//! Tasks and WebSockets on a native platform: smol's executor, which matchbox and webrtc use as well.

use std::future::Future;

use async_tungstenite::tungstenite::Message;
use futures::channel::mpsc;
use futures::future::{BoxFuture, ready};
use futures::stream::BoxStream;
use futures::{Sink, SinkExt, StreamExt};
use matchbox_socket::RtcIceServerConfig;
use netplay_core::signaling::{Frame, SocketEvent};
use netplay_protocol::signaling::IceServer;
use std::pin::Pin;

pub(super) use super::ice_waker::{IceWaker, Sockets};

/// A running task. Dropping it stops it.
pub(super) struct Task {
    _task: smol::Task<()>,
}

/// Runs a future in the background.
pub(super) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Task {
    Task { _task: smol::spawn(future) }
}

/// A future that is polled by one task.
pub(super) type LocalFuture<T> = BoxFuture<'static, T>;
/// The sending half of a WebSocket.
pub(super) type FrameSink = Pin<Box<dyn Sink<Frame, Error = String> + Send>>;
/// The receiving half of a WebSocket.
pub(super) type FrameStream = BoxStream<'static, SocketEvent>;

/// Whether [`connect`]'s stream reports the pings of the server.
pub(super) const SEES_PINGS: bool = true;

/// Opens a WebSocket.
pub(super) async fn connect(url: &str) -> Result<(FrameSink, FrameStream), String> {
    let (socket, _) =
        async_tungstenite::smol::connect_async(url).await.map_err(|error| error.to_string())?;
    let (sink, stream) = StreamExt::split(socket);
    let sink = sink.sink_map_err(|error| error.to_string()).with(|frame: Frame| {
        ready(Ok::<_, String>(match frame {
            Frame::Text(text) => Message::Text(text.into()),
            Frame::Binary(bytes) => Message::Binary(bytes.into()),
        }))
    });
    // The library answers pings while the stream is polled.
    let stream = stream.filter_map(|message| {
        ready(match message {
            Ok(Message::Text(text)) => {
                Some(SocketEvent::Received(Frame::Text(text.as_str().to_owned())))
            }
            Ok(Message::Binary(bytes)) => {
                Some(SocketEvent::Received(Frame::Binary(bytes.to_vec())))
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => Some(SocketEvent::Alive),
            Ok(Message::Close(_) | Message::Frame(_)) => None,
            Err(error) => Some(SocketEvent::Disconnected(Some(error.to_string()))),
        })
    });
    Ok((Box::pin(sink), stream.boxed()))
}

/// The clock of arrivals and deadlines.
#[expect(clippy::disallowed_methods, reason = "real sockets run on real time")]
pub(super) fn now() -> web_time::Instant {
    web_time::Instant::now()
}

/// What matchbox does not offer: access to the connection of an attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Connection {
    sockets: Sockets,
}

impl Connection {
    /// Prepares a connection with these ICE servers. matchbox itself reports the candidates, and takes one list of URLs
    /// with one credential: every STUN server and the first TURN server.
    pub(super) fn prepare(
        ice_servers: &[IceServer],
        _relay_only: bool,
        _candidates: mpsc::UnboundedSender<String>,
    ) -> (Self, RtcIceServerConfig) {
        let turn = ice_servers.iter().find(|server| server.credential.is_some());
        let stun = ice_servers.iter().filter(|server| server.credential.is_none());
        let config = RtcIceServerConfig {
            urls: stun.chain(turn).flat_map(|server| &server.urls).cloned().collect(),
            username: turn.and_then(|turn| turn.username.clone()),
            credential: turn.and_then(|turn| turn.credential.clone()),
        };
        (Self::default(), config)
    }

    /// Where local candidates are noted.
    pub(super) fn sockets(&self) -> Sockets {
        self.sockets.clone()
    }

    /// Why the connection failed, where matchbox does not report it.
    pub(super) fn failure(&self) -> Option<String> {
        None
    }

    /// How many bytes wait in the connection. Here all of them wait in matchbox's queues.
    pub(super) fn buffered(&self) -> usize {
        0
    }
}

/// What distinguishes networks: the address that packets leave from.
pub(super) type Route = std::net::IpAddr;

/// The address that packets leave from, if there is a route. Nothing is sent.
pub(super) fn route() -> Option<Route> {
    // Connecting a UDP socket only looks the route up. The addresses are for documentation: RFC 5737, 3849.
    let lookups = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    lookups.iter().find_map(|(from, to)| {
        let socket = std::net::UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    })
}
