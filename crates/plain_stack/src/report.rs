//! What happened when, and the file it is written to.

use std::fs;
use std::time::{Duration, Instant};

use arena::measure::FrameCost;
use bevy::prelude::*;
use bevy_ggrs::{
    Checksum, ConfirmedFrameCount, RollbackFrameCount, SaveWorld, SaveWorldSystems, Session,
};
use bevy_netplay::Match;
use ggrs::GgrsEvent;

use crate::Arguments;
use crate::session::Config;

/// When what was reached, counted from the opening of the socket.
#[derive(Resource)]
pub struct Milestones {
    joined: Instant,
    connected: Option<Duration>,
    first_confirmed: Option<Duration>,
    finished: Option<Duration>,
    checksum: Option<u128>,
    desyncs: u32,
}

impl Milestones {
    /// The socket is opened now.
    pub fn now() -> Self {
        Self {
            joined: Instant::now(),
            connected: None,
            first_confirmed: None,
            finished: None,
            checksum: None,
            desyncs: 0,
        }
    }

    /// Everybody is connected now.
    pub fn connected(&mut self) {
        self.connected = Some(self.joined.elapsed());
    }
}

/// Follows the match and ends the program when it is over, or when it does not begin.
pub fn plugin(app: &mut App) {
    app.add_systems(SaveWorld, keep_checksum.after(SaveWorldSystems::Snapshot))
        .add_systems(Last, (read_events, follow).chain());
}

/// A frame can be saved again after a rollback: the last time counts.
fn keep_checksum(
    mut milestones: ResMut<Milestones>,
    arguments: Res<Arguments>,
    frame: Res<RollbackFrameCount>,
    checksum: Res<Checksum>,
) {
    if frame.0 == arguments.frames {
        milestones.checksum = Some(checksum.0);
    }
}

fn read_events(session: Option<ResMut<Session<Config>>>, mut milestones: ResMut<Milestones>) {
    let Some(Session::P2P(session)) = session.map(ResMut::into_inner) else { return };
    for event in session.events() {
        match event {
            GgrsEvent::DesyncDetected { .. } => {
                error!("{event:?}");
                milestones.desyncs += 1;
            }
            GgrsEvent::Disconnected { .. } if milestones.finished.is_none() => error!("{event:?}"),
            _ => debug!("{event:?}"),
        }
    }
}

fn follow(
    mut milestones: ResMut<Milestones>,
    arguments: Res<Arguments>,
    (frame, confirmed): (Res<RollbackFrameCount>, Res<ConfirmedFrameCount>),
    game: Option<Res<Match>>,
    cost: Res<FrameCost>,
    mut exit: MessageWriter<AppExit>,
) -> Result {
    let elapsed = milestones.joined.elapsed();
    // bevy_ggrs' counter says 0 before there is a session as well.
    let confirmed = if frame.0 > 0 { confirmed.0 } else { -1 };
    if milestones.first_confirmed.is_none() {
        if confirmed >= 0 {
            milestones.first_confirmed = Some(elapsed);
        } else if elapsed > Duration::from_secs(arguments.wait_s) {
            error!("no match within {} s", arguments.wait_s);
            exit.write(AppExit::error());
        }
        return Ok(());
    }
    match milestones.finished {
        Some(finished) if elapsed > finished + Duration::from_secs(arguments.linger_s) => {
            exit.write(if milestones.desyncs == 0 { AppExit::Success } else { AppExit::error() });
        }
        None if confirmed >= arguments.frames && milestones.checksum.is_some() => {
            milestones.finished = Some(elapsed);
            let local_player = game.map_or(0, |game| game.local_player);
            write(&milestones, &arguments, local_player, &cost)?;
        }
        _ => {}
    }
    Ok(())
}

/// The fields mean what they mean in the report of the arena's bot.
fn write(
    milestones: &Milestones,
    arguments: &Arguments,
    local_player: usize,
    cost: &FrameCost,
) -> Result {
    let ms = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
    let report = serde_json::json!({
        "frames": arguments.frames,
        "players": arguments.players,
        "local_player": local_player,
        "checksum": milestones.checksum.map(|checksum| format!("{checksum:016x}")),
        "connect_ms": ms(milestones.connected),
        "first_confirmed_ms": ms(milestones.first_confirmed),
        "total_ms": ms(milestones.finished),
        "main_thread_us_per_frame": cost.mean_us(),
        "main_thread_median_us_per_frame": cost.median_us(),
        "desyncs": milestones.desyncs,
    });
    fs::write(&arguments.report, format!("{report:#}\n"))?;
    Ok(())
}
