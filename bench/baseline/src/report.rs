//! What happened when.
//!
//! Times are those of the frames in which something was seen, as in the reports of bevy_netplay.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::Real;
use bevy_ggrs::{
    Checksum, ConfirmedFrameCount, RollbackFrameCount, SaveWorld, SaveWorldSystems, Session,
};
use ggrs::GgrsEvent;
use serde_json::{Value, json};

use crate::Orders;
use crate::netcode::Config;

/// When what was reached, counted from the opening of the socket.
#[derive(Resource)]
pub struct Milestones {
    joined: Duration,
    connected: Option<Duration>,
    first_confirmed: Option<Duration>,
    finished: Option<Duration>,
    checksum: Option<u128>,
    desyncs: u32,
}

impl Milestones {
    /// The socket is opened now.
    pub fn joined(time: &Time<Real>) -> Self {
        Self {
            joined: time.elapsed(),
            connected: None,
            first_confirmed: None,
            finished: None,
            checksum: None,
            desyncs: 0,
        }
    }

    /// How long ago the socket was opened.
    pub fn elapsed(&self, time: &Time<Real>) -> Duration {
        time.elapsed().saturating_sub(self.joined)
    }

    /// Everybody is connected now.
    pub fn connected(&mut self, time: &Time<Real>) {
        self.connected = Some(self.elapsed(time));
    }

    /// Whether a frame was confirmed.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn begun(&self) -> bool {
        self.first_confirmed.is_some()
    }

    /// When the last frame was confirmed.
    pub fn finished(&self) -> Option<Duration> {
        self.finished
    }

    /// Whether nobody had another state.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn in_sync(&self) -> bool {
        self.desyncs == 0
    }

    /// The fields mean what they mean in the reports of the arena.
    pub fn report(&self, orders: &Orders, local_player: usize) -> Value {
        let ms = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
        json!({
            "frames": orders.frames,
            "players": orders.players,
            "local_player": local_player,
            "checksum": self.checksum.map(|checksum| format!("{checksum:016x}")),
            "connect_ms": ms(self.connected),
            "first_confirmed_ms": ms(self.first_confirmed),
            "total_ms": ms(self.finished),
            "desyncs": self.desyncs,
        })
    }
}

/// Follows the match to its last frame.
pub fn plugin(app: &mut App) {
    app.add_systems(SaveWorld, keep_checksum.after(SaveWorldSystems::Snapshot))
        .add_systems(Last, (read_events, follow).chain());
}

/// A frame can be saved again after a rollback: the last time counts.
fn keep_checksum(
    mut milestones: ResMut<Milestones>,
    orders: Res<Orders>,
    frame: Res<RollbackFrameCount>,
    checksum: Res<Checksum>,
) {
    if frame.0 == orders.frames {
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

/// Notes the first confirmed frame, and the last.
pub fn follow(
    mut milestones: ResMut<Milestones>,
    orders: Res<Orders>,
    (frame, confirmed): (Res<RollbackFrameCount>, Res<ConfirmedFrameCount>),
    time: Res<Time<Real>>,
) {
    let elapsed = milestones.elapsed(&time);
    // bevy_ggrs' counter says 0 before there is a session as well.
    let confirmed = if frame.0 > 0 { confirmed.0 } else { -1 };
    if confirmed >= 0 {
        milestones.first_confirmed.get_or_insert(elapsed);
    }
    if confirmed >= orders.frames && milestones.checksum.is_some() {
        milestones.finished.get_or_insert(elapsed);
    }
}
