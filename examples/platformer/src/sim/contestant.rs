//! [`Contestant`]: a player's score, which stays while fighters come and go.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::fighter;

/// How often a contestant may fall off the stage in a round.
const LIVES: u8 = 3;
/// How long a contestant who fell off the stage is away, in seconds.
const RESPAWN: f32 = 1.0;

/// A player of the match.
#[derive(Component, Clone, Debug, Reflect)]
#[require(RollbackEntity)]
pub struct Contestant {
    /// The player.
    pub player: PlayerHandle,
    /// Lives left in this round.
    pub lives: u8,
    /// How many others it has knocked out in this round.
    pub knockouts: u16,
    /// Rounds it has won.
    pub wins: u16,
    /// Its fighter. None while it is away.
    #[entities]
    pub fighter: Option<Entity>,
    /// Runs while it is away.
    pub respawn: Timer,
}

impl Contestant {
    /// Where its fighter comes onto the stage.
    pub(super) fn entrance(&self) -> Vec2 {
        const ENTRANCES: [f32; 8] = [-280.0, 280.0, -120.0, 120.0, -200.0, 200.0, -40.0, 40.0];
        Vec2::new(ENTRANCES[self.player.index() % ENTRANCES.len()], 160.0)
    }
}

pub(super) fn spawn(mut commands: Commands, this_match: Res<CurrentMatch>) {
    for player in this_match.player_handles() {
        commands.spawn(Contestant {
            player,
            lives: LIVES,
            knockouts: 0,
            wins: 0,
            fighter: None,
            respawn: Timer::from_seconds(RESPAWN, TimerMode::Once),
        });
    }
}

/// A round begins: everybody has a fresh fighter and all lives.
pub(super) fn enter_stage(
    mut commands: Commands,
    mut contestants: Query<(Entity, &SpawnOrder, &mut Contestant)>,
) {
    // Sorted, because fighters are spawned: their places in spawn order must be the same everywhere.
    for (entity, _, mut contestant) in contestants.iter_mut().sort::<&SpawnOrder>() {
        if let Some(fighter) = contestant.fighter {
            commands.entity(fighter).despawn();
        }
        let (player, entrance) = (contestant.player, contestant.entrance());
        contestant.lives = LIVES;
        contestant.knockouts = 0;
        contestant.fighter = Some(fighter::spawn(&mut commands, entity, player, entrance));
    }
}
