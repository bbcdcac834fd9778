//! From a signaling server to a running session, as the documentation of matchbox and bevy_ggrs does it.

use arena::bot::random_input;
use arena::sim::MatchSetup;
use bevy::prelude::*;
use bevy::tasks::{IoTaskPool, Task};
use bevy::time::Real;
use bevy_ggrs::{
    LocalInputs, LocalPlayers, ReadInputs, RollbackFrameCount, RollbackFrameRate, Session,
};
use ggrs::{DesyncDetection, PlayerType, SessionBuilder};
use matchbox_socket::{Error, RtcIceServerConfig, WebRtcSocket};

use crate::netcode::{Config, StartMatch};
use crate::report::Milestones;
use crate::{FRAME_RATE, Orders};

// The settings that bevy_netplay has by default, so that only the stack differs.
const INPUT_DELAY: usize = 2;
const MAX_PREDICTION: usize = 8;
const CHECKSUM_INTERVAL: u32 = 15;

/// The seed of the simulation: any, but the same for all players.
const SEED: u64 = 1;

/// Which player of the session is played here.
#[derive(Resource, Clone, Copy, Debug)]
pub struct LocalPlayer(pub usize);

/// The socket until the session takes its channel, and the task that carries its packets.
#[derive(Resource)]
struct Matchbox {
    socket: WebRtcSocket,
    _message_loop: Task<Result<(), Error>>,
}

/// The socket, the session and the local inputs.
pub fn plugin(app: &mut App) {
    app.insert_resource(RollbackFrameRate(FRAME_RATE))
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
        .with_input_delay(INPUT_DELAY)
        .with_max_prediction_window(MAX_PREDICTION)
        .with_desync_detection_mode(DesyncDetection::On { interval: CHECKSUM_INTERVAL });
    let local_player = players.iter().position(|player| *player == PlayerType::Local);
    for (handle, player) in players.into_iter().enumerate() {
        builder = builder.add_player(player, handle)?;
    }
    let channel = world.resource_mut::<Matchbox>().socket.take_channel(0)?;
    let session = builder.start_p2p_session(channel)?;

    world.insert_resource(LocalPlayer(local_player.unwrap_or_default()));
    world.insert_resource(MatchSetup { players: wanted, seed: SEED });
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
    let buttons = random_input(orders.seed, frame.0.unsigned_abs()).buttons;
    let inputs = players.0.iter().map(|player| (*player, buttons)).collect();
    commands.insert_resource(LocalInputs::<Config>(inputs));
}
