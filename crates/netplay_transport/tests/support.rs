//! Peers of a test, which are polled until a condition holds.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use netplay_protocol::signaling::Entry;
use netplay_protocol::{Identity, PeerKey, Roster};
use netplay_server::{Server, ServerConfig};
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{
    Channel, JoinRequest, LeaveReason, PathId, PathPolicy, Transport, TransportEvent,
    TransportRequest,
};

/// The limit of every wait. Only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(60);
/// A deadline that no test reaches, however slow the machine is.
const NEVER: Duration = Duration::from_secs(60 * 60);

pub fn server() -> Server {
    server_with(patient())
}

/// A configuration without deadlines: a test sets the one that it is about, and a slow machine exceeds none.
pub fn patient() -> ServerConfig {
    ServerConfig {
        idle_timeout: NEVER,
        handshake_deadline: NEVER,
        grace: NEVER,
        drain_deadline: NEVER,
        ..Default::default()
    }
}

pub fn server_with(config: ServerConfig) -> Server {
    server_at("127.0.0.1:0".parse().unwrap(), config)
}

pub fn server_at(listen: SocketAddr, config: ServerConfig) -> Server {
    Server::start(ServerConfig { listen, ..config }).unwrap()
}

/// A figure of `/metrics`.
pub fn metric(server: &Server, name: &str) -> u64 {
    let mut stream = TcpStream::connect(server.metrics_addr()).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let mut lines = answer.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.next().unwrap().parse().unwrap()
}

/// An address where nothing listens.
pub fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("ws://{}", listener.local_addr().unwrap())
}

/// Joins, and waits until it has left again. Returns why.
#[track_caller]
pub fn ends(request: JoinRequest) -> LeaveReason {
    let mut peer = Peer::join(request);
    until(&mut [&mut peer], |peers| peers[0].left().is_some());
    peer.left().unwrap().clone()
}

pub fn identity(n: u8) -> Identity {
    Identity::from_secret(&[n; 32])
}

pub fn key(n: u8) -> PeerKey {
    identity(n).peer_key()
}

pub fn request(server: &str, n: u8, size: u8) -> JoinRequest {
    JoinRequest {
        servers: vec![server.to_owned()],
        seed: n.into(),
        ..JoinRequest::new(Entry::Room("TEST".into()), size, identity(n))
    }
}

/// A transport and all its events. It connects to every peer that joins the room, as its policy says. A test that
/// fails shows the events of each.
pub struct Peer {
    pub transport: RtcTransport,
    pub events: Vec<TransportEvent>,
    key: PeerKey,
    policy: PathPolicy,
    met: Vec<PeerKey>,
    quiet: bool,
    started: Instant,
}

#[expect(clippy::disallowed_methods, reason = "real sockets run on real time")]
pub fn now() -> Instant {
    Instant::now()
}

impl Peer {
    pub fn join(request: JoinRequest) -> Self {
        Self {
            key: request.identity.peer_key(),
            policy: request.policy,
            transport: RtcTransport::join(request),
            events: Vec::new(),
            met: Vec::new(),
            quiet: false,
            started: now(),
        }
    }

    /// Joins, and connects to nobody on its own.
    pub fn join_quietly(request: JoinRequest) -> Self {
        let mut peer = Self::join(request);
        peer.quiet = true;
        peer
    }

    pub fn poll(&mut self) {
        self.transport.poll(self.started.elapsed());
        while let Some(event) = self.transport.poll_event() {
            if let TransportEvent::Roster(roster) = &event {
                self.met.retain(|met| roster.members.contains(met));
                for peer in roster.members.clone() {
                    if peer != self.key && !self.met.contains(&peer) {
                        self.met.push(peer);
                        self.connect(peer);
                    }
                }
            }
            self.events.push(event);
        }
    }

    fn connect(&mut self, peer: PeerKey) {
        match self.policy {
            _ if self.quiet => {}
            PathPolicy::Relay => self.transport.request(TransportRequest::OpenRelay(peer)),
            _ if self.key < peer => self.transport.request(TransportRequest::Attempt(peer)),
            _ => {}
        }
    }

    /// Requests the relay to a peer, unless it is open.
    pub fn ask_relay(&mut self, n: u8) {
        if !self.is_up(n) {
            self.transport.request(TransportRequest::OpenRelay(key(n)));
        }
    }

    pub fn send(&mut self, to: u8, channel: Channel, packet: &[u8]) {
        let path = self.path(to).unwrap();
        let now = self.started.elapsed();
        self.transport.send(now, key(to), path, channel, packet).unwrap();
    }

    /// The newest path to a peer.
    pub fn path(&self, n: u8) -> Option<PathId> {
        let mut newest = None;
        for event in &self.events {
            match event {
                TransportEvent::PathUp { peer, path, .. } if *peer == key(n) => {
                    newest = Some(*path);
                }
                TransportEvent::PathDown { peer, path, .. } if *peer == key(n) => {
                    newest = newest.filter(|newest| newest != path);
                }
                _ => {}
            }
        }
        newest
    }

    pub fn is_up(&self, n: u8) -> bool {
        self.path(n).is_some()
    }

    pub fn count(&self, of: impl Fn(&TransportEvent) -> bool) -> usize {
        self.events.iter().filter(|event| of(event)).count()
    }

    pub fn roster(&self) -> Option<&Roster> {
        self.events.iter().rev().find_map(|event| match event {
            TransportEvent::Roster(roster) => Some(roster),
            _ => None,
        })
    }

    pub fn left(&self) -> Option<&LeaveReason> {
        self.events.iter().find_map(|event| match event {
            TransportEvent::Left(reason) => Some(reason),
            _ => None,
        })
    }

    pub fn received(&self, on: Channel) -> Vec<&[u8]> {
        let received = self.events.iter().filter_map(|event| match event {
            TransportEvent::Received { channel, packet, .. } if *channel == on => Some(&packet[..]),
            _ => None,
        });
        received.collect()
    }
}

impl Drop for Peer {
    #[expect(clippy::print_stderr, reason = "a test that fails shows what happened to its peers")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- the events of peer {}: {:#?}", self.key.short(), self.events);
        }
    }
}

/// Polls the peers until `done` returns true. A failure names the caller's line, and with it the condition.
#[track_caller]
pub fn until(peers: &mut [&mut Peer], mut done: impl FnMut(&mut [&mut Peer]) -> bool) {
    wait_until(|| {
        peers.iter_mut().for_each(|peer| peer.poll());
        done(peers)
    });
}

/// Waits until `done` returns true.
#[track_caller]
pub fn wait_until(mut done: impl FnMut() -> bool) {
    let started = now();
    loop {
        if done() {
            return;
        }
        assert!(started.elapsed() < LIMIT, "waited {LIMIT:?} in vain");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
