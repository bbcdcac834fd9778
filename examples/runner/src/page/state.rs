//! How far a game is, for the page.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_netplay::prelude::*;
use serde::Serialize;

use super::send;

/// The time between two events of the same state.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Sends `{state, …}` a few times a second and whenever the state changes.
pub(super) fn plugin(app: &mut App) {
    let due = on_real_timer(TELL_EVERY).or_else(state_changed::<NetplayState>);
    app.add_systems(Last, tell_state.run_if(due));
}

/// What the page calls a state.
pub fn state_name(state: NetplayState) -> &'static str {
    match state {
        NetplayState::Offline => "offline",
        NetplayState::Connecting => "connecting",
        NetplayState::Lobby => "lobby",
        NetplayState::Synchronizing => "synchronizing",
        NetplayState::Playing => "playing",
        _ => "ended",
    }
}

#[derive(Serialize)]
struct Told {
    state: &'static str,
    /// Why a match ended.
    reason: Option<String>,
    frame: i32,
    confirmed: i32,
    links: Vec<ToldLink>,
}

#[derive(Serialize)]
struct ToldLink {
    player: Option<PlayerHandle>,
    path: Option<String>,
    quality: String,
}

fn tell_state(
    state: Res<State<NetplayState>>,
    end_reason: Res<LastEndReason>,
    frame: Res<RollbackFrameCount>,
    confirmed: Res<ConfirmedFrameCount>,
    links: Res<PeerLinks>,
) {
    let links = links.iter().map(|link| ToldLink {
        player: link.player,
        path: link.path.map(|path| path.to_string()),
        quality: link.quality.to_string(),
    });
    send(&Told {
        state: state_name(*state.get()),
        reason: end_reason.0.as_ref().map(ToString::to_string),
        frame: frame.0,
        confirmed: confirmed.0,
        links: links.collect(),
    });
}
