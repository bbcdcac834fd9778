//! [`BetweenFrames`]: when a room is driven, besides in every update of its game.
//!
//! Before a match what comes is handled when it comes, and not in the next update: each step towards a match would wait
//! for a frame, and for seconds while the game loads something. In a match the updates drive the room, and nobody else
//! does, unless one of them takes long: then the links are kept alive, what comes is acknowledged, and the others are told
//! that the simulation stands still. A game that hangs is not kept alive for ever. While messages of the game are under
//! way, what comes is taken in at once in a match as well, because their acknowledgements set the pace; and they do not
//! wait for the next update where the transport had no room for them.
//!
//! While an update simulates, what the simulation sees must not change: then nothing is taken in, and only keepalives are
//! sent.

use std::time::Duration;

/// How long a room waits for the next update before a match. What comes does not wait for that.
const BEFORE_A_MATCH: Duration = Duration::from_millis(20);
/// How long a room waits for the next update in a match. Most games are faster; and a link takes note of a pause when
/// this is four times as long.
const IN_A_MATCH: Duration = Duration::from_millis(50);
/// How long messages that are under way wait for room in the transport, and for their pace.
const MESSAGES: Duration = Duration::from_millis(2);

/// When a room is driven between the updates of its game.
#[derive(Debug)]
pub struct BetweenFrames {
    longest_hitch: Duration,
    state: State,
    /// When an update began or ended last.
    updated: Duration,
    /// When the room was driven last, or would have been.
    driven: Duration,
    /// The same for messages.
    sent_messages: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// An update has taken in what had come and has not sent what it simulated.
    Updating,
    /// The game does something else.
    Between,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetweenFramesWork {
    /// Nothing.
    Nothing,
    /// Send what [`Room::keep_alive`](super::Room::keep_alive) gives out.
    KeepAlive,
    /// Take in what came, and send.
    TakeIn,
    /// Everything that an update does but simulate: take in what came, let time pass, send.
    Everything,
}

/// What a room does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomActivity {
    /// It is in a match.
    pub playing: bool,
    /// Messages of the game are under way.
    pub messages: bool,
}

impl BetweenFrames {
    /// For how long a game may stand still before its links fall silent, and the others drop it
    /// [`disconnect_timeout`](super::RoomConfig::disconnect_timeout) later.
    pub const LONGEST_HITCH: Duration = Duration::from_secs(5);

    /// For a room that is created now, in an update.
    pub fn new(longest_hitch: Duration, now: Duration) -> Self {
        let state = State::Updating;
        Self { longest_hitch, state, updated: now, driven: now, sent_messages: now }
    }

    /// An update takes in what has come, and drives the room.
    pub fn handle_update_began(&mut self, now: Duration) {
        self.state = State::Updating;
        (self.updated, self.driven, self.sent_messages) = (now, now, now);
    }

    /// An update has sent what it had to send.
    pub fn handle_update_ended(&mut self, now: Duration) {
        self.state = State::Between;
        (self.updated, self.driven, self.sent_messages) = (now, now, now);
    }

    /// What is to be done now. `ready`: something has come.
    pub fn poll(
        &mut self,
        now: Duration,
        activity: RoomActivity,
        ready: bool,
    ) -> BetweenFramesWork {
        let is_due = now >= self.driven + interval(activity);
        if is_due {
            self.driven = now;
        }
        let sends_messages = activity.messages && (ready || now >= self.sent_messages + MESSAGES);
        if is_due || sends_messages {
            self.sent_messages = now;
        }
        if self.is_hung(now) {
            return BetweenFramesWork::Nothing;
        }
        match self.state {
            State::Updating if is_due => BetweenFramesWork::KeepAlive,
            State::Between if is_due || (ready && !activity.playing) => {
                self.driven = now;
                BetweenFramesWork::Everything
            }
            State::Between if sends_messages => BetweenFramesWork::TakeIn,
            State::Updating | State::Between => BetweenFramesWork::Nothing,
        }
    }

    /// When to [`poll`](Self::poll) at the latest.
    pub fn poll_timeout(&self, activity: RoomActivity) -> Duration {
        let due = self.driven + interval(activity);
        match activity.messages {
            true => due.min(self.sent_messages + MESSAGES),
            false => due,
        }
    }

    /// Whether to [`poll`](Self::poll) as soon as something comes.
    pub fn listens(&self, now: Duration, activity: RoomActivity) -> bool {
        let listens = !activity.playing || activity.messages;
        self.state == State::Between && listens && !self.is_hung(now)
    }

    fn is_hung(&self, now: Duration) -> bool {
        now.saturating_sub(self.updated) >= self.longest_hitch
    }
}

/// How long a room waits for the next update.
fn interval(activity: RoomActivity) -> Duration {
    if activity.playing { IN_A_MATCH } else { BEFORE_A_MATCH }
}

#[cfg(test)]
mod tests {
    use super::BetweenFramesWork::{Everything, KeepAlive, Nothing, TakeIn};
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// A room without messages.
    fn room(playing: bool) -> RoomActivity {
        RoomActivity { playing, messages: false }
    }

    /// Between updates, the last of which ended at 0.
    fn between() -> BetweenFrames {
        let mut between = BetweenFrames::new(BetweenFrames::LONGEST_HITCH, Duration::ZERO);
        between.handle_update_ended(Duration::ZERO);
        between
    }

    /// The times in milliseconds at which something is to be done, and what, until a time.
    fn work(
        between: &mut BetweenFrames,
        until: u32,
        playing: bool,
        ready: bool,
    ) -> Vec<(u32, BetweenFramesWork)> {
        let work = (1..=until).map(|ms| (ms, between.poll(MS * ms, room(playing), ready)));
        work.filter(|(_, work)| *work != Nothing).collect()
    }

    #[test]
    fn before_a_match_what_comes_is_handled_at_once_and_time_passes_every_20_ms() {
        assert_eq!(work(&mut between(), 2, false, true), [(1, Everything), (2, Everything)]);
        assert_eq!(work(&mut between(), 45, false, false), [(20, Everything), (40, Everything)]);
        assert!(between().listens(MS, room(false)));
    }

    #[test]
    fn in_a_match_nothing_is_done_until_an_update_takes_long() {
        let mut between = between();
        for frame in 1..100 {
            assert_eq!(between.poll(MS * (frame * 33 - 1), room(true), true), Nothing);
            between.handle_update_began(MS * frame * 33);
            between.handle_update_ended(MS * frame * 33);
            assert!(!between.listens(MS * frame * 33, room(true)));
        }
        let mut between = self::between();
        assert_eq!(work(&mut between, 110, true, true), [(50, Everything), (100, Everything)]);
        assert_eq!(between.poll_timeout(room(true)), MS * 150);
    }

    #[test]
    fn while_an_update_simulates_nothing_is_taken_in() {
        for playing in [false, true] {
            let mut between = between();
            between.handle_update_began(Duration::ZERO);
            assert!(!between.listens(MS, room(playing)));
            let work = work(&mut between, 300, playing, true);
            assert!(!work.is_empty() && work.iter().all(|(_, work)| *work == KeepAlive));
        }
    }

    #[test]
    fn a_game_that_hangs_is_not_kept_alive_for_ever() {
        for playing in [false, true] {
            let mut between = between();
            let work = work(&mut between, 60_000, playing, true);
            assert!((4_900..5_000).contains(&work.last().unwrap().0), "{work:?}");
            assert!(!between.listens(MS * 60_000, room(playing)));
            assert!(between.poll_timeout(room(playing)) > MS * 60_000);
            between.handle_update_began(MS * 60_001);
            between.handle_update_ended(MS * 60_001);
            assert_eq!(between.poll(MS * 60_060, room(playing), false), Everything);
        }
    }

    #[test]
    fn while_messages_are_under_way_what_comes_in_a_match_is_taken_in_at_once_but_not_while_an_update_simulates()
     {
        let busy = RoomActivity { playing: true, messages: true };
        let mut between = between();
        assert!(between.listens(MS, busy));
        let polled = [1, 2, 3].map(|ms| between.poll(MS * ms, busy, ms != 2));
        assert_eq!(polled, [TakeIn, Nothing, TakeIn]);
        assert_eq!(between.poll_timeout(busy), MS * 5, "there may be room in the transport");
        assert_eq!(
            [4, 5, 6, 7].map(|ms| between.poll(MS * ms, busy, false)),
            [Nothing, TakeIn, Nothing, TakeIn]
        );
        assert_eq!(between.poll(MS * 50, busy, true), Everything, "the simulation stands still");
        between.handle_update_began(MS * 60);
        assert!(!between.listens(MS * 61, busy));
        assert_eq!(between.poll(MS * 61, busy, true), Nothing);
        assert_eq!(between.poll(MS * 62, busy, false), Nothing);
        assert_eq!(between.poll_timeout(busy), MS * 63);
    }
}
