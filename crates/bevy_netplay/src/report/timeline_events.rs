//! Records what happens in the [`MatchTimeline`]: messages, events of links, and what metrics show.

use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::RollbackFrameCount;
use netplay_protocol::PeerKey;
use netplay_report::session::EventKind;

use super::timeline::{Entry, MatchTimeline};
use crate::messages::*;
use crate::session::Session;
use crate::{PeerLinks, PeerPresence, PlayerHandle, RollbackMetrics};

/// From this depth on a rollback is an event.
const DEEP: u32 = 6;
/// A stall of fewer frames is none.
const LONG_STALL: u32 = 3;

/// The time since the room was joined, and the frame.
#[derive(SystemParam)]
pub(super) struct Now<'w> {
    session: Res<'w, Session>,
    frame: Res<'w, RollbackFrameCount>,
    time: Res<'w, Time<Real>>,
    links: Res<'w, PeerLinks>,
}

impl Now<'_> {
    fn joined_at(&self) -> Duration {
        self.session.times().map_or(Duration::ZERO, |times| times.joined_at())
    }

    fn entry(&self, kind: EventKind) -> Entry {
        Entry::new(self.time.elapsed().saturating_sub(self.joined_at()), self.frame.0, kind)
    }

    fn player(&self, peer: PeerKey) -> Option<PlayerHandle> {
        self.links.iter().find(|link| link.peer == peer).and_then(|link| link.player)
    }
}

/// The messages that are events.
#[derive(SystemParam)]
pub(super) struct Events<'w, 's> {
    started: MessageReader<'w, 's, MatchStarted>,
    ended: MessageReader<'w, 's, MatchEnded>,
    room_ended: MessageReader<'w, 's, RoomEnded>,
    joined: MessageReader<'w, 's, PeerJoined>,
    left: MessageReader<'w, 's, PeerLeft>,
    paths: MessageReader<'w, 's, PathChanged>,
    diagnoses: MessageReader<'w, 's, LinkDiagnosed>,
    qualities: MessageReader<'w, 's, QualityChanged>,
    interrupted: MessageReader<'w, 's, PeerInterrupted>,
    resumed: MessageReader<'w, 's, PeerResumed>,
    away: MessageReader<'w, 's, PeerAway>,
    back: MessageReader<'w, 's, PeerBack>,
    stalled: MessageReader<'w, 's, PeerStalled>,
    unstalled: MessageReader<'w, 's, PeerUnstalled>,
    too_slow: MessageReader<'w, 's, PeerTooSlow>,
    fast_enough: MessageReader<'w, 's, PeerFastEnough>,
    dropped: MessageReader<'w, 's, PlayerDisconnected>,
    presences: MessageReader<'w, 's, PresenceChanged>,
    desyncs: MessageReader<'w, 's, DesyncDetected>,
}

pub(super) fn record_messages(mut events: Events, now: Now, mut timeline: ResMut<MatchTimeline>) {
    let timeline = timeline.bypass_change_detection();
    for MatchStarted { epoch } in events.started.read() {
        timeline.begin(now.joined_at());
        now.entry(EventKind::MatchStarted).text(format!("match {epoch}")).record(timeline);
    }
    for PeerJoined { peer } in events.joined.read() {
        timeline.begin(now.joined_at());
        now.entry(EventKind::PeerJoined).of(now.player(*peer)).record(timeline);
    }
    for PeerLeft { peer, reason } in events.left.read() {
        now.entry(EventKind::PeerLeft).of(now.player(*peer)).text(reason).record(timeline);
    }
    for PathChanged { peer, from, to, reason } in events.paths.read() {
        let entry = now.entry(EventKind::PathChanged).of(now.player(*peer));
        entry.text(format!("{from} to {to}: {reason}")).record(timeline);
    }
    for LinkDiagnosed { peer, finding } in events.diagnoses.read() {
        let entry = now.entry(EventKind::LinkDiagnosed).of(now.player(*peer));
        entry.text(&finding.sentence).record(timeline);
    }
    for QualityChanged { player, from, to, .. } in events.qualities.read() {
        let entry = now.entry(EventKind::QualityChanged).of(Some(*player));
        entry.text(format!("{from} to {to}")).record(timeline);
    }
    for PeerInterrupted { player, .. } in events.interrupted.read() {
        now.entry(EventKind::Interrupted).of(Some(*player)).record(timeline);
    }
    for PeerResumed { player, after, .. } in events.resumed.read() {
        now.entry(EventKind::Resumed).of(Some(*player)).lasted(*after).record(timeline);
    }
    for PeerAway { player, .. } in events.away.read() {
        now.entry(EventKind::Away).of(Some(*player)).record(timeline);
    }
    for PeerBack { player, after, .. } in events.back.read() {
        now.entry(EventKind::Back).of(Some(*player)).lasted(*after).record(timeline);
    }
    for PeerStalled { player, .. } in events.stalled.read() {
        now.entry(EventKind::PeerStalled).of(Some(*player)).record(timeline);
    }
    for PeerUnstalled { player, after, .. } in events.unstalled.read() {
        now.entry(EventKind::PeerUnstalled).of(Some(*player)).lasted(*after).record(timeline);
    }
    for PeerTooSlow { player, frame_rate, .. } in events.too_slow.read() {
        let entry = now.entry(EventKind::TooSlow).of(Some(*player));
        entry.text(format!("begins, at {frame_rate} frames per second")).record(timeline);
    }
    for PeerFastEnough { player, .. } in events.fast_enough.read() {
        now.entry(EventKind::TooSlow).of(Some(*player)).text("is over").record(timeline);
    }
    for PlayerDisconnected { player, frame, reason, .. } in events.dropped.read() {
        let entry = now.entry(EventKind::Dropped).of(Some(*player));
        entry.text(format!("after frame {frame}: {reason}")).record(timeline);
    }
    for PresenceChanged { peer, presence } in events.presences.read() {
        if *presence == PeerPresence::Restarted {
            now.entry(EventKind::Rejoining).of(now.player(*peer)).record(timeline);
        }
    }
    for DesyncDetected { player, frame, .. } in events.desyncs.read() {
        let entry = now.entry(EventKind::Desync).of(Some(*player));
        entry.text(format!("from frame {frame} on")).record(timeline);
    }
    for MatchEnded { frame, .. } in events.ended.read() {
        let text = frame.map(|frame| format!("at frame {frame}")).unwrap_or_default();
        now.entry(EventKind::MatchEnded).text(text).record(timeline);
        timeline.end_match();
    }
    for RoomEnded { reason } in events.room_ended.read() {
        now.entry(EventKind::RoomEnded).text(reason.to_string()).record(timeline);
        timeline.end_match();
    }
}

/// Attempts at connections that have failed.
pub(super) fn record_links(
    now: Now,
    mut timeline: ResMut<MatchTimeline>,
    mut seen: Local<Duration>,
) {
    let joined_at = now.joined_at();
    for link in now.links.iter() {
        for failure in &link.attempt_failures {
            // No two rooms are joined at one time, so this grows.
            if joined_at + failure.at > *seen {
                *seen = joined_at + failure.at;
                Entry::new(failure.at, now.frame.0, EventKind::AttemptFailed)
                    .of(link.player)
                    .text(&failure.reason)
                    .record(&mut timeline);
            }
        }
    }
}

/// What metrics showed in the updates before.
#[derive(Default)]
pub(super) struct Shown {
    /// Frames that the simulation stood still, in a row, and since when.
    stall: Option<(u32, Duration)>,
    is_too_slow: bool,
    input_delay: usize,
}

/// Stalls, deep rollbacks, a machine that is too slow, and changes of the input delay.
pub(super) fn record_metrics(
    now: Now,
    metrics: Res<RollbackMetrics>,
    mut timeline: ResMut<MatchTimeline>,
    mut shown: Local<Shown>,
) {
    let Some(update) = metrics.updates.last() else { return };
    if metrics.updates.len() == 1 {
        *shown = Shown { input_delay: metrics.input_delay, ..Shown::default() };
    }
    let elapsed = now.time.elapsed();
    match (update.stalled, shown.stall) {
        (true, None) => shown.stall = Some((1, elapsed)),
        (true, Some((frames, since))) => shown.stall = Some((frames + 1, since)),
        (false, Some((frames, since))) if update.frames > 0 => {
            shown.stall = None;
            if frames >= LONG_STALL {
                let lasted = elapsed.saturating_sub(since);
                now.entry(EventKind::Stalled).lasted(lasted).record(&mut timeline);
            }
        }
        (false, _) => {}
    }
    if update.depth >= DEEP {
        let players = update.caused_by.iter().map(|player| player.to_string());
        let players = players.collect::<Vec<_>>().join(", ");
        now.entry(EventKind::DeepRollback)
            .of(update.caused_by.iter().next())
            .text(format!("{} frames, late inputs of {players}", update.depth))
            .lasted(update.rollback_time)
            .record(&mut timeline);
    }
    if metrics.is_too_slow != shown.is_too_slow {
        shown.is_too_slow = metrics.is_too_slow;
        let text = if metrics.is_too_slow { "begins" } else { "is over" };
        now.entry(EventKind::TooSlow).text(text).record(&mut timeline);
    }
    if metrics.input_delay != shown.input_delay {
        let before = std::mem::replace(&mut shown.input_delay, metrics.input_delay);
        now.entry(EventKind::InputDelayChanged)
            .text(format!("{before} to {} frames", metrics.input_delay))
            .record(&mut timeline);
    }
}
