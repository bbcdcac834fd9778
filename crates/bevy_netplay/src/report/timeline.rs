//! [`MatchTimeline`]: what happened in a match, one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::prelude::*;
use netplay_report::session::{EventKind, TimelineEvent};

use super::build::ms;
use crate::PlayerHandle;

/// How many events are kept.
const MAX_EVENTS: usize = 1000;
/// How much of a text is kept, in bytes.
const MAX_TEXT_BYTES: usize = 256;

/// What happened in the match that is played, or was played last, and before it since the room was joined or the match
/// before it had ended; oldest first. At most 1,000 events: the oldest are forgotten.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct MatchTimeline {
    events: VecDeque<TimelineEvent>,
    /// How many events were forgotten.
    dropped: u64,
    /// When the room was joined that they are of.
    joined_at: Duration,
    /// Whether the match that they are of has ended.
    ended: bool,
}

impl MatchTimeline {
    /// The events, oldest first. Times are in milliseconds since the room was joined.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &TimelineEvent> + DoubleEndedIterator {
        self.events.iter()
    }

    /// How many events there were that are not kept any more.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The events of the next match are recorded from now on, if the last one has ended.
    pub(super) fn begin(&mut self, joined_at: Duration) {
        if self.ended || self.joined_at != joined_at {
            *self = Self { joined_at, ..Self::default() };
        }
    }

    pub(super) fn end_match(&mut self) {
        self.ended = true;
    }

    pub(super) fn push(&mut self, mut event: TimelineEvent) {
        event.text.truncate(event.text.floor_char_boundary(MAX_TEXT_BYTES));
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(event);
    }
}

/// An event that is about to be recorded.
pub(super) struct Entry {
    event: TimelineEvent,
}

impl Entry {
    /// Something happened at a time, counted from joining the room.
    pub(super) fn new(at: Duration, frame: i32, kind: EventKind) -> Self {
        let at_ms = ms(at);
        Self { event: TimelineEvent { at_ms, frame, kind, ..TimelineEvent::default() } }
    }

    pub(super) fn of(mut self, player: Option<PlayerHandle>) -> Self {
        self.event.player = player.map(|player| player.0);
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.event.text = text.into();
        self
    }

    pub(super) fn lasted(mut self, lasted: Duration) -> Self {
        self.event.lasted_ms = Some(ms(lasted));
        self
    }

    pub(super) fn record(self, timeline: &mut MatchTimeline) {
        timeline.push(self.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_thousand_events_are_kept_with_bounded_texts() {
        let mut timeline = MatchTimeline::default();
        for second in 0..1500 {
            let entry = Entry::new(Duration::from_secs(second), 0, EventKind::Desync);
            entry.text("ü".repeat(1000)).record(&mut timeline);
        }
        assert_eq!((timeline.iter().len(), timeline.dropped()), (1000, 500));
        assert!(timeline.iter().all(|event| event.text.len() == 256));
        assert_eq!(timeline.iter().next().unwrap().at_ms, 500_000.0);
    }

    #[test]
    fn a_match_begins_with_what_happened_since_the_one_before_had_ended() {
        let mut timeline = MatchTimeline::default();
        let joined = Duration::from_secs(1);
        let record = |timeline: &mut MatchTimeline| {
            Entry::new(joined, 0, EventKind::Stalled).record(timeline);
            timeline.iter().len()
        };
        timeline.begin(joined);
        assert_eq!(record(&mut timeline), 1);
        timeline.begin(joined);
        assert_eq!(record(&mut timeline), 2);
        timeline.end_match();
        timeline.begin(joined);
        assert_eq!(record(&mut timeline), 1);
        timeline.begin(Duration::from_secs(2));
        assert_eq!(record(&mut timeline), 1, "another room");
    }
}
