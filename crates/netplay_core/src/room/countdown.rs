//! The countdown to a match: it begins when all are ready or the room's first player asks for the start, and is cancelled
//! when what was agreed on changes.

use std::time::Duration;

use netplay_protocol::{LobbyHash, PeerKey};

use super::start_target::StartTarget;
use super::{Room, RoomEvent};
use crate::log_limiter::log_limited;

/// Why a countdown was cancelled. Peers and not players are named, because who left has no player any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// A peer left the room, its process restarted, or it cannot be played with.
    Left(PeerKey),
    /// A peer joined the room.
    Joined(PeerKey),
    /// A peer changed its value, or the room's.
    Changed(PeerKey),
    /// A peer is no longer ready.
    NotReady(PeerKey),
    /// The room's first player took the start back.
    Withdrawn,
}

/// What is known of one who is to play, when the countdown begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) key: PeerKey,
    pub(super) revision: u32,
    pub(super) ready: Option<LobbyHash>,
}

/// A countdown that runs, or that is over while the players exchange the seed.
#[derive(Clone, Debug)]
pub(super) struct Countdown {
    pub(super) target: StartTarget,
    pub(super) epoch: u16,
    /// Whether the first player asked for the start.
    pub(super) is_asked: bool,
    pub(super) players: Vec<Counted>,
    /// The members of the room.
    pub(super) members: Vec<PeerKey>,
    pub(super) ends: Duration,
}

impl Countdown {
    /// Whether it is of the same match.
    fn is_of(&self, other: &Self) -> bool {
        (&self.target, self.epoch) == (&other.target, other.epoch)
    }
}

impl Room {
    /// How long until the match starts, while a countdown runs: zero while the players agree on the seed.
    pub fn time_to_start(&self, now: Duration) -> Option<Duration> {
        let countdown = self.lobby.countdown.as_ref()?;
        self.phase.active_match().is_none().then(|| countdown.ends.saturating_sub(now))
    }

    /// Begins, keeps or cancels the countdown, given the one that would begin now. Returns whether it is over.
    pub(super) fn update_countdown(&mut self, now: Duration, next: Option<Countdown>) -> bool {
        let is_same = |running: &Countdown| next.as_ref().is_some_and(|next| running.is_of(next));
        if self.lobby.countdown.as_ref().is_some_and(|running| !is_same(running)) {
            self.cancel_countdown();
        }
        if let (Some(running), Some(next)) = (&mut self.lobby.countdown, &next) {
            running.is_asked = next.is_asked;
        }
        if self.lobby.countdown.is_none()
            && let Some(next) = next
        {
            let players = next.target.roster.player_count();
            let length = next.ends.saturating_sub(now);
            log_limited!(
                self.logs,
                now,
                "a countdown begins",
                "",
                info!("a match of {players} players starts in {} ms", length.as_millis())
            );
            self.lobby.countdown = Some(next);
            self.reset_seed_timers();
            self.emit(RoomEvent::CountdownStarted { players, length });
        }
        self.lobby.countdown.as_ref().is_some_and(|countdown| now >= countdown.ends)
    }

    /// Cancels the countdown, if there is one.
    pub(super) fn cancel_countdown(&mut self) {
        let Some(countdown) = self.lobby.countdown.take() else { return };
        let reason = self.cancel_reason(&countdown);
        log_limited!(
            self.logs,
            self.now,
            "the countdown is cancelled",
            "",
            info!("the countdown is cancelled: {reason:?}")
        );
        self.reset_seed_timers();
        self.emit(RoomEvent::CountdownCancelled { reason });
        if self.phase.disagreed() {
            self.emit(RoomEvent::Lobby);
        }
    }

    /// What has changed since a countdown began.
    fn cancel_reason(&self, countdown: &Countdown) -> CancelReason {
        let members = self.lobby_members();
        let players = || countdown.players.iter();
        let present =
            |player: &&Counted| self.counted(player.key).filter(|_| members.contains(&player.key));
        if let Some(left) = players().find(|player| present(player).is_none()) {
            return CancelReason::Left(left.key);
        }
        let changed =
            |player: &&Counted| present(player).is_some_and(|it| it.revision != player.revision);
        if let Some(changed) = players().find(changed) {
            return CancelReason::Changed(changed.key);
        }
        if let Some(joined) = members.iter().find(|key| !countdown.members.contains(key)) {
            return CancelReason::Joined(*joined);
        }
        if let Some(left) = countdown.members.iter().find(|key| !members.contains(key)) {
            return CancelReason::Left(*left);
        }
        let unready =
            |player: &&Counted| present(player).is_some_and(|it| it.ready != player.ready);
        match players().find(unready) {
            Some(unready) if !countdown.is_asked => CancelReason::NotReady(unready.key),
            _ => CancelReason::Withdrawn,
        }
    }
}
