//! The keyboard: what flies the ship, and what joins, leaves and asks for a rematch.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::Invite;
use crate::pilot::PilotPlugin;
use crate::sim::{ArenaInput, DASH, DOWN, FIRE, LEFT, Phase, RIGHT, Round, UP};

const KEYS: [(u8, &[KeyCode]); 6] = [
    (UP, &[KeyCode::KeyW, KeyCode::ArrowUp]),
    (DOWN, &[KeyCode::KeyS, KeyCode::ArrowDown]),
    (LEFT, &[KeyCode::KeyA, KeyCode::ArrowLeft]),
    (RIGHT, &[KeyCode::KeyD, KeyCode::ArrowRight]),
    (FIRE, &[KeyCode::Space]),
    (DASH, &[KeyCode::ShiftLeft, KeyCode::ShiftRight]),
];

/// Whether this player asked for a rematch.
#[derive(Resource, Default)]
pub struct Vote(pub bool);

pub fn plugin(app: &mut App) {
    app.init_resource::<Vote>()
        .add_systems(ReadInputs, read.run_if(not(resource_exists::<PilotPlugin>)))
        .add_systems(StartMatch, |mut vote: ResMut<Vote>| vote.0 = false)
        .add_systems(Update, command);
}

fn read(keys: Res<ButtonInput<KeyCode>>, mut input: ResMut<LocalInput<ArenaInput>>) {
    let held = KEYS.iter().filter(|(_, codes)| keys.any_pressed(codes.iter().copied()));
    input.0 = ArenaInput { buttons: held.fold(0, |buttons, (button, _)| buttons | button) };
}

fn command(
    mut commands: Commands,
    keys: Res<ButtonInput<KeyCode>>,
    state: Res<State<NetplayState>>,
    round: Res<Round>,
    invite: Res<Invite>,
    mut vote: ResMut<Vote>,
    mut exit: MessageWriter<AppExit>,
) {
    let outside = matches!(state.get(), NetplayState::Offline | NetplayState::Ended(_));
    if keys.just_pressed(KeyCode::Escape) {
        if outside {
            exit.write(AppExit::Success);
        } else {
            commands.leave_room();
        }
    }
    if keys.just_pressed(KeyCode::KeyJ) && outside {
        commands.join_room(invite.room());
    }
    let over = *state.get() == NetplayState::Playing && round.phase == Phase::Result;
    if keys.just_pressed(KeyCode::KeyR) && over && !vote.0 {
        vote.0 = true;
        commands.rematch();
    }
}
