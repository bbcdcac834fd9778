//! A player without a window. It joins, plays until its last frame is confirmed, reports, and plays on a
//! little so that the others can confirm theirs. Whatever goes wrong before, it says so and fails.

use std::process::{ExitCode, Termination as _};
use std::time::Duration;

use arena::bot::BotPlugin;
use arena::measure::{FrameCost, FrameCostPlugin};
use arena::sim::{ArenaInput, Phase, Round, SimulationPlugin};
use arena::view::Invite;
use bevy::app::ScheduleRunnerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::prelude::*;
use serde::Serialize;

use super::cli::BotArgs;
use super::{config, console, progress};

/// Well below a frame: what has arrived waits at most this long, and no frame is late by more.
const TICK: Duration = Duration::from_millis(4);
/// How long the others may take to hear that we leave.
const GOODBYE: Duration = Duration::from_millis(300);
/// How long an opponent looks at the result before it wants a rematch, in frames.
const ADMIRE_RESULT: u32 = 120;

/// Where the bot is.
#[derive(Resource)]
enum BotState {
    /// Since then there is no match.
    Waiting(Duration),
    Playing,
    /// The report is written since then.
    Lingering(Duration),
    /// Said goodbye then.
    Leaving(Duration),
}

#[derive(Resource, Deref)]
struct Orders(BotArgs);

pub fn run(args: BotArgs) -> ExitCode {
    let invite = Invite::new(args.server.clone(), args.room.clone(), args.players);
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(TICK)),
        LogPlugin { filter: format!("warn,{}", crate::LOG_FILTER), ..LogPlugin::default() },
        NetplayPlugins::<ArenaInput>::new(config(args.network.clone())),
        SimulationPlugin,
        FrameCostPlugin::Update,
        BotPlugin { seed: args.seed, hunts: args.hunt },
    ));
    if args.progress {
        app.add_plugins(progress::plugin);
    }
    app.insert_resource(invite)
        .insert_resource(Orders(args))
        .insert_resource(BotState::Waiting(Duration::ZERO))
        .add_systems(Startup, join)
        .add_systems(Update, (act, vote));
    app.run().report()
}

fn join(mut commands: Commands, invite: Res<Invite>) {
    commands.join_room(invite.room());
}

/// One step of the bot's life. Exclusive, because a report looks at all of the world.
fn act(world: &mut World) {
    let now = world.resource::<Time<Real>>().elapsed();
    let state = world.resource::<State<NetplayState>>().get().clone();
    let orders = world.resource::<Orders>();
    let (frames, linger, wait) = (
        orders.frames,
        Duration::from_secs(orders.linger_s.into()),
        Duration::from_secs(orders.wait_s.into()),
    );
    let outcome = match (world.resource::<BotState>(), &state) {
        (BotState::Waiting(_), NetplayState::Playing) => next(world, BotState::Playing),
        (BotState::Waiting(_), NetplayState::Ended(reason)) if frames.is_some() => {
            Err(format!("no match: {reason}"))
        }
        (BotState::Waiting(since), _) if now > *since + wait => Err(format!(
            "gave up after {} s without a match: {}",
            wait.as_secs(),
            whereabouts(&state, world.resource::<Invite>())
        )),
        (BotState::Playing, NetplayState::Playing) => match frames {
            Some(frame) => report(world, frame, now),
            None => Ok(None),
        },
        (BotState::Playing, NetplayState::Ended(reason)) if frames.is_some() => {
            Err(format!("the match ended early: {reason}"))
        }
        // An opponent comes back for whoever leaves the room and joins again.
        (BotState::Playing, NetplayState::Ended(_)) => {
            let room = world.resource::<Invite>().room();
            world.commands().join_room(room);
            next(world, BotState::Waiting(now))
        }
        (BotState::Lingering(since), _) if now >= *since + linger => {
            world.commands().leave_room();
            next(world, BotState::Leaving(now))
        }
        (BotState::Leaving(since), _) if now >= *since + GOODBYE => Ok(Some(AppExit::Success)),
        _ => Ok(None),
    };
    let exit = outcome.unwrap_or_else(|reason| {
        console::complain(format_args!("arena bot: {reason}"));
        Some(AppExit::error())
    });
    if let Some(exit) = exit {
        world.write_message(exit);
    }
}

/// Whether to go, or why it went wrong.
type Outcome = Result<Option<AppExit>, String>;

fn next(world: &mut World, state: BotState) -> Outcome {
    world.insert_resource(state);
    Ok(None)
}

/// The report of a session, and what a frame cost outside the game's own systems, in µs.
#[derive(Serialize)]
struct BotReport {
    #[serde(flatten)]
    report: SessionReport,
    main_thread_us_per_frame: Option<f64>,
    main_thread_median_us_per_frame: Option<f64>,
}

/// Writes the report as soon as there is one.
fn report(world: &mut World, frame: i32, now: Duration) -> Outcome {
    let Some(report) = SessionReport::of(world, frame) else { return Ok(None) };
    if let Some(file) = &world.resource::<Orders>().report {
        let cost = world.resource::<FrameCost>();
        let report = BotReport {
            report,
            main_thread_us_per_frame: cost.mean_us(),
            main_thread_median_us_per_frame: cost.median_us(),
        };
        let json = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        std::fs::write(file, json)
            .map_err(|error| format!("cannot write the report to {}: {error}", file.display()))?;
    }
    next(world, BotState::Lingering(now))
}

/// Why there is no match yet, as far as it can be seen from here.
fn whereabouts(state: &NetplayState, invite: &Invite) -> String {
    match state {
        NetplayState::Offline => "not in a room".into(),
        NetplayState::Connecting => format!("the server {} does not answer", invite.server),
        NetplayState::Lobby => format!(
            "the room {} was not complete, or its {} players could not connect to each other",
            invite.room, invite.players
        ),
        NetplayState::Synchronizing => "the other players did not synchronize".into(),
        NetplayState::Playing => "a match is on".into(),
        NetplayState::Ended(reason) => reason.to_string(),
    }
}

/// An opponent without a last frame is always ready for another round.
fn vote(
    mut commands: Commands,
    orders: Res<Orders>,
    round: Res<Round>,
    this_match: Option<Res<Match>>,
    frame: Res<RollbackFrameCount>,
    (mut shown, mut voted): (Local<u32>, Local<Option<u16>>),
    mut last_frame: Local<i32>,
) {
    let Some(this_match) = this_match.filter(|_| orders.frames.is_none()) else { return };
    let frame_passed = frame.0 != std::mem::replace(&mut *last_frame, frame.0);
    if round.phase != Phase::Result {
        *shown = 0;
    } else if frame_passed {
        *shown += 1;
    }
    if *shown > ADMIRE_RESULT && *voted != Some(this_match.epoch) {
        *voted = Some(this_match.epoch);
        commands.rematch();
    }
}
