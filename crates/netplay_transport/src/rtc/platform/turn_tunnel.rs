//! One allocation at a TURN server, and the sockets on this machine that lead to it. See [`Tunnels`](super::tunnels).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc;
use futures::stream::{BoxStream, SelectAll, unfold};
use futures::{FutureExt, StreamExt, select_biased};
use futures_timer::Delay;
use matchbox_socket::{PeerEvent, PeerId, PeerSignal};
use netplay_core::log_limiter::Level;
use rtc::crypto::RTCCryptoProvider;
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use rtc::turn::client::{Client, ClientConfig, Event};
use smol::Async;

use super::ice_servers::TurnServer;
use super::logs;
use super::mapped_address::conceal;
use super::platform::now;
use super::tunnels::Command;

/// To how many candidates of the other peer an allocation leads. It has one or two for each of its TURN servers.
const MAX_PEERS: usize = 16;
/// The largest packet that is carried. None of WebRTC is larger than an Ethernet frame.
const MAX_PACKET: usize = 2048;
/// How long to wait where the client of the server has nothing due.
const IDLE: Duration = Duration::from_secs(60);

/// Where a packet came from: the TURN server, or the agent on its way to the peer of this number.
#[derive(Clone, Copy)]
enum Source {
    Server,
    Peer(usize),
}

type Incoming = SelectAll<BoxStream<'static, (Source, SocketAddr, Vec<u8>)>>;

/// One allocation, and the sockets that the agent reaches the other peer's candidates by.
pub(super) struct Tunnel {
    client: Client,
    crypto: Arc<dyn RTCCryptoProvider>,
    server: SocketAddr,
    socket: Arc<Async<UdpSocket>>,
    local: SocketAddr,
    /// The address of the allocation, once there is one.
    relayed: Option<SocketAddr>,
    agent: Option<SocketAddr>,
    signals: Option<(PeerId, mpsc::UnboundedSender<PeerEvent>)>,
    password: String,
    /// Candidates of the other peer, and the socket of each once it is open.
    peers: Vec<(SocketAddr, Option<Arc<Async<UdpSocket>>>)>,
    incoming: Incoming,
    found: mpsc::UnboundedSender<String>,
}

impl Tunnel {
    /// Asks the server at this address for an allocation. It is told as the JSON of a local candidate.
    pub(super) fn open(
        server: &TurnServer,
        address: SocketAddr,
        found: mpsc::UnboundedSender<String>,
    ) -> Result<Self, String> {
        let unspecified: SocketAddr = if address.is_ipv4() {
            (Ipv4Addr::UNSPECIFIED, 0).into()
        } else {
            (Ipv6Addr::UNSPECIFIED, 0).into()
        };
        let failed = |error: std::io::Error| error.to_string();
        let socket = UdpSocket::bind(unspecified).map_err(failed)?;
        // From now on the system drops what others send.
        socket.connect(address).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let socket = Arc::new(Async::new(socket).map_err(failed)?);
        let crypto = rtc::crypto::default_provider().map_err(|error| error.to_string())?;
        let config = ClientConfig {
            turn_serv_addr: address.to_string(),
            local_addr: local,
            transport_protocol: TransportProtocol::UDP,
            username: server.username.clone(),
            password: server.credential.clone(),
            ..ClientConfig::default()
        };
        let mut client = Client::new(config, crypto.clone()).map_err(|error| error.to_string())?;
        client.allocate(now()).map_err(|error| error.to_string())?;
        let mut incoming = Incoming::new();
        incoming.push(received(Source::Server, socket.clone()));
        Ok(Self {
            client,
            crypto,
            server: address,
            socket,
            local,
            relayed: None,
            agent: None,
            signals: None,
            password: String::new(),
            peers: Vec::new(),
            incoming,
            found,
        })
    }

    /// Returns why the allocation is of no use any more.
    pub(super) async fn run(&mut self, mut commands: mpsc::UnboundedReceiver<Command>) -> String {
        loop {
            if let Some(failure) = self.poll().await {
                return failure;
            }
            let due = self.client.poll_timeout();
            let mut timeout = Delay::new(match due {
                Some(due) => due.saturating_duration_since(now()),
                None => IDLE,
            })
            .fuse();
            select_biased! {
                command = commands.next() => match command {
                    Some(command) => self.handle_command(command),
                    None => return "it is not needed any more".to_owned(),
                },
                packet = self.incoming.next() => match packet {
                    Some((source, from, packet)) => self.handle_packet(source, from, packet),
                    None => return "its socket closed".to_owned(),
                },
                () = timeout => self.handle_timeout(),
            }
        }
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Attach(remote, signals) => self.signals = Some((remote, signals)),
            Command::Agent(address) => {
                self.agent.get_or_insert(address);
            }
            Command::Password(password) => self.password = password,
            Command::Peer(address) => {
                let known = self.peers.iter().any(|(peer, _)| *peer == address);
                if !known && self.peers.len() < MAX_PEERS {
                    self.peers.push((address, None));
                }
            }
        }
        self.open_peers();
    }

    fn handle_timeout(&mut self) {
        // A transaction that is over is reported as an event.
        let _ = self.client.handle_timeout(now());
    }

    fn handle_packet(&mut self, source: Source, from: SocketAddr, packet: Vec<u8>) {
        match source {
            Source::Server => {
                let transport = TransportContext {
                    local_addr: self.local,
                    peer_addr: self.server,
                    transport_protocol: TransportProtocol::UDP,
                    ecn: None,
                };
                let message = packet.as_slice().into();
                // What the server sends and what is not TURN is dropped.
                let _ = self.client.handle_read(TaggedBytesMut { now: now(), transport, message });
            }
            // Nobody else on this machine is let through.
            Source::Peer(number) if self.agent == Some(from) => self.send(number, packet),
            Source::Peer(_) => {}
        }
    }

    /// Sends what the agent sent to the peer of this number.
    fn send(&mut self, number: usize, packet: Vec<u8>) {
        let Some((relayed, (peer, _))) = self.relayed.zip(self.peers.get(number)) else { return };
        let Some(packet) = conceal(packet, *peer, &self.password, self.crypto.crypto()) else {
            return;
        };
        if let Ok(mut relay) = self.client.relay(relayed) {
            // Until the server has given its permission, packets are lost; ICE sends them again.
            let _ = relay.send_to(now(), &packet, *peer);
        }
    }

    /// Carries out what the client of the server has decided.
    async fn poll(&mut self) -> Option<String> {
        loop {
            while let Some(packet) = self.client.poll_write() {
                // A packet may be lost here as well as on the network.
                let _ = self.socket.send(&packet.message).await;
            }
            match self.client.poll_event()? {
                Event::AllocateResponse(_, relayed) => {
                    self.relayed = Some(relayed);
                    let candidate =
                        candidate(1, 16_777_215, relayed, "relay raddr 0.0.0.0 rport 0");
                    // An attempt that has ended needs no candidates.
                    let _ = self.found.unbounded_send(candidate);
                    self.open_peers();
                }
                Event::AllocateError(_, error) => return Some(error.to_string()),
                Event::TransactionTimeout(_) if self.relayed.is_none() => {
                    return Some("it does not answer".to_owned());
                }
                Event::CreatePermissionError(_, error)
                    if logs::admits(Level::Info, "a TURN server does not relay to a peer", "") =>
                {
                    log::info!("a TURN server does not relay to a peer: {error}");
                }
                Event::DataIndicationOrChannelData(_, from, data) => {
                    let peer = self.peers.iter().find(|(peer, _)| *peer == from);
                    if let Some((Some(socket), agent)) = peer.map(|(_, s)| s).zip(self.agent) {
                        let _ = socket.send_to(&data, agent).await;
                    }
                }
                _ => {}
            }
        }
    }

    /// Opens a way to each candidate of the other peer, once everything is there.
    fn open_peers(&mut self) {
        let (Some(relayed), Some(agent), Some((remote, signals))) =
            (self.relayed, self.agent, &self.signals)
        else {
            return;
        };
        for (number, (peer, slot)) in self.peers.iter_mut().enumerate() {
            if slot.is_some() || peer.is_ipv4() != relayed.is_ipv4() {
                continue;
            }
            let opened = UdpSocket::bind((agent.ip(), 0)).and_then(Async::new);
            let Ok((socket, at)) = opened.and_then(|socket| {
                let at = socket.get_ref().local_addr()?;
                Ok((Arc::new(socket), at))
            }) else {
                continue;
            };
            if let Ok(mut relay) = self.client.relay(relayed) {
                // Refusals are reported as events.
                let _ = relay.create_permission(now(), *peer);
            }
            self.incoming.push(received(Source::Peer(number), socket.clone()));
            *slot = Some(socket);
            let number = u32::try_from(number).unwrap_or_default();
            let candidate = candidate(number, 2_130_706_431 - number, at, "host");
            let data = PeerSignal::IceCandidate(candidate);
            let _ = signals.unbounded_send(PeerEvent::Signal { sender: *remote, data });
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // Without this the server keeps the allocation for ten minutes.
        let Some(relayed) = self.relayed else { return };
        if let Ok(mut relay) = self.client.relay(relayed) {
            let _ = relay.close(now());
        }
        while let Some(packet) = self.client.poll_write() {
            let _ = self.socket.get_ref().send(&packet.message);
        }
    }
}

/// The JSON of a candidate of UDP.
fn candidate(foundation: u32, priority: u32, address: SocketAddr, typ: &str) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!(
        r#"{{"candidate":"candidate:{foundation} 1 udp {priority} {ip} {port} typ {typ}","sdpMid":"0","sdpMLineIndex":0}}"#
    )
}

/// What arrives on a socket.
fn received(
    source: Source,
    socket: Arc<Async<UdpSocket>>,
) -> BoxStream<'static, (Source, SocketAddr, Vec<u8>)> {
    unfold((socket, vec![0; MAX_PACKET]), move |(socket, mut buffer)| async move {
        loop {
            match socket.recv_from(&mut buffer).await {
                Ok((length, from)) => {
                    let packet = buffer[..length].to_vec();
                    return Some(((source, from, packet), (socket, buffer)));
                }
                // The system reports packets that did not arrive.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                Err(_) => return None,
            }
        }
    })
    .boxed()
}
