//! A fixed match without a network. Its checksum shows whether this machine computes the same as every other one.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{SyncTest, SyncTestError};

use crate::bot;
use crate::sim::{ArenaInput, SimulationPlugin, SimulationSystems};

/// The checksum of the state before frame 600 of a match of two players with seed 42. If it changes, peers with the
/// old and the new rules cannot play together: then change it, and [`GAME`](crate::GAME) with it.
pub const GOLDEN: u64 = 0x503e_e769_2a57_85f2;

/// The checksum that should be [`GOLDEN`], as this machine computes it.
///
/// # Errors
///
/// [`SyncTestError`] where this machine does not even agree with itself.
pub fn checksum() -> Result<u64, SyncTestError> {
    // The checksum does not depend on how far the test goes back, the time it takes does.
    let test = SyncTest::new(2).seed(42).frames(600).check_distance(2);
    test.run(game, random_input).map(|report| report.checksum)
}

/// What a machine of 32 bits and one of 64 store and hash in different ways.
#[derive(Component, Clone, Default, Hash, Reflect)]
struct Widths {
    count: usize,
    offset: isize,
    last: Option<u8>,
    list: Vec<u16>,
}

/// The same once more: a type is registered in one way.
#[derive(Component, Clone, Default, Hash, Reflect)]
struct ReflectedWidths(Widths);

/// Adds the game to an App of a sync test.
pub fn game(app: &mut App) {
    // The checksum depends on when inputs count, and not on what a game has by default.
    let config = NetplayConfig { input_delay: 2, ..default() };
    let netplay = NetplayPlugins::<ArenaInput>::new(config);
    app.add_plugins((MinimalPlugins, netplay, SimulationPlugin))
        .rollback_component_by_hash::<Widths>()
        .rollback_component_by_reflect::<ReflectedWidths>()
        .add_systems(StartMatch, spawn_widths)
        .add_systems(NetplayUpdate, change_widths.after(SimulationSystems));
}

fn spawn_widths(mut commands: Commands) {
    commands.spawn((Widths::default(), ReflectedWidths::default(), RollbackEntity));
}

fn change_widths(
    inputs: Inputs<ArenaInput>,
    mut widths: Query<(&mut Widths, &mut ReflectedWidths)>,
) {
    let buttons = inputs.get(0).buttons;
    for (mut widths, mut reflected) in &mut widths {
        widths.count = widths.count.wrapping_add(usize::from(buttons));
        widths.offset -= 1;
        widths.last = (buttons > 0).then_some(buttons);
        widths.list.push(buttons.into());
        widths.list.truncate(usize::from(buttons) % 7);
        reflected.0 = widths.clone();
    }
}

/// The input of a player who presses random buttons.
pub fn random_input(player: PlayerHandle, frame: i32) -> ArenaInput {
    bot::random_input(player.0.into(), frame.unsigned_abs())
}
