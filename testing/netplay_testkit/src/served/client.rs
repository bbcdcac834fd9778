//! One peer's side of its pipe to the server: the shipped [`Negotiator`], with a socket and stand-ins for WebRTC on
//! virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use netplay_core::negotiation::Negotiator;
use netplay_core::signaling::{Frame as SocketFrame, SocketCommand, SocketEvent};
use netplay_protocol::PeerKey;
use netplay_server::simulation::{ClientId, Frame, SimulatedServer};
use netplay_transport::{Channel, JoinRequest, TransportEvent, TransportRequest};

use super::pipe::{Pipe, Up};
use super::webrtc::SimulatedWebRtc;

/// The name of the server.
pub(super) const SERVER_NAME: &str = "simulated.server";
/// Its address. Only the negotiator reads it.
const ADDRESS: &str = "ws://simulated.server";

pub(super) struct Client {
    key: PeerKey,
    pub(super) pipe: Pipe,
    negotiator: Negotiator,
    pub(super) webrtc: SimulatedWebRtc,
    socket: Socket,
    /// For the transport.
    pub(super) events: VecDeque<TransportEvent>,
    crashed: bool,
}

#[derive(Clone, Copy)]
enum Socket {
    Closed,
    /// To be opened the next time that the server is looked at.
    Dialing,
    Open(ClientId),
    /// The peer has left, or its process has ended. The server sees the socket close once what was sent before has
    /// arrived.
    Closing(ClientId),
    /// Closed for good.
    Gone,
}

impl Client {
    pub(super) fn new(request: JoinRequest, pipe: Pipe, now: Duration, seed: u64) -> Self {
        let request = JoinRequest { servers: vec![ADDRESS.to_owned()], seed, ..request };
        let seed = seed.to_le_bytes();
        let random = std::array::from_fn(|index| seed[index % seed.len()]);
        Self {
            key: request.identity.peer_key(),
            pipe,
            negotiator: Negotiator::new(request, random, true, now),
            webrtc: SimulatedWebRtc::default(),
            socket: Socket::Closed,
            events: VecDeque::new(),
            crashed: false,
        }
    }

    pub(super) fn key(&self) -> PeerKey {
        self.key
    }

    /// Whether nothing is left to be done for it.
    pub(super) fn is_over(&self) -> bool {
        self.crashed && matches!(self.socket, Socket::Gone)
    }

    /// Whether it is where it wants to be: on the server, or out of the room.
    pub(super) fn is_online(&self) -> bool {
        match self.socket {
            Socket::Closing(_) | Socket::Gone => true,
            Socket::Closed | Socket::Dialing | Socket::Open(_) => {
                self.negotiator.is_online() || self.negotiator.has_given_up_on_servers()
            }
        }
    }

    /// The socket breaks, and the peer notices.
    pub(super) fn lost(&mut self, now: Duration, reason: &str) {
        self.pipe.reset();
        match self.socket {
            Socket::Dialing | Socket::Open(_) => {
                self.socket = Socket::Closed;
                let event = SocketEvent::Disconnected(Some(reason.to_owned()));
                self.negotiator.handle_socket(now, event);
                self.carry_out(now, None);
            }
            Socket::Closed => {}
            Socket::Closing(_) | Socket::Gone => self.socket = Socket::Gone,
        }
    }

    /// The process ends without a word.
    pub(super) fn crash(&mut self, now: Duration) {
        self.crashed = true;
        self.pipe.cut = false;
        self.hang_up(now);
    }

    /// The peer leaves the room.
    pub(super) fn leave(&mut self, now: Duration) {
        self.negotiator.handle_leave(now);
        self.carry_out(now, None);
    }

    fn hang_up(&mut self, now: Duration) {
        self.socket = match self.socket {
            Socket::Open(id) => {
                self.pipe.send_up(now, Up::Close);
                Socket::Closing(id)
            }
            Socket::Closing(id) => Socket::Closing(id),
            Socket::Closed | Socket::Dialing | Socket::Gone => Socket::Gone,
        };
    }

    /// Lets the peer do what is due, and the server take what arrives at it.
    pub(super) fn upward(&mut self, now: Duration, mut server: Option<&mut SimulatedServer>) {
        if !self.has_ended() {
            self.negotiator.handle_timeout(now);
            self.webrtc.handle_timeout(now, &mut self.negotiator);
            self.carry_out(now, server.as_deref_mut());
            self.dial(now, server.as_deref_mut());
        }
        let (Socket::Open(id) | Socket::Closing(id), Some(server)) = (self.socket, server) else {
            return;
        };
        while let Some(up) = self.pipe.arrived_up(now) {
            match up {
                Up::Frame(frame) => server.receive(id, frame),
                Up::Close => {
                    server.disconnect(id);
                    self.socket = Socket::Gone;
                    return;
                }
            }
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.socket, Socket::Closing(_) | Socket::Gone)
    }

    /// Opens the socket that the negotiator asked for.
    fn dial(&mut self, now: Duration, mut server: Option<&mut SimulatedServer>) {
        if !matches!(self.socket, Socket::Dialing) {
            return;
        }
        let event = match server.as_deref_mut().map(SimulatedServer::connect) {
            Some(Ok(id)) if !self.pipe.cut => {
                self.socket = Socket::Open(id);
                SocketEvent::Connected
            }
            refused => {
                if let (Some(Ok(id)), Some(server)) = (refused, server.as_deref_mut()) {
                    server.disconnect(id);
                }
                self.socket = Socket::Closed;
                SocketEvent::DialFailed("nothing answers there".to_owned())
            }
        };
        self.negotiator.handle_socket(now, event);
        self.carry_out(now, server);
    }

    /// Takes what the server sends, and what of it has arrived.
    pub(super) fn downward(&mut self, now: Duration, mut server: Option<&mut SimulatedServer>) {
        if let (Socket::Open(id) | Socket::Closing(id), Some(server)) =
            (self.socket, server.as_deref_mut())
        {
            while let Some(frame) = server.transmit(id) {
                self.pipe.send_down(now, frame);
            }
        }
        while let Socket::Open(_) = self.socket
            && let Some((at, frame)) = self.pipe.arrived_down(now)
        {
            let event = match frame {
                Frame::Ping => {
                    self.pipe.send_up(now, Up::Frame(Frame::Pong));
                    SocketEvent::Alive
                }
                Frame::Pong => SocketEvent::Alive,
                Frame::Text(text) => SocketEvent::Received(SocketFrame::Text(text)),
                Frame::Binary(bytes) => SocketEvent::Received(SocketFrame::Binary(bytes)),
            };
            self.negotiator.handle_socket(now, event);
            let known = self.events.len();
            self.carry_out(now, server.as_deref_mut());
            for event in self.events.iter_mut().skip(known) {
                // The step of the simulation is coarser than the arrival.
                if let TransportEvent::Received { at: received, .. } = event {
                    *received = at;
                }
            }
        }
    }

    /// Carries out what the negotiator has decided.
    fn carry_out(&mut self, now: Duration, mut server: Option<&mut SimulatedServer>) {
        while let Some(command) = self.negotiator.poll_socket() {
            // A socket that nothing gets through stays open at the server.
            if let (Socket::Open(id), Some(server), false) =
                (self.socket, server.as_deref_mut(), self.pipe.cut)
            {
                server.disconnect(id);
            }
            self.pipe.reset();
            self.socket = match command {
                SocketCommand::Dial { .. } => Socket::Dialing,
                SocketCommand::Close => Socket::Closed,
            };
        }
        while let Some(command) = self.negotiator.poll_attempt() {
            self.webrtc.handle_command(now, command, &mut self.negotiator);
        }
        while let Some(frame) = self.negotiator.poll_transmit() {
            let frame = match frame {
                SocketFrame::Text(text) => Frame::Text(text),
                SocketFrame::Binary(bytes) => Frame::Binary(bytes),
            };
            self.pipe.send_up(now, Up::Frame(frame));
        }
        while let Some(event) = self.negotiator.poll_event() {
            self.events.push_back(self.webrtc.name_kind(event));
        }
        if self.negotiator.has_left() && !self.has_ended() {
            self.hang_up(now);
        }
    }

    pub(super) fn handle_request(&mut self, now: Duration, request: TransportRequest) {
        self.negotiator.handle_request(now, request);
        self.carry_out(now, None);
    }

    /// Takes what happened on the network between the peers.
    pub(super) fn handle_network(&mut self, now: Duration, event: TransportEvent) {
        let received = self.webrtc.handle_network(event, &mut self.negotiator);
        self.events.extend(received);
        self.carry_out(now, None);
    }

    /// Has the server relay a packet, if the relay to the peer is open.
    pub(super) fn relay(
        &mut self,
        now: Duration,
        to: PeerKey,
        channel: Channel,
        packet: &[u8],
    ) -> bool {
        let open = self.negotiator.is_relay_open(to);
        self.negotiator.send_relayed(to, channel, packet);
        self.carry_out(now, None);
        open
    }
}
