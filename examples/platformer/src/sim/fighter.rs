//! [`Fighter`], and what else a fighter consists of.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::weapon::Club;

/// Half the width and height of a fighter, in pixels.
pub const FIGHTER_HALF: Vec2 = Vec2::new(14.0, 20.0);

/// How long a fighter that has walked over an edge can still jump, in seconds.
const COYOTE: f32 = 0.1;
/// How long before it lands a fighter can ask for the next jump, in seconds.
const JUMP_BUFFER: f32 = 0.12;
/// How long the club is out, in seconds.
const SWING: f32 = 0.12;
/// From one strike to the next, in seconds.
const STRIKE_COOLDOWN: f32 = 0.4;
/// From one throw to the next, in seconds.
const THROW_COOLDOWN: f32 = 1.2;

/// A fighter on the stage. Its place is that of its [`Transform`]; its club is a child of it.
#[derive(Component, Clone, Debug, Reflect)]
#[require(RollbackEntity, Transform, Velocity, Footing, Attacks)]
pub struct Fighter {
    /// The player.
    pub player: PlayerHandle,
    /// The entity with the player's score.
    #[entities]
    pub contestant: Entity,
    /// Where it looks.
    pub facing: Facing,
    /// How much it was hit. It flies the farther, the more.
    pub damage: f32,
    /// The contestant who hit it last.
    #[entities]
    pub struck_by: Option<Entity>,
}

/// Where a fighter looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Reflect)]
pub enum Facing {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

impl Facing {
    /// -1.0 or 1.0.
    pub fn sign(self) -> f32 {
        match self {
            Self::Left => -1.0,
            Self::Right => 1.0,
        }
    }
}

/// In pixels per second.
#[derive(Component, Clone, Copy, Debug, Default, Reflect)]
pub struct Velocity(pub Vec2);

/// Whether a fighter stands, and can jump.
#[derive(Component, Clone, Debug, Reflect)]
pub struct Footing {
    /// It stands on a platform.
    pub grounded: bool,
    /// Runs since it stood last. Until it is finished, the fighter can still jump.
    pub coyote: Timer,
    /// Runs since the player asked for a jump. Until it is finished, the fighter jumps as soon as it can.
    pub jump_buffer: Timer,
}

impl Default for Footing {
    fn default() -> Self {
        Self { grounded: false, coyote: finished(COYOTE), jump_buffer: finished(JUMP_BUFFER) }
    }
}

/// What a fighter does to others.
#[derive(Component, Clone, Debug, Reflect)]
pub struct Attacks {
    /// Runs while the club is out.
    pub swing: Timer,
    /// Runs until the next strike.
    pub strike_cooldown: Timer,
    /// Runs until the next throw.
    pub throw_cooldown: Timer,
}

impl Default for Attacks {
    fn default() -> Self {
        Self {
            swing: finished(SWING),
            strike_cooldown: finished(STRIKE_COOLDOWN),
            throw_cooldown: finished(THROW_COOLDOWN),
        }
    }
}

/// A timer of so many seconds that does not run.
fn finished(seconds: f32) -> Timer {
    let mut timer = Timer::from_seconds(seconds, TimerMode::Once);
    timer.finish();
    timer
}

/// Spawns a fighter with its club.
pub(super) fn spawn(
    commands: &mut Commands,
    contestant: Entity,
    player: PlayerHandle,
    at: Vec2,
) -> Entity {
    let facing = if at.x < 0.0 { Facing::Right } else { Facing::Left };
    let fighter = Fighter { player, contestant, facing, damage: 0.0, struck_by: None };
    let fighter = commands.spawn((fighter, Transform::from_translation(at.extend(1.0)))).id();
    commands.spawn((Club::default(), ChildOf(fighter), Club::at_rest(facing)));
    fighter
}
