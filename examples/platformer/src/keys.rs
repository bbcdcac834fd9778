//! The keyboard, for one player, or for two at its two halves.
//!
//! A press counts once, however many updates or frames there are: it is collected in every update, and taken with the
//! next frame.

use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::input::{Action, FighterInput};

/// The keys of a player.
struct Keys {
    left: KeyCode,
    right: KeyCode,
    jump: KeyCode,
    strike: KeyCode,
    throw: KeyCode,
}

/// The keys of both halves.
static HALVES: [Keys; 2] = [
    Keys {
        left: KeyCode::KeyA,
        right: KeyCode::KeyD,
        jump: KeyCode::KeyW,
        strike: KeyCode::KeyF,
        throw: KeyCode::KeyG,
    },
    Keys {
        left: KeyCode::ArrowLeft,
        right: KeyCode::ArrowRight,
        jump: KeyCode::ArrowUp,
        strike: KeyCode::Comma,
        throw: KeyCode::Period,
    },
];

/// Lets people at the keyboard make the inputs of the local players.
pub struct KeysPlugin {
    /// How many: one, who may use either half, or two.
    pub players: usize,
}

impl Plugin for KeysPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Presses>()
            .add_systems(PreUpdate, collect.after(InputSystems).before(NetplaySystems::Simulate));
        match self.players {
            1 => app.add_systems(ReadLocalInput, read),
            _ => app.add_systems(ReadLocalInput, read_both),
        };
    }
}

/// What was pressed since the last frame, on each half.
#[derive(Resource, Default)]
struct Presses([Press; 2]);

#[derive(Clone, Copy, Default)]
struct Press {
    jump: bool,
    action: Option<Action>,
}

fn collect(keys: Res<ButtonInput<KeyCode>>, mut presses: ResMut<Presses>) {
    for (press, half) in presses.0.iter_mut().zip(&HALVES) {
        press.jump |= keys.just_pressed(half.jump);
        for (key, action) in [(half.strike, Action::Strike), (half.throw, Action::Throw)] {
            if keys.just_pressed(key) {
                press.action = Some(action);
            }
        }
    }
}

/// The inputs of both halves. Presses are taken: the next frame has only new ones.
fn take(keys: &ButtonInput<KeyCode>, presses: &mut Presses) -> [FighterInput; 2] {
    let presses = std::mem::take(presses);
    [0, 1].map(|half| {
        let (Press { jump, action }, Keys { left, right, .. }) = (presses.0[half], &HALVES[half]);
        let held = |key: &KeyCode| f32::from(u8::from(keys.pressed(*key)));
        FighterInput { walk: held(right) - held(left), jump, action }
    })
}

fn read(
    keys: Res<ButtonInput<KeyCode>>,
    mut presses: ResMut<Presses>,
    mut input: ResMut<LocalInput<FighterInput>>,
) {
    let [left, right] = take(&keys, &mut presses);
    input.0 = FighterInput {
        walk: left.walk + right.walk,
        jump: left.jump || right.jump,
        action: left.action.or(right.action),
    };
}

fn read_both(
    keys: Res<ButtonInput<KeyCode>>,
    mut presses: ResMut<Presses>,
    this_match: Res<CurrentMatch>,
    mut input: ResMut<LocalInput<FighterInput>>,
) {
    for (player, given) in this_match.local_players.iter().zip(take(&keys, &mut presses)) {
        input.set(*player, given);
    }
}
