//! The game's commands: join a room, leave it, vote for a rematch, play alone.

use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::Session as GgrsSession;
use netplay_core::room::{Entropy, Room, RoomConfig};
use netplay_protocol::limits::MAX_PLAYERS;
use netplay_protocol::signaling::{GameInfo, Listing, Refusal, RoomOptions};
use netplay_protocol::{Identity, RoomCode};
use netplay_transport::rtc::RoomListTask;
use netplay_transport::{DrivenRoom, JoinRequest};

use super::LocalMatch;
use super::entropy::no_randomness;
use super::resource::{JoinedRoom, Request};
use super::{EntropySource, Session, TransportFactory};
use crate::input::{GgrsInput, InputEncoding, MatchTypes, PlayerInputs};
use crate::lobby::{LobbyOverviewSeen, LobbyTypes};
use crate::logs::Logs;
use crate::messages::RoomEnded;
use crate::peer_messages::PeerMessageRegistry;
use crate::rollback::Simulation;
use crate::{
    CurrentRoom, DoctorReport, EndReason, JoinRoom, LastEndReason, NetplayConfig, NetplayState,
    PeerLinks, RollbackRegistry, doctor,
};

/// The most frames per second that a match can have.
const MAX_FRAME_RATE: usize = 1000;

/// The state and resources in which a game sees its room.
#[derive(SystemParam)]
pub(crate) struct Shown<'w> {
    state: ResMut<'w, NextState<NetplayState>>,
    room: ResMut<'w, CurrentRoom>,
    links: ResMut<'w, PeerLinks>,
    lobby: ResMut<'w, LobbyOverviewSeen>,
    last_end: ResMut<'w, LastEndReason>,
    doctor: ResMut<'w, DoctorReport>,
    ended: MessageWriter<'w, RoomEnded>,
    logs: ResMut<'w, Logs>,
}

/// What a room is made with.
#[derive(SystemParam)]
pub(crate) struct Sources<'w> {
    factory: Res<'w, TransportFactory>,
    entropy: Res<'w, EntropySource>,
    messages: Res<'w, PeerMessageRegistry>,
    lobby: Option<Res<'w, LobbyTypes>>,
}

/// Carries out the game's commands since the last update.
pub(crate) fn handle_requests<C: MatchTypes>(
    mut commands: Commands,
    mut session: ResMut<Session>,
    mut shown: Shown,
    config: Res<NetplayConfig>,
    sources: Sources,
    registry: Res<RollbackRegistry>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed();
    let default_input = || GgrsInput::<C::PeerInput, C::PeerEncoding>::default_bytes();
    for request in std::mem::take(&mut session.requests) {
        match request {
            Request::Join(room) => {
                commands.remove_resource::<GgrsSession<C>>();
                session.leave(now, "they joined another room");
                let shape = C::PeerEncoding::shape();
                let hash = match sources.lobby.as_ref().map_or("", |types| types.shape.as_str()) {
                    "" => registry.hash(&shape),
                    lobby => registry.hash(&format!("{shape}; lobby {lobby}")),
                };
                let joined = room.check_local_players(C::PeerInput::MAX_PLAYERS).and_then(|()| {
                    session.join(&room, &config, &sources, (hash, default_input()), now)
                });
                match joined {
                    Ok(()) => shown.connecting(),
                    Err(reason) => shown.ended(reason),
                }
            }
            Request::Leave => {
                commands.remove_resource::<GgrsSession<C>>();
                session.leave(now, "they left the room");
                *shown.lobby = LobbyOverviewSeen::default();
                *shown.state = NextState::PendingIfNeq(NetplayState::Offline);
            }
            Request::Rematch => {
                carry_out(&session, &mut shown.logs, &time, "rematch", |room, now| {
                    room.vote_rematch(now)
                });
            }
            Request::Kick { peer, ban } => {
                carry_out(&session, &mut shown.logs, &time, "kick", |room, now| {
                    room.kick(now, peer, ban);
                });
            }
            Request::Open(open) => {
                carry_out(&session, &mut shown.logs, &time, "set_room_open", |room, _| {
                    room.set_open(open)
                });
            }
            Request::ListRooms(list) => {
                let (servers, request) = list.request(&config);
                session.listing = Some(RoomListTask::start(servers, request));
            }
            Request::RunDoctor => {
                let (task, report) = doctor::start(&config);
                session.doctor = Some(task);
                *shown.doctor = report;
            }
            Request::Ready(ready) => {
                carry_out(&session, &mut shown.logs, &time, "set_ready", |room, now| {
                    room.set_ready(now, ready)
                });
            }
            Request::Start => {
                let mut refused = None;
                carry_out(&session, &mut shown.logs, &time, "start_match", |room, now| {
                    refused = room.ask_to_start(now).err();
                });
                if let Some(refused) = refused
                    && shown.logs.admits_warning(&time, "no match starts", "")
                {
                    warn!("no match starts: {refused}");
                }
            }
            Request::CancelStart => {
                carry_out(&session, &mut shown.logs, &time, "cancel_start", |room, now| {
                    room.take_start_back(now)
                });
            }
            Request::PlayAlone { players } => {
                commands.remove_resource::<GgrsSession<C>>();
                session.leave(now, "they play alone");
                shown.reset();
                if let Err(reason) = session.play_alone(players, &config, default_input()) {
                    shown.ended(reason);
                }
            }
        }
    }
}

/// Has a command of the game carried out by the room, at the present moment.
fn carry_out(
    session: &Session,
    logs: &mut Logs,
    time: &Time<Real>,
    command: &str,
    tell: impl FnOnce(&mut Room, Duration),
) {
    match &session.joined {
        Some(joined) => {
            let mut driver = joined.room.lock();
            let (room, now) = driver.room_at(time.elapsed());
            tell(room, now);
        }
        None if logs.admits_warning(
            time,
            "no room is joined, and nothing is changed by",
            command,
        ) =>
        {
            warn!("no room is joined: {command} changes nothing");
        }
        None => {}
    }
}

impl Shown<'_> {
    /// Forgets the room before.
    fn reset(&mut self) {
        *self.links = PeerLinks::default();
        *self.lobby = LobbyOverviewSeen::default();
        *self.room = CurrentRoom::default();
        *self.last_end = LastEndReason::default();
    }

    fn connecting(&mut self) {
        self.reset();
        *self.state = NextState::PendingIfNeq(NetplayState::Connecting);
    }

    fn ended(&mut self, reason: EndReason) {
        self.last_end.0 = Some(reason.clone());
        self.ended.write(RoomEnded { reason });
        *self.state = NextState::PendingIfNeq(NetplayState::Ended);
    }
}

impl Session {
    /// Begins to join a room, to play a game with this hash of what rolls back and this default input.
    fn join(
        &mut self,
        room: &JoinRoom,
        config: &NetplayConfig,
        sources: &Sources,
        (registered, default_input): (u64, Option<Vec<u8>>),
        now: Duration,
    ) -> Result<(), EndReason> {
        check_frame_rate(config.frame_rate)?;
        let default_input = default_input.ok_or_else(unbounded_input)?;
        if let Some(identity) = &config.identity {
            self.identity = Some(identity.0.clone());
        }
        let identity = self.identity.clone().ok_or_else(no_randomness)?;
        let local_peer = identity.peer_key();
        let seed = sources.entropy.number()?;
        let transport = sources.factory.make(&join_request(room, config, identity.clone(), seed)?);
        #[cfg(feature = "emulator")]
        let transport = config.conditioned(transport, seed);
        let simulation = Simulation::of(config);
        let config = RoomConfig {
            local_peer,
            identity,
            incarnation: (sources.entropy.number()? as u32).max(1),
            entropy: Entropy(sources.entropy.bytes()?),
            game: config.game.clone(),
            registered,
            frame_rate: config.frame_rate,
            default_input,
            input_delay: config.delay_bounds(),
            max_prediction: config.bounded_max_prediction(),
            input_redundancy: config.input_redundancy,
            disconnect_timeout: config.disconnect_timeout,
            away_timeout: config.away_timeout,
            stall_timeout: config.stall_timeout,
            min_frame_rate: config.min_frame_rate,
            link: config.link.clone(),
            policy: config.policy,
            countdown: config.countdown,
            host: room.host,
            resumes: room.resume_token.is_some(),
            names: room.names.clone(),
            messages: sources.messages.types(),
        };
        let local_players = room.local_players;
        let room = DrivenRoom::new(Room::new(config, now), transport, now);
        self.joined = Some(JoinedRoom { room, local_players, simulation });
        self.left = None;
        Ok(())
    }

    /// Has a match of so many players start without a room.
    fn play_alone(
        &mut self,
        players: usize,
        config: &NetplayConfig,
        default_input: Option<Vec<u8>>,
    ) -> Result<(), EndReason> {
        check_frame_rate(config.frame_rate)?;
        default_input.ok_or_else(unbounded_input)?;
        if !(1..=usize::from(MAX_PLAYERS)).contains(&players) {
            return Err(EndReason::BadRequest {
                detail: format!("a match is for 1 to {MAX_PLAYERS} players, not {players}"),
            });
        }
        self.local_match = Some(LocalMatch::Alone { players });
        Ok(())
    }
}

/// The request to the transport.
fn join_request(
    room: &JoinRoom,
    config: &NetplayConfig,
    identity: Identity,
    seed: u64,
) -> Result<JoinRequest, EndReason> {
    if let Some(code) = room.given_code()
        && let Err(error) = code.parse::<RoomCode>()
    {
        return Err(EndReason::BadRequest { detail: error.to_string() });
    }
    if let Some(public) = &room.public
        && !Listing::from(public.clone()).fits()
    {
        return Err(EndReason::BadRequest { detail: Refusal::BadListing.to_string() });
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
        room_options: RoomOptions {
            kick: room.kick_rule.into(),
            public: room.public.clone().map(Into::into),
        },
        resume_token: room.resume_token.clone().map(|token| token.0),
        policy: config.policy,
        options: config.transport.clone().bounded(),
        least: room.least,
        players: room.local_players,
        seed,
        ..JoinRequest::new(room.entry.clone().into(), room.players, identity)
    })
}

/// Checks that frames have a length, and that hellos can say it.
fn check_frame_rate(frame_rate: usize) -> Result<(), EndReason> {
    match frame_rate {
        1..=MAX_FRAME_RATE => Ok(()),
        _ => Err(EndReason::BadRequest {
            detail: format!("NetplayConfig::frame_rate is {frame_rate}: set 1 to {MAX_FRAME_RATE}"),
        }),
    }
}

fn unbounded_input() -> EndReason {
    EndReason::BadRequest {
        detail:
            "the input has no greatest size by serde: it must not contain strings, lists or maps"
                .into(),
    }
}
