//! Wakes the WebRTC library while a connection opens.
//!
//! The native library's loop does nothing between two ticks of 200 ms unless a packet arrives, and it sends the first
//! flight of DTLS only when its ICE agent handles a timeout. Both can be triggered from outside: a new remote candidate
//! makes the agent act at once, and a byte sent to a local socket makes the loop run. So, while an attempt opens, the
//! waker adds remote candidates that pair with nothing (TCP with simultaneous open, RFC 6544, at addresses for
//! documentation, RFC 5737: nothing is ever sent there), and sends the attempt's sockets a byte that no protocol on
//! them begins with (RFC 7983). An attempt then opens after 20 ms instead of 400.
//!
//! Browsers do not need it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::mpsc;
use matchbox_socket::{PeerEvent, PeerId, PeerSignal};
use web_time::Instant;

use super::platform::{Connection, now};
use super::tunnels::udp_address;

/// How often the library is woken.
const INTERVAL: Duration = Duration::from_millis(10);
/// How many times at most: for one second. If an attempt takes longer, it has another cause.
const MAX_WAKES: u16 = 100;
/// The first byte of neither STUN, DTLS, TURN nor RTP.
const NO_PROTOCOL: [u8; 1] = [0xff];

/// The local addresses of an attempt, and whether the remote description is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    addresses: Vec<SocketAddr>,
    described: bool,
}

impl Sockets {
    /// Notes a local candidate, as a line of SDP, and returns its address.
    pub(super) fn candidate(&self, line: &str) -> Option<SocketAddr> {
        let address = udp_address(line)?;
        self.state(|state| state.addresses.push(address));
        Some(address)
    }

    /// Notes that the remote description is known.
    pub(super) fn described(&self) {
        self.state(|state| state.described = true);
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the [module](self).
pub(super) struct IceWaker {
    sockets: Sockets,
    remote: PeerId,
    signals: mpsc::UnboundedSender<PeerEvent>,
    socket: Option<UdpSocket>,
    next: Instant,
    done: u16,
}

impl IceWaker {
    pub(super) fn new(
        connection: &Connection,
        remote: PeerId,
        signals: mpsc::UnboundedSender<PeerEvent>,
    ) -> Self {
        // Without a socket, connections open as slowly as the library opens them.
        let socket = UdpSocket::bind("0.0.0.0:0").ok();
        let sockets = connection.sockets();
        Self { sockets, remote, signals, socket, next: now(), done: 0 }
    }

    /// Wakes the library, if it is time.
    pub(super) fn wake(&mut self) {
        if self.done >= MAX_WAKES || now() < self.next {
            return;
        }
        let addresses =
            self.sockets.state(|state| state.described.then(|| state.addresses.clone()));
        let Some(addresses) = addresses else { return };
        self.next = now() + INTERVAL;
        self.done += 1;
        // A candidate that the library does not know yet.
        let number = self.done;
        let candidate = format!(
            r#"{{"candidate":"candidate:{number} 1 tcp 1 192.0.2.{number} 9 typ host tcptype so","sdpMid":"0","sdpMLineIndex":0}}"#
        );
        let data = PeerSignal::IceCandidate(candidate);
        // An attempt that has ended says so by its report.
        let _ = self.signals.unbounded_send(PeerEvent::Signal { sender: self.remote, data });
        for address in addresses {
            if let Some(socket) = &self.socket {
                // It does not matter whether the byte arrives.
                let _ = socket.send_to(&NO_PROTOCOL, address);
            }
        }
    }
}
