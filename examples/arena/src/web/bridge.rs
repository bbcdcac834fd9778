//! Exchanges events between the page and the game.
//!
//! The game dispatches events of the type `game` on the document of the page. Their details are objects: `{state, …}`
//! a few times a second and whenever the state changes, or whether the game is muted; `{report}` once, when the
//! requested frame is confirmed.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arena::sim::{Phase, Round};
use arena::view::{Interruptions, Pad, Wish};
use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::prelude::*;
use bevy_netplay::{LastReport, NetplayOverlay};
use example_runner::audio::Muted;
use example_runner::page::{send, state_name};
use serde::Serialize;

/// The time between two events of the same state.
const TELL_EVERY: Duration = Duration::from_millis(250);

static HELD: AtomicU8 = AtomicU8::new(0);
static WISHES: Mutex<Vec<Wish>> = Mutex::new(Vec::new());
static RESTART: AtomicBool = AtomicBool::new(false);
static SAVE_REPORT: AtomicBool = AtomicBool::new(false);
static OVERLAY: AtomicBool = AtomicBool::new(false);
static MUTE: AtomicBool = AtomicBool::new(false);

/// Sets the buttons that the page holds.
pub fn hold(buttons: u8) {
    HELD.store(buttons, Ordering::Relaxed);
}

/// Queues an action of the page. Unknown actions are ignored.
pub fn wish(what: &str) {
    let wish = match what {
        "join" => Wish::Join,
        "leave" => Wish::Leave,
        "rematch" => Wish::Rematch,
        // A rematch in the middle of a round: a benchmark of fifty rematches should not take fifty minutes.
        "restart" => return RESTART.store(true, Ordering::Relaxed),
        "report" => return SAVE_REPORT.store(true, Ordering::Relaxed),
        "overlay" => return OVERLAY.store(true, Ordering::Relaxed),
        "mute" => return MUTE.store(true, Ordering::Relaxed),
        _ => return,
    };
    WISHES.lock().unwrap_or_else(PoisonError::into_inner).push(wish);
}

/// Tells the page the state of the game, and does what the page asks for.
pub fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, ask).add_systems(Last, tell_state);
}

fn ask(
    mut commands: Commands,
    mut pad: ResMut<Pad>,
    mut wishes: MessageWriter<Wish>,
    (mut overlay, mut muted): (ResMut<NetplayOverlay>, ResMut<Muted>),
) {
    pad.0 = HELD.load(Ordering::Relaxed);
    if OVERLAY.swap(false, Ordering::Relaxed) {
        overlay.visible ^= true;
    }
    if MUTE.swap(false, Ordering::Relaxed) {
        muted.0 ^= true;
    }
    if RESTART.swap(false, Ordering::Relaxed) {
        commands.rematch();
    }
    if SAVE_REPORT.swap(false, Ordering::Relaxed) {
        commands.save_report("arena-report.html");
    }
    wishes.write_batch(WISHES.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
}

/// The state of the game, for the page.
#[derive(Serialize)]
struct Told<'a> {
    state: &'a str,
    /// Why a match ended.
    reason: Option<String>,
    room: Option<String>,
    /// With this the tab resumes in the room after a reload.
    resume_token: Option<&'a str>,
    player: Option<PlayerHandle>,
    /// The number of the match in this room, counted from 1.
    epoch: Option<u16>,
    /// The phase of the round: countdown, fight or result.
    phase: Option<&'a str>,
    frame: i32,
    confirmed: i32,
    links: Vec<ToldLink>,
    /// Whether there is a report of a match to save.
    has_report: bool,
    /// Whether the overlay of the network is shown.
    overlay: bool,
    /// Whether nothing is heard.
    muted: bool,
}

#[derive(Serialize)]
struct ToldLink {
    player: Option<PlayerHandle>,
    name: Option<String>,
    path: Option<String>,
    rtt_ms: Option<f64>,
    quality: String,
    /// Nothing has been heard of the player for a while.
    interrupted: bool,
    /// The page of the player is closed or loaded again.
    away: bool,
}

#[expect(clippy::too_many_arguments, reason = "the event has the whole state")]
fn tell_state(
    state: Res<State<NetplayState>>,
    room: Res<CurrentRoom>,
    (this_match, end_reason): (Option<Res<CurrentMatch>>, Res<LastEndReason>),
    round: Res<Round>,
    (frame, confirmed): (Res<RollbackFrameCount>, Res<ConfirmedFrameCount>),
    (links, last_report): (Res<PeerLinks>, Res<LastReport>),
    (interruptions, overlay, muted): (Res<Interruptions>, Res<NetplayOverlay>, Res<Muted>),
    time: Res<Time<Real>>,
    mut told: Local<Duration>,
) {
    let now = time.elapsed();
    let is_changed = state.is_changed() || muted.is_changed();
    if !is_changed && now.saturating_sub(*told) < TELL_EVERY {
        return;
    }
    *told = now;
    // What was played stays in the world.
    let this_match = this_match.filter(|_| *state.get() == NetplayState::Playing);
    let reason = end_reason.0.as_ref().map(ToString::to_string);
    let links = links.iter().map(|link| ToldLink {
        player: link.player,
        name: link.name.clone(),
        path: link.path.map(|path| path.to_string()),
        rtt_ms: link.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
        quality: link.quality.to_string(),
        interrupted: link.player.is_some_and(|player| interruptions.is_interrupted(player)),
        away: link.player.is_some_and(|player| interruptions.is_away(player)),
    });
    send(&Told {
        state: state_name(*state.get()),
        reason,
        room: room.code.as_ref().map(ToString::to_string),
        resume_token: room.resume_token.as_ref().map(ResumeToken::expose),
        player: this_match.as_ref().map(|this_match| this_match.local_player),
        epoch: this_match.as_ref().map(|this_match| this_match.epoch),
        phase: this_match.is_some().then_some(match round.phase {
            Phase::Countdown => "countdown",
            Phase::Fight => "fight",
            Phase::Result => "result",
        }),
        frame: frame.0,
        confirmed: confirmed.0,
        links: links.collect(),
        has_report: *state.get() == NetplayState::Playing || last_report.0.is_some(),
        overlay: overlay.visible,
        muted: muted.0,
    });
}
