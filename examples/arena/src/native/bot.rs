//! The command `arena bot`: a player without a window.

use std::process::ExitCode;

use arena::GAME;
use arena::bot::BotPlugin;
use arena::chat;
use arena::planted::PlantedFaultPlugin;
use arena::sim::{Phase, Round, SimulationPlugin};
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::native::bot;
use example_runner::native::cli::BotArgs;

use super::cli::BotPlayerArgs;

/// How long an opponent waits after the end of a round before it votes for a rematch, in frames.
const SHOW_RESULT: u32 = 120;

pub fn run(BotPlayerArgs { bot: args, plant }: BotPlayerArgs) -> ExitCode {
    let BotArgs { seed, hunt: hunts, frames, ref network, .. } = args;
    let config = network.clone().config(GAME);
    bot::run("arena", args, |app| {
        app.add_plugins((
            arena::netplay(config),
            SimulationPlugin,
            BotPlugin { seed, hunts },
            chat::register,
        ));
        if let Some(fault) = plant {
            app.add_plugins(PlantedFaultPlugin(fault));
        }
        if frames.is_none() {
            app.add_systems(Update, vote.run_if(in_match));
        }
    })
}

/// A bot without a last frame votes for a rematch after every round.
fn vote(
    mut commands: Commands,
    round: Res<Round>,
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    (mut shown, mut voted): (Local<u32>, Local<Option<u16>>),
    mut last_frame: Local<i32>,
) {
    let frame_passed = frame.0 != std::mem::replace(&mut *last_frame, frame.0);
    if round.phase != Phase::Result {
        *shown = 0;
    } else if frame_passed {
        *shown += 1;
    }
    if *shown > SHOW_RESULT && *voted != Some(this_match.epoch) {
        *voted = Some(this_match.epoch);
        commands.rematch();
    }
}
