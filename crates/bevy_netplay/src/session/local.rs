//! Matches without a room: played alone, or by two Apps of a sync test.

use std::sync::Arc;

use bevy::prelude::*;
use ggrs::{GgrsError, Message, NonBlockingSocket, P2PSession, PlayerType};
use netplay_protocol::{LobbyValues, PeerKey};

use super::events::end;
use super::start::{begin_match, session_builder};
use super::{EntropySource, Session};
use crate::desync::BundleInputs;
use crate::input::MatchTypes;
use crate::lobby::set_match_lobby;
use crate::rollback::Simulation;
use crate::{CurrentMatch, DesyncCapture, EndReason, NetplayConfig, PlayerHandle};

/// A match without a room.
pub(crate) enum LocalMatch {
    /// All players are local.
    Alone {
        /// How many there are.
        players: usize,
    },
    /// Of the players of a sync test, every second one is local.
    SyncTest(SyncTestMatch),
    /// The match of a desync bundle.
    Replay(ReplayMatch),
}

/// A match that is simulated again from the inputs of a desync bundle.
pub(crate) struct ReplayMatch {
    pub(crate) inputs: Arc<BundleInputs>,
    /// One side of a sync test with these inputs; none where all peers are local.
    pub(crate) test: Option<SyncTestMatch>,
}

impl LocalMatch {
    fn is_local(&self, player: usize) -> bool {
        match self {
            Self::Alone { .. } => true,
            Self::SyncTest(test) | Self::Replay(ReplayMatch { test: Some(test), .. }) => {
                player % 2 == test.side
            }
            Self::Replay(ReplayMatch { test: None, .. }) => true,
        }
    }
}

/// One side of a sync test.
pub(crate) struct SyncTestMatch {
    pub(crate) players: usize,
    /// Whether the first player is local, or the second.
    pub(crate) side: usize,
    pub(crate) seed: u64,
    pub(crate) max_prediction: usize,
    pub(crate) socket: Box<dyn NonBlockingSocket<PeerKey>>,
}

/// The address of the other side of a sync test.
const OTHER_SIDE: PeerKey = PeerKey::from_bytes([0; 16]);

/// A run condition: a match without a room was asked for.
pub(crate) fn has_local_match(session: Res<Session>) -> bool {
    session.local_match.is_some()
}

/// Starts the match without a room that was asked for. Exclusive, because it runs [`StartMatch`](crate::StartMatch).
pub(crate) fn start_local_match<C: MatchTypes>(world: &mut World) {
    let random = world.resource::<EntropySource>().number();
    let mut session = world.resource_mut::<Session>();
    let Some(local_match) = session.local_match.take() else { return };
    session.local_epoch = session.local_epoch.wrapping_add(1).max(1);
    let epoch = session.local_epoch;
    let (config, mut simulation) = {
        let config = world.resource::<NetplayConfig>();
        (config.clone(), Simulation::of(config))
    };
    let (players, local_player, seed) = match &local_match {
        LocalMatch::Alone { players } => {
            // Nothing is predicted, because nothing is waited for.
            simulation.max_prediction = 0;
            simulation.capture = DesyncCapture::Off;
            match random {
                Ok(seed) => (*players, 0, seed),
                Err(reason) => return end::<C>(world, reason),
            }
        }
        LocalMatch::SyncTest(test) => {
            simulation.max_prediction = test.max_prediction;
            simulation.capture = DesyncCapture::Off;
            (test.players, test.side, test.seed)
        }
        LocalMatch::Replay(replay) => {
            simulation.max_prediction = replay.test.as_ref().map_or(0, |test| test.max_prediction);
            (replay.inputs.peers(), 0, 0)
        }
    };
    if let LocalMatch::Replay(ReplayMatch { inputs, .. }) = &local_match {
        simulation.checksum_interval = inputs.checksum_interval();
        simulation.frame_rate = inputs.frame_rate();
    }
    let replayed = match &local_match {
        LocalMatch::Replay(replay) => Some(replay.inputs.clone()),
        LocalMatch::Alone { .. } | LocalMatch::SyncTest(_) => None,
    };
    world.resource_mut::<Session>().replayed = replayed.clone();
    let local_players = (0..players).filter(|player| local_match.is_local(*player));
    let local_players = local_players.map(PlayerHandle::from).collect();
    let ggrs = match ggrs_session::<C>(local_match, players, simulation, &config) {
        Ok(ggrs) => ggrs,
        Err(error) => return end::<C>(world, EndReason::CannotStart { detail: error.to_string() }),
    };
    let this_match = match &replayed {
        Some(inputs) => {
            world.insert_resource(inputs.room());
            set_match_lobby(world, &inputs.lobby(), inputs.player_counts());
            inputs.current_match()
        }
        None => {
            set_match_lobby(world, &LobbyValues::default(), &[]);
            CurrentMatch::new(epoch, players, local_player, seed).with_local_players(local_players)
        }
    };
    begin_match::<C>(world, ggrs, this_match, simulation);
}

fn ggrs_session<C: MatchTypes>(
    local_match: LocalMatch,
    players: usize,
    simulation: Simulation,
    config: &NetplayConfig,
) -> Result<P2PSession<C>, GgrsError> {
    let delay = match &local_match {
        LocalMatch::Replay(_) => BundleInputs::DELAY,
        LocalMatch::Alone { .. } | LocalMatch::SyncTest(_) => config.bounded_input_delay(),
    };
    let mut builder = session_builder(players, delay, simulation)?;
    for player in 0..players {
        let kind = match local_match.is_local(player) {
            true => PlayerType::Local,
            false => PlayerType::Remote(OTHER_SIDE),
        };
        builder = builder.add_player(kind, player)?;
    }
    let socket = match local_match {
        LocalMatch::Alone { .. } | LocalMatch::Replay(ReplayMatch { test: None, .. }) => {
            Box::new(Nobody) as Box<dyn NonBlockingSocket<PeerKey>>
        }
        LocalMatch::SyncTest(test) | LocalMatch::Replay(ReplayMatch { test: Some(test), .. }) => {
            test.socket
        }
    };
    builder.start_p2p_session(BoxedSocket(socket))
}

/// ggrs takes sockets by type.
struct BoxedSocket(Box<dyn NonBlockingSocket<PeerKey>>);

impl NonBlockingSocket<PeerKey> for BoxedSocket {
    fn send_to(&mut self, message: &Message, address: &PeerKey) {
        self.0.send_to(message, address);
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        self.0.receive_all_messages()
    }
}

/// The socket of somebody who plays alone.
struct Nobody;

impl NonBlockingSocket<PeerKey> for Nobody {
    fn send_to(&mut self, _message: &Message, _address: &PeerKey) {}

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        Vec::new()
    }
}
