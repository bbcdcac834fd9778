//! [`Scores`]: how many crates each player has collected, and who has won.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::crates::Crate;
use crate::pusher::Pusher;
use crate::{Physics, field};

/// How many crates win.
pub const GOAL_CRATES: u16 = 40;
/// How long the winner is shown before all begins again, in frames.
const SHOW_WINNER: u16 = 300;

/// How many crates each player has collected.
#[derive(Resource, Clone, Debug, Default, Reflect)]
pub struct Scores {
    /// By player.
    pub points: [u16; 4],
    /// How many crates were collected in this match.
    pub collected: u16,
    /// Who was the first to collect [`GOAL_CRATES`].
    pub winner: Option<PlayerHandle>,
    /// For how many frames the winner is shown already.
    pub shown: u16,
}

impl Scores {
    /// A player has collected a crate. Returns how many were collected before.
    pub(super) fn count(&mut self, player: PlayerHandle) -> u16 {
        let points = &mut self.points[player.index() % 4];
        *points += 1;
        if *points >= GOAL_CRATES && self.winner.is_none() {
            self.winner = Some(player);
        }
        let before = self.collected;
        self.collected = before.wrapping_add(1);
        before
    }
}

/// Everything that moves.
type Bodies = Or<(With<Pusher>, With<Crate>)>;

/// Begins again once the winner was shown for a while: with a world that is empty and filled again.
pub(super) fn begin_again(
    mut commands: Commands,
    this_match: Res<CurrentMatch>,
    mut physics: ResMut<Physics>,
    mut scores: ResMut<Scores>,
    all: Query<Entity, Bodies>,
) {
    if scores.winner.is_none() {
        return;
    }
    scores.shown += 1;
    if scores.shown >= SHOW_WINNER {
        *scores = Scores::default();
        all.iter().for_each(|entity| commands.entity(entity).despawn());
        field::fill(&mut commands, &mut physics, &this_match);
    }
}
