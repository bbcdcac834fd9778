//! Connections through TURN servers and nothing else ([`PathPolicy::Turn`](crate::PathPolicy)).
//!
//! The native WebRTC library has such a policy (RFC 8828), but matchbox does not let it be set: its ICE agent would send
//! checks from every local socket to whatever the other peer calls a candidate. So the agent is given no candidate but
//! addresses on this machine. At each of them a tunnel listens, which has an allocation at a TURN server (RFC 8656) and
//! carries what the agent sends there to one candidate of the other peer, and back. Whatever the peer names, packets
//! leave this machine for the TURN server only.
//!
//! ```text
//! ICE agent ◄──► socket for candidate 1 ─┐
//!    of     ◄──► socket for candidate 2 ─┼─ allocation ◄──► TURN server ◄──► the other peer
//! matchbox  ◄──► …                       ┘
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::mpsc;
use matchbox_socket::{PeerEvent, PeerId};
use netplay_core::log_limiter::Level;

use super::ice_servers::TurnServer;
use super::logs;
use super::platform::{Task, spawn};
use super::turn_tunnel::Tunnel;

/// The tunnels of an attempt. Dropping the last clone closes them and frees the allocations.
#[derive(Clone)]
pub(super) struct Tunnels(Arc<State>);

struct State {
    commands: Vec<mpsc::UnboundedSender<Command>>,
    failures: Failures,
    _tasks: Vec<Task>,
}

/// What went wrong, for each server.
type Failures = Arc<Mutex<Vec<String>>>;

/// What a tunnel is told.
#[derive(Clone)]
pub(super) enum Command {
    /// The agent listens for candidates here.
    Attach(PeerId, mpsc::UnboundedSender<PeerEvent>),
    /// A socket of the agent.
    Agent(SocketAddr),
    /// The password of the local description.
    Password(String),
    /// A candidate of the other peer.
    Peer(SocketAddr),
}

impl Tunnels {
    /// Asks these servers for allocations. Each that is granted is told as the JSON of a local candidate.
    pub(super) fn start(servers: Vec<TurnServer>, found: &mpsc::UnboundedSender<String>) -> Self {
        let failures = Failures::default();
        if servers.is_empty() {
            note(&failures, "there is no TURN server that can be used".to_owned());
        }
        let start = |server: TurnServer| {
            let (commands, inbox) = mpsc::unbounded();
            let task = run(server, inbox, found.clone(), failures.clone());
            (commands, spawn(task))
        };
        let (commands, tasks) = servers.into_iter().map(start).unzip();
        Self(Arc::new(State { commands, failures, _tasks: tasks }))
    }

    /// Where the agent listens for candidates.
    pub(super) fn attach(&self, remote: PeerId, signals: &mpsc::UnboundedSender<PeerEvent>) {
        self.command(&Command::Attach(remote, signals.clone()));
    }

    /// A socket of the agent became known. One is enough.
    pub(super) fn agent(&self, address: SocketAddr) {
        // Where there is no network, the library listens on every address.
        let ip = match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        self.command(&Command::Agent(SocketAddr::new(ip, address.port())));
    }

    /// The local description became known.
    pub(super) fn described(&self, sdp: &str) {
        if let Some(password) = sdp.lines().find_map(|line| line.strip_prefix("a=ice-pwd:")) {
            self.command(&Command::Password(password.to_owned()));
        }
    }

    /// A candidate of the other peer, as a line of SDP.
    pub(super) fn peer(&self, line: &str) {
        if let Some(address) = udp_address(line) {
            self.command(&Command::Peer(address));
        }
    }

    /// What went wrong so far.
    pub(super) fn failures(&self) -> Vec<String> {
        self.0.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn command(&self, command: &Command) {
        for commands in &self.0.commands {
            // A tunnel that has ended has said why.
            let _ = commands.unbounded_send(command.clone());
        }
    }
}

impl std::fmt::Debug for Tunnels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tunnels")
    }
}

/// The address of a candidate of UDP.
pub(super) fn udp_address(line: &str) -> Option<SocketAddr> {
    let mut fields = line.split(' ').skip(2);
    let (transport, _, address, port) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let address = SocketAddr::new(address.parse().ok()?, port.parse().ok()?);
    transport.eq_ignore_ascii_case("udp").then_some(address)
}

fn note(failures: &Failures, failure: String) {
    failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
}

/// Runs a tunnel until it fails or is dropped.
async fn run(
    server: TurnServer,
    commands: mpsc::UnboundedReceiver<Command>,
    found: mpsc::UnboundedSender<String>,
    failures: Failures,
) {
    let failure = match open(&server, &found).await {
        Ok(mut tunnel) => tunnel.run(commands).await,
        Err(error) => error,
    };
    if logs::admits(Level::Info, "of no use: the TURN server", &server.url) {
        log::info!("the TURN server {} is of no use: {failure}", server.url);
    }
    note(&failures, format!("{}: {failure}", server.url));
}

/// Asks the server for an allocation, at the first of its addresses that this machine has a route to.
async fn open(
    server: &TurnServer,
    found: &mpsc::UnboundedSender<String>,
) -> Result<Tunnel, String> {
    let mut failure = "it has no address".to_owned();
    for address in server.resolve().await? {
        match Tunnel::open(server, address, found.clone()) {
            Ok(tunnel) => return Ok(tunnel),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
