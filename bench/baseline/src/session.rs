//! From a signaling server to a running session, as the documentation of matchbox and bevy_ggrs does it.

use arena::bot::random_input;
use arena::sim::{ArenaInput, SimulationPlugin};
use bevy::prelude::*;
use bevy::tasks::{IoTaskPool, Task};
use bevy::time::Real;
use bevy_ggrs::{
    GgrsPlugin, LocalInputs, LocalPlayers, ReadInputs, RollbackFrameCount, RollbackFrameRate,
    Session,
};
use bevy_netplay::{CurrentMatch, GgrsInput, NetplayConfig, NetplayGgrs, StartMatch};
use ggrs::{DesyncDetection, PlayerType, SessionBuilder};
use matchbox_socket::{Error, RtcIceServerConfig, WebRtcSocket};

use crate::report::Milestones;
use crate::socket::{Renamed, renamed};
use crate::{FRAME_RATE, Orders};

/// The session type of the arena, so that its systems find the inputs.
pub type Config = NetplayGgrs<ArenaInput>;

/// The socket until the session takes its channel, and the task that carries its packets.
#[derive(Resource)]
struct Matchbox {
    socket: WebRtcSocket,
    _message_loop: Task<Result<(), Error>>,
}

/// The socket, the session and the inputs.
pub fn plugin(app: &mut App) {
    app.add_plugins((GgrsPlugin::<Config>::default(), SimulationPlugin))
        .insert_resource(RollbackFrameRate(FRAME_RATE))
        .add_systems(Startup, open_socket)
        .add_systems(Update, start_when_complete.run_if(not(resource_exists::<Session<Config>>)))
        .add_systems(ReadInputs, choose_inputs);
}

fn open_socket(mut commands: Commands, orders: Res<Orders>, time: Res<Time<Real>>) {
    commands.insert_resource(Milestones::joined(&time));
    let url = format!("{}/{}?next={}", orders.server, orders.room, orders.players);
    // As many STUN servers as the other side of the comparison has.
    let urls = orders.stun.iter().cloned().collect();
    let stun = RtcIceServerConfig { urls, username: None, credential: None };
    let (socket, message_loop) =
        WebRtcSocket::builder(url).ice_server(stun).add_unreliable_channel().build();
    let task = IoTaskPool::get().spawn(message_loop);
    commands.insert_resource(Matchbox { socket, _message_loop: task });
}

/// Once everybody is connected: takes the channel, builds the session, starts the match.
fn start_when_complete(world: &mut World) -> Result {
    let wanted = usize::from(world.resource::<Orders>().players);
    // The settings of the other side, so that only the stack differs.
    let settings = NetplayConfig::default();
    let mut matchbox = world.resource_mut::<Matchbox>();
    matchbox.socket.try_update_peers()?;
    let players = matchbox.socket.players();
    if players.len() < wanted {
        return Ok(());
    }
    let time = *world.resource::<Time<Real>>();
    world.resource_mut::<Milestones>().connected(&time);

    let mut builder = SessionBuilder::<Config>::new()
        .with_num_players(players.len())?
        .with_fps(FRAME_RATE)?
        .with_input_delay(settings.input_delay)
        .with_max_prediction_window(settings.max_prediction)
        .with_desync_detection_mode(DesyncDetection::On { interval: settings.checksum_interval });
    let local_player = players.iter().position(|player| *player == PlayerType::Local);
    for (handle, player) in players.into_iter().enumerate() {
        builder = builder.add_player(renamed(player), handle)?;
    }
    let channel = world.resource_mut::<Matchbox>().socket.take_channel(0)?;
    let session = builder.start_p2p_session(Renamed(channel))?;

    world.insert_resource(CurrentMatch::new(1, wanted, local_player.unwrap_or_default(), 1));
    world.run_schedule(StartMatch);
    world.insert_resource(Session::P2P(session));
    Ok(())
}

/// The same buttons as the arena's own bot for the same seed and frame.
fn choose_inputs(
    mut commands: Commands,
    orders: Res<Orders>,
    frame: Res<RollbackFrameCount>,
    players: Res<LocalPlayers>,
) {
    let input = random_input(orders.seed, frame.0.unsigned_abs());
    let input = GgrsInput { input, disconnected: false };
    let inputs = players.0.iter().map(|player| (*player, input)).collect();
    commands.insert_resource(LocalInputs::<Config>(inputs));
}
