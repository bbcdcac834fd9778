//! The game on bevy_ggrs and ggrs, drawn as it is simulated.

use bevy::prelude::*;
use bevy_ggrs::{
    GgrsConfig, GgrsPlugin, GgrsSchedule, LocalInputs, LocalPlayers, PlayerInputs, ReadInputs,
    Rollback, RollbackApp, RollbackFrameCount, RunGgrsSystems, Session,
};
use ggrs::{GgrsError, PlayerType, SessionBuilder};

use crate::game::{self, Seed, Ship};
use crate::network::{self, Network};
use crate::{figures, ours};

/// Buttons in a byte, and players by number.
type Types = GgrsConfig<u8, usize>;

/// The App of one of two players.
pub fn app(player: usize, seed: Seed, network: &Network) -> Result<App, GgrsError> {
    let mut builder = SessionBuilder::<Types>::new()
        .with_num_players(2)?
        .with_input_delay(ours::INPUT_DELAY)
        .with_max_prediction_window(ours::MAX_PREDICTION);
    for handle in 0..2 {
        let is_local = handle == player;
        let kind = if is_local { PlayerType::Local } else { PlayerType::Remote(handle) };
        builder = builder.add_player(kind, handle)?;
    }
    let session = builder.start_p2p_session(network.socket(player))?;

    let mut app = game::app(seed);
    app.add_plugins((GgrsPlugin::<Types>::default(), figures::plugin))
        .insert_resource(network.clone())
        .insert_resource(Session::P2P(session))
        .rollback_component_with_clone::<Ship>()
        .add_systems(Startup, spawn)
        .add_systems(PreUpdate, network::pass_time.before(RunGgrsSystems))
        .add_systems(ReadInputs, read_inputs)
        .add_systems(GgrsSchedule, fly)
        .add_systems(Update, draw);
    game::finish(&mut app);
    Ok(app)
}

fn spawn(mut commands: Commands) {
    for player in 0..2 {
        commands.spawn((Rollback, Ship::of(player), Transform::IDENTITY));
    }
}

fn read_inputs(
    mut commands: Commands,
    seed: Res<Seed>,
    frame: Res<RollbackFrameCount>,
    players: Res<LocalPlayers>,
) {
    let buttons = |player: &usize| (*player, seed.buttons(*player, frame.0));
    commands.insert_resource(LocalInputs::<Types>(players.0.iter().map(buttons).collect()));
}

fn fly(inputs: Res<PlayerInputs<Types>>, mut ships: Query<&mut Ship>) {
    for mut ship in &mut ships {
        let (buttons, _) = inputs[ship.player];
        ship.fly(buttons);
    }
}

fn draw(mut ships: Query<(&Ship, &mut Transform)>) {
    for (ship, mut transform) in &mut ships {
        *transform = ship.pose();
    }
}
