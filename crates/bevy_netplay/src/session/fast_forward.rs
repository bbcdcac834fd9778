//! Catch-up: many frames are simulated per update. bevy_ggrs simulates as many frames as fit into the delta of the
//! world's `Time`, so that is replaced by one with a larger delta while bevy_ggrs runs.

use bevy::prelude::*;
use netplay_core::room::Room;

use super::Session;

/// How many frames are simulated at once.
const MAX_FRAMES_PER_UPDATE: u32 = 120;

/// Replaces the world's time if there are frames to catch up with.
pub(crate) fn fast_forward(mut session: ResMut<Session>, mut time: ResMut<Time>) {
    let Some((frames, length)) = session.room().and_then(frames_behind) else { return };
    session.real_time = Some(*time);
    *time = Time::default();
    time.advance_by(length * frames.min(MAX_FRAMES_PER_UPDATE));
}

/// Puts the world's time back after bevy_ggrs has simulated.
pub(crate) fn restore_time(mut session: ResMut<Session>, mut time: ResMut<Time>) {
    if let Some(real_time) = session.real_time.take() {
        *time = real_time;
    }
}

fn frames_behind(room: &Room) -> Option<(u32, std::time::Duration)> {
    let frames = room.traffic()?.lock().frames_behind()?;
    Some((frames, room.config().frame_duration()))
}
