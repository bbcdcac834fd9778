//! A player without a window. It writes its report to a file, and ends.

use std::fs;
use std::path::PathBuf;
use std::process::{ExitCode, Termination as _};
use std::time::Duration;

use arena::measure::{FrameCost, FrameCostPlugin};
use bevy::app::ScheduleRunnerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::time::Real;
use clap::Parser;

use crate::report::{self, Milestones};
use crate::session::LocalPlayer;
use crate::{Orders, netcode, session};

#[derive(Parser, Resource, Clone)]
#[command(name = "plain-peer", about = "Plays the arena on plain bevy_ggrs and matchbox_socket")]
struct Arguments {
    /// The matchbox signaling server
    #[arg(long, default_value = "ws://127.0.0.1:3536")]
    server: String,
    /// The room: peers that name the same one play together
    #[arg(long)]
    room: String,
    /// How many play
    #[arg(long, default_value_t = 2)]
    players: u8,
    /// The match is over when this frame is confirmed
    #[arg(long, default_value_t = 1200)]
    frames: i32,
    /// Where the inputs come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the report goes
    #[arg(long)]
    report: PathBuf,
    /// Gives up when no match has started after so many seconds
    #[arg(long, default_value_t = 30)]
    wait_s: u64,
    /// The time from one update of the app to the next; the bot of the arena has 4 ms
    #[arg(long, default_value_t = 4)]
    tick_ms: u64,
    /// Stays for so many seconds after the last frame, so that the others get their inputs
    #[arg(long, default_value_t = 2)]
    linger_s: u64,
}

pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let tick = Duration::from_millis(arguments.tick_ms);
    App::new()
        .add_plugins((
            MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(tick)),
            LogPlugin { filter: "warn".into(), ..LogPlugin::default() },
            FrameCostPlugin::Update,
            netcode::plugin,
            session::plugin,
            report::plugin,
        ))
        .insert_resource(Orders {
            server: arguments.server.clone(),
            room: arguments.room.clone(),
            players: arguments.players,
            frames: arguments.frames,
            seed: arguments.seed,
            stun: None,
        })
        .insert_resource(arguments)
        .add_systems(Last, end.after(report::follow))
        .run()
        .report()
}

/// Ends the program when the match is over and reported, or when it does not begin.
fn end(
    milestones: Res<Milestones>,
    (arguments, orders): (Res<Arguments>, Res<Orders>),
    local_player: Option<Res<LocalPlayer>>,
    cost: Res<FrameCost>,
    time: Res<Time<Real>>,
    (mut written, mut exit): (Local<bool>, MessageWriter<AppExit>),
) -> Result {
    let now = milestones.elapsed(&time);
    let Some(finished) = milestones.finished() else {
        if !milestones.begun() && now > Duration::from_secs(arguments.wait_s) {
            error!("no match within {} s", arguments.wait_s);
            exit.write(AppExit::error());
        }
        return Ok(());
    };
    if !std::mem::replace(&mut *written, true) {
        let local_player = local_player.map_or(0, |player| player.0);
        let mut report = milestones.report(&orders, local_player);
        report["main_thread_us_per_frame"] = cost.mean_us().into();
        report["main_thread_median_us_per_frame"] = cost.median_us().into();
        fs::write(&arguments.report, format!("{report:#}\n"))?;
    }
    if now > finished + Duration::from_secs(arguments.linger_s) {
        exit.write(if milestones.in_sync() { AppExit::Success } else { AppExit::error() });
    }
    Ok(())
}
