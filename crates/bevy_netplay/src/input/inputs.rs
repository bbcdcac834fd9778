//! [`Inputs`]: what the simulation reads.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::PlayerInputs as GgrsInputs;

use super::ggrs_input::{GgrsInput, MatchTypes};
use super::{NetplayInput, PlayerInputs};
use crate::{CurrentMatch, PlayerHandle};

/// How sure the input of a player is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
pub enum InputStatus {
    /// The player gave it.
    Confirmed,
    /// It has not arrived yet, and is predicted. The frame is simulated again if the prediction turns out wrong.
    Predicted,
    /// The player has been dropped from the match: it is the default input.
    Disconnected,
}

/// Every player's input of the frame that is simulated. There while it is, in `NetplayUpdate`.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct FrameInputs<I>(Vec<(I, InputStatus)>);

impl<I: NetplayInput> FrameInputs<I> {
    /// Sets the input of a player, who may be the first of its number.
    pub(super) fn set(&mut self, player: PlayerHandle, input: I, status: InputStatus) {
        let index = player.index();
        if self.0.len() <= index {
            self.0.resize(index + 1, (I::default(), InputStatus::Disconnected));
        }
        self.0[index] = (input, status);
    }
}

/// Every player's input of the frame that is simulated, inside `NetplayUpdate`.
#[derive(SystemParam)]
pub struct Inputs<'w, I: NetplayInput> {
    inputs: Res<'w, FrameInputs<I>>,
}

impl<I: NetplayInput> Inputs<'_, I> {
    /// The input of a player, on whichever peer it plays. A player who does not exist, or is [disconnected](Self::is_disconnected), has the
    /// default input.
    pub fn get(&self, player: impl Into<PlayerHandle>) -> I {
        self.inputs.0.get(player.into().index()).map(|(input, _)| *input).unwrap_or_default()
    }

    /// Whether a player has been dropped from the match. It is true from the same frame on for all who play on, so
    /// the simulation may depend on it. A player who does not exist is disconnected.
    pub fn is_disconnected(&self, player: impl Into<PlayerHandle>) -> bool {
        self.status(player) == InputStatus::Disconnected
    }

    /// Whether the input of a player is known or predicted. Peers differ in this and a frame has another one when it is
    /// simulated again: it is for what only one peer sees, such as effects, and must not change the simulation.
    pub fn status(&self, player: impl Into<PlayerHandle>) -> InputStatus {
        let input = self.inputs.0.get(player.into().index());
        input.map_or(InputStatus::Disconnected, |(_, status)| *status)
    }
}

/// The simulation of a frame begins.
pub(crate) fn begin_frame<C: MatchTypes>(
    mut commands: Commands,
    inputs: Res<GgrsInputs<C>>,
    this_match: Option<Res<CurrentMatch>>,
) {
    let inputs = inputs.iter().enumerate().flat_map(|(peer, (input, status))| {
        let GgrsInput { input, disconnected, .. } = *input;
        let status = match status {
            _ if disconnected => InputStatus::Disconnected,
            ggrs::InputStatus::Confirmed => InputStatus::Confirmed,
            ggrs::InputStatus::Predicted => InputStatus::Predicted,
            ggrs::InputStatus::Disconnected => InputStatus::Disconnected,
        };
        let players = this_match.as_ref().map_or(1, |it| it.players_of(peer).len());
        (0..players).map(move |place| (input.player(place), status))
    });
    commands.insert_resource(FrameInputs(inputs.collect::<Vec<(C::Game, InputStatus)>>()));
}

/// The simulation of a frame ends.
pub(crate) fn end_frame<C: MatchTypes>(mut commands: Commands) {
    commands.remove_resource::<FrameInputs<C::Game>>();
}
