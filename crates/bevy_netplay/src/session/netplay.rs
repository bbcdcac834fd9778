use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::{DropConsensus, SharedTraffic};
use netplay_protocol::limits::MAX_NAME_BYTES;
use netplay_protocol::signaling::{GameInfo, Presence};
use netplay_protocol::{ControlMessage, DropProposal, Identity, PeerKey, RoomCode, Roster};
use netplay_transport::{JoinRequest, LeaveReason, Transport, TransportEvent};

use super::dropping::Loss;
use super::entropy;
use super::lobby::tidy;
use super::peer::Peer;
use super::returning::Comeback;
use crate::messages::{
    DesyncDetected, PathChanged, PeerInterrupted, PeerJoined, PeerLeft, PeerResumed,
    PlayerDisconnected, PresenceChanged, QualityChanged, RematchWanted,
};
use crate::{
    CurrentMatch, CurrentRoom, EndReason, JoinRoom, NetplayConfig, NetplayState, ResumeToken,
};

/// The session. See the [module](super).
#[derive(Resource)]
pub(crate) struct Netplay {
    pub(super) identity: Identity,
    pub(super) asked: Vec<Asked>,
    pub(super) room: Option<Joined>,
    /// What time it really is, while a match is played again faster than that.
    pub(super) real_time: Option<Time>,
    /// A room we have left, kept until its transport has said goodbye.
    leaving: Option<Box<dyn Transport>>,
}

/// What the game asked for since the last frame.
pub(super) enum Asked {
    Join(JoinRoom),
    Leave,
    Rematch,
}

/// The room we are in.
pub(super) struct Joined {
    pub(super) transport: Box<dyn Transport>,
    pub(super) us: PeerKey,
    /// Who must be in the room: the player who invited us.
    host: Option<PeerKey>,
    pub(super) config: NetplayConfig,
    /// What we want to be called.
    pub(super) name: String,
    pub(super) registered: u64,
    /// The size of one input, in bytes.
    pub(super) input_bytes: usize,
    /// Another with every process.
    pub(super) instance: u32,
    pub(super) joined_at: Duration,
    pub(super) roster: Option<Roster>,
    pub(super) peers: BTreeMap<PeerKey, Peer>,
    /// Who is in the room as far as the server knows, while a match is played.
    pub(super) present: Vec<PeerKey>,
    /// The seats of players who were dropped from a match in this room.
    pub(super) gone: BTreeSet<usize>,
    /// Who is gone, and when the transport is to forget it.
    pub(super) to_forget: Vec<(Duration, PeerKey)>,
    /// The epoch we are ready for; 0 is none.
    pub(super) ready: u16,
    pub(super) game: Option<Playing>,
    /// The match that we come back to, as far as we have been told of it.
    pub(super) comeback: Option<Comeback>,
    /// What was announced of a match before it began for us.
    pub(super) early: Vec<(PeerKey, DropProposal)>,
    /// Since when there is no connection to the signaling server, and why.
    pub(super) signaling_lost: Option<(Duration, String)>,
    /// From joining the room until everybody was connected.
    pub(super) connected_after: Option<Duration>,
    /// From joining the room until the first frame was confirmed.
    pub(super) first_confirmed_after: Option<Duration>,
}

/// The match that is played.
pub(super) struct Playing {
    pub(super) game: CurrentMatch,
    pub(super) traffic: SharedTraffic,
    pub(super) consensus: DropConsensus,
    /// Why players are gone, or about to be.
    pub(super) losses: BTreeMap<usize, Loss>,
}

/// What is to be done to the world.
#[derive(Debug)]
pub(super) enum Step {
    State(NetplayState),
    Start(CurrentMatch),
    End(EndReason),
    Room(CurrentRoom),
    Tell(Message),
}

/// A message for the game.
#[derive(Debug)]
pub(super) enum Message {
    Joined(PeerJoined),
    Left(PeerLeft),
    Dropped(PlayerDisconnected),
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
        let mut secret = [0; 32];
        if let Err(error) = getrandom::fill(&mut secret) {
            error!("the system gives no randomness ({error}): others can guess who we are");
        }
        let identity = Identity::from_secret(&secret);
        Self { identity, asked: Vec::new(), room: None, real_time: None, leaving: None }
    }
}

impl Netplay {
    pub(crate) fn ask_join(&mut self, room: JoinRoom) {
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

    /// What we pressed at a frame of a match that is played again, as its bytes.
    pub(crate) fn replayed(&self, frame: i32) -> Option<Vec<u8>> {
        let playing = self.room.as_ref()?.game.as_ref()?;
        playing.traffic.lock().replayed_input(frame).map(<[u8]>::to_vec)
    }

    /// From joining the room: until everybody was connected, until the first frame was confirmed, and
    /// until now.
    pub(crate) fn times(&self, now: Duration) -> Option<[Option<Duration>; 3]> {
        self.room.as_ref().map(|room| {
            let total = now.saturating_sub(room.joined_at);
            [room.connected_after, room.first_confirmed_after, Some(total)]
        })
    }

    /// Joins a room with a transport that the caller has made, to play a game with this hash of what it rolls
    /// back and inputs of so many bytes.
    pub(super) fn enter(
        &mut self,
        transport: Box<dyn Transport>,
        config: NetplayConfig,
        room: &JoinRoom,
        (registered, input_bytes): (u64, usize),
        now: Duration,
    ) {
        self.room = Some(Joined {
            transport,
            us: self.identity.peer_key(),
            host: room.host,
            config,
            name: tidy_name(&room.name),
            registered,
            input_bytes,
            instance: (entropy() as u32).max(1),
            joined_at: now,
            roster: None,
            peers: BTreeMap::new(),
            present: Vec::new(),
            gone: BTreeSet::new(),
            to_forget: Vec::new(),
            ready: 0,
            game: None,
            comeback: None,
            early: Vec::new(),
            signaling_lost: None,
            connected_after: None,
            first_confirmed_after: None,
        });
    }

    /// What to ask the transport for.
    pub(super) fn request(
        &self,
        room: &JoinRoom,
        config: &NetplayConfig,
    ) -> Result<JoinRequest, EndReason> {
        let bad =
            |reason: &dyn std::fmt::Display| EndReason::BadRequest { detail: reason.to_string() };
        if let Some(code) = room.given_code() {
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
            password: room.password.clone().map(|password| password.0),
            token: room.token.clone().map(|token| token.0),
            seat: room.resume_token.clone().map(|token| token.0),
            policy: config.policy,
            seed: entropy(),
            ..JoinRequest::new(room.entry.clone().into(), room.players, self.identity.clone())
        })
    }

    /// Leaves the room, telling the others why.
    pub(super) fn depart(&mut self, now: Duration, reason: &str) {
        if let Some(mut room) = self.room.take() {
            room.say_to_all(now, &ControlMessage::Bye { reason: reason.to_owned() });
            room.carry_out(now);
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
        if let Err(reason) = room.receive(now, &mut steps) {
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
        self.roster.as_ref().and_then(|roster| roster.player(peer))
    }

    /// The seat of a peer for a sentence: the present one, or the one it had before it left.
    pub(super) fn seat(&self, peer: PeerKey) -> usize {
        let before = || self.peers.get(&peer).and_then(|peer| peer.seat);
        self.player(peer).or_else(before).unwrap_or(self.peers.len())
    }

    /// Takes in what the transport has, and goes on from there.
    fn receive(&mut self, now: Duration, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        while let Some(event) = self.transport.next_event() {
            self.event(now, event, steps)?;
        }
        self.hear_early(now, steps)?;
        self.tend_links(now, steps)?;
        self.miss_server(now)?;
        self.proceed(now, steps)?;
        self.carry_out(now);
        self.forget_gone(now);
        Ok(())
    }

    fn event(
        &mut self,
        now: Duration,
        event: TransportEvent,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        match event {
            TransportEvent::Queued { waiting } => {
                let (local_peer, waiting) = (Some(self.us), Some(waiting));
                let room = CurrentRoom { local_peer, waiting, ..CurrentRoom::default() };
                steps.push(Step::Room(room));
            }
            TransportEvent::Joined { room, size, seat } => {
                info!("in room {room}");
                let room = CurrentRoom {
                    code: Some(room),
                    local_peer: Some(self.us),
                    resume_token: seat.map(ResumeToken),
                    players: Some(size),
                    ..CurrentRoom::default()
                };
                steps.push(Step::Room(room));
                steps.push(Step::State(NetplayState::Lobby));
            }
            TransportEvent::Presence { peer, presence } => {
                if presence == Presence::Restarted
                    && let Some(peer) = self.peers.get_mut(&peer)
                {
                    peer.link.network_changed(now);
                }
                let changed = PresenceChanged { peer, presence: presence.into() };
                steps.push(Step::Tell(Message::Presence(changed)));
            }
            TransportEvent::Roster(roster) => self.new_roster(now, roster, steps)?,
            TransportEvent::Received { peer, path, at, channel, packet } => {
                self.packet(now, at, (peer, path, channel), &packet, steps)?;
            }
            TransportEvent::MalformedSignal { peer, reason } => {
                warn!("dropped a signal of {peer:?}: {reason}");
            }
            TransportEvent::SignalingLost { reason } => {
                warn!("lost the signaling server ({reason}): going on without it until it is back");
                self.signaling_lost = Some((now, reason));
                self.server_changed(now, false);
            }
            TransportEvent::SignalingRestored => {
                info!("the signaling server is back");
                self.signaling_lost = None;
                self.server_changed(now, true);
            }
            TransportEvent::NetworkChanged => {
                self.peers.values_mut().for_each(|peer| peer.link.network_changed(now));
            }
            TransportEvent::Left(reason) => return Err(reason.into()),
            event @ (TransportEvent::PathUp { .. }
            | TransportEvent::PathKnown { .. }
            | TransportEvent::PathDown { .. }
            | TransportEvent::PeerAttempts { .. }
            | TransportEvent::AttemptFailed { .. }) => self.path_event(now, event),
        }
        Ok(())
    }

    fn new_roster(
        &mut self,
        now: Duration,
        roster: Roster,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        self.present.clone_from(&roster.members);
        // A running match has its players; who comes and goes at the server does not change them.
        let playing = self.game.is_some() || self.comeback.is_some();
        if playing || self.roster.as_ref() == Some(&roster) {
            return Ok(());
        }
        if roster.player(self.us).is_none() {
            warn!("the server's roster is without us");
            return Ok(());
        }
        if let Some(host) = self.host
            && roster.player(host).is_none()
        {
            return Err(EndReason::HostMissing);
        }
        info!("{} of {} players are in the room", roster.members.len(), roster.size);
        self.ready = 0;
        self.meet(now, &roster, steps);
        self.roster = Some(roster);
        Ok(())
    }

    /// Whoever is still missing before a match cannot come without the server.
    fn miss_server(&self, now: Duration) -> Result<(), EndReason> {
        match &self.signaling_lost {
            Some((since, reason))
                if self.game.is_none()
                    && now.saturating_sub(*since) >= self.config.disconnect_timeout =>
            {
                Err(LeaveReason::ServerGone(reason.clone()).into())
            }
            _ => Ok(()),
        }
    }
}

/// A name as it travels: short, and without what cannot be shown.
fn tidy_name(name: &str) -> String {
    let mut name = tidy(name);
    while name.len() > MAX_NAME_BYTES {
        name.pop();
    }
    name
}
