//! Asks STUN and TURN servers: all of a family from one UDP socket, so that what they see of it can be compared.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use futures::channel::mpsc;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, select_biased};
use futures_timer::Delay;
use netplay_core::doctor::{DoctorEvidence, IceAddress, IceAnswer, IceFailure, StunMapping};
use smol::Async;

use super::stun_exchange::{MAX_MESSAGE_BYTES, Outcome, Purpose, StunExchange};
use crate::rtc::{LocalFuture, real_time};

/// How long to wait where nothing is due.
const IDLE: Duration = Duration::from_secs(60);

/// A server to ask.
pub(super) struct Ask {
    pub(super) number: usize,
    pub(super) address: IceAddress,
    pub(super) purpose: Purpose,
}

/// Asks until nobody wants to know any more.
pub(super) async fn ask_servers(
    mut asks: mpsc::UnboundedReceiver<Ask>,
    evidence: mpsc::UnboundedSender<DoctorEvidence>,
) {
    let started = real_time();
    let clock = || real_time().saturating_duration_since(started);
    let mut sockets = StunSockets { evidence, ..StunSockets::new() };
    let mut names: FuturesUnordered<LocalFuture<(Ask, io::Result<SocketAddr>)>> =
        FuturesUnordered::new();
    let mut buffers = [[0; MAX_MESSAGE_BYTES]; 2];
    loop {
        sockets.send(clock()).await;
        let due = sockets.poll_timeout().map(|due| due.saturating_sub(clock()));
        let mut timeout = Delay::new(due.unwrap_or(IDLE)).fuse();
        let [v4, v6] = &sockets.sockets;
        let [v4_buffer, v6_buffer] = &mut buffers;
        let received = select_biased! {
            ask = asks.next() => {
                let Some(ask) = ask else { return };
                names.push(Box::pin(async move {
                    let found = resolve(&ask.address).await;
                    (ask, found)
                }));
                continue;
            }
            named = names.select_next_some() => {
                let (ask, found) = named;
                sockets.begin(clock(), ask, found);
                continue;
            }
            received = receive(v4.as_ref(), v4_buffer).fuse() => received.map(|it| (it, &v4_buffer[..])),
            received = receive(v6.as_ref(), v6_buffer).fuse() => received.map(|it| (it, &v6_buffer[..])),
            () = timeout => None,
        };
        match received {
            Some(((length, from), buffer)) => {
                sockets.handle_packet(clock(), from, &buffer[..length]);
            }
            None => sockets.handle_timeout(clock()),
        }
    }
}

/// The address of a server. Of IPv4 where it has both: there are the NATs.
pub(super) async fn resolve(address: &IceAddress) -> io::Result<SocketAddr> {
    let found = smol::net::resolve((address.host.as_str(), address.port)).await?;
    let first = found.iter().find(|it| it.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

/// The next packet, if there is a socket. None where the system reports an error of an earlier packet.
async fn receive(
    socket: Option<&Async<UdpSocket>>,
    buffer: &mut [u8],
) -> Option<(usize, SocketAddr)> {
    match socket {
        Some(socket) => socket.recv_from(buffer).await.ok(),
        None => std::future::pending().await,
    }
}

/// The socket of each family, and the exchanges on them.
struct StunSockets {
    /// IPv4 and IPv6.
    sockets: [Option<Async<UdpSocket>>; 2],
    exchanges: BTreeMap<usize, StunExchange>,
    /// Whether the server of an exchange is one of TURN.
    is_turn: BTreeMap<usize, bool>,
    /// The servers, by their number in mappings.
    servers: Vec<IpAddr>,
    evidence: mpsc::UnboundedSender<DoctorEvidence>,
}

impl StunSockets {
    fn new() -> Self {
        let (evidence, _) = mpsc::unbounded();
        let (exchanges, is_turn) = (BTreeMap::new(), BTreeMap::new());
        Self { sockets: [None, None], exchanges, is_turn, servers: Vec::new(), evidence }
    }

    /// Begins to ask a server whose name was looked up.
    fn begin(&mut self, now: Duration, ask: Ask, found: io::Result<SocketAddr>) {
        let Ask { number, purpose, .. } = ask;
        self.is_turn.insert(number, matches!(purpose, Purpose::Allocation { .. }));
        let server = match found {
            Ok(server) => server,
            Err(error) => {
                return self.report(number, None, Err(IceFailure::NoName(error.to_string())));
            }
        };
        let begun = self
            .open(server)
            .map_err(|error| error.to_string())
            .and_then(|()| StunExchange::new(purpose, server, now));
        match begun {
            Ok(exchange) => drop(self.exchanges.insert(number, exchange)),
            Err(detail) => self.report(number, Some(server), Err(IceFailure::Other(detail))),
        }
    }

    fn open(&mut self, server: SocketAddr) -> io::Result<()> {
        let local: SocketAddr = match server.is_ipv4() {
            true => (Ipv4Addr::UNSPECIFIED, 0).into(),
            false => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = &mut self.sockets[usize::from(server.is_ipv6())];
        if socket.is_none() {
            *socket = Some(Async::new(UdpSocket::bind(local)?)?);
        }
        Ok(())
    }

    /// Sends what is due.
    async fn send(&mut self, now: Duration) {
        let mut failed = Vec::new();
        for (number, exchange) in &mut self.exchanges {
            let server = exchange.server();
            let Some(socket) = &self.sockets[usize::from(server.is_ipv6())] else { continue };
            while let Some(packet) = exchange.poll_transmit(now) {
                if let Err(error) = socket.send_to(&packet, server).await {
                    failed.push((*number, server, error));
                    break;
                }
            }
        }
        for (number, server, error) in failed {
            // A firewall of this machine: no answer will come.
            let failure = match error.kind() {
                io::ErrorKind::PermissionDenied => IceFailure::Silent,
                _ => IceFailure::Other(error.to_string()),
            };
            if self.exchanges.remove(&number).is_some() {
                self.report(number, Some(server), Err(failure));
            }
        }
        self.exchanges.retain(|_, exchange| exchange.poll_timeout().is_some());
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.exchanges.values().filter_map(StunExchange::poll_timeout).min()
    }

    fn handle_packet(&mut self, now: Duration, from: SocketAddr, packet: &[u8]) {
        let mut outcomes = Vec::new();
        for (number, exchange) in &mut self.exchanges {
            outcomes.extend(exchange.handle_packet(now, from, packet).map(|it| (*number, it)));
        }
        for (number, outcome) in outcomes {
            self.report(number, Some(from), outcome);
        }
    }

    fn handle_timeout(&mut self, now: Duration) {
        let mut outcomes = Vec::new();
        for (number, exchange) in &mut self.exchanges {
            let server = exchange.server();
            outcomes.extend(exchange.handle_timeout(now).map(|it| (*number, server, it)));
        }
        for (number, server, outcome) in outcomes {
            self.report(number, Some(server), outcome);
        }
    }

    fn report(&mut self, number: usize, server: Option<SocketAddr>, outcome: Outcome) {
        let server = server.map(|server| server.ip());
        let mapping = |mapped: SocketAddr| {
            let server = server?;
            let known = self.servers.iter().position(|known| *known == server);
            let position = known.unwrap_or_else(|| {
                self.servers.push(server);
                self.servers.len() - 1
            });
            let (socket, server) = (mapped.is_ipv6().into(), u32::try_from(position).ok()?);
            Some(StunMapping { socket, server, mapped })
        };
        let result = outcome.map(|mapped| mapped.and_then(mapping));
        let evidence = match self.is_turn.get(&number) {
            Some(true) => DoctorEvidence::Turn { number, answer: IceAnswer { server, result } },
            _ => {
                let no_address = || IceFailure::Other("its answer has no address".to_owned());
                let result = result.and_then(|mapping| mapping.ok_or_else(no_address)).map(Some);
                DoctorEvidence::Stun { number, answer: IceAnswer { server, result } }
            }
        };
        // Who dropped the task does not want to know.
        let _ = self.evidence.unbounded_send(evidence);
    }
}
