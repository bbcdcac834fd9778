//! Stand-ins for WebRTC stacks: an attempt whose offer is answered becomes a connection of the simulated network.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_core::negotiation::{AttemptCommand, AttemptSignal, Negotiator, Role};
use netplay_protocol::{ConnectionId, PeerKey};
use netplay_transport::{PathId, PathKind, TransportEvent, TransportRequest};

/// After how long an attempt has failed.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// A description that the negotiator's filter accepts. Nobody reads it.
const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
    a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 00:11\r\na=mid:0\r\na=sctp-port:5000\r\n";

/// The attempts and connections of one peer.
#[derive(Default)]
pub(super) struct SimulatedWebRtc {
    /// When each attempt that is under way has failed.
    under_way: BTreeMap<(PeerKey, ConnectionId), Duration>,
    open: BTreeMap<(PeerKey, ConnectionId), Connection>,
    /// For the network.
    pub(super) requests: Vec<TransportRequest>,
}

/// A connection is a path of the network, which has a name of its own for it.
#[derive(Clone, Copy)]
struct Connection {
    path: PathId,
    kind: PathKind,
}

impl SimulatedWebRtc {
    pub(super) fn handle_command(
        &mut self,
        now: Duration,
        command: AttemptCommand,
        negotiator: &mut Negotiator,
    ) {
        match command {
            AttemptCommand::Start { peer, connection, role, .. } => {
                self.under_way.insert((peer, connection), now + ATTEMPT_TIMEOUT);
                if role == Role::Offerer {
                    let offer = AttemptSignal::Offer(DESCRIPTION.to_owned());
                    negotiator.handle_local_signal(peer, connection, offer);
                }
            }
            AttemptCommand::Signal { peer, connection, signal } => match signal {
                AttemptSignal::Offer(_) => {
                    let answer = AttemptSignal::Answer(DESCRIPTION.to_owned());
                    negotiator.handle_local_signal(peer, connection, answer);
                }
                AttemptSignal::Answer(_) => self.requests.push(TransportRequest::Attempt(peer)),
                AttemptSignal::Candidate(_) => {}
            },
            AttemptCommand::Close { peer, connection } => {
                self.under_way.remove(&(peer, connection));
                if let Some(Connection { path, .. }) = self.open.remove(&(peer, connection)) {
                    self.requests.push(TransportRequest::Close(peer, path));
                }
            }
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Duration, negotiator: &mut Negotiator) {
        let late = self.under_way.extract_if(.., |_, deadline| *deadline <= now);
        for ((peer, connection), _) in late {
            let reason = "no connection in time".to_owned();
            negotiator.handle_checks_failed(peer, connection, reason, &[]);
        }
    }

    /// Takes an event of the network. Returns what is for the room as it is.
    pub(super) fn handle_network(
        &mut self,
        event: TransportEvent,
        negotiator: &mut Negotiator,
    ) -> Option<TransportEvent> {
        match event {
            TransportEvent::PathUp { peer, path, kind } => match self.take_under_way(peer) {
                Some(connection) => {
                    self.open.insert((peer, connection), Connection { path, kind });
                    negotiator.handle_attempt_opened(peer, connection);
                }
                // The attempt was given up while the network connected the peers.
                None => self.requests.push(TransportRequest::Close(peer, path)),
            },
            TransportEvent::AttemptFailed { peer, reason, .. } => {
                if let Some(connection) = self.take_under_way(peer) {
                    negotiator.handle_attempt_ended(peer, connection, reason);
                }
            }
            TransportEvent::PathDown { peer, path, reason } => {
                if let Some(connection) = self.connection(peer, path) {
                    self.open.remove(&(peer, connection));
                    negotiator.handle_attempt_ended(peer, connection, reason);
                }
            }
            TransportEvent::Received { peer, path, at, channel, packet } => {
                let path = PathId(self.connection(peer, path)?.0);
                return Some(TransportEvent::Received { peer, path, at, channel, packet });
            }
            // The rest is the server's to say.
            _ => {}
        }
        None
    }

    fn take_under_way(&mut self, peer: PeerKey) -> Option<ConnectionId> {
        let (key, _) = self.under_way.extract_if(.., |(with, _), _| *with == peer).next()?;
        Some(key.1)
    }

    fn connection(&self, peer: PeerKey, path: PathId) -> Option<ConnectionId> {
        let mut open = self.open.iter();
        let ((_, connection), _) =
            open.find(|((with, _), open)| *with == peer && open.path == path)?;
        Some(*connection)
    }

    /// The network's name of a path.
    pub(super) fn network_path(&self, peer: PeerKey, path: PathId) -> Option<PathId> {
        self.open.get(&(peer, ConnectionId(path.0))).map(|open| open.path)
    }

    /// The event, with the kind of path that the network made.
    pub(super) fn name_kind(&self, event: TransportEvent) -> TransportEvent {
        match event {
            TransportEvent::PathUp { peer, path, kind } => {
                let open = self.open.get(&(peer, ConnectionId(path.0)));
                let kind = open.map_or(kind, |open| open.kind);
                TransportEvent::PathUp { peer, path, kind }
            }
            event => event,
        }
    }
}
