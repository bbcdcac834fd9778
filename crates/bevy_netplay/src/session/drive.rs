//! Drives the room before and after the frames of an update. Between the updates a task in the background does
//! ([`DrivenRoom`](netplay_transport::DrivenRoom)).

use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount};

use super::Session;
use crate::{NetplayConfig, PeerLinks};

/// Begins an update: passes the transport's events to the room, sends the room's packets and requests, and takes what
/// the room has said since the last update.
pub(crate) fn receive(mut session: ResMut<Session>, time: Res<Time<Real>>) {
    let now = time.elapsed();
    if let Some(joined) = &session.joined {
        joined.room.lock().begin_update(now);
    }
    session.take_events();
    session.finish_leaving(now);
}

/// The App exits after this update: leaves the room before the process ends.
pub(crate) fn leave_at_exit(mut session: ResMut<Session>, time: Res<Time<Real>>) {
    session.leave_for_good(time.elapsed());
}

/// The game has changed its settings: the input delay is the one that takes effect in a running match.
pub(crate) fn change_input_delay(
    session: Res<Session>,
    config: Res<NetplayConfig>,
    time: Res<Time<Real>>,
) {
    if let Some(joined) = &session.joined {
        let mut driver = joined.room.lock();
        let (room, _) = driver.room_at(time.elapsed());
        room.handle_input_delay_changed(config.delay_bounds());
    }
}

/// Ends an update, after its frames are simulated: passes them to the room, and sends the packets that are due.
pub(crate) fn send(
    mut session: ResMut<Session>,
    frame: Res<RollbackFrameCount>,
    confirmed: Res<ConfirmedFrameCount>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed();
    let Some(joined) = &session.joined else { return };
    joined.room.lock().end_update(now, Some((frame.0, confirmed.0)));
    session.take_events();
}

/// Shows the game the links as they are now.
pub(crate) fn refresh_links(
    session: Res<Session>,
    mut links: ResMut<PeerLinks>,
    frame: Res<RollbackFrameCount>,
    time: Res<Time<Real>>,
) {
    if let Some(joined) = &session.joined {
        let mut driver = joined.room.lock();
        let (room, now) = driver.room_at(time.elapsed());
        links.update(room, now, frame.0);
    }
}
