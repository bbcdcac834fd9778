//! [`LastReport`]: the report of a match that has ended.

use bevy::prelude::*;
use netplay_report::session::SessionReport;

use super::build::report_of;
use crate::{LastEndReason, NetplayState};

/// The report of the match that was played last, whatever ended it: its end, a rematch, leaving, a lost room. None before
/// the first one has ended.
///
/// In a browser there is one from the beginning if a page in the same tab has played before, also if it has crashed or was
/// loaded again in the middle of the match: reports are kept in the storage of the tab (`sessionStorage`), that of a
/// running match every 10 s.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct LastReport(pub Option<SessionReport>);

/// The state of a match is left, and what was measured is still there.
pub(super) fn keep_report(world: &mut World) {
    let Some(mut report) = report_of(world) else { return };
    report.ended = Some(match world.resource::<State<NetplayState>>().get() {
        NetplayState::Ended => {
            let reason = world.resource::<LastEndReason>().0.as_ref();
            reason.map_or_else(|| "the room ended".into(), ToString::to_string)
        }
        NetplayState::Lobby => "the match came to its end".into(),
        NetplayState::Synchronizing => "another match began".into(),
        _ => "the room was left".into(),
    });
    world.resource_mut::<LastReport>().0 = Some(report);
}
