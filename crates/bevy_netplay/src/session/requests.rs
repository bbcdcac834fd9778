//! The game's commands: join a room, leave it, vote for a rematch.

use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::Session as GgrsSession;
use netplay_core::room::{Room, RoomConfig};
use netplay_protocol::RoomCode;
use netplay_protocol::signaling::GameInfo;
use netplay_transport::JoinRequest;
#[cfg(feature = "emulator")]
use netplay_transport::conditioned::ConditionedTransport;

use super::resource::{JoinedRoom, Request};
use super::{Session, TransportFactory, entropy};
use crate::input::{GgrsInput, NetplayGgrs, NetplayInput};
use crate::messages::RoomEnded;
use crate::{
    CurrentRoom, EndReason, JoinRoom, LastEndReason, NetplayConfig, NetplayState, PeerLinks,
    RollbackRegistry,
};

/// The state and resources in which a game sees its room.
#[derive(SystemParam)]
pub(crate) struct Shown<'w> {
    state: ResMut<'w, NextState<NetplayState>>,
    room: ResMut<'w, CurrentRoom>,
    links: ResMut<'w, PeerLinks>,
    last_end: ResMut<'w, LastEndReason>,
    ended: MessageWriter<'w, RoomEnded>,
}

/// Carries out the game's commands since the last update.
pub(crate) fn handle_requests<I: NetplayInput>(
    mut commands: Commands,
    mut session: ResMut<Session>,
    mut shown: Shown,
    config: Res<NetplayConfig>,
    factory: Res<TransportFactory>,
    registry: Res<RollbackRegistry>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed();
    for request in std::mem::take(&mut session.requests) {
        match request {
            Request::Join(room) => {
                commands.remove_resource::<GgrsSession<NetplayGgrs<I>>>();
                session.leave(now, "they joined another room");
                let hash = registry.hash::<I>();
                let input_bytes = GgrsInput::<I>::BYTES;
                match session.join(&room, &config, &factory, (hash, input_bytes), now) {
                    Ok(()) => shown.connecting(),
                    Err(reason) => shown.ended(reason),
                }
            }
            Request::Leave => {
                commands.remove_resource::<GgrsSession<NetplayGgrs<I>>>();
                session.leave(now, "they left the room");
                *shown.links = PeerLinks::default();
                *shown.state = NextState::PendingIfNeq(NetplayState::Offline);
            }
            Request::Rematch => {
                if let Some(joined) = &mut session.joined {
                    joined.room.vote_rematch(now);
                }
            }
        }
    }
}

impl Shown<'_> {
    fn connecting(&mut self) {
        *self.links = PeerLinks::default();
        *self.room = CurrentRoom::default();
        *self.last_end = LastEndReason::default();
        *self.state = NextState::PendingIfNeq(NetplayState::Connecting);
    }

    fn ended(&mut self, reason: EndReason) {
        self.last_end.0 = Some(reason.clone());
        self.ended.write(RoomEnded { reason });
        *self.state = NextState::PendingIfNeq(NetplayState::Ended);
    }
}

impl Session {
    /// Begins to join a room, to play a game with this hash of what rolls back and inputs of so many bytes.
    fn join(
        &mut self,
        room: &JoinRoom,
        config: &NetplayConfig,
        factory: &TransportFactory,
        (registered, input_bytes): (u64, usize),
        now: Duration,
    ) -> Result<(), EndReason> {
        if let Some(identity) = &config.identity {
            self.identity = identity.0.clone();
        }
        let transport = factory.make(&self.join_request(room, config)?);
        #[cfg(feature = "emulator")]
        let transport = match &config.emulate {
            Some(conditions) => {
                Box::new(ConditionedTransport::new(transport, conditions.clone(), entropy()))
            }
            None => transport,
        };
        let config = RoomConfig {
            local_peer: self.identity.peer_key(),
            incarnation: (entropy() as u32).max(1),
            game: config.game.clone(),
            registered,
            frame_rate: config.frame_rate,
            input_bytes,
            input_delay: config.bounded_input_delay(),
            max_prediction: config.bounded_max_prediction(),
            checksum_interval: config.checksum_interval,
            disconnect_timeout: config.disconnect_timeout,
            link: config.link.clone(),
            policy: config.policy,
            host: room.host,
            name: room.name.clone(),
        };
        self.joined = Some(JoinedRoom { room: Room::new(config, now), transport });
        Ok(())
    }

    /// The request to the transport.
    fn join_request(
        &self,
        room: &JoinRoom,
        config: &NetplayConfig,
    ) -> Result<JoinRequest, EndReason> {
        if let Some(code) = room.given_code()
            && let Err(error) = code.parse::<RoomCode>()
        {
            return Err(EndReason::BadRequest { detail: error.to_string() });
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
            resume_token: room.resume_token.clone().map(|token| token.0),
            policy: config.policy,
            seed: entropy(),
            ..JoinRequest::new(room.entry.clone().into(), room.players, self.identity.clone())
        })
    }
}
