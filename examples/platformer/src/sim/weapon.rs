//! Clubs: children of fighters, and rolled back as such.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::fighter::{Attacks, FIGHTER_HALF, Facing, Fighter};
use super::hit::Hit;
use crate::input::{Action, FighterInput};

/// Half the width and height of a club, in pixels.
pub const CLUB_HALF: Vec2 = Vec2::new(16.0, 5.0);
/// How far from the fighter's middle it is while it is out, in pixels.
const REACH: f32 = 34.0;
/// The same while it is not.
const REST: f32 = 12.0;
/// How much a strike adds to the damage.
const DAMAGE: f32 = 9.0;

/// The club of the fighter that is its parent.
#[derive(Component, Clone, Debug, Default, Reflect)]
#[require(RollbackEntity, Transform)]
pub struct Club {
    /// The fighters that this swing has hit: each is hit once.
    #[entities]
    pub struck: Vec<Entity>,
}

impl Club {
    /// The place beside its fighter, while it is not out.
    pub(super) fn at_rest(facing: Facing) -> Transform {
        Transform::from_xyz(facing.sign() * REST, 0.0, 1.0)
    }
}

/// Swings clubs, and holds them in front of their fighters.
pub(super) fn swing(
    inputs: Inputs<FighterInput>,
    time: Res<Time>,
    mut fighters: Query<(&Fighter, &mut Attacks)>,
    mut clubs: Query<(&ChildOf, &mut Club, &mut Transform)>,
) {
    for (child_of, mut club, mut place) in &mut clubs {
        let Ok((fighter, mut attacks)) = fighters.get_mut(child_of.parent()) else { continue };
        attacks.swing.tick(time.delta());
        attacks.strike_cooldown.tick(time.delta());
        let wants = inputs.get(fighter.player).action == Some(Action::Strike);
        if wants && attacks.strike_cooldown.is_finished() {
            attacks.swing.reset();
            attacks.strike_cooldown.reset();
            club.struck.clear();
        }
        let distance = if attacks.swing.is_finished() { REST } else { REACH };
        place.translation.x = fighter.facing.sign() * distance;
    }
}

/// Clubs that are out hit fighters. Both are sorted: where two clubs hit one fighter, the last one decides where it
/// flies.
///
/// The place of a club is added up here: its `GlobalTransform` is that of the last picture, which is not part of the
/// simulation.
pub(super) fn strike(
    mut hits: MessageWriter<Hit>,
    fighters: Query<(Entity, &SpawnOrder, &Fighter, &Attacks, &Transform)>,
    mut clubs: Query<(&SpawnOrder, &ChildOf, &Transform, &mut Club)>,
) {
    for (_, child_of, place, mut club) in clubs.iter_mut().sort::<&SpawnOrder>() {
        let Ok((own, _, fighter, attacks, body)) = fighters.get(child_of.parent()) else {
            continue;
        };
        if attacks.swing.is_finished() {
            continue;
        }
        let at = (body.translation + place.translation).truncate();
        for (victim, .., other) in fighters.iter().sort::<&SpawnOrder>() {
            let away = other.translation.truncate() - at;
            let touches = away.abs().cmple(CLUB_HALF + FIGHTER_HALF).all();
            if touches && victim != own && !club.struck.contains(&victim) {
                club.struck.push(victim);
                hits.write(Hit {
                    victim,
                    by: Some(fighter.contestant),
                    direction: Vec2::new(fighter.facing.sign(), 0.8),
                    damage: DAMAGE,
                });
            }
        }
    }
}
