//! Ships: what they are made of, where they start, and how they come back.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::fixed::{PX, Point};
use super::round::{Phase, Round};

/// Half the size of a ship, in units.
pub const RADIUS: i32 = 14 * PX;
/// Hits a ship takes.
pub const MAX_HEALTH: u8 = 5;
/// Frames a destroyed ship is away.
const RESPAWN_FRAMES: u8 = 90;
/// Frames a ship that has just come back cannot be hit.
const SHIELD_FRAMES: u8 = 90;

/// Who flies it and where its nose points.
#[derive(Component, Clone, Debug, Hash)]
pub struct Ship {
    /// The seat, from 0.
    pub player: u8,
    /// Where it points and shoots; see [`super::direction`].
    pub facing: u8,
}

/// Anything that has a place: ships, shots and pick-ups.
#[derive(Component, Clone, Debug, Default, Hash)]
pub struct Body {
    /// Its middle.
    pub at: Point,
    /// Units per frame.
    pub velocity: Point,
}

/// What keeps a ship alive.
#[derive(Component, Clone, Debug, Hash)]
pub struct Hull {
    /// Hits left; 0 while it is away.
    pub health: u8,
    /// Frames until a destroyed ship is back.
    pub away: u8,
    /// Frames during which nothing hits it.
    pub shield: u8,
}

impl Hull {
    /// Whether the ship is there at all.
    pub fn is_alive(&self) -> bool {
        self.health > 0
    }

    /// Takes one hit away, and says whether that was the last. A shielded ship loses nothing.
    pub(super) fn take_hit(&mut self) -> bool {
        if self.shield > 0 {
            return false;
        }
        self.health = self.health.saturating_sub(1);
        if self.health == 0 {
            self.away = RESPAWN_FRAMES;
        }
        self.health == 0
    }
}

/// The gun. The two extras are pick-ups, and count down.
#[derive(Component, Clone, Debug, Default, Hash)]
pub struct Gun {
    /// Frames until it can shoot again.
    pub cooldown: u8,
    /// Frames of shooting twice as fast.
    pub rapid: u16,
    /// Frames of three shots at a time.
    pub spread: u16,
}

/// The dash.
#[derive(Component, Clone, Debug, Default, Hash)]
pub struct Engine {
    /// Frames the present dash still lasts.
    pub dashing: u8,
    /// Frames until the next dash.
    pub cooldown: u8,
}

/// Ships destroyed.
#[derive(Component, Clone, Debug, Default, Hash)]
pub struct Score(pub u16);

/// Where a seat starts, and which way it looks: into the arena.
fn berth(player: u8) -> (Point, u8) {
    match player % 4 {
        0 => (Point::px(-520, 210), 0),
        1 => (Point::px(520, -210), 16),
        2 => (Point::px(520, 210), 16),
        _ => (Point::px(-520, -210), 0),
    }
}

pub(super) fn spawn(mut commands: Commands, this_match: Res<Match>) {
    for player in (0..this_match.players).filter_map(|seat| u8::try_from(seat).ok()) {
        let (at, facing) = berth(player);
        commands.spawn((
            Rollback,
            Ship { player, facing },
            Body { at, ..default() },
            Hull { health: MAX_HEALTH, away: 0, shield: 0 },
            Gun::default(),
            Engine::default(),
            Score::default(),
        ));
    }
}

/// Counts down what every ship waits for, and brings destroyed ones back where the enemies are farthest.
pub(super) fn respawn(
    round: Res<Round>,
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

    let mut back: Vec<_> =
        ships.iter_mut().filter(|ship| !ship.2.is_alive() && ship.2.away == 0).collect();
    // Two that come back in the same frame must not choose the same berth.
    back.sort_by_key(|(ship, ..)| ship.player);
    for (mut ship, mut body, mut hull, mut gun, mut engine) in back {
        let loneliness = |seat: u8| {
            let at = berth(seat).0;
            taken.iter().map(|&other| (at - other).length_squared()).min().unwrap_or(i64::MAX)
        };
        // Own berth first: `max_by_key` keeps the last of equals.
        let seat = (0..4)
            .map(|step| (ship.player + 4 - step) % 4)
            .rev()
            .max_by_key(|&seat| loneliness(seat));
        let (at, facing) = berth(seat.unwrap_or(ship.player));
        ship.facing = facing;
        *body = Body { at, ..default() };
        *hull = Hull { health: MAX_HEALTH, away: 0, shield: SHIELD_FRAMES };
        *gun = Gun::default();
        *engine = Engine::default();
        taken.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::walls::blocked;

    #[test]
    fn every_berth_is_clear_of_walls() {
        for player in 0..4 {
            assert!(!blocked(berth(player).0, RADIUS), "berth {player}");
        }
    }

    #[test]
    fn a_shield_swallows_a_hit_and_the_fifth_hit_destroys() {
        let mut hull = Hull { health: MAX_HEALTH, away: 0, shield: 1 };
        assert!(!hull.take_hit());
        assert_eq!(hull.health, MAX_HEALTH);
        hull.shield = 0;
        let destroyed: Vec<_> = (0..5).map(|_| hull.take_hit()).collect();
        assert_eq!(destroyed, [false, false, false, false, true]);
        assert!(!hull.is_alive() && hull.away > 0);
    }
}
