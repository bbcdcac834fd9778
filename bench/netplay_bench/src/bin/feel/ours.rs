//! The game on bevy_netplay, smoothed.

use bevy::prelude::*;
use bevy_netplay::TransportFactory;
use bevy_netplay::prelude::*;
use bevy_netplay::transport::memory::MemoryHub;

use crate::figures;
use crate::game::{self, Seed, Ship};

/// How many frames inputs wait, on either stack.
pub const INPUT_DELAY: usize = 2;
/// How many frames are predicted at most, on either stack.
pub const MAX_PREDICTION: usize = 8;

/// The App of one of two players.
pub fn app(seed: Seed, hub: &MemoryHub) -> App {
    let hub = hub.clone();
    let mut app = game::app(seed);
    app.insert_resource(TransportFactory::new(move |request| Box::new(hub.join(request))));
    add_game(&mut app, 1);
    app.add_plugins(figures::plugin).smooth(Ship::pose, Smoothing::default());
    game::finish(&mut app);
    let world = app.world_mut();
    world.commands().join_room(JoinRoom::code("BENCH").players(2));
    world.flush();
    app
}

/// The game with so many ships for each player.
pub fn add_game(app: &mut App, ships: usize) {
    let config = NetplayConfig {
        game: "bench".into(),
        input_delay: INPUT_DELAY,
        max_input_delay: INPUT_DELAY,
        max_prediction: MAX_PREDICTION,
        ..default()
    };
    let spawn = move |mut commands: Commands, this_match: Res<CurrentMatch>| {
        for player in this_match.player_handles() {
            let ship = (RollbackEntity, OwnedBy(player), Ship::of(player.index()));
            commands.spawn_batch(vec![ship; ships]);
        }
    };
    app.add_plugins(NetplayPlugins::<u8>::new(config))
        .rollback_component_by_reflect::<Ship>()
        .add_systems(StartMatch, spawn)
        .add_systems(ReadLocalInput, read_input)
        .add_systems(NetplayUpdate, fly);
}

fn read_input(
    seed: Res<Seed>,
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    mut input: ResMut<LocalInput<u8>>,
) {
    input.0 = seed.buttons(this_match.local_player.index(), frame.0);
}

fn fly(inputs: Inputs<u8>, mut ships: Query<&mut Ship>) {
    for mut ship in &mut ships {
        let buttons = inputs.get(ship.player);
        ship.fly(buttons);
    }
}
