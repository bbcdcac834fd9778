//! Players: discs that accelerate and dash.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::field::entrance;
use crate::input::PusherInput;
use crate::world::{Body, NewBody, Physics, Shape};

/// The radius of a player, in metres.
pub const RADIUS: f32 = 0.55;
/// Metres per second squared.
const ACCELERATION: f32 = 28.0;
/// How much of its velocity a player loses, per second.
const DAMPING: f32 = 3.5;
/// How much faster a player is when it dashes, in metres per second.
const DASH: f32 = 9.0;
/// Frames from one dash to the next.
const DASH_COOLDOWN: u16 = 50;

/// A player on the field. Its place is that of its [`Body`].
#[derive(Component, Clone, Debug, Reflect)]
#[require(RollbackEntity)]
pub struct Pusher {
    /// The player.
    pub player: PlayerHandle,
    /// Frames until it can dash again.
    pub cooldown: u16,
}

pub(super) fn spawn(commands: &mut Commands, physics: &mut Physics, player: PlayerHandle) {
    let body = physics.insert(NewBody {
        at: entrance(player),
        velocity: Vec2::ZERO,
        damping: DAMPING,
        shape: Shape::Disc(RADIUS),
    });
    commands.spawn((Pusher { player, cooldown: 0 }, body));
}

/// One player does not affect another here, so their order does not matter.
pub(super) fn steer(
    inputs: Inputs<PusherInput>,
    time: Res<Time>,
    mut physics: ResMut<Physics>,
    mut pushers: Query<(&mut Pusher, &Body)>,
) {
    for (mut pusher, body) in &mut pushers {
        let input = inputs.get(pusher.player);
        let direction = input.direction();
        pusher.cooldown = pusher.cooldown.saturating_sub(1);
        physics.accelerate(*body, direction * ACCELERATION * time.delta_secs());
        if input.dash != 0 && pusher.cooldown == 0 {
            pusher.cooldown = DASH_COOLDOWN;
            physics.accelerate(*body, direction * DASH);
        }
    }
}
