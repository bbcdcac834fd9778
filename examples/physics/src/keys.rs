//! The keyboard, for one player, or for two at its two halves.
//!
//! A press counts once, however many updates or frames there are: it is collected in every update, and taken with the
//! next frame.

use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::input::PusherInput;

/// The keys of a player.
struct Keys {
    left: KeyCode,
    right: KeyCode,
    down: KeyCode,
    up: KeyCode,
    dash: KeyCode,
}

/// The keys of both halves.
static HALVES: [Keys; 2] = [
    Keys {
        left: KeyCode::KeyA,
        right: KeyCode::KeyD,
        down: KeyCode::KeyS,
        up: KeyCode::KeyW,
        dash: KeyCode::Space,
    },
    Keys {
        left: KeyCode::ArrowLeft,
        right: KeyCode::ArrowRight,
        down: KeyCode::ArrowDown,
        up: KeyCode::ArrowUp,
        dash: KeyCode::Enter,
    },
];

/// Lets people at the keyboard make the inputs of the local players.
pub struct KeysPlugin {
    /// How many: one, who may use either half, or two.
    pub players: usize,
}

impl Plugin for KeysPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Dashes>()
            .add_systems(PreUpdate, collect.after(InputSystems).before(NetplaySystems::Simulate));
        match self.players {
            1 => app.add_systems(ReadLocalInput, read),
            _ => app.add_systems(ReadLocalInput, read_both),
        };
    }
}

/// Whether the key for a dash was pressed since the last frame, on each half.
#[derive(Resource, Default)]
struct Dashes([bool; 2]);

fn collect(keys: Res<ButtonInput<KeyCode>>, mut dashes: ResMut<Dashes>) {
    for (dash, half) in dashes.0.iter_mut().zip(&HALVES) {
        *dash |= keys.just_pressed(half.dash);
    }
}

/// The inputs of both halves. Presses are taken: the next frame has only new ones.
fn take(keys: &ButtonInput<KeyCode>, dashes: &mut Dashes) -> [PusherInput; 2] {
    let dashes = std::mem::take(dashes);
    let axis = |less, more| 127 * (i8::from(keys.pressed(more)) - i8::from(keys.pressed(less)));
    [0, 1].map(|half| {
        let Keys { left, right, down, up, .. } = HALVES[half];
        PusherInput { stick: [axis(left, right), axis(down, up)], dash: dashes.0[half].into() }
    })
}

fn read(
    keys: Res<ButtonInput<KeyCode>>,
    mut dashes: ResMut<Dashes>,
    mut input: ResMut<LocalInput<PusherInput>>,
) {
    let [left, right] = take(&keys, &mut dashes);
    let axis = |axis: usize| left.stick[axis].saturating_add(right.stick[axis]);
    input.0 = PusherInput { stick: [axis(0), axis(1)], dash: left.dash | right.dash };
}

fn read_both(
    keys: Res<ButtonInput<KeyCode>>,
    mut dashes: ResMut<Dashes>,
    this_match: Res<CurrentMatch>,
    mut input: ResMut<LocalInput<PusherInput>>,
) {
    for (player, given) in this_match.local_players.iter().zip(take(&keys, &mut dashes)) {
        input.set(*player, given);
    }
}
