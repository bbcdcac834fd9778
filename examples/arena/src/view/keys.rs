//! The keyboard: the input of the local player, and the actions join, leave and rematch.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::Invite;
use crate::bot::BotPlugin;
use crate::sim::{ArenaInput, DASH, DOWN, FIRE, LEFT, Phase, RIGHT, Round, UP};

const KEYS: [(u8, &[KeyCode]); 6] = [
    (UP, &[KeyCode::KeyW, KeyCode::ArrowUp]),
    (DOWN, &[KeyCode::KeyS, KeyCode::ArrowDown]),
    (LEFT, &[KeyCode::KeyA, KeyCode::ArrowLeft]),
    (RIGHT, &[KeyCode::KeyD, KeyCode::ArrowRight]),
    (FIRE, &[KeyCode::Space]),
    (DASH, &[KeyCode::ShiftLeft, KeyCode::ShiftRight]),
];

/// Whether the local player has voted for a rematch.
#[derive(Resource, Default)]
pub struct Vote(pub bool);

/// Buttons that are held on the touch screen, as bits of [`ArenaInput`].
#[derive(Resource, Default)]
pub struct Pad(pub u8);

/// An action that the player asks for.
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Join the room of the [`Invite`] again.
    Join,
    /// Leave the room, or quit when in none.
    Leave,
    /// Play another match.
    Rematch,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Vote>()
        .init_resource::<Pad>()
        .add_message::<Wish>()
        .add_systems(ReadLocalInput, read.run_if(not(resource_exists::<BotPlugin>)))
        .add_systems(StartMatch, |mut vote: ResMut<Vote>| vote.0 = false)
        .add_systems(Update, (ask, grant).chain());
}

fn read(keys: Res<ButtonInput<KeyCode>>, pad: Res<Pad>, mut input: ResMut<LocalInput<ArenaInput>>) {
    let held = KEYS.iter().filter(|(_, codes)| keys.any_pressed(codes.iter().copied()));
    input.0 = ArenaInput { buttons: held.fold(pad.0, |buttons, (button, _)| buttons | button) };
}

fn ask(keys: Res<ButtonInput<KeyCode>>, mut wishes: MessageWriter<Wish>) {
    for (key, wish) in [
        (KeyCode::Escape, Wish::Leave),
        (KeyCode::KeyJ, Wish::Join),
        (KeyCode::KeyR, Wish::Rematch),
    ] {
        if keys.just_pressed(key) {
            wishes.write(wish);
        }
    }
}

fn grant(
    mut commands: Commands,
    mut wishes: MessageReader<Wish>,
    state: Res<State<NetplayState>>,
    round: Res<Round>,
    invite: Res<Invite>,
    mut vote: ResMut<Vote>,
    mut exit: MessageWriter<AppExit>,
) {
    let outside = matches!(state.get(), NetplayState::Offline | NetplayState::Ended);
    let over = *state.get() == NetplayState::Playing && round.phase == Phase::Result;
    for wish in wishes.read() {
        match wish {
            // A page cannot quit.
            Wish::Leave if outside && cfg!(target_arch = "wasm32") => {}
            Wish::Leave if outside => drop(exit.write(AppExit::Success)),
            Wish::Leave => commands.leave_room(),
            Wish::Join if outside => commands.join_room(invite.room()),
            Wish::Rematch if over && !vote.0 => {
                vote.0 = true;
                commands.rematch();
            }
            Wish::Join | Wish::Rematch => {}
        }
    }
}
