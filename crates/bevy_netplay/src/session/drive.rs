//! Between the room and its transport, before and after the frames of an update.

use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount};

use super::Session;
use crate::{NetplayConfig, PeerLinks, RollbackMetrics};

/// Passes the transport's events to the room, and sends the room's packets and requests.
pub(crate) fn receive(mut session: ResMut<Session>, time: Res<Time<Real>>) {
    let now = time.elapsed();
    if let Some(joined) = &mut session.joined {
        joined.transport.poll(now);
        while let Some(event) = joined.transport.poll_event() {
            joined.room.handle_event(now, event);
        }
        joined.room.handle_timeout(now);
    }
    session.flush(now);
    session.finish_leaving(now);
}

/// The game has changed its settings: the input delay is the one that takes effect in a running match.
pub(crate) fn change_input_delay(mut session: ResMut<Session>, config: Res<NetplayConfig>) {
    if let Some(joined) = &mut session.joined {
        joined.room.handle_input_delay_changed(config.bounded_input_delay());
    }
}

/// How far the simulation is ahead of what is confirmed, and how long inputs wait.
pub(crate) fn note_progress(
    mut metrics: ResMut<RollbackMetrics>,
    session: Res<Session>,
    frame: Res<RollbackFrameCount>,
    confirmed: Res<ConfirmedFrameCount>,
) {
    metrics.confirmed_lag = frame.0 - confirmed.0;
    metrics.input_delay = session.input_delay().unwrap_or_default();
}

/// After the frames are simulated: passes them to the room, sends the packets that are due, updates [`PeerLinks`].
pub(crate) fn send(
    mut session: ResMut<Session>,
    mut links: ResMut<PeerLinks>,
    frame: Res<RollbackFrameCount>,
    confirmed: Res<ConfirmedFrameCount>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed();
    let Some(joined) = &mut session.joined else { return };
    joined.room.handle_frame(now, frame.0, confirmed.0);
    session.flush(now);
    if let Some(room) = session.room() {
        links.update(room, now);
    }
}
