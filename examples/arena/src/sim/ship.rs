//! Ships: their components, where they start, and how they respawn.

use bevy::prelude::*;

use super::cues::{CueKind, Cues};
use super::fixed::{PX, Point};
use super::netcode::MatchSetup;
use super::round::{Phase, Round};

/// Half the size of a ship, in units.
pub const RADIUS: i32 = 14 * PX;
/// Hits that destroy a ship.
pub const MAX_HEALTH: u8 = 5;
/// Frames until a destroyed ship respawns.
const RESPAWN_FRAMES: u8 = 90;
/// Frames for which a respawned ship cannot be hit.
const SHIELD_FRAMES: u8 = 90;

/// The player of a ship, and the direction it faces.
#[derive(Component, Clone, Debug, Hash, Reflect)]
pub struct Ship {
    /// The player, counted from 0.
    pub player: u8,
    /// The direction it faces and shoots in; see [`super::direction`].
    pub facing: u8,
}

/// Position and velocity of ships, shots and pick-ups.
#[derive(Component, Clone, Debug, Default, Hash, Reflect)]
pub struct Body {
    /// The position of its centre.
    pub at: Point,
    /// In units per frame.
    pub velocity: Point,
}

/// The state of a ship's hull.
#[derive(Component, Clone, Debug, Hash, Reflect)]
pub struct Hull {
    /// Hits left; 0 while the ship is destroyed.
    pub health: u8,
    /// Frames until a destroyed ship respawns.
    pub away: u8,
    /// Frames for which it cannot be hit.
    pub shield: u8,
}

impl Hull {
    /// Whether the ship is not destroyed.
    pub fn is_alive(&self) -> bool {
        self.health > 0
    }

    /// Whether hits do not count.
    pub fn is_shielded(&self) -> bool {
        self.shield > 0
    }

    /// Counts a hit. Returns whether it destroyed the ship. A shielded ship is not affected.
    pub(super) fn take_hit(&mut self) -> bool {
        if self.is_shielded() {
            return false;
        }
        self.health = self.health.saturating_sub(1);
        if self.health == 0 {
            self.away = RESPAWN_FRAMES;
        }
        self.health == 0
    }
}

/// The gun. Two of its fields are effects of pick-ups, which end after a while.
#[derive(Component, Clone, Debug, Default, Hash, Reflect)]
pub struct Gun {
    /// Frames until it can fire again.
    pub cooldown: u8,
    /// Frames for which it fires twice as fast.
    pub rapid: u16,
    /// Frames for which it fires three shots at a time.
    pub spread: u16,
}

/// The engine, which can dash.
#[derive(Component, Clone, Debug, Default, Hash, Reflect)]
pub struct Engine {
    /// Frames until the present dash ends.
    pub dashing: u8,
    /// Frames until the next dash.
    pub cooldown: u8,
}

/// How many ships the player has destroyed.
#[derive(Component, Clone, Debug, Default, Hash, Reflect)]
pub struct Score(pub u16);

/// Where ships start, each with the direction it faces, in the order of the players. The first ones are in the corners;
/// the others are as far from them and from each other as the arena allows.
const SPAWN_POINTS: [(Point, u8); 8] = [
    (Point::px(-520, 210), 0),
    (Point::px(520, -210), 16),
    (Point::px(520, 210), 16),
    (Point::px(-520, -210), 0),
    (Point::px(0, 270), 24),
    (Point::px(0, -270), 8),
    (Point::px(-520, 0), 0),
    (Point::px(520, 0), 16),
];

/// The points in use in a match of so many ships: the corners alone while they suffice.
fn spawn_points(ships: usize) -> &'static [(Point, u8)] {
    if ships > 4 { &SPAWN_POINTS } else { &SPAWN_POINTS[..4] }
}

pub(super) fn spawn(mut commands: Commands, setup: Res<MatchSetup>) {
    let points = spawn_points(setup.players).iter().cycle();
    for (player, &(at, facing)) in (0..=u8::MAX).zip(points).take(setup.players) {
        commands.spawn((
            Ship { player, facing },
            Body { at, ..default() },
            Hull { health: MAX_HEALTH, away: 0, shield: 0 },
            Gun::default(),
            Engine::default(),
            Score::default(),
        ));
    }
}

/// Counts down the timers of every ship, and respawns destroyed ships at the spawn point that is farthest from the
/// other ships.
pub(super) fn respawn(
    round: Res<Round>,
    mut cues: ResMut<Cues>,
    mut ships: Query<(&mut Ship, &mut Body, &mut Hull, &mut Gun, &mut Engine)>,
) {
    if round.phase == Phase::Countdown {
        return;
    }
    let mut taken: Vec<Point> = Vec::new();
    for (_, body, mut hull, mut gun, mut engine) in &mut ships {
        hull.shield = hull.shield.saturating_sub(1);
        hull.away = hull.away.saturating_sub(1);
        gun.cooldown = gun.cooldown.saturating_sub(1);
        gun.rapid = gun.rapid.saturating_sub(1);
        gun.spread = gun.spread.saturating_sub(1);
        engine.cooldown = engine.cooldown.saturating_sub(1);
        if hull.is_alive() {
            taken.push(body.at);
        }
    }

    let points = spawn_points(ships.iter().len());
    let mut due: Vec<_> =
        ships.iter_mut().filter(|ship| !ship.2.is_alive() && ship.2.away == 0).collect();
    // Two ships that respawn in the same frame must not choose the same spawn point.
    due.sort_by_key(|(ship, ..)| ship.player);
    for (mut ship, mut body, mut hull, mut gun, mut engine) in due {
        let distance = |at: Point| {
            taken.iter().map(|&other| (at - other).length_squared()).min().unwrap_or(i64::MAX)
        };
        // Of equally distant points its own one: `max_by_key` keeps the last of equals.
        let own = usize::from(ship.player) % points.len();
        let (before, after) = points.split_at(own + 1);
        let farthest = after.iter().chain(before).max_by_key(|(at, _)| distance(*at));
        let (at, facing) = farthest.copied().unwrap_or(points[own]);
        ship.facing = facing;
        *body = Body { at, ..default() };
        *hull = Hull { health: MAX_HEALTH, away: 0, shield: SHIELD_FRAMES };
        *gun = Gun::default();
        *engine = Engine::default();
        cues.write(CueKind::Respawned(ship.player), at);
        taken.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::walls::blocked;

    #[test]
    fn every_spawn_point_is_free_of_walls() {
        for (at, _) in SPAWN_POINTS {
            assert!(!blocked(at, RADIUS), "{at:?}");
        }
    }

    #[test]
    fn spawn_points_are_symmetric_and_apart() {
        for (index, (at, _)) in SPAWN_POINTS.iter().enumerate() {
            assert!(SPAWN_POINTS.iter().any(|(other, _)| *other == -*at), "{at:?}");
            for (other, _) in &SPAWN_POINTS[..index] {
                assert!(!at.is_within(*other, 200 * PX), "{at:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_shield_prevents_a_hit_and_the_fifth_hit_destroys() {
        let mut hull = Hull { health: MAX_HEALTH, away: 0, shield: 1 };
        assert!(!hull.take_hit());
        assert_eq!(hull.health, MAX_HEALTH);
        hull.shield = 0;
        let destroyed: Vec<_> = (0..5).map(|_| hull.take_hit()).collect();
        assert_eq!(destroyed, [false, false, false, false, true]);
        assert!(!hull.is_alive() && hull.away > 0);
    }
}
