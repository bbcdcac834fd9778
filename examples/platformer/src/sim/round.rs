//! Rounds: a countdown, a fight, a winner, and again.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};

use super::contestant::Contestant;
use super::cue::{Cue, CueKind};

/// Seconds before the fight.
const COUNTDOWN: f32 = 2.0;
/// The longest fight, in seconds.
const FIGHT: f32 = 45.0;
/// How long the winner is shown, in seconds.
const RESULT: f32 = 3.0;
/// Seconds from one bomb from the sky to the next.
const SKY: f32 = 3.0;

/// The phase of a round: a Bevy state that rolls back.
#[derive(
    States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect, Serialize, Deserialize,
)]
pub enum Phase {
    /// Fighters stand still.
    #[default]
    Countdown,
    /// Fighters fight.
    Fighting,
    /// The winner is shown.
    RoundOver,
}

/// The round that is played.
#[derive(Resource, Clone, Debug, Reflect)]
pub struct Round {
    /// Counts the rounds of the match, from 1.
    pub number: u32,
    /// Runs until the phase is over.
    pub clock: Timer,
    /// Runs from one bomb from the sky to the next.
    pub sky: Timer,
    /// Who has won the last round, if it was not a draw.
    pub winner: Option<PlayerHandle>,
}

impl Default for Round {
    fn default() -> Self {
        Self {
            number: 0,
            clock: Timer::from_seconds(COUNTDOWN, TimerMode::Once),
            sky: Timer::from_seconds(SKY, TimerMode::Repeating),
            winner: None,
        }
    }
}

/// Asks for the next phase when this one is over. It begins at the end of the frame.
pub(super) fn run(
    time: Res<Time>,
    phase: Res<State<Phase>>,
    contestants: Query<&Contestant>,
    mut round: ResMut<Round>,
    mut next: ResMut<NextState<Phase>>,
) {
    let is_over = round.clock.tick(time.delta()).is_finished();
    let standing = contestants.iter().filter(|contestant| contestant.lives > 0).count();
    match phase.get() {
        Phase::Countdown if is_over => next.set(Phase::Fighting),
        Phase::Fighting if is_over || standing < 2 => next.set(Phase::RoundOver),
        Phase::RoundOver if is_over => next.set(Phase::Countdown),
        _ => {}
    }
}

pub(super) fn begin_countdown(mut round: ResMut<Round>) {
    round.number += 1;
    round.clock = Timer::from_seconds(COUNTDOWN, TimerMode::Once);
}

pub(super) fn begin_fight(mut round: ResMut<Round>, mut cues: EffectWriter<Cue>) {
    cues.write(CueKind::Fight.at(Vec2::ZERO));
    round.clock = Timer::from_seconds(FIGHT, TimerMode::Once);
    round.sky.reset();
}

/// The fight is over: the one with the most lives has won, and of those the one with the most knock-outs.
pub(super) fn decide(mut round: ResMut<Round>, mut contestants: Query<&mut Contestant>) {
    let merit = |contestant: &Contestant| (contestant.lives, contestant.knockouts);
    let best = contestants.iter().map(merit).max();
    let is_best = |contestant: &Contestant| Some(merit(contestant)) == best;
    let is_draw = contestants.iter().filter(|contestant| is_best(contestant)).count() != 1;
    round.winner = None;
    for mut contestant in
        contestants.iter_mut().filter(|contestant| !is_draw && is_best(contestant))
    {
        contestant.wins += 1;
        round.winner = Some(contestant.player);
    }
}

pub(super) fn show_winner(mut round: ResMut<Round>, mut cues: EffectWriter<Cue>) {
    cues.write(CueKind::Over.at(Vec2::ZERO));
    round.clock = Timer::from_seconds(RESULT, TimerMode::Once);
}
