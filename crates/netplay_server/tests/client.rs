//! A client for tests that can also break the protocol.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::panic::Location;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, PATH, Presence, Refusal, ServerMessage, Signal, VERSION,
};
use netplay_protocol::{ConnectionId, PeerKey, Roster};
use netplay_server::{LimitsConfig, MatchmakingConfig, Rate, Server, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The limit of every wait. It is far longer than anything takes: only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(60);
/// A deadline that no test reaches, however slow the machine is.
const NEVER: Duration = Duration::from_secs(60 * 60);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Client {
    pub socket: Socket,
    /// The close frame of the server, if it has closed.
    pub closed: Option<Option<CloseFrame>>,
}

impl Client {
    pub fn new(socket: Socket) -> Self {
        Self { socket, closed: None }
    }

    pub async fn connect(server: &Server) -> Self {
        Self::open(server.addr()).await
    }

    pub async fn open(addr: SocketAddr) -> Self {
        let (socket, _) = within(connect_async(format!("ws://{addr}{PATH}"))).await.unwrap();
        Self::new(socket)
    }

    /// Connects, joins, and expects to be welcomed with this roster.
    pub async fn joined(
        server: &Server,
        room: &str,
        size: u8,
        number: u16,
        roster: &[u16],
    ) -> Self {
        let mut client = Self::connect(server).await;
        client.send(&join(room, size, number)).await;
        let welcome = client.next().await;
        assert!(matches!(welcome, Some(ServerMessage::Welcome { .. })), "{welcome:?}");
        client.expect_roster(size, roster).await;
        client
    }

    pub async fn send(&mut self, message: &ClientMessage) {
        self.send_raw(Message::text(serde_json::to_string(message).unwrap())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        within(self.socket.send(message)).await.unwrap();
    }

    /// The next message of the server; `None` when it has closed.
    pub async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    self.closed = Some(frame);
                    return None;
                }
                Some(Err(_)) | None => return None,
                Some(Ok(other)) => panic!("{other:?}"),
            }
        }
    }

    /// The next relayed packet.
    pub async fn next_packet(&mut self) -> Bytes {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Binary(frame))) => return frame,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn expect_relay(&mut self, from: u16, open: bool) {
        let expected = ServerMessage::Relay { from: key(from), open };
        assert_eq!(self.next().await, Some(expected));
    }

    pub async fn expect_roster(&mut self, size: u8, numbers: &[u16]) {
        let members = numbers.iter().copied().map(key).collect();
        let Some(ServerMessage::Roster { roster, .. }) = self.next().await else {
            panic!("no roster")
        };
        assert_eq!(roster, Roster { size, members });
    }

    pub async fn expect_presence(&mut self, number: u16, presence: Presence) {
        let expected = ServerMessage::Presence { peer: key(number), presence };
        assert_eq!(self.next().await, Some(expected));
    }

    pub async fn expect_signal(&mut self, from: u16, signal: Signal) {
        let message =
            ServerMessage::Signal { from: key(from), connection: ConnectionId(1), signal };
        assert_eq!(self.next().await, Some(message));
    }

    /// The next message refuses, and the server closes after it.
    pub async fn expect_refusal(&mut self) -> Refusal {
        let Some(ServerMessage::Refused { reason }) = self.next().await else {
            panic!("not refused")
        };
        assert_eq!(self.next().await, None);
        reason
    }
}

pub fn start() -> Server {
    start_with(patient())
}

/// Starts a server whose log is part of the output of the test, which is shown if the test fails.
pub fn start_with(config: ServerConfig) -> Server {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG);
    // Fails if another test of this process was first. Each thread then writes to its own test all the same.
    let _ = log.with_test_writer().try_init();
    Server::start(ServerConfig { listen: ([127, 0, 0, 1], 0).into(), ..config }).unwrap()
}

/// A configuration without deadlines and with generous limits: a test sets the one that it is about, and a slow
/// machine exceeds none.
pub fn patient() -> ServerConfig {
    ServerConfig {
        limits: generous(),
        matchmaking: MatchmakingConfig { probe_timeout: NEVER, ..Default::default() },
        idle_timeout: NEVER,
        handshake_deadline: NEVER,
        grace: NEVER,
        drain_deadline: NEVER,
        ..Default::default()
    }
}

/// Limits for tests about other things, whose clients all have one address.
pub fn generous() -> LimitsConfig {
    let plenty = || Rate { rate: NonZeroU32::MAX, burst: NonZeroU32::MAX };
    LimitsConfig {
        connections_per_address: 10_000,
        connects_per_address: plenty(),
        failures_per_address: plenty(),
        messages: plenty(),
        messages_per_address: plenty(),
        packets: plenty(),
        packets_per_address: plenty(),
        bytes: plenty(),
        bytes_per_address: plenty(),
        ..Default::default()
    }
}

/// Sends an HTTP request. Returns the status and the body.
pub async fn http(addr: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = within(TcpStream::connect(addr)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    within(stream.write_all(request.as_bytes())).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// A figure of `/metrics`; zero if it has not been counted yet.
pub async fn metric(server: &Server, name: &str) -> u64 {
    let (status, text) = http(server.metrics_addr(), "/metrics").await;
    assert_eq!(status, 200);
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.map(|value| value.parse().unwrap()).next().unwrap_or(0)
}

/// Waits for a future. A failure names the line of the caller.
#[track_caller]
pub fn within<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        match timeout(LIMIT, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller} waited {LIMIT:?} in vain"),
        }
    }
}

/// Waits until a figure of `/metrics` fits.
pub async fn until_metric(server: &Server, name: &str, fits: impl Fn(u64) -> bool) {
    let reached = async { while !fits(metric(server, name).await) {} };
    within(reached).await;
}

pub fn key(number: u16) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

pub fn join(room: &str, size: u8, number: u16) -> ClientMessage {
    ClientMessage::Join(join_by(Entry::Room(room.into()), size, number))
}

/// A join without a password, a token and a game.
pub fn join_by(entry: Entry, size: u8, number: u16) -> Join {
    let (game, password, token) = (GameInfo::default(), None, None);
    let size = Some(size);
    Join { version: VERSION, key: key(number), entry, size, game, password, token }
}

pub fn signal(to: u16, signal: Signal) -> ClientMessage {
    ClientMessage::Signal { to: key(to), connection: ConnectionId(1), signal }
}

pub fn offer(text: &str) -> Signal {
    Signal::Offer(text.into())
}
