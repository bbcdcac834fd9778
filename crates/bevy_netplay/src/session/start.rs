//! Makes the ggrs session of a match, and starts it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_ggrs::Session as GgrsSession;
use ggrs::{DesyncDetection, GgrsError, P2PSession, PlayerType, SessionBuilder};
use netplay_core::match_::SharedTraffic;
use netplay_core::room::MatchStart;

use super::FrameClock;
use crate::ggrs::GgrsBridge;
use crate::input::{MatchTypes, PendingInputs};
use crate::messages::MatchStarted;
use crate::rollback::{self, Simulation};
use crate::{CurrentMatch, LocalInput, NetplayState};

/// Longer than any match.
const NEVER: Duration = Duration::from_secs(1_000_000);
/// How often ggrs is polled until it has synchronized with everybody: each peer takes a handful of polls.
const SYNCHRONIZING_POLLS: usize = 8;

/// The ggrs session of a match of so many peers, without these. What ggrs calls a player is a peer here.
pub(super) fn session_builder<C: MatchTypes>(
    players: usize,
    input_delay: usize,
    simulation: Simulation,
) -> Result<SessionBuilder<C>, GgrsError> {
    let builder = SessionBuilder::new()
        .with_num_players(players)?
        .with_fps(simulation.frame_rate)?
        .with_max_prediction_window(simulation.max_prediction)
        .with_input_delay(input_delay)
        // The room disconnects players, and without a room nobody is.
        .with_disconnect_timeout(NEVER)
        .with_disconnect_notify_delay(NEVER)
        .with_sparse_saving_mode(simulation.sparse_saving)
        // Checksums are compared by others, also of frames that ggrs does not save.
        .with_desync_detection_mode(DesyncDetection::Off);
    Ok(builder)
}

/// Makes the ggrs session of a match, synchronized with every peer.
pub(super) fn ggrs_session<C: MatchTypes>(
    start: &MatchStart,
    simulation: Simulation,
    traffic: SharedTraffic,
) -> Result<P2PSession<C>, GgrsError> {
    let mut builder = session_builder(start.players.len(), start.input_delay, simulation)?;
    for (player, peer) in start.players.iter().enumerate() {
        let kind = match player == start.local_player {
            true => PlayerType::Local,
            false => PlayerType::Remote(*peer),
        };
        builder = builder.add_player(kind, player)?;
    }
    let mut session = builder.start_p2p_session(GgrsBridge::new(traffic))?;
    // The socket answers ggrs' synchronization.
    for _ in 0..SYNCHRONIZING_POLLS {
        session.poll_remote_clients();
    }
    Ok(session)
}

/// Starts a match: a world at frame 0, and a session that simulates it once its state is entered. If the match before
/// is still played, its state is left first: what the game does then is over before it sets up the next one.
pub(super) fn begin_match<C: MatchTypes>(
    world: &mut World,
    ggrs: P2PSession<C>,
    this_match: CurrentMatch,
    simulation: Simulation,
) {
    let epoch = this_match.epoch;
    if *world.resource::<State<NetplayState>>().get() == NetplayState::Playing {
        world.insert_resource(NextState::Pending(NetplayState::Synchronizing));
        world.run_schedule(StateTransition);
    }
    world.resource_mut::<LocalInput<C::Game>>().clear_players();
    rollback::reset_world(world, this_match, simulation);
    world.insert_resource(FrameClock::default());
    world.insert_resource(PendingInputs::<C::PeerInput>::default());
    world.insert_resource(GgrsSession::<C>::P2P(ggrs));
    world.write_message(MatchStarted { epoch });
    world.insert_resource(NextState::Pending(NetplayState::Playing));
}
