//! Peers whose simulation stands still although their link is alive: a paused clock, or a game that no longer runs its
//! frames.
//!
//! Everybody waits for such a peer, and nothing else tells them so: its process keeps the link alive. What counts are
//! the payloads of the match. One without a new input, of a sender that does not say that it waits for inputs itself,
//! shows a simulation that stands still. Only the time between two payloads counts, so that neither a silent link nor a
//! pause of the local process is taken for a stall. That a sender waits is taken on its word, and so is an input now and
//! then; but where a game drops who stalls, it also drops who holds everybody else up that way: whose inputs are behind
//! those of all others, and come at less than an eighth of the speed.

use std::time::Duration;

use netplay_protocol::PeerKey;

use super::disconnect::Disconnect;
use super::{Room, RoomEvent};
use crate::log_limiter::log_limited;
use crate::match_::{Activity, InputLog};

/// After how long a simulation that stands still is reported.
const STALLED_AFTER: Duration = Duration::from_millis(500);
/// The longest time between two payloads that counts as time in which the link was alive. A payload is due every 90 ms.
const MAX_GAP: Duration = Duration::from_millis(250);

/// How many frame lengths a new input of a player makes up for who holds everybody else up. One that plays at an eighth
/// of the speed or more is slow, and not dropped.
const SLOWEST: u32 = 8;

/// Whether the simulation of a peer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StallDetector {
    /// When the last payload came.
    heard: Duration,
    state: State,
    /// For how long it has held everybody else up, whatever it says of itself.
    held_up: Duration,
    /// The last frame whose input it had given then.
    last_frame: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It goes on, or it stands still and that is not reported yet: for how long it has stood still.
    Running(Duration),
    /// It was reported: for how long it has stood still.
    Stalled(Duration),
}

/// What a payload changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Stalled,
    /// It goes on: for how long it stood still.
    Unstalled(Duration),
}

impl StallDetector {
    fn new(at: Duration) -> Self {
        let state = State::Running(Duration::ZERO);
        Self { heard: at, state, held_up: Duration::ZERO, last_frame: -1 }
    }

    /// A payload came at `at`.
    fn handle_activity(&mut self, at: Duration, activity: Activity) -> Option<Change> {
        let passed = at.saturating_sub(self.heard).min(MAX_GAP);
        self.heard = self.heard.max(at);
        let (State::Running(stood) | State::Stalled(stood)) = self.state;
        let was_stalled = matches!(self.state, State::Stalled(_));
        if activity != Activity::Standing {
            self.state = State::Running(Duration::ZERO);
            return was_stalled.then_some(Change::Unstalled(stood));
        }
        let stood = stood + passed;
        if was_stalled || stood >= STALLED_AFTER {
            self.state = State::Stalled(stood);
            return (!was_stalled).then_some(Change::Stalled);
        }
        self.state = State::Running(stood);
        None
    }

    /// Takes note of how far a peer's inputs are when a payload comes at `at`, before
    /// [`handle_activity`](Self::handle_activity). `is_last`: the inputs of everybody else are further. Returns for how
    /// long it has held the others up.
    fn handle_progress(
        &mut self,
        at: Duration,
        last_frame: i32,
        is_last: bool,
        frame: Duration,
    ) -> Duration {
        let passed = at.saturating_sub(self.heard).min(MAX_GAP);
        let frames = last_frame.saturating_sub(std::mem::replace(&mut self.last_frame, last_frame));
        let made_up = frame * SLOWEST * u32::try_from(frames).unwrap_or(0);
        self.held_up = match is_last {
            true => (self.held_up + passed).saturating_sub(made_up),
            false => self.held_up.saturating_sub(passed.max(made_up)),
        };
        self.held_up
    }

    /// For how long a simulation has stood still that was reported.
    fn stalled_for(&self) -> Option<Duration> {
        match self.state {
            State::Stalled(stood) => Some(stood),
            State::Running(_) => None,
        }
    }
}

impl Room {
    /// A payload of the match that came at `at` shows what a peer's simulation does.
    pub(super) fn handle_activity(
        &mut self,
        now: Duration,
        at: Duration,
        from: PeerKey,
        activity: Activity,
    ) {
        let timeout = self.config.stall_timeout;
        let Some(peer) = self.peers.get(&from) else { return };
        let Some(active) = self.phase.active_match_mut() else { return };
        let player = peer.player;
        let traffic = active.traffic.lock();
        let frame = traffic.last_frame(from);
        let last = |other: &PeerKey| match *other == self.config.local_peer {
            true => traffic.log(None).and_then(InputLog::last_frame),
            false => traffic.log(Some(*other)).and_then(InputLog::last_frame),
        };
        let mut others = active.start.players.iter().filter(|other| **other != from);
        let is_last = others.all(|other| last(other).is_some_and(|last| last > frame));
        drop(traffic);
        let detector = active.stalls.entry(from).or_insert_with(|| StallDetector::new(at));
        let held_up = detector.handle_progress(at, frame, is_last, self.config.frame_duration());
        let change = detector.handle_activity(at, activity);
        let stalled_for = detector.stalled_for();
        match change {
            Some(Change::Stalled) => {
                let name = peer.name().unwrap_or("no name");
                let number = self.roster.number(player);
                log_limited!(
                    self.logs,
                    now,
                    "stands still again: player",
                    number,
                    warn!(
                        "player {number} ({name}) stands still after frame {frame}, and everybody waits: \
                         its link is alive, so its clock is paused or its game runs no frames"
                    )
                );
                let time_left = timeout.zip(stalled_for);
                let time_left = time_left.map(|(timeout, stood)| timeout.saturating_sub(stood));
                self.emit(RoomEvent::PeerStalled { peer: from, player, frame, time_left });
            }
            Some(Change::Unstalled(after)) => {
                let number = self.roster.number(player);
                log_limited!(
                    self.logs,
                    now,
                    "goes on again: player",
                    number,
                    info!("player {number} goes on after {} ms", after.as_millis())
                );
                self.emit(RoomEvent::PeerUnstalled { peer: from, player, after });
            }
            None => {}
        }
        if let Some((stood, timeout)) = stalled_for.zip(timeout)
            && stood >= timeout
        {
            let seconds = timeout.as_secs_f32();
            let why = Disconnect::Stalled(format!("the game stood still for {seconds} s"));
            self.accuse(now, player, why);
        } else if let Some(timeout) = timeout
            // It may wait for a player that it does not hear; it drops that one in time, or is dropped itself.
            && held_up >= timeout + self.config.disconnect_timeout
        {
            let seconds = held_up.as_secs_f32();
            let why = Disconnect::Stalled(format!("the game held everybody up for {seconds:.0} s"));
            self.accuse(now, player, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// Payloads that come every so many milliseconds from a time on: the times at which something changes.
    fn feed(
        detector: &mut StallDetector,
        from: u32,
        every: usize,
        activities: &[Activity],
    ) -> Vec<(u32, Change)> {
        let times = (from..).step_by(every).zip(activities);
        times.filter_map(|(ms, it)| Some((ms, detector.handle_activity(MS * ms, *it)?))).collect()
    }

    #[test]
    fn a_simulation_that_stands_still_is_reported_once_and_so_is_its_end() {
        let mut detector = StallDetector::new(Duration::ZERO);
        let stands = [Activity::Standing; 20];
        assert_eq!(feed(&mut detector, 90, 90, &stands), [(540, Change::Stalled)]);
        assert_eq!(detector.stalled_for(), Some(MS * 1800));
        let goes_on = [Activity::Advancing, Activity::Advancing];
        let change = Change::Unstalled(MS * 1800);
        assert_eq!(feed(&mut detector, 1890, 90, &goes_on), [(1890, change)]);
        assert_eq!(detector.stalled_for(), None);
    }

    #[test]
    fn a_simulation_that_waits_or_is_slow_is_not_reported() {
        let slow = [[Activity::Standing; 5].as_slice(), &[Activity::Advancing]].concat().repeat(9);
        let waits = [Activity::Waiting; 90];
        for activities in [&slow[..], &waits] {
            assert_eq!(feed(&mut StallDetector::new(MS), 1, 90, activities), []);
        }
    }

    #[test]
    fn time_in_which_no_payload_comes_counts_for_little() {
        let mut detector = StallDetector::new(Duration::ZERO);
        assert_eq!(feed(&mut detector, 60_000, 90, &[Activity::Standing; 3]), []);
        assert_eq!(
            feed(&mut detector, 60_270, 90, &[Activity::Standing]),
            [(60_270, Change::Stalled)]
        );
    }

    #[test]
    fn a_payload_that_comes_late_takes_no_time() {
        let mut detector = StallDetector::new(MS * 1000);
        assert_eq!(feed(&mut detector, 10, 1, &[Activity::Standing; 600]), []);
        assert_eq!(feed(&mut detector, 1600, 1, &[Activity::Advancing]), []);
    }

    /// For how long a player has held the others up after ten seconds, that gives an input every so many milliseconds.
    fn held_up(every: u32, is_last: bool) -> Duration {
        let mut detector = StallDetector::new(Duration::ZERO);
        let mut held_up = Duration::ZERO;
        for payload in 1..=100 {
            let at = MS * payload * 100;
            let last_frame = (payload * 100 / every) as i32;
            held_up = detector.handle_progress(at, last_frame, is_last, MS * 16);
            detector.handle_activity(at, Activity::Waiting);
        }
        held_up
    }

    #[test]
    fn who_says_that_it_waits_or_creeps_holds_the_others_up_if_it_is_behind_all_of_them() {
        assert!(held_up(1_000_000, true) > MS * 9_800);
        assert!(held_up(500, true) > MS * 6_000);
        assert_eq!(held_up(500, false), Duration::ZERO);
        // At an eighth of the speed it is slow.
        assert!(held_up(120, true) < MS * 200);
    }
}
