//! Makes the ggrs session of a match.

use std::time::Duration;

use ggrs::{DesyncDetection, GgrsError, P2PSession, PlayerType, SessionBuilder};
use netplay_core::match_::SharedTraffic;
use netplay_core::room::{MatchStart, RoomConfig};

use crate::ggrs::GgrsBridge;
use crate::input::{NetplayGgrs, NetplayInput};

/// Longer than any match.
const NEVER: Duration = Duration::from_secs(1_000_000);
/// How often ggrs is polled until it has synchronized with everybody: each peer takes a handful of polls.
const SYNCHRONIZING_POLLS: usize = 8;

/// Makes the ggrs session of a match, synchronized with every peer.
pub(super) fn ggrs_session<I: NetplayInput>(
    start: &MatchStart,
    config: &RoomConfig,
    traffic: SharedTraffic,
) -> Result<P2PSession<NetplayGgrs<I>>, GgrsError> {
    let mut builder = SessionBuilder::<NetplayGgrs<I>>::new()
        .with_num_players(start.players.len())?
        .with_fps(config.frame_rate)?
        .with_max_prediction_window(config.max_prediction)
        .with_input_delay(start.input_delay)
        // The room disconnects players: for ggrs nobody ever is.
        .with_disconnect_timeout(NEVER)
        .with_disconnect_notify_delay(NEVER)
        .with_desync_detection_mode(DesyncDetection::On {
            interval: config.checksum_interval.max(1),
        });
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
