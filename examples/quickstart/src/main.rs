//! Two players, two squares: run it twice, on two machines with `-- CODE ws://their-server:3536`.
use bevy::prelude::*;
use bevy_netplay::prelude::*; // netplay

/// What a player does in a frame, -1, 0 or 1 along x and y: all that is sent.
type Input = [i8; 2];

/// The state of the game. Every machine must come to the same one.
#[derive(Component, Clone, Reflect)]
struct Square {
    player: usize,
    at: IVec2,
}

fn main() {
    let game = NetplayConfig { game: "quickstart 1".into(), ..default() }; // netplay
    App::new()
        .add_plugins((DefaultPlugins, NetplayPlugins::<Input>::new(game))) // netplay
        .rollback_component_by_reflect::<Square>() // netplay
        .smooth(pose, Smoothing::default())
        .add_systems(Startup, join)
        .add_systems(ReadLocalInput, read_keys) // netplay
        .add_systems(StartMatch, spawn_squares) // netplay
        .add_systems(NetplayUpdate, move_squares) // netplay
        .run();
}

fn join(mut commands: Commands) {
    let code = std::env::args().nth(1).unwrap_or("SQUARES".into());
    let server = std::env::args().nth(2).unwrap_or("ws://127.0.0.1:3536".into());
    commands.spawn(Camera2d);
    commands.join_room(JoinRoom::code(code).server(server)); // netplay
}

fn read_keys(keys: Res<ButtonInput<KeyCode>>, mut input: ResMut<LocalInput<Input>>) {
    let axis = |less, more| keys.pressed(more) as i8 - keys.pressed(less) as i8;
    input.0 = [axis(KeyCode::KeyA, KeyCode::KeyD), axis(KeyCode::KeyS, KeyCode::KeyW)];
}

fn spawn_squares(mut commands: Commands) {
    for (player, color) in [Color::srgb(0.9, 0.4, 0.2), Color::WHITE].into_iter().enumerate() {
        let square = Square { player, at: IVec2::new(player as i32 * 200 - 100, 0) };
        commands.spawn((square, Sprite::from_color(color, Vec2::splat(50.0)), RollbackEntity)); // netplay
    }
}

fn move_squares(inputs: Inputs<Input>, mut squares: Query<&mut Square>) {
    for mut square in &mut squares {
        let step = inputs.get(square.player).map(i32::from); // netplay
        square.at += 4 * IVec2::from(step);
    }
}

/// Where a square is drawn: between two frames, and where a rollback moves it, smoothly.
fn pose(square: &Square) -> Transform {
    Transform::from_translation(square.at.as_vec2().extend(0.0))
}

#[cfg(test)]
mod tests {
    use bevy_netplay::SyncTest;

    use super::*;

    #[test]
    fn two_thousand_frames_come_out_the_same_every_time() {
        let game = |app: &mut App| {
            app.add_plugins((MinimalPlugins, NetplayPlugins::<Input>::default()))
                .rollback_component_by_reflect::<Square>()
                .add_systems(StartMatch, spawn_squares)
                .add_systems(NetplayUpdate, move_squares);
        };
        let input = |player: PlayerHandle, frame: i32| {
            let turn = frame / 13 + i32::from(player.0);
            [turn % 3 - 1, turn / 3 % 3 - 1].map(|axis| axis as i8)
        };
        let report = SyncTest::new(2).frames(2000).check_distance(7).run(game, input);
        assert!(report.is_ok_and(|report| report.rollbacks > 50));
    }
}
