//! The keyboard and gamepads: the inputs of the local players, and the actions join, leave and rematch.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::Invite;
use crate::bot::BotPlugin;
use crate::sim::{ArenaInput, DASH, DOWN, FIRE, LEFT, Phase, RIGHT, Round, RoundRules, UP};

const KEYS: [(u8, &[KeyCode]); 6] = [
    (UP, &[KeyCode::KeyW, KeyCode::ArrowUp]),
    (DOWN, &[KeyCode::KeyS, KeyCode::ArrowDown]),
    (LEFT, &[KeyCode::KeyA, KeyCode::ArrowLeft]),
    (RIGHT, &[KeyCode::KeyD, KeyCode::ArrowRight]),
    (FIRE, &[KeyCode::Space]),
    (DASH, &[KeyCode::ShiftLeft, KeyCode::ShiftRight]),
];

/// The keys of two players at one keyboard. Others have gamepads.
const HALVES: [[(u8, KeyCode); 6]; 2] = [
    [
        (UP, KeyCode::KeyW),
        (DOWN, KeyCode::KeyS),
        (LEFT, KeyCode::KeyA),
        (RIGHT, KeyCode::KeyD),
        (FIRE, KeyCode::Space),
        (DASH, KeyCode::ShiftLeft),
    ],
    [
        (UP, KeyCode::ArrowUp),
        (DOWN, KeyCode::ArrowDown),
        (LEFT, KeyCode::ArrowLeft),
        (RIGHT, KeyCode::ArrowRight),
        (FIRE, KeyCode::Enter),
        (DASH, KeyCode::ShiftRight),
    ],
];

/// How far a stick is pushed before it counts.
const DEAD_ZONE: f32 = 0.4;

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

fn read(
    keys: Res<ButtonInput<KeyCode>>,
    pad: Res<Pad>,
    gamepads: Query<(Entity, &Gamepad)>,
    this_match: Res<CurrentMatch>,
    mut input: ResMut<LocalInput<ArenaInput>>,
) {
    // In the order in which they were connected.
    let mut gamepads: Vec<_> = gamepads.iter().collect();
    gamepads.sort_by_key(|(entity, _)| *entity);
    let mut gamepads = gamepads.into_iter().map(|(_, gamepad)| held_on(gamepad));
    let players = &this_match.local_players;
    let devices = match players.len() {
        // One player may use any of them.
        0 | 1 => {
            let pressed = |codes: &[KeyCode]| keys.any_pressed(codes.iter().copied());
            let keyboard = KEYS.map(|(button, codes)| (button, pressed(codes)));
            vec![gamepads.fold(pad.0 | held(keyboard), |buttons, gamepad| buttons | gamepad)]
        }
        // Who has a gamepad leaves the keyboard to the others: the first players have it.
        players => {
            let keyboard =
                HALVES.map(|half| held(half.map(|(button, key)| (button, keys.pressed(key)))));
            let with_gamepads: Vec<u8> = gamepads.by_ref().take(players).collect();
            let at_keyboard = players - with_gamepads.len();
            keyboard.into_iter().take(at_keyboard).chain(with_gamepads).collect()
        }
    };
    for (player, buttons) in players.iter().zip(devices) {
        input.set(*player, ArenaInput { buttons });
    }
}

/// Those buttons of the game that are held.
fn held(buttons: [(u8, bool); 6]) -> u8 {
    let held = buttons.into_iter().filter(|(_, is_held)| *is_held);
    held.fold(0, |buttons, (button, _)| buttons | button)
}

/// What is held on a gamepad, as buttons of the game.
fn held_on(gamepad: &Gamepad) -> u8 {
    let stick = gamepad.left_stick();
    let dash = [GamepadButton::East, GamepadButton::LeftTrigger, GamepadButton::RightTrigger];
    held([
        (UP, stick.y > DEAD_ZONE || gamepad.pressed(GamepadButton::DPadUp)),
        (DOWN, stick.y < -DEAD_ZONE || gamepad.pressed(GamepadButton::DPadDown)),
        (LEFT, stick.x < -DEAD_ZONE || gamepad.pressed(GamepadButton::DPadLeft)),
        (RIGHT, stick.x > DEAD_ZONE || gamepad.pressed(GamepadButton::DPadRight)),
        (FIRE, gamepad.any_pressed([GamepadButton::South, GamepadButton::RightTrigger2])),
        (DASH, gamepad.any_pressed(dash)),
    ])
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
    (round, rules): (Res<Round>, Res<RoundRules>),
    invite: Res<Invite>,
    mut vote: ResMut<Vote>,
    mut exit: MessageWriter<AppExit>,
) {
    let outside = matches!(state.get(), NetplayState::Offline | NetplayState::Ended);
    let over =
        *state.get() == NetplayState::Playing && round.phase == Phase::Result && !rules.ends_match;
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
