//! Bombs: spawned and despawned in frames that may be taken back.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::cue::{Cue, CueKind};
use super::dice::Dice;
use super::fighter::{Attacks, Fighter, Velocity};
use super::hit::Hit;
use super::movement::GRAVITY;
use super::round::{Phase, Round};
use super::stage::{self, Lift};
use crate::input::{Action, FighterInput};

/// Half the width and height of a bomb, in pixels.
pub const BOMB_HALF: Vec2 = Vec2::new(8.0, 8.0);
/// How far from its middle it hits, in pixels.
pub const BOMB_RADIUS: f32 = 80.0;
/// Until it explodes, in seconds.
const FUSE: f32 = 1.1;
/// How much it adds to the damage.
const DAMAGE: f32 = 14.0;
/// The speed of a throw, in pixels per second, for a fighter that looks to the right.
const THROW: Vec2 = Vec2::new(420.0, 380.0);
/// How much of its speed is left after it has bounced, to the side and upwards.
const BOUNCE: Vec2 = Vec2::new(0.7, -0.4);

/// A bomb.
#[derive(Component, Clone, Debug, Reflect)]
#[require(RollbackEntity, Transform, Velocity)]
pub struct Bomb {
    /// The contestant who threw it; none if it came from the sky. Its fighter may be gone by then.
    #[entities]
    pub thrower: Option<Entity>,
    /// Runs until it explodes.
    pub fuse: Timer,
}

fn spawn(commands: &mut Commands, thrower: Option<Entity>, at: Vec2, velocity: Vec2) {
    commands.spawn((
        Bomb { thrower, fuse: Timer::from_seconds(FUSE, TimerMode::Once) },
        Transform::from_translation(at.extend(3.0)),
        Velocity(velocity),
        DespawnOnExit(Phase::Fighting),
    ));
}

pub(super) fn drop_from_the_sky(
    mut commands: Commands,
    time: Res<Time>,
    mut round: ResMut<Round>,
    mut dice: ResMut<Dice>,
) {
    if round.sky.tick(time.delta()).just_finished() {
        let x = (dice.fraction() - 0.5) * 600.0;
        spawn(&mut commands, None, Vec2::new(x, 320.0), Vec2::ZERO);
    }
}

/// Fighters throw in spawn order, because that is the spawn order of the bombs.
pub(super) fn throw(
    mut commands: Commands,
    inputs: Inputs<FighterInput>,
    time: Res<Time>,
    mut cues: EffectWriter<Cue>,
    mut fighters: Query<(&SpawnOrder, &Fighter, &mut Attacks, &Transform)>,
) {
    for (_, fighter, mut attacks, body) in fighters.iter_mut().sort::<&SpawnOrder>() {
        attacks.throw_cooldown.tick(time.delta());
        let wants = inputs.get(fighter.player).action == Some(Action::Throw);
        if wants && attacks.throw_cooldown.is_finished() {
            attacks.throw_cooldown.reset();
            let velocity = THROW * Vec2::new(fighter.facing.sign(), 1.0);
            let at = body.translation.truncate();
            spawn(&mut commands, Some(fighter.contestant), at, velocity);
            cues.write(CueKind::Throw(fighter.player).at(at));
        }
    }
}

pub(super) fn fly(
    time: Res<Time>,
    lifts: Query<(&Lift, &Transform), Without<Bomb>>,
    mut bombs: Query<(&mut Transform, &mut Velocity), With<Bomb>>,
) {
    for (mut place, mut velocity) in &mut bombs {
        velocity.0.y -= GRAVITY * time.delta_secs();
        let from = place.translation.truncate();
        let mut to = from + velocity.0 * time.delta_secs();
        let landing = match velocity.0.y <= 0.0 {
            true => stage::land(from, to, BOMB_HALF, lifts.iter()),
            false => None,
        };
        if let Some(landing) = landing {
            to = Vec2::new(to.x + landing.carries, landing.top + BOMB_HALF.y);
            velocity.0 *= BOUNCE;
        }
        place.translation = to.extend(place.translation.z);
    }
}

pub(super) fn explode(
    mut commands: Commands,
    mut hits: MessageWriter<Hit>,
    mut cues: EffectWriter<Cue>,
    time: Res<Time>,
    mut bombs: Query<(Entity, &SpawnOrder, &mut Bomb, &Transform)>,
    fighters: Query<(Entity, &SpawnOrder, &Transform), With<Fighter>>,
) {
    for (entity, _, mut bomb, place) in bombs.iter_mut().sort::<&SpawnOrder>() {
        if !bomb.fuse.tick(time.delta()).just_finished() {
            continue;
        }
        commands.entity(entity).despawn();
        cues.write(CueKind::Explosion.at(place.translation.truncate()));
        for (victim, _, body) in fighters.iter().sort::<&SpawnOrder>() {
            let away = (body.translation - place.translation).truncate();
            if away.length_squared() < BOMB_RADIUS * BOMB_RADIUS {
                hits.write(Hit {
                    victim,
                    by: bomb.thrower,
                    direction: away.normalize_or(Vec2::Y) + 0.3 * Vec2::Y,
                    damage: DAMAGE,
                });
            }
        }
    }
}
