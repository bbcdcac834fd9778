use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy::log::error;
use ggrs::{Message, NonBlockingSocket};
use netplay_protocol::PeerKey;

use super::inputs::InputHistory;
use super::mirror::{self, Body, ConnectionStatus, Input};
use super::outbox::{Outbox, Pace};
use super::payload::{Bounds, InputPart, NULL_FRAME, Payload, PayloadError};
use super::replay::Replay;
use crate::NetplayConfig;

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
    /// What we have pressed.
    ours: InputHistory,
    /// We have come back to a match that the others have gone on with.
    came_back: bool,
    /// We play it again, to where they are.
    replay: Option<Replay>,
    inbox: Vec<(PeerKey, Message)>,
}

struct PeerWire {
    outbox: Outbox,
    received: InputHistory,
    /// Nothing is taken from this peer any more.
    frozen: bool,
    /// It is gone: inputs that say so are made up for it.
    gone: bool,
    rtt: Duration,
}

impl MatchWire {
    pub(crate) fn new(
        players: usize,
        input_bytes: usize,
        peers: impl IntoIterator<Item = PeerKey>,
    ) -> Self {
        let peer = || PeerWire {
            outbox: Outbox::new(),
            received: InputHistory::new(input_bytes),
            frozen: false,
            gone: false,
            rtt: Duration::ZERO,
        };
        Self {
            players,
            input_bytes,
            local_frame: 0,
            peers: peers.into_iter().map(|key| (key, peer())).collect(),
            ours: InputHistory::new(input_bytes),
            came_back: false,
            replay: None,
            inbox: Vec::new(),
        }
    }

    /// Takes the payload of a datagram, checks it and keeps it for ggrs.
    pub(crate) fn accept(&mut self, from: PeerKey, payload: &[u8]) -> Result<(), PayloadError> {
        let retells = self.retells();
        let peer = self.peers.get_mut(&from).filter(|peer| !peer.frozen);
        let peer = peer.ok_or(PayloadError::Stranger)?;
        if retells {
            // It will be said again until we have heard it.
            return Ok(());
        }
        let newest = peer.received.newest();
        let bounds = Bounds {
            players: self.players,
            input_bytes: self.input_bytes,
            newest,
            local_frame: self.local_frame,
        };
        let mut payload = Payload::decode(payload, &bounds)?;
        payload.input = payload.input.and_then(|part| part.after(newest, self.input_bytes));
        if let Some(part) = &payload.input {
            peer.received.extend(part)?;
        }
        peer.outbox.acked(payload.ack_frame);
        for body in bodies(payload) {
            self.deliver(from, body);
        }
        Ok(())
    }

    /// The last frame whose input has come from a peer; -1 if none has.
    pub(crate) fn newest(&self, peer: PeerKey) -> i32 {
        self.peers.get(&peer).and_then(|peer| peer.received.newest()).unwrap_or(-1)
    }

    /// The last inputs of a peer, oldest first, one after the other: what others may lack.
    pub(crate) fn tail(&self, peer: PeerKey) -> Vec<u8> {
        self.peers.get(&peer).map(|peer| peer.received.tail()).unwrap_or_default()
    }

    /// Takes nothing from a peer any more.
    pub(crate) fn freeze(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.frozen = true;
        }
    }

    /// Takes inputs of a peer, up to this frame, that another one hands over.
    pub(crate) fn hand_over(
        &mut self,
        of: PeerKey,
        frame: i32,
        inputs: &[u8],
    ) -> Result<(), PayloadError> {
        if frame > self.latest() {
            return Err(PayloadError::Frame);
        }
        let retells = self.retells();
        let peer = self.peers.get_mut(&of).ok_or(PayloadError::Stranger)?;
        // A match that is played again comes to it in its turn.
        if let Some(part) = peer.received.hand_over(frame, inputs)?
            && !retells
        {
            self.tell_inputs(of, part, self.acknowledged());
        }
        Ok(())
    }

    /// Takes a part of what a peer has pressed from another one, if we have come back to the match. The peer was
    /// started anew as well, and believes that we have heard it already.
    pub(crate) fn learn(
        &mut self,
        of: PeerKey,
        start: i32,
        inputs: &[u8],
    ) -> Result<(), PayloadError> {
        let (latest, retells) = (self.latest(), self.retells());
        let peer = self.peers.get_mut(&of).ok_or(PayloadError::Stranger)?;
        if !self.came_back || peer.frozen {
            return Ok(());
        }
        if start > latest {
            return Err(PayloadError::Frame);
        }
        let first = peer.received.next();
        peer.received.learn(start, inputs)?;
        if !retells && let Some(part) = peer.received.part(first, latest) {
            self.tell_inputs(of, part, NULL_FRAME);
        }
        Ok(())
    }

    /// The latest frame for which anybody can have pressed something.
    fn latest(&self) -> i32 {
        let here = self.replay.as_ref().map_or(self.local_frame, Replay::until);
        here.saturating_add(2 * NetplayConfig::MAX_PREDICTION as i32 + 80)
    }

    /// A peer is gone from its next frame on.
    pub(crate) fn drop_peer(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            (peer.frozen, peer.gone) = (true, true);
        }
    }

    /// Makes up the inputs of whoever is gone, as far as the match can want them.
    fn make_up(&mut self) {
        let until = self.local_frame + NetplayConfig::MAX_INPUT_DELAY as i32;
        let gone = self.peers.iter_mut().filter(|(_, peer)| peer.gone);
        let parts: Vec<_> =
            gone.filter_map(|(key, peer)| Some((*key, peer.received.make_up(until)?))).collect();
        for (key, part) in parts {
            self.tell_inputs(key, part, self.acknowledged());
        }
    }

    /// What somebody who hears nothing more acknowledges: everything, or ggrs would keep our inputs for it.
    fn acknowledged(&self) -> i32 {
        self.local_frame + NetplayConfig::MAX_INPUT_DELAY as i32 + 1
    }

    /// Hands inputs of a peer to ggrs that did not come from itself.
    fn tell_inputs(&mut self, of: PeerKey, part: InputPart, ack_frame: i32) {
        let last_frames = vec![part.start_frame; self.players];
        let input = Some(InputPart { last_frames, ..part });
        let payload = Payload { ack_frame, input, ..Payload::default() };
        for body in bodies(payload) {
            self.deliver(of, body);
        }
    }

    /// The payload to send to a peer now, if one is due.
    pub(crate) fn due(&self, to: PeerKey, now: Duration, pace: Pace) -> Option<DuePayload> {
        if self.retells() {
            return None;
        }
        let outbox = &self.peers.get(&to).filter(|peer| !peer.frozen)?.outbox;
        let bytes = outbox.due(now, pace)?;
        Some(DuePayload { bytes, has_input: outbox.has_input() })
    }

    /// Notes that a payload was sent.
    pub(crate) fn sent(&mut self, to: PeerKey, now: Duration) {
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.outbox.sent(now);
        }
    }

    /// Tells which frame is simulated.
    pub(crate) fn simulated(&mut self, local_frame: i32) {
        self.local_frame = local_frame;
        if !self.retells() {
            self.make_up();
        }
    }

    /// What a peer, or we, have pressed since the match began.
    pub(crate) fn history(&self, of: Option<PeerKey>) -> Option<&InputHistory> {
        match of {
            Some(peer) => self.peers.get(&peer).map(|peer| &peer.received),
            None => Some(&self.ours),
        }
    }

    /// The match was played already, as far as these say: by peer, what it pressed and up to which frame it has
    /// what we pressed; and that.
    pub(crate) fn replay(
        &mut self,
        peers: impl IntoIterator<Item = (PeerKey, InputHistory, i32)>,
        ours: InputHistory,
    ) {
        let mut known = BTreeMap::new();
        for (key, history, knows) in peers {
            known.insert(key, knows);
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.received = history;
            }
        }
        self.came_back = true;
        self.replay = Some(Replay::new(ours.newest().unwrap_or(-1), known));
        self.ours = ours;
    }

    /// Whether ggrs is being told of a match that is played again, and hears and says nothing else.
    fn retells(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| !replay.has_caught_up())
    }

    /// What we pressed at a frame that is played again.
    pub(crate) fn replayed(&self, frame: i32) -> Option<&[u8]> {
        self.replay.as_ref()?;
        self.ours.get(frame.checked_add(self.ours.start()?)?)
    }

    /// How many frames are to be played again before we are where the others wait.
    pub(crate) fn frames_behind(&self) -> Option<u32> {
        let delay = self.ours.start().unwrap_or(0);
        self.replay.as_ref().map(|replay| replay.frames_left(delay, self.local_frame))
    }

    /// Tells ggrs what comes next of a match that is played again.
    fn play_again(&mut self) {
        let Some(mut replay) = self.replay.take() else { return };
        if !replay.has_caught_up() {
            let parts: Vec<_> = self
                .peers
                .iter()
                .filter_map(|(key, peer)| Some((*key, replay.next(*key, &peer.received)?)))
                .collect();
            for (key, (part, ack_frame)) in parts {
                self.tell_inputs(key, part, ack_frame);
            }
            replay.note_told(self.peers.iter().map(|(key, peer)| (*key, &peer.received)));
        }
        if !(replay.has_caught_up() && replay.has_pressed()) {
            self.replay = Some(replay);
        }
    }

    /// Tells how long a round trip to a peer takes.
    pub(crate) fn measured(&mut self, peer: PeerKey, rtt: Option<Duration>) {
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
                    self.note_ours(to);
                }
            }
        }
    }

    /// Keeps what we press. ggrs says it to every peer: the first that is told is heard.
    fn note_ours(&mut self, told: PeerKey) {
        let Some((newest, part)) = self.peers.get(&told).and_then(|peer| peer.outbox.inputs())
        else {
            return;
        };
        if let Some(replay) = &mut self.replay {
            replay.pressed(newest);
        }
        if self.ours.newest().is_none_or(|known| known < newest)
            && let Some(part) = part.clone().after(self.ours.newest(), self.input_bytes)
            && let Err(error) = self.ours.extend(&part)
        {
            error!("what we pressed could not be kept: {error}");
        }
    }
}

/// A payload that is due.
pub(crate) struct DuePayload {
    /// What to send.
    pub(crate) bytes: Vec<u8>,
    /// Whether it carries inputs.
    pub(crate) has_input: bool,
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
        let mut wire = self.0.lock();
        wire.play_again();
        std::mem::take(&mut wire.inbox)
    }
}
