use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy::log::error;
use ggrs::{Message, NonBlockingSocket};
use netplay_protocol::PeerKey;

use super::mirror::{self, Body, ConnectionStatus, Input};
use super::outbox::{Outbox, Pace};
use super::payload::{Bounds, Payload, PayloadError};

/// What ggrs' socket and the session share: both run on the main thread, one after the other.
#[derive(Clone)]
pub(crate) struct SharedWire(Arc<Mutex<MatchWire>>);

impl SharedWire {
    pub(crate) fn new(wire: MatchWire) -> Self {
        Self(Arc::new(Mutex::new(wire)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, MatchWire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The traffic of one match, between ggrs and the links.
pub(crate) struct MatchWire {
    players: usize,
    input_bytes: usize,
    local_frame: i32,
    peers: BTreeMap<PeerKey, PeerWire>,
    inbox: Vec<(PeerKey, Message)>,
}

struct PeerWire {
    outbox: Outbox,
    newest: Option<i32>,
    rtt: Duration,
}

impl MatchWire {
    pub(crate) fn new(
        players: usize,
        input_bytes: usize,
        peers: impl IntoIterator<Item = PeerKey>,
    ) -> Self {
        let peer = || PeerWire { outbox: Outbox::new(), newest: None, rtt: Duration::ZERO };
        Self {
            players,
            input_bytes,
            local_frame: 0,
            peers: peers.into_iter().map(|key| (key, peer())).collect(),
            inbox: Vec::new(),
        }
    }

    /// Takes the payload of a datagram, checks it and keeps it for ggrs.
    pub(crate) fn accept(&mut self, from: PeerKey, payload: &[u8]) -> Result<(), PayloadError> {
        let peer = self.peers.get_mut(&from).ok_or(PayloadError::Stranger)?;
        let bounds = Bounds {
            players: self.players,
            input_bytes: self.input_bytes,
            newest: peer.newest,
            local_frame: self.local_frame,
        };
        let mut payload = Payload::decode(payload, &bounds)?;
        payload.input = payload.input.and_then(|part| part.after(peer.newest, self.input_bytes));
        let newest = payload.input.as_ref().and_then(|part| part.newest_frame(self.input_bytes));
        peer.newest = peer.newest.max(newest);
        for body in bodies(payload) {
            self.deliver(from, body);
        }
        Ok(())
    }

    /// The payload to send to a peer now, if one is due.
    pub(crate) fn due(
        &self,
        to: PeerKey,
        now: Duration,
        acked: impl Fn(u16) -> bool,
        pace: Pace,
    ) -> Option<DuePayload> {
        let outbox = &self.peers.get(&to)?.outbox;
        let acked = outbox.last_sequence().is_some_and(acked);
        let bytes = outbox.due(now, acked, pace)?;
        Some(DuePayload { bytes, acked, has_input: outbox.has_input() })
    }

    /// Notes that a payload was sent.
    pub(crate) fn sent(&mut self, to: PeerKey, now: Duration, sequence: u16, due: &DuePayload) {
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.outbox.sent(now, sequence, due.acked);
        }
    }

    /// Tells which frame is simulated, and how long a round trip to a peer takes.
    pub(crate) fn update(&mut self, local_frame: i32, peer: PeerKey, rtt: Option<Duration>) {
        self.local_frame = local_frame;
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.rtt = rtt.unwrap_or_default();
        }
    }

    fn deliver(&mut self, from: PeerKey, body: Body) {
        match mirror::write(body) {
            Ok(message) => self.inbox.push((from, message)),
            Err(error) => error!("a message could not be handed to ggrs: {error}"),
        }
    }

    fn send(&mut self, to: PeerKey, body: Body) {
        match body {
            // Who is in this match has said that it is ready for it. ggrs need not ask again.
            Body::SyncRequest { random } => self.deliver(to, Body::SyncReply { random }),
            // The link measures round trips better than ggrs, so ggrs is told what the link knows: a
            // reply to a question that was asked one round trip before it was.
            Body::QualityReport { ping, .. } => {
                if let Some(peer) = self.peers.get_mut(&to) {
                    let pong = ping.saturating_sub(peer.rtt.as_millis());
                    peer.outbox.push(body, self.input_bytes);
                    self.deliver(to, Body::QualityReply { pong });
                }
            }
            body => {
                if let Some(peer) = self.peers.get_mut(&to) {
                    peer.outbox.push(body, self.input_bytes);
                }
            }
        }
    }
}

/// A payload that is due.
pub(crate) struct DuePayload {
    /// What to send.
    pub(crate) bytes: Vec<u8>,
    /// Whether it carries inputs.
    pub(crate) has_input: bool,
    acked: bool,
}

/// What a checked payload says, in ggrs' words.
fn bodies(payload: Payload) -> impl Iterator<Item = Body> {
    let ack_frame = payload.ack_frame;
    let input = match payload.input {
        Some(part) => Body::Input(Input {
            peer_connect_status: part
                .last_frames
                .into_iter()
                .map(|last_frame| ConnectionStatus { disconnected: false, last_frame })
                .collect(),
            disconnect_requested: false,
            start_frame: part.start_frame,
            ack_frame,
            bytes: part.bytes,
        }),
        None => Body::InputAck { ack_frame },
    };
    let advantage = payload
        .frame_advantage
        .map(|frame_advantage| Body::QualityReport { frame_advantage, ping: 0 });
    let checksums = payload
        .checksums
        .into_iter()
        .map(|(frame, checksum)| Body::ChecksumReport { frame, checksum: u128::from(checksum) });
    std::iter::once(input).chain(advantage).chain(checksums)
}

/// The socket that ggrs sees.
pub(crate) struct GgrsSocket(pub(crate) SharedWire);

impl NonBlockingSocket<PeerKey> for GgrsSocket {
    fn send_to(&mut self, message: &Message, address: &PeerKey) {
        match mirror::read(message) {
            Ok(body) => self.0.lock().send(*address, body),
            Err(error) => error!("a message of ggrs could not be read: {error}"),
        }
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        std::mem::take(&mut self.0.lock().inbox)
    }
}
