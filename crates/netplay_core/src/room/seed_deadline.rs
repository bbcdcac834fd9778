//! Players that keep a match from starting: for how long each is waited for, and when it is left out.
//!
//! The others need from a player that it agrees to who plays, commits to its nonce and reveals it. Time counts while one
//! of these is missing, the player is heard, and it has all that the local peer sent. Then only a third player can be the
//! reason: a peer that cannot reveal its nonce tells the others which players it waits for ([`SeedWait`]). Nobody else
//! can know whether that is true, since two players may lack a connection to each other only. So such a match waits, and
//! the log names both.

use std::time::Duration;

use log::warn;
use netplay_protocol::{ControlMessage, PeerKey, SeedWait};

use super::Room;
use super::peer::Peer;
use super::phase::Phase;
use super::progress::Vote;
use super::seed_exchange::Lack;
use super::seed_round::SeedViolation;
use super::votes::FIRST_EPOCH;

/// The shortest time for which a player is waited for: messages that were lost are sent again within it.
const MIN_PATIENCE: Duration = Duration::from_secs(5);
/// How many times as long a player is waited for that may have a reason, such as a match that it tries to rejoin.
const LONG: u32 = 8;
/// The longest time between two updates that counts. In a longer one, the local process stood still.
const MAX_STEP: Duration = Duration::from_millis(250);
/// How many restarts of its process give a player time from the start.
const MAX_RESTARTS: u32 = 8;
/// How long after it has said so a peer says next which players it waits for.
const TELL_PAUSE: Duration = Duration::from_secs(1);

/// For how long a peer is waited for.
#[derive(Debug, Default)]
pub(super) struct SeedTimer {
    /// For how long something of it has been missing that it waits for nobody else with.
    overdue: Duration,
    /// For how long it has said that it waits for somebody else.
    excused: Duration,
    /// Whether that was logged.
    logged: bool,
    /// Which players it waits for, as it said last.
    waits: Option<SeedWait>,
    /// Which players the local peer waits for, as it was told last.
    told: Option<SeedWait>,
}

/// For how long the local peer waits, and when it said so last.
#[derive(Debug, Default)]
pub(super) struct LocalWait {
    checked_at: Option<Duration>,
    waited: Duration,
    told_at: Option<Duration>,
}

/// What the others need from a peer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// It has not said that it plays with these players.
    Agreement,
    Commitment,
    Reveal,
}

impl SeedTimer {
    /// Its process restarted. It is given time again, a few times.
    pub(super) fn restarted(&mut self, restarts: u32) {
        let overdue = if restarts > MAX_RESTARTS { self.overdue } else { Duration::ZERO };
        *self = Self { overdue, ..Self::default() };
    }
}

impl LocalWait {
    /// How much time has passed since the last call, as far as it counts.
    fn pass(&mut self, now: Duration) -> Duration {
        let before = self.checked_at.replace(now).unwrap_or(now);
        now.saturating_sub(before).min(MAX_STEP)
    }
}

impl Room {
    /// Begins to wait again: other players, or the next match.
    pub(super) fn reset_seed_timers(&mut self) {
        self.local_wait.waited = Duration::ZERO;
        for peer in self.peers.values_mut() {
            peer.seed_timer = SeedTimer::default();
        }
    }

    /// A peer says which players it waits for.
    pub(super) fn handle_seed_wait(&mut self, from: PeerKey, wait: SeedWait) {
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.seed_timer.waits = Some(wait);
        }
    }

    /// Leaves out who has kept a match from starting for too long.
    pub(super) fn check_seed_deadlines(&mut self, now: Duration) {
        let passed = self.local_wait.pass(now);
        let Some(epoch) = self.awaited_match() else { return };
        let vote = Vote { roster: self.start_hash(), epoch };
        self.tell_seed_wait(now, passed, vote);
        for key in self.participants() {
            if let Some(violation) = self.check_seed_deadline(now, passed, key, vote) {
                self.blame(now, key, violation);
            }
            if self.phase.is_ended() {
                return;
            }
        }
    }

    /// Lets time pass for a peer. Returns what it is left out for, if it is.
    fn check_seed_deadline(
        &mut self,
        now: Duration,
        passed: Duration,
        key: PeerKey,
        vote: Vote,
    ) -> Option<SeedViolation> {
        let patience = self.patience();
        let missing = self.missing_of(now, key, vote);
        // Nobody needs others to agree and to commit.
        let third = self.third_of(key, vote).filter(|_| missing == Some(Missing::Reveal));
        let may_rejoin = self.may_rejoin(key, vote);
        let has_revealed = self.seed.is_revealed() && self.seed.lacks(key).is_none();
        let Peer { seed_timer: timer, link, player, .. } = self.peers.get_mut(&key)?;
        if has_revealed {
            timer.overdue = Duration::ZERO;
        }
        let missing = missing?;
        if let Some(third) = third {
            timer.excused += passed;
            if timer.excused >= patience && !std::mem::replace(&mut timer.logged, true) {
                warn!(
                    "player {} waits for player {}, and the next match for both: one of them keeps it from starting",
                    self.roster.number(*player),
                    third + 1
                );
            }
            return None;
        }
        timer.overdue += passed;
        let has_all = link.unacknowledged_messages() == 0;
        // Who was not asked whether it is ready may lack something of the others.
        let is_asked = missing == Missing::Commitment
            && self.lobby.countdown.as_ref().is_some_and(|it| it.is_asked);
        let is_long = missing == Missing::Agreement || may_rejoin || !has_all || is_asked;
        if timer.overdue < if is_long { patience * LONG } else { patience } {
            return None;
        }
        let seconds = timer.overdue.as_secs();
        let waits_for_us = timer.waits.is_some_and(|wait| vote_of(wait) == vote);
        Some(match missing {
            _ if !has_all => SeedViolation::Unacknowledged,
            Missing::Agreement => SeedViolation::NoAgreement(seconds),
            Missing::Commitment => SeedViolation::NoCommitment(seconds),
            Missing::Reveal if waits_for_us => SeedViolation::WaitsForUs(seconds),
            Missing::Reveal => SeedViolation::NoReveal(seconds),
        })
    }

    fn patience(&self) -> Duration {
        self.config.disconnect_timeout.max(MIN_PATIENCE)
    }

    /// Leaves a peer out, and says so where nothing else does.
    fn blame(&mut self, now: Duration, key: PeerKey, violation: SeedViolation) {
        let Some(player) = self.player(key) else { return };
        if self.phase.active_match().is_some() || self.is_needed(key) {
            warn!(
                "player {} keeps the match from starting: {violation}",
                self.roster.number(player)
            );
        }
        self.seed_violation(now, key, violation);
    }

    /// The match that the local peer is ready for, if all that it takes are the others.
    fn awaited_match(&self) -> Option<u16> {
        match &self.phase {
            Phase::Synchronizing if self.uses_lobby() => {
                self.lobby.countdown.as_ref().map(|it| it.epoch)
            }
            Phase::Lobby if self.uses_lobby() => None,
            Phase::Lobby | Phase::Synchronizing => self.is_complete().then_some(FIRST_EPOCH),
            Phase::Playing(active) => active.rematch.filter(|_| active.consensus.is_settled()),
            Phase::Connecting | Phase::Queued | Phase::Rejoining(_) | Phase::Ended => None,
        }
    }

    /// What is missing of a peer, if it is heard.
    fn missing_of(&self, now: Duration, key: PeerKey, vote: Vote) -> Option<Missing> {
        let peer = self.peers.get(&key).filter(|peer| !peer.is_refused())?;
        if !peer.link.has_path() || peer.link.silence(now) >= self.config.link.silent_after {
            return None;
        }
        if self.phase.active_match().is_none() {
            if !self.uses_lobby() && !self.agrees(key) {
                return Some(Missing::Agreement);
            }
        } else if peer.progress.vote() != Some(vote) {
            // It is up to the player whether to play again.
            return None;
        }
        self.seed.lacks(key).map(|lack| match lack {
            Lack::Commitment => Missing::Commitment,
            Lack::Reveal => Missing::Reveal,
        })
    }

    /// A third player that a peer says it waits for.
    fn third_of(&self, key: PeerKey, vote: Vote) -> Option<usize> {
        let wait = self.peers.get(&key)?.seed_timer.waits?;
        let others = self.participants().into_iter().filter(|other| *other != key);
        let mut players = others.filter_map(|other| self.start_roster().place(other));
        let is_named = |player: &usize| u32::from(wait.players) >> player & 1 == 1;
        players.find(is_named).filter(|_| vote_of(wait) == vote)
    }

    /// Whether a peer may be busy with a match that it tries to rejoin, and that the local peer does not know.
    fn may_rejoin(&self, key: PeerKey, vote: Vote) -> bool {
        let Some(peer) = self.peers.get(&key) else { return false };
        let has_history = self.config.resumes || peer.restarts > 0;
        let voted = peer.progress.vote();
        self.phase.active_match().is_none()
            && (voted.is_some_and(|it| it != vote) || has_history && voted.is_some())
    }

    /// Tells the others which players the local peer waits for, once it has waited for a while.
    fn tell_seed_wait(&mut self, now: Duration, passed: Duration, vote: Vote) {
        if self.seed.is_revealed() {
            return;
        }
        self.local_wait.waited += passed;
        let is_paused =
            self.local_wait.told_at.is_some_and(|at| now.saturating_sub(at) < TELL_PAUSE);
        if self.local_wait.waited < self.patience() / 4 || is_paused {
            return;
        }
        let in_lobby = self.phase.active_match().is_none() && !self.uses_lobby();
        let is_awaited = |key: &PeerKey| {
            self.peers.get(key).is_some_and(|peer| peer.is_refused())
                || in_lobby && !self.agrees(*key)
                || self.seed.lacks(*key).is_some()
                || self.seed.began_round(*key)
        };
        let awaited = self.participants().into_iter().filter(is_awaited);
        let players = awaited.filter_map(|key| self.start_roster().place(key));
        let players =
            players.fold(0, |bits, player| bits | 1_u8.checked_shl(player as u32).unwrap_or(0));
        let wait = SeedWait { roster: vote.roster, epoch: vote.epoch, players };
        for to in self.participants() {
            let Some(peer) = self.peers.get_mut(&to) else { continue };
            if players != 0 && peer.seed_timer.told.replace(wait) != Some(wait) {
                self.local_wait.told_at = Some(now);
                self.send_control(now, to, &ControlMessage::SeedWait(wait));
            }
        }
    }
}

fn vote_of(wait: SeedWait) -> Vote {
    Vote { roster: wait.roster, epoch: wait.epoch }
}
