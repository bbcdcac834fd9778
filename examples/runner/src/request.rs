//! [`RequestChecksum`]: the checksum that a report has.

use bevy::prelude::*;
use bevy_netplay::Checksums;
use bevy_netplay::prelude::*;

/// Has the checksum of a frame computed in every match, for [`session_report_at`](bevy_netplay::session_report_at). Checksums of frames that nobody asks
/// for are not computed, except for the few that peers compare.
pub struct RequestChecksum(
    /// The frame.
    pub i32,
);

impl Plugin for RequestChecksum {
    fn build(&self, app: &mut App) {
        let frame = self.0;
        app.add_systems(StartMatch, move |mut checksums: ResMut<Checksums>| {
            checksums.request(frame)
        });
    }
}
