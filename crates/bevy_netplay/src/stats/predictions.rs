//! Which inputs were predicted wrongly, and whose they are.

use std::collections::VecDeque;

use bevy::prelude::*;
use bevy_ggrs::{PlayerInputs as GgrsInputs, RollbackFrameCount};
use ggrs::InputStatus;

use super::counting::RollbackProgress;
use super::player_set::PlayerSet;
use crate::input::{MatchTypes, PlayerInputs as _};
use crate::{CurrentMatch, NetplayConfig, PlayerHandle, RollbackMetrics};

/// The inputs of all players that the latest frames were simulated with, and whether they were predicted.
#[derive(Resource)]
pub(super) struct Predictions<I> {
    frames: VecDeque<(i32, Vec<(I, bool)>)>,
}

impl<I> Default for Predictions<I> {
    fn default() -> Self {
        Self { frames: VecDeque::new() }
    }
}

/// Counts inputs that a frame was simulated with and that turned out to be others.
pub(super) fn judge_predictions<C: MatchTypes>(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    mut predictions: ResMut<Predictions<C::Game>>,
    frame: Res<RollbackFrameCount>,
    inputs: Res<GgrsInputs<C>>,
    this_match: Option<Res<CurrentMatch>>,
) {
    let used = inputs.iter().enumerate().flat_map(|(peer, (input, status))| {
        let players = this_match.as_ref().map_or(1, |it| it.players_of(peer).len());
        (0..players)
            .map(move |place| (input.input.player(place), *status == InputStatus::Predicted))
    });
    let used: Vec<(C::Game, bool)> = used.collect();
    let frames = &mut predictions.frames;
    if let Some((_, before)) = frames.iter_mut().find(|(at, _)| *at == frame.0) {
        let mut missed = PlayerSet::default();
        for (player, ((old, predicted), (new, still))) in before.iter().zip(&used).enumerate() {
            if *predicted && !*still && old != new {
                metrics.prediction_misses += 1;
                missed.insert(PlayerHandle::from(player));
            }
        }
        progress.handle_misses(missed);
        *before = used;
        return;
    }
    // A frame that was not seen before is the newest, or the first of another match.
    frames.retain(|(at, _)| *at < frame.0);
    frames.push_back((frame.0, used));
    if frames.len() > NetplayConfig::MAX_PREDICTION + 2 {
        frames.pop_front();
    }
}
