//! The command `bot`: a player without a window. It joins, plays until its last frame is confirmed, writes its
//! report, and plays on for a moment so that the other players can confirm that frame as well. If it gets no match
//! in time, or loses it, it prints a sentence and fails.

use std::process::{ExitCode, Termination as _};
use std::time::Duration;

use bevy::app::{ScheduleRunnerPlugin, TerminalCtrlCHandlerPlugin};
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::LOG_FILTER;
use bevy_netplay::prelude::*;
use serde::Serialize;

use super::cli::{BotArgs, JoinArgs};
use super::waits::{self, Waits};
use super::{console, progress};
use crate::RequestChecksum;
use crate::measure::{FrameCost, FrameCostPlugin};

/// The time between two updates. It is far below the length of a frame: it delays packets and frames by no more.
const TICK: Duration = Duration::from_millis(4);
/// How long to wait before joining again when the server cannot be reached.
const RETRY: Duration = Duration::from_millis(500);

/// What the bot does. Times are those of [`Time<Real>`].
#[derive(Resource)]
enum BotState {
    /// It waits for a match.
    Waiting {
        since: Duration,
    },
    /// The server could not be reached. It joins again at `at`.
    Retrying {
        since: Duration,
        at: Duration,
    },
    Playing,
    /// It has written its report, and plays on.
    Lingering {
        since: Duration,
    },
}

/// The arguments of the bot, and the name of its program.
#[derive(Resource)]
struct Bot {
    program: &'static str,
    args: BotArgs,
}

/// Plays a game that `game` adds to the App: bevy_netplay, the simulation and what makes the inputs. The exit code is 0
/// once the last frame is reported. Without a last frame the bot plays until it is killed.
pub fn run(program: &'static str, args: BotArgs, game: impl FnOnce(&mut App)) -> ExitCode {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(TICK)),
        LogPlugin { filter: format!("warn,{LOG_FILTER}"), ..LogPlugin::default() },
        // A bot that is interrupted leaves its room.
        TerminalCtrlCHandlerPlugin,
    ));
    super::exit_on_termination();
    game(&mut app);
    app.add_plugins((FrameCostPlugin::Update, waits::plugin));
    if args.progress {
        app.add_plugins(progress::plugin);
    }
    if let Some(frame) = args.frames {
        app.add_plugins(RequestChecksum(frame));
    }
    app.insert_resource(Bot { program, args })
        .insert_resource(BotState::Waiting { since: Duration::ZERO })
        // Bevy looks for changes of state in every update. Other threads take longer to wake than that takes.
        .edit_schedule(StateTransition, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        })
        .add_systems(Startup, join)
        .add_systems(Update, (act, get_ready.run_if(in_lobby)));
    app.run().report()
}

fn join(mut commands: Commands, bot: Res<Bot>) {
    commands.join_room(bot.args.join.room());
}

/// In a lobby a bot is ready for whatever the others want to play.
fn get_ready(mut commands: Commands, lobby: Res<CurrentLobby>) {
    let ready = lobby.local().is_some_and(|local| local.ready);
    if lobby.least.is_some() && !ready {
        commands.set_ready(true);
    }
}

/// Goes from one state to the next. Exclusive, because a report reads the whole world.
fn act(world: &mut World) {
    let now = world.resource::<Time<Real>>().elapsed();
    let state = *world.resource::<State<NetplayState>>().get();
    let reason = world.resource::<LastEndReason>().0.clone();
    let temporary = reason.as_ref().is_some_and(is_temporary);
    let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
    let Bot { program, args } = world.resource::<Bot>();
    let (program, frames, linger, wait) = (
        *program,
        args.frames,
        Duration::from_secs(args.linger_s.into()),
        Duration::from_secs(args.wait_s.into()),
    );
    let outcome = match (world.resource::<BotState>(), state) {
        (BotState::Waiting { .. }, NetplayState::Playing) => next(world, BotState::Playing),
        (&BotState::Waiting { since }, NetplayState::Ended) if temporary && now <= since + wait => {
            warn!("trying again: {reason}");
            next(world, BotState::Retrying { since, at: now + RETRY })
        }
        (BotState::Waiting { .. }, NetplayState::Ended) if frames.is_some() => {
            Err(format!("no match: {reason}"))
        }
        (BotState::Waiting { since }, _) if now > *since + wait => Err(format!(
            "gave up after {} s without a match: {}",
            wait.as_secs(),
            progress_of(state, &reason, &world.resource::<Bot>().args.join, world.resource())
        )),
        (&BotState::Retrying { since, at }, _) if now >= at => {
            join_again(world);
            next(world, BotState::Waiting { since })
        }
        (BotState::Playing, NetplayState::Playing) => match frames {
            Some(frame) => report(world, frame, now),
            None => Ok(None),
        },
        (BotState::Playing, NetplayState::Ended) if frames.is_some() => {
            Err(format!("the match ended early: {reason}"))
        }
        // An opponent joins again, for a player who left the room and joins again.
        (BotState::Playing, NetplayState::Ended) => {
            join_again(world);
            next(world, BotState::Waiting { since: now })
        }
        (BotState::Lingering { since }, _) if now >= *since + linger => {
            // The others know before the process ends.
            world.commands().leave_room();
            Ok(Some(AppExit::Success))
        }
        _ => Ok(None),
    };
    let exit = outcome.unwrap_or_else(|reason| {
        console::error(format_args!("{program} bot: {reason}"));
        Some(AppExit::error())
    });
    if let Some(exit) = exit {
        world.write_message(exit);
    }
}

/// How the process exits, if it does. The error is the sentence that it prints.
type Outcome = Result<Option<AppExit>, String>;

fn next(world: &mut World, state: BotState) -> Outcome {
    world.insert_resource(state);
    Ok(None)
}

fn join_again(world: &mut World) {
    let room = world.resource::<Bot>().args.join.room();
    world.commands().join_room(room);
}

/// The report of a session, what a frame cost outside the game's own systems, in µs, and how long the simulation
/// waited for the other players, in ms ([`Waits`]).
#[derive(Serialize)]
struct BotReport {
    #[serde(flatten)]
    report: SessionReport,
    main_thread_us_per_frame: Option<f64>,
    main_thread_median_us_per_frame: Option<f64>,
    longest_wait_ms: f64,
    paused_ms: f64,
}

/// Writes the report as soon as there is one.
fn report(world: &mut World, frame: i32, now: Duration) -> Outcome {
    let Some(report) = session_report_at(world, frame) else { return Ok(None) };
    if let Some(file) = &world.resource::<Bot>().args.report {
        let (cost, waits) = (world.resource::<FrameCost>(), world.resource::<Waits>());
        let report = BotReport {
            report,
            main_thread_us_per_frame: cost.mean_us(),
            main_thread_median_us_per_frame: cost.median_us(),
            longest_wait_ms: waits.longest.as_secs_f64() * 1000.0,
            paused_ms: waits.paused.as_secs_f64() * 1000.0,
        };
        let json = bevy_netplay::report_files::json::to_string(&report)
            .map_err(|error| error.to_string())?;
        std::fs::write(file, json)
            .map_err(|error| format!("cannot write the report to {}: {error}", file.display()))?;
    }
    next(world, BotState::Lingering { since: now })
}

/// Whether it makes sense to join again in a moment: the server does not run yet, restarts, or has not noticed yet
/// that the last connection is lost.
fn is_temporary(reason: &EndReason) -> bool {
    matches!(
        reason,
        EndReason::ServerUnreachable { .. }
            | EndReason::ServerLost { .. }
            | EndReason::ServerDraining
            | EndReason::ServerShuttingDown
            | EndReason::RateLimited { .. }
            | EndReason::AlreadyJoined
    )
}

/// How far the bot came on the way to a match, for its last sentence.
fn progress_of(state: NetplayState, reason: &str, join: &JoinArgs, links: &PeerLinks) -> String {
    let JoinArgs { server, room, players, local, .. } = join;
    let others: usize = links.iter().map(|link| link.players.len()).sum();
    let present = others + usize::from(*local);
    match state {
        NetplayState::Offline => "not in a room".into(),
        NetplayState::Connecting => format!("the server {server} does not answer"),
        NetplayState::Lobby if present < usize::from(*players) => {
            format!("only {present} of {players} players came into the room {room}")
        }
        NetplayState::Lobby => {
            format!("the {players} players in the room {room} did not all connect to each other")
        }
        NetplayState::Synchronizing => "the other players did not synchronize".into(),
        NetplayState::Playing => "a match is on".into(),
        _ => reason.into(),
    }
}
