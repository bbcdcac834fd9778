//! A client for tests that can also break the protocol.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::panic::Location;
use std::sync::LazyLock;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use netplay_protocol::join_proof::{JoinAction, JoinContext};
use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, PATH, Presence, Refusal, Resume, RoomOptions,
    ServerMessage, Signal, VERSION,
};
use netplay_protocol::{Challenge, ConnectionId, Identity, KeyProof, PeerKey, Roster, ServerName};
use netplay_server::{LimitsConfig, MatchmakingConfig, Rate, Server, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

/// The limit of every wait. It is far longer than anything takes: only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(60);
/// A deadline that no test reaches, however slow the machine is.
const NEVER: Duration = Duration::from_secs(60 * 60);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Client {
    pub socket: Socket,
    /// The name by which it has reached the server.
    pub server: ServerName,
    /// What the server sent first.
    pub challenge: Option<Challenge>,
    /// What the server sent first in place of a challenge.
    pending: Option<ServerMessage>,
    /// The close frame of the server, if it has closed.
    pub closed: Option<Option<CloseFrame>>,
}

impl Client {
    /// A client that has reached the server by this name.
    pub fn new(socket: Socket, server: &str) -> Self {
        let server = server.parse().unwrap();
        Self { socket, server, challenge: None, pending: None, closed: None }
    }

    pub async fn connect(server: &Server) -> Self {
        Self::open(server.addr()).await
    }

    /// Connects from this address of the machine, which on Linux may be any of 127.0.0.0/8.
    pub async fn connect_from(server: &Server, from: [u8; 4]) -> Self {
        let stream = MaybeTlsStream::Plain(tcp_from(server.addr(), from).await);
        let url = format!("ws://{}{PATH}", server.addr());
        let (socket, _) = within(client_async(url, stream)).await.unwrap();
        Self::new(socket, &server.addr().to_string())
    }

    pub async fn open(addr: SocketAddr) -> Self {
        let (socket, _) = within(connect_async(format!("ws://{addr}{PATH}"))).await.unwrap();
        Self::new(socket, &addr.to_string())
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

    /// Sends a message. In a join or resume of a peer of the tests, the proof is the one that the server asks for.
    pub async fn send(&mut self, message: &ClientMessage) {
        let mut message = message.clone();
        match &mut message {
            ClientMessage::Join(Join { proof, entry, .. }) => {
                self.prove(proof, entry.action()).await
            }
            ClientMessage::Resume(Resume { proof, room, .. }) => {
                self.prove(proof, JoinAction::Resume(room)).await;
            }
            _ => {}
        }
        self.send_as_it_is(&message).await;
    }

    async fn prove(&mut self, proof: &mut KeyProof, action: JoinAction<'_>) {
        if let (Some(challenge), Some(identity)) = (self.challenge().await, owner(proof)) {
            let context = JoinContext { action, server: &self.server, challenge };
            *proof = identity.sign_join(&context);
        }
    }

    pub async fn send_as_it_is(&mut self, message: &ClientMessage) {
        self.send_raw(Message::text(serde_json::to_string(message).unwrap())).await;
    }

    /// What the server sent first, if it is a challenge.
    pub async fn challenge(&mut self) -> Option<Challenge> {
        if self.challenge.is_none() && self.pending.is_none() {
            match self.read().await {
                Some(ServerMessage::Challenge { challenge, .. }) => {
                    self.challenge = Some(challenge)
                }
                other => self.pending = other,
            }
        }
        self.challenge
    }

    pub async fn send_raw(&mut self, message: Message) {
        within(self.socket.send(message)).await.unwrap();
    }

    /// The next message of the server after its challenge; `None` when it has closed.
    pub async fn next(&mut self) -> Option<ServerMessage> {
        self.challenge().await;
        match self.pending.take() {
            Some(pending) => Some(pending),
            None if self.closed.is_some() => None,
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Option<ServerMessage> {
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
        assert_eq!(roster, Roster::new(size, members));
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
        handshakes_per_address: 10_000,
        connections_per_address: 10_000,
        connects_per_address: plenty(),
        failures_per_address: plenty(),
        creations_per_address: plenty(),
        failures_per_room: plenty(),
        passwords_per_address: plenty(),
        credentials_per_address: plenty(),
        lists_per_address: plenty(),
        messages: plenty(),
        messages_per_address: plenty(),
        packets: plenty(),
        packets_per_address: plenty(),
        bytes: plenty(),
        bytes_per_address: plenty(),
        ..Default::default()
    }
}

/// Opens a TCP connection from this address of the machine.
pub async fn tcp_from(addr: SocketAddr, from: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    within(socket.connect(addr)).await.unwrap()
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

pub fn identity(number: u16) -> Identity {
    let mut secret = [7; 32];
    secret[..2].copy_from_slice(&number.to_le_bytes());
    Identity::from_secret(&secret)
}

pub fn key(number: u16) -> PeerKey {
    identity(number).peer_key()
}

/// Of the peers of the tests, the one with the key of this proof.
fn owner(proof: &KeyProof) -> Option<Identity> {
    static NUMBERS: LazyLock<HashMap<[u8; 32], u16>> = LazyLock::new(|| {
        (0..1024).map(|number| (identity(number).public().to_bytes(), number)).collect()
    });
    NUMBERS.get(&proof.key).copied().map(identity)
}

/// A proof with the key of a peer, for [`Client::send`] to complete.
pub fn unproven(number: u16) -> KeyProof {
    let (server, challenge) = (&"test.example".parse().unwrap(), Challenge([0; 32]));
    identity(number).sign_join(&JoinContext { action: JoinAction::New, server, challenge })
}

pub fn join(room: &str, size: u8, number: u16) -> ClientMessage {
    ClientMessage::Join(join_by(Entry::Room(room.into()), size, number))
}

/// A join without a password, a token and a game.
pub fn join_by(entry: Entry, size: u8, number: u16) -> Join {
    let (game, password, token) = (GameInfo::default(), None, None);
    let size = Some(size);
    let (version, proof, options) = (VERSION, unproven(number), RoomOptions::default());
    Join { version, proof, entry, size, least: None, players: 1, game, password, token, options }
}

pub fn signal(to: u16, signal: Signal) -> ClientMessage {
    ClientMessage::Signal { to: key(to), connection: ConnectionId(1), signal }
}

pub fn offer(text: &str) -> Signal {
    Signal::Offer(text.into())
}
