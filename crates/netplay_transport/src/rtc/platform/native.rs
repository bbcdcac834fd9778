//! Tasks and WebSockets on a native platform: smol's executor, which matchbox and webrtc use as well.

use std::future::Future;

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use futures::channel::mpsc;
use futures::future::{BoxFuture, ready};
use futures::stream::BoxStream;
use futures::{AsyncRead, AsyncWrite, Sink, SinkExt, StreamExt};
use matchbox_socket::{PeerEvent, PeerId, RtcIceServerConfig};
use netplay_core::negotiation::{AttemptSignal, sdp};
use netplay_core::signaling::{Frame, SocketEvent};
use netplay_protocol::signaling::IceServer;
use std::pin::Pin;

use super::ice_servers::Servers;
pub(super) use super::ice_waker::{IceWaker, Sockets};
use super::socket::MAX_FRAME_BYTES;
use super::tunnels::Tunnels;

/// A running task. Dropping it stops it.
pub(crate) struct Task {
    _task: smol::Task<()>,
}

/// Runs a future in the background.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Task {
    Task { _task: smol::spawn(future) }
}

/// Runs a future to its end before anything else happens.
pub(crate) fn finish(future: impl Future<Output = ()> + Send + 'static) {
    smol::block_on(future);
}

/// A future that is polled by one task.
pub(crate) type LocalFuture<T> = BoxFuture<'static, T>;
/// The sending half of a WebSocket.
pub(crate) type FrameSink = Pin<Box<dyn Sink<Frame, Error = String> + Send>>;
/// The receiving half of a WebSocket.
pub(crate) type FrameStream = BoxStream<'static, SocketEvent>;

/// Whether [`connect`]'s stream reports the pings of the server.
pub(super) const SEES_PINGS: bool = true;

/// How many bytes of frames may wait to be written: a few of the largest, beside the library's write buffer.
const MAX_WAITING_BYTES: usize = 1024 * 1024;

/// What a WebSocket takes at most.
pub(crate) fn web_socket_config() -> WebSocketConfig {
    // What a server sends is bounded before it takes memory. The library's own limit is 64 MiB.
    WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES))
        // Bounds the answers to a server that sends pings and reads nothing.
        .max_write_buffer_size(MAX_WAITING_BYTES)
}

/// Opens a WebSocket.
pub(super) async fn connect(url: &str) -> Result<(FrameSink, FrameStream), String> {
    let config = Some(web_socket_config());
    let connecting = async_tungstenite::smol::connect_async_with_config(url, config);
    let (socket, _) = connecting.await.map_err(|error| error.to_string())?;
    Ok(frames(socket))
}

/// The frames of an open WebSocket.
pub(crate) fn frames<S>(socket: WebSocketStream<S>) -> (FrameSink, FrameStream)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
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
    (Box::pin(sink), stream.boxed())
}

/// The clock of arrivals and deadlines.
#[expect(clippy::disallowed_methods, reason = "real sockets run on real time")]
pub(crate) fn now() -> web_time::Instant {
    web_time::Instant::now()
}

/// What matchbox does not offer: access to the connection of an attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Connection {
    sockets: Sockets,
    /// Where the policy is TURN only.
    tunnels: Option<Tunnels>,
}

impl Connection {
    /// Prepares the connection of the attempt of this number with a peer. matchbox itself reports the candidates, and
    /// takes one list of URLs with one credential. It has no policy for TURN only: then it is given no server, and the
    /// candidates of both sides are those of [`Tunnels`].
    pub(super) fn prepare(
        ice_servers: &[IceServer],
        relay_only: bool,
        attempt: usize,
        candidates: mpsc::UnboundedSender<String>,
    ) -> (Self, RtcIceServerConfig) {
        let servers = Servers::new(ice_servers);
        if relay_only {
            let tunnels = Tunnels::start(servers.turn_servers(attempt), &candidates);
            let config = RtcIceServerConfig { urls: Vec::new(), username: None, credential: None };
            return (Self { sockets: Sockets::default(), tunnels: Some(tunnels) }, config);
        }
        (Self::default(), servers.config(attempt))
    }

    /// Where matchbox listens for signals of the peer.
    pub(super) fn attach(&self, remote: PeerId, signals: &mpsc::UnboundedSender<PeerEvent>) {
        if let Some(tunnels) = &self.tunnels {
            tunnels.attach(remote, signals);
        }
    }

    /// A signal of the peer as it is handed to matchbox, if it is. Tunnels take the candidates, and hand others over.
    pub(super) fn receive(&self, signal: AttemptSignal) -> Option<AttemptSignal> {
        let Some(tunnels) = &self.tunnels else { return Some(signal) };
        match signal {
            AttemptSignal::Offer(sdp) => Some(AttemptSignal::Offer(sdp::without_candidates(&sdp))),
            AttemptSignal::Answer(sdp) => {
                Some(AttemptSignal::Answer(sdp::without_candidates(&sdp)))
            }
            AttemptSignal::Candidate(json) => {
                if let Ok(Some((line, _))) = sdp::read_candidate(&json) {
                    tunnels.peer(&line);
                }
                None
            }
        }
    }

    /// The candidates inside a description that was just handed to matchbox.
    pub(super) fn received(&self, description: &str) {
        if let Some(tunnels) = &self.tunnels {
            sdp::candidates(description).for_each(|line| tunnels.peer(line));
        }
    }

    /// Whether every packet goes through a TURN server, whatever the candidates are called.
    pub(super) fn is_tunnelled(&self) -> bool {
        self.tunnels.is_some()
    }

    /// What is known of the local side, for the signaling of the attempt.
    pub(super) fn local(&self) -> Local {
        Local { sockets: self.sockets.clone(), tunnels: self.tunnels.clone() }
    }

    /// Notes that the description of the peer is known.
    pub(super) fn described(&self) {
        self.sockets.described();
    }

    /// The addresses of the local sockets, for the waker.
    pub(super) fn sockets(&self) -> Sockets {
        self.sockets.clone()
    }

    /// Why the connection failed, where matchbox does not report it.
    pub(super) fn failure(&self) -> Option<String> {
        None
    }

    /// What went wrong on the way, though it may be the cause of nothing.
    pub(super) fn troubles(&self) -> Vec<String> {
        self.tunnels.as_ref().map(Tunnels::failures).unwrap_or_default()
    }

    /// How many bytes wait in the connection. Here nobody can tell: the link counts what is not acknowledged.
    pub(super) fn buffered(&self) -> usize {
        0
    }
}

/// Takes note of the local side of an attempt.
#[derive(Clone)]
pub(super) struct Local {
    sockets: Sockets,
    tunnels: Option<Tunnels>,
}

impl Local {
    /// A host candidate was found, as a line of SDP.
    pub(super) fn host(&self, line: &str) {
        if let Some(address) = self.sockets.candidate(line)
            && let Some(tunnels) = &self.tunnels
        {
            tunnels.agent(address);
        }
    }

    /// The local description is known.
    pub(super) fn described(&self, sdp: &str) {
        if let Some(tunnels) = &self.tunnels {
            tunnels.described(sdp);
        }
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
