//! Between the room and its transport, once before bevy_ggrs runs a frame and once after it.

use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, Session as GgrsSession};
use ggrs::GgrsEvent;

use super::Session;
use crate::input::{NetplayGgrs, NetplayInput};
use crate::{Checksums, PeerLinks, RollbackMetrics};

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

/// After bevy_ggrs has run the frame: marks the checksums of confirmed frames as final.
pub(crate) fn confirm_frames(
    mut checksums: ResMut<Checksums>,
    mut metrics: ResMut<RollbackMetrics>,
    frame: Res<RollbackFrameCount>,
    confirmed: Res<ConfirmedFrameCount>,
) {
    // Rollbacks for every confirmed input have been made, so every frame up to the confirmed one was
    // saved in its final form.
    checksums.confirm(confirmed.0.min(frame.0 - 1));
    metrics.confirmed_lag = frame.0 - confirmed.0;
}

/// After bevy_ggrs has run the frame: passes it to the room, sends the packets that are due, updates [`PeerLinks`].
pub(crate) fn send<I: NetplayInput>(
    mut session: ResMut<Session>,
    mut ggrs: Option<ResMut<GgrsSession<NetplayGgrs<I>>>>,
    mut links: ResMut<PeerLinks>,
    frame: Res<RollbackFrameCount>,
    confirmed: Res<ConfirmedFrameCount>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed();
    let Some(joined) = &mut session.joined else { return };
    if let Some(GgrsSession::P2P(ggrs)) = ggrs.as_deref_mut() {
        for event in ggrs.events() {
            // Its other events are about connections, which the links report.
            if let GgrsEvent::DesyncDetected { frame, local_checksum, remote_checksum, addr } =
                event
            {
                // Checksums are 64 bits wide; ggrs stores them in 128.
                let [local, remote] = [local_checksum, remote_checksum].map(|sum| sum as u64);
                joined.room.handle_desync(now, addr, frame, local, remote);
            }
        }
    }
    joined.room.handle_frame(now, frame.0, confirmed.0);
    session.flush(now);
    if let Some(room) = session.room() {
        links.update(room, now);
    }
}
