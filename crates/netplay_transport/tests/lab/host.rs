//! What a process on a host does: the same test, started again in a role.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use async_tungstenite::tungstenite::Message;
use futures::StreamExt;
use nat_lab::SERVER;
use netplay_protocol::identity::{SignalContext, Signed};
use netplay_protocol::join_proof::JoinContext;
use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, PATH, ServerMessage, Signal, VERSION,
};
use netplay_protocol::{Challenge, RoomScope};
use netplay_server::{ServerConfig, parse_ice_server};
use netplay_transport::doctor::{DoctorEvent, DoctorOptions, DoctorTask};
use netplay_transport::{
    Channel, JoinRequest, PathKind, PathPolicy, Transport, TransportEvent, TransportOptions,
    TransportRequest,
};

use super::fixture::SIGNALING;
use crate::support::{Peer, identity, key, patient, request, server_at, wait_until};

/// The role of a process, where it has one.
pub const ROLE: &str = "NETPLAY_TEST_ROLE";
/// The packet that ends a capture.
pub const LAST: &[u8] = b"no packet of a player";
/// How many datagrams show that a path carries them.
const ENOUGH: usize = 20;

/// Whether this process is a host of the laboratory. If so, it has done its part when this returns.
pub fn is_host() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    log::set_logger(&Log).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let mut words = role.split(' ');
    let mut word = || words.next().unwrap_or_default();
    match word() {
        "serve" => serve(word().parse().unwrap(), words.filter(|word| !word.is_empty())),
        "doctor" => examine(word()),
        "play" => play(word().parse().unwrap(), word()),
        "lie" => smol::block_on(lie(word().parse().unwrap(), word().parse().unwrap())),
        "capture" => {
            nat_lab::capture(|| say("ready"), |packet| say(&format!("captured {packet}"))).unwrap();
        }
        "mark" => {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
            socket.send_to(LAST, (word(), 9)).unwrap();
            say("ready");
        }
        other => panic!("no such role: {other}"),
    }
    true
}

/// Writes what a developer would see.
struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target().starts_with("netplay") || record.level() <= log::Level::Warn {
            say(&format!("{} {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

#[expect(clippy::print_stdout, reason = "the test reads it")]
fn say(line: &str) {
    println!("{line}");
}

/// Hands these ICE servers out until the process is killed.
fn serve<'a>(port: u16, ice_servers: impl Iterator<Item = &'a str>) {
    let listen = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let ice_servers = ice_servers.map(|server| parse_ice_server(server).unwrap()).collect();
    let _server = server_at(listen, ServerConfig { ice_servers, ..patient() });
    say("ready");
    loop {
        std::thread::park();
    }
}

/// Examines a server, and says what is found.
fn examine(server: &str) {
    let options = DoctorOptions { server: server.to_owned(), ..DoctorOptions::default() };
    let mut task = DoctorTask::start(options);
    wait_until(|| match task.poll() {
        Some(DoctorEvent::Step(step)) => {
            say(&format!("{}: {} ({:?})", step.kind, step.outcome, step.took));
            false
        }
        Some(DoctorEvent::Finished(report)) => {
            let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code()).collect();
            say(&format!("found [{}] {:?}", codes.join(" "), report.nat));
            true
        }
        None => false,
    });
}

fn url() -> String {
    format!("ws://{SERVER}:{SIGNALING}")
}

/// Plays until the process is killed: attempts connections to the other player, and sends datagrams.
fn play(number: u8, policy: &str) {
    let policy = policy.parse().unwrap();
    // The library waits for two seconds before it uses a relay candidate. A tunnel has none.
    let deadline = if policy == PathPolicy::Turn { 4 } else { 10 };
    let attempt_deadline = Duration::from_secs(deadline);
    let options = TransportOptions { attempt_deadline, ..TransportOptions::default() };
    let mut peer = Peer::join(JoinRequest { policy, options, ..request(&url(), number, 2) });
    let other = 3 - number;
    let (mut seen, mut said) = (0, None);
    loop {
        peer.poll();
        for event in &peer.events[seen..] {
            if !matches!(event, TransportEvent::Received { .. }) {
                say(&format!("{event:?}"));
            }
            if matches!(event, TransportEvent::AttemptFailed { .. }) && number < other {
                peer.transport.request(TransportRequest::Attempt(key(other)));
            }
        }
        seen = peer.events.len();
        if peer.is_up(other) {
            peer.send(other, Channel::Datagram, b"an input of the match");
        }
        if peer.received(Channel::Datagram).len() >= ENOUGH
            && let Some(kind) = kind(&peer)
            && said != Some(kind)
        {
            say(&format!("exchanged {kind:?}"));
            said = Some(kind);
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// The kind of the path that is up, as far as it is certain.
fn kind(peer: &Peer) -> Option<PathKind> {
    peer.events.iter().rev().find_map(|event| match event {
        TransportEvent::PathKnown { kind, .. } => Some(*kind),
        TransportEvent::PathUp { kind: PathKind::Relay, .. } => Some(PathKind::Relay),
        _ => None,
    })
}

/// Answers the offer of the other player with a candidate that is said to be a relay, and is this host.
async fn lie(number: u8, address: Ipv4Addr) {
    let url = format!("{}{PATH}", url());
    let (mut socket, _) = async_tungstenite::smol::connect_async(url).await.unwrap();
    let text =
        |message: &ClientMessage| Message::Text(serde_json::to_string(message).unwrap().into());
    let mut scope = None;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(received) = message else { continue };
        let (from, connection) = match serde_json::from_str(received.as_str()) {
            Ok(ServerMessage::Challenge { challenge, .. }) => {
                socket.send(text(&join(number, challenge))).await.unwrap();
                continue;
            }
            Ok(ServerMessage::Welcome { room, nonce, .. }) => {
                scope = Some(RoomScope::new(&room, nonce));
                say("ready");
                continue;
            }
            Ok(ServerMessage::Signal { from, connection, signal: Signal::Offer(_) }) => {
                (from, connection)
            }
            _ => continue,
        };
        let lines = [
            "v=0".to_owned(),
            "o=- 1 1 IN IP4 0.0.0.0".to_owned(),
            "s=-".to_owned(),
            "t=0 0".to_owned(),
            "a=group:BUNDLE 0".to_owned(),
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel".to_owned(),
            "c=IN IP4 0.0.0.0".to_owned(),
            "a=ice-ufrag:abcd".to_owned(),
            "a=ice-pwd:abcdefghijklmnopqrstuvwx".to_owned(),
            "a=setup:active".to_owned(),
            format!("a=fingerprint:sha-256 {}", ["00"; 32].join(":")),
            "a=mid:0".to_owned(),
            "a=sctp-port:5000".to_owned(),
            format!("a=candidate:1 1 udp 16777215 {address} 40000 typ relay raddr 0.0.0.0 rport 0"),
        ];
        let answer: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
        let to = from;
        let (what, from, room) = (Signed::Answer, key(number), scope.unwrap());
        let context = SignalContext { what, connection, from, to, room };
        let signal = Signal::Answer(identity(number).sign_signal(&context, &answer));
        let signal = ClientMessage::Signal { to, connection, signal };
        socket.send(text(&signal)).await.unwrap();
    }
}

fn join(number: u8, challenge: Challenge) -> ClientMessage {
    let entry = Entry::Room("TEST".into());
    let server = &format!("{SERVER}:{SIGNALING}").parse().unwrap();
    let context = JoinContext { action: entry.action(), server, challenge };
    ClientMessage::Join(Join {
        version: VERSION,
        proof: identity(number).sign_join(&context),
        entry,
        size: Some(2),
        least: None,
        players: 1,
        game: GameInfo::default(),
        password: None,
        token: None,
        options: Default::default(),
    })
}
