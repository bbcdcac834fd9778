//! Wakes the WebRTC library while a connection opens.
//!
//! On a native platform the library's loop does nothing between two ticks of 200 ms unless a packet comes, and
//! sends the first flight of DTLS only when its ICE agent lets time pass. Both can be had from outside: a
//! remote candidate that it does not know makes the agent act at once, and a byte to one of our own sockets
//! makes the loop go round. So, while an attempt opens, it is told of candidates that pair with nothing (of TCP
//! with simultaneous open, RFC 6544, at addresses for documentation, RFC 5737: nothing is ever sent there), and
//! its sockets are sent a byte that no protocol on them begins with (RFC 7983). An attempt that opened after
//! 400 ms opens after 20.
//!
//! A browser needs none of it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::mpsc;
use matchbox_socket::{PeerEvent, PeerId, PeerSignal};
use web_time::Instant;

use super::platform::{Connection, now};

/// How often the library is woken.
const EVERY: Duration = Duration::from_millis(10);
/// How many times at most: a second's worth, after which it is something else that takes so long.
const MOST: u16 = 100;
/// Neither STUN, DTLS, TURN nor RTP.
const NOTHING: [u8; 1] = [0xff];

/// Where an attempt listens, and whether it knows the other side's description.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    addresses: Vec<SocketAddr>,
    described: bool,
}

impl Sockets {
    /// A candidate of ours, as a line of SDP.
    pub(super) fn candidate(&self, line: &str) {
        let mut fields = line.split(' ').skip(2);
        let (udp, _, address, port) = (fields.next(), fields.next(), fields.next(), fields.next());
        let address = address.zip(port).and_then(|(address, port)| {
            Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?))
        });
        if let Some(address) = address.filter(|_| udp.is_some_and(|udp| udp == "udp")) {
            self.state(|state| state.addresses.push(address));
        }
    }

    /// The other side's description is known from now on.
    pub(super) fn described(&self) {
        self.state(|state| state.described = true);
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the [module](self).
pub(super) struct Nudge {
    sockets: Sockets,
    remote: PeerId,
    signals: mpsc::UnboundedSender<PeerEvent>,
    socket: Option<UdpSocket>,
    next: Instant,
    done: u16,
}

impl Nudge {
    pub(super) fn new(
        connection: &Connection,
        remote: PeerId,
        signals: mpsc::UnboundedSender<PeerEvent>,
    ) -> Self {
        // Without a socket connections open as slowly as the library opens them.
        let socket = UdpSocket::bind("0.0.0.0:0").ok();
        let sockets = connection.sockets();
        Self { sockets, remote, signals, socket, next: now(), done: 0 }
    }

    /// Wakes the library, if it is time.
    pub(super) fn poke(&mut self) {
        let (addresses, described) =
            self.sockets.state(|state| (state.addresses.clone(), state.described));
        if !described || self.done >= MOST || now() < self.next {
            return;
        }
        self.next = now() + EVERY;
        self.done += 1;
        // One that it does not know yet.
        let number = self.done;
        let candidate = format!(
            r#"{{"candidate":"candidate:{number} 1 tcp 1 192.0.2.{number} 9 typ host tcptype so","sdpMid":"0","sdpMLineIndex":0}}"#
        );
        let data = PeerSignal::IceCandidate(candidate);
        // An attempt that is over says so by its event.
        let _ = self.signals.unbounded_send(PeerEvent::Signal { sender: self.remote, data });
        for address in addresses {
            if let Some(socket) = &self.socket {
                // Nothing waits for it.
                let _ = socket.send_to(&NOTHING, address);
            }
        }
    }
}
