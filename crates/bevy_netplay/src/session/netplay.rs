use std::collections::BTreeMap;
use std::time::Duration;

use bevy::prelude::*;
use netplay_core::link::{LinkEvent, OpenError};
use netplay_protocol::signaling::GameInfo;
use netplay_protocol::{ControlMessage, DatagramKind, PeerKey, RoomCode, Roster};
use netplay_transport::{
    Channel, JoinRequest, LeaveReason, PathKind, SendError, Transport, TransportEvent,
};

use super::entropy;
use super::peer::Peer;
use crate::ggrs_wire::SharedWire;
use crate::links::PathChange;
use crate::messages::{
    DesyncDetected, PathChanged, PeerInterrupted, PeerJoined, PeerLeft, PeerResumed,
    PresenceChanged, QualityChanged, RematchWanted,
};
use crate::{CurrentRoom, EndReason, Match, NetplayConfig, NetplayState, Room};

/// The session. See the [module](super).
#[derive(Resource)]
pub(crate) struct Netplay {
    pub(super) key: PeerKey,
    pub(super) asked: Vec<Asked>,
    pub(super) room: Option<Joined>,
    /// A room we have left, kept until its transport has said goodbye.
    leaving: Option<Box<dyn Transport>>,
}

/// What the game asked for since the last frame.
pub(super) enum Asked {
    Join(Room),
    Leave,
    Rematch,
}

/// The room we are in.
pub(super) struct Joined {
    pub(super) transport: Box<dyn Transport>,
    pub(super) config: NetplayConfig,
    pub(super) registered: u64,
    pub(super) joined_at: Duration,
    pub(super) roster: Option<Roster>,
    pub(super) peers: BTreeMap<PeerKey, Peer>,
    /// The epoch we are ready for; 0 is none.
    pub(super) ready: u16,
    pub(super) game: Option<Playing>,
    /// Since when there is no connection to the signaling server, and why.
    pub(super) signaling_lost: Option<(Duration, String)>,
    /// From joining the room until everybody was connected.
    pub(super) connected_after: Option<Duration>,
    /// From joining the room until the first frame was confirmed.
    pub(super) first_confirmed_after: Option<Duration>,
}

/// The match that is played.
pub(super) struct Playing {
    pub(super) game: Match,
    pub(super) wire: SharedWire,
}

/// What is to be done to the world.
#[derive(Debug)]
pub(super) enum Step {
    State(NetplayState),
    Start(Match),
    End(EndReason),
    Room(CurrentRoom),
    Tell(Message),
}

/// A message for the game.
#[derive(Debug)]
pub(super) enum Message {
    Joined(PeerJoined),
    Left(PeerLeft),
    Interrupted(PeerInterrupted),
    Resumed(PeerResumed),
    Presence(PresenceChanged),
    Path(PathChanged),
    Quality(QualityChanged),
    Desync(DesyncDetected),
    Rematch(RematchWanted),
}

impl Default for Netplay {
    fn default() -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&entropy().to_le_bytes());
        bytes[8..].copy_from_slice(&entropy().to_le_bytes());
        Self { key: PeerKey::from_bytes(bytes), asked: Vec::new(), room: None, leaving: None }
    }
}

impl Netplay {
    pub(crate) fn ask_join(&mut self, room: Room) {
        self.asked.push(Asked::Join(room));
    }

    pub(crate) fn ask_leave(&mut self) {
        self.asked.push(Asked::Leave);
    }

    pub(crate) fn ask_rematch(&mut self) {
        self.asked.push(Asked::Rematch);
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.room.iter().flat_map(|room| room.peers.values())
    }

    /// The seat of a peer, counted from 0.
    pub(crate) fn player(&self, peer: PeerKey) -> Option<usize> {
        self.room.as_ref().and_then(|room| room.player(peer))
    }

    /// From joining the room: until everybody was connected, until the first frame was confirmed, and
    /// until now.
    pub(crate) fn times(&self, now: Duration) -> Option<[Option<Duration>; 3]> {
        self.room.as_ref().map(|room| {
            let total = now.saturating_sub(room.joined_at);
            [room.connected_after, room.first_confirmed_after, Some(total)]
        })
    }

    /// Joins a room with a transport that the caller has made.
    pub(super) fn enter(
        &mut self,
        transport: Box<dyn Transport>,
        config: NetplayConfig,
        registered: u64,
        now: Duration,
    ) {
        self.room = Some(Joined {
            transport,
            config,
            registered,
            joined_at: now,
            roster: None,
            peers: BTreeMap::new(),
            ready: 0,
            game: None,
            signaling_lost: None,
            connected_after: None,
            first_confirmed_after: None,
        });
    }

    /// What to ask the transport for.
    pub(super) fn request(
        &self,
        room: &Room,
        config: &NetplayConfig,
    ) -> Result<JoinRequest, EndReason> {
        let bad = |reason: &dyn std::fmt::Display| EndReason::BadRoom(reason.to_string());
        if let Some(code) = room.code() {
            code.parse::<RoomCode>().map_err(|error| bad(&error))?;
        }
        let servers = room.server.as_ref().unwrap_or(&config.server);
        Ok(JoinRequest {
            servers: servers.split(',').map(|server| server.trim().to_owned()).collect(),
            game: GameInfo {
                game: config.game.clone(),
                mode: room.mode.clone(),
                ..GameInfo::default()
            },
            password: room.password.clone(),
            token: room.token.clone(),
            policy: config.policy,
            seed: entropy(),
            ..JoinRequest::new(room.entry.clone(), room.players, self.key)
        })
    }

    /// Leaves the room, telling the others why.
    pub(super) fn depart(&mut self, now: Duration, reason: &str) {
        if let Some(mut room) = self.room.take() {
            room.say_to_all(now, &ControlMessage::Bye { reason: reason.to_owned() });
            room.transport.leave();
            self.leaving = Some(room.transport);
        }
    }

    /// Takes in everything that has arrived.
    pub(super) fn receive(&mut self, now: Duration) -> Vec<Step> {
        self.finish_leaving(now);
        let mut steps = Vec::new();
        let Some(room) = &mut self.room else { return steps };
        room.transport.poll(now);
        while let Some(event) = room.transport.next_event() {
            if let Err(reason) = room.event(now, event, self.key, &mut steps) {
                steps.push(Step::End(reason));
                return steps;
            }
        }
        if let Err(reason) =
            room.time_out(now, &mut steps).and_then(|()| room.proceed(now, self.key, &mut steps))
        {
            steps.push(Step::End(reason));
        }
        steps
    }

    fn finish_leaving(&mut self, now: Duration) {
        let Some(transport) = &mut self.leaving else { return };
        transport.poll(now);
        while let Some(event) = transport.next_event() {
            if matches!(event, TransportEvent::Left(_)) {
                self.leaving = None;
                return;
            }
        }
    }
}

impl Joined {
    /// The seat of a peer, counted from 0.
    pub(super) fn player(&self, peer: PeerKey) -> Option<usize> {
        self.roster.as_ref().and_then(|roster| roster.seat(peer))
    }

    /// The seat of a peer for a sentence: the present one, or the one it had before it left.
    pub(super) fn seat(&self, peer: PeerKey) -> usize {
        let before = || self.peers.get(&peer).and_then(|peer| peer.seat);
        self.player(peer).or_else(before).unwrap_or(self.peers.len())
    }

    fn event(
        &mut self,
        now: Duration,
        event: TransportEvent,
        us: PeerKey,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        match event {
            TransportEvent::Queued { waiting } => {
                let waiting = Some(waiting);
                steps.push(Step::Room(CurrentRoom { waiting, code: None }));
            }
            TransportEvent::Joined { room } => {
                info!("in room {room}");
                steps.push(Step::Room(CurrentRoom { code: Some(room), waiting: None }));
                steps.push(Step::State(NetplayState::Lobby));
            }
            TransportEvent::Presence { peer, presence } => {
                let changed = PresenceChanged { peer, presence };
                steps.push(Step::Tell(Message::Presence(changed)));
            }
            TransportEvent::Roster(roster) => self.new_roster(roster, us),
            TransportEvent::LinkUp { peer, path, attempts } => {
                self.link_up(now, peer, path, attempts, steps);
            }
            TransportEvent::PathKnown { peer, path, candidates } => {
                self.set_path(now, peer, path, "its candidates became known", steps);
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.candidates = Some(candidates);
                }
            }
            TransportEvent::LinkDown { peer, reason } => self.link_down(peer, reason, steps)?,
            TransportEvent::Received { peer, at, channel, packet } => match channel {
                Channel::Datagram => self.datagram(at, peer, &packet),
                Channel::Reliable => self.control(now, peer, &packet, steps)?,
            },
            TransportEvent::MalformedSignal { peer, reason } => {
                warn!("dropped a malformed signal of {peer:?}: {reason}");
            }
            TransportEvent::SignalingLost { reason } => {
                warn!("lost the signaling server ({reason}): going on without it until it is back");
                self.signaling_lost = Some((now, reason));
            }
            TransportEvent::SignalingRestored => {
                info!("the signaling server is back");
                self.signaling_lost = None;
            }
            TransportEvent::Left(reason) => return Err(EndReason::Transport(reason)),
        }
        Ok(())
    }

    fn link_up(
        &mut self,
        now: Duration,
        key: PeerKey,
        path: PathKind,
        attempts: u32,
        steps: &mut Vec<Step>,
    ) {
        let link = self.config.link.clone();
        let peer = self.peers.entry(key).or_insert_with(|| Peer::new(key, link, now));
        peer.seat = self.roster.as_ref().and_then(|roster| roster.seat(key));
        peer.attempts += attempts;
        if peer.path.is_none() && peer.path_changes.is_empty() {
            peer.path = Some(path);
            steps.push(Step::Tell(Message::Joined(PeerJoined { peer: key })));
        } else {
            self.set_path(now, key, path, "a new connection opened", steps);
        }
    }

    fn set_path(
        &mut self,
        now: Duration,
        key: PeerKey,
        to: PathKind,
        reason: &str,
        steps: &mut Vec<Step>,
    ) {
        let at = now.saturating_sub(self.joined_at);
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if let Some(from) = peer.path.replace(to)
            && from != to
        {
            let reason = reason.to_owned();
            peer.path_changes.push(PathChange { at, from, to, reason: reason.clone() });
            steps.push(Step::Tell(Message::Path(PathChanged { peer: key, from, to, reason })));
        }
    }

    fn link_down(
        &mut self,
        key: PeerKey,
        reason: String,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let player = self.seat(key);
        if self.peers.remove(&key).is_some() {
            let told = PeerLeft { peer: key, reason: reason.clone() };
            steps.push(Step::Tell(Message::Left(told)));
        }
        if self.game.is_some() {
            Err(EndReason::PeerLost { player, detail: reason })
        } else if self.player(key).is_some() {
            // Still in the room, so no attempt to reach it is left.
            Err(EndReason::CannotConnect { player, detail: reason })
        } else {
            Ok(())
        }
    }

    fn datagram(&mut self, at: Duration, from: PeerKey, packet: &[u8]) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let opened = match peer.link.open(at, packet) {
            Ok(opened) => opened,
            Err(OpenError::Duplicate) => return,
            Err(error) => {
                debug!("dropped a datagram of {from:?}: {error}");
                return;
            }
        };
        if opened.kind == DatagramKind::KeepAlive {
            return;
        }
        let epoch = self.game.as_ref().map_or(0, |playing| playing.game.epoch);
        let distance = opened.epoch.wrapping_sub(epoch) as i16;
        match &self.game {
            Some(playing) if distance == 0 => {
                if let Err(error) = playing.wire.lock().accept(from, opened.payload) {
                    debug!("dropped a payload of {from:?}: {error}");
                    peer.link.count_malformed();
                }
            }
            // Stragglers of a match before, or a peer that starts the next one a moment before us: its
            // inputs are repeated until we acknowledge them.
            _ if opened.epoch != 0 && distance <= 1 => {}
            _ => peer.link.count_malformed(),
        }
    }

    fn time_out(&mut self, now: Duration, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        let timeout = self.config.disconnect_timeout;
        let playing = self.game.is_some();
        // Whoever is still missing cannot come without the server.
        if let Some((since, reason)) = self.signaling_lost.as_ref().filter(|_| !playing)
            && now.saturating_sub(*since) >= timeout
        {
            return Err(EndReason::Transport(LeaveReason::ServerGone(reason.clone())));
        }
        let seats: Vec<(PeerKey, usize)> =
            self.peers.keys().map(|key| (*key, self.seat(*key))).collect();
        for (key, player) in seats {
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            peer.link.handle_timeout(now);
            let silence = peer.link.silence(now);
            while let Some(event) = peer.link.next_event() {
                let message = match event {
                    LinkEvent::QualityChanged { from, to } => {
                        Message::Quality(QualityChanged { player, from, to })
                    }
                    LinkEvent::Silent => Message::Interrupted(PeerInterrupted {
                        player,
                        time_left: timeout.saturating_sub(silence),
                    }),
                    LinkEvent::Heard { after } => Message::Resumed(PeerResumed { player, after }),
                };
                steps.push(Step::Tell(message));
            }
            if playing && silence >= timeout {
                let detail = format!("nothing was heard for {} s", timeout.as_secs());
                return Err(EndReason::PeerLost { player, detail });
            }
        }
        Ok(())
    }

    /// Sends a reliable message to a peer.
    pub(super) fn say(&mut self, now: Duration, to: PeerKey, message: &ControlMessage) {
        let bytes = match message.encode() {
            Ok(bytes) => bytes,
            Err(error) => return error!("a message could not be encoded: {error}"),
        };
        match self.transport.send(now, to, Channel::Reliable, &bytes) {
            // A link that is down says so by an event.
            Ok(()) | Err(SendError::NoLink) => {}
            Err(error) => error!("a message could not be sent: {error}"),
        }
    }

    /// Sends a reliable message to every peer.
    pub(super) fn say_to_all(&mut self, now: Duration, message: &ControlMessage) {
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.say(now, peer, message);
        }
    }
}
