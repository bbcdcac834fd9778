//! Players that others have lost: when one of them is dropped, and what comes of those who say so alone.
//!
//! A player that the local peer has lost (its link is silent, it left, it stands still, it does not sign its inputs) is
//! accused, and everybody is told so. It is dropped once [more than half](crate::match_::Accusations::is_enough) of the
//! others have lost it. Until then its inputs may still come, from it or from those who hear it
//! ([`input_search`](super::input_search)). An accusation because of silence is withdrawn when the player is heard again.

use std::collections::BTreeSet;
use std::time::Duration;

use log::{debug, info};
use netplay_protocol::{Accusation, Accusations, ControlMessage, PeerKey};

use super::Room;
use super::active_match::ActiveMatch;
use super::disconnect::Disconnect;
use super::printable::printable;

impl Room {
    /// The local peer has lost a player of the match.
    pub(super) fn accuse(&mut self, now: Duration, player: usize, why: Disconnect) {
        let Some(active) = self.phase.active_match_mut() else { return };
        let local = active.start.local_player;
        if player == local
            || active.consensus.is_frozen(player)
            || active.accusations.has(local, player)
        {
            return;
        }
        info!("player {} is lost here: {}", self.roster.number(player), why.detail());
        active.disconnects.insert(player, why);
        active.sign_accusation(player, true);
        self.tell_accusations(now, player);
        self.freeze_accused(now);
    }

    /// A peer tells who has lost a player.
    pub(super) fn handle_accusations(&mut self, now: Duration, from: PeerKey, it: &Accusations) {
        let Some(active) = self.phase.active_match() else { return };
        if active.start.epoch != it.epoch {
            return;
        }
        let player = usize::from(it.player);
        let why = Disconnect::Lost(printable(&it.reason));
        if self.take_accusations(now, from, player, &it.accusations, why).is_none() {
            return;
        }
        let Some(active) = self.phase.active_match() else { return };
        let knows = |ours: &Accusation| {
            let same = |theirs: &Accusation| theirs.accuser == ours.accuser;
            it.accusations.iter().any(|it| same(it) && it.revision >= ours.revision)
        };
        if !active.consensus.is_frozen(player) && !active.accusations.of(player).iter().all(knows) {
            self.send_accusations(now, from, player);
        }
        self.freeze_accused(now);
    }

    /// Takes in accusations that a peer passes on. Returns who has lost the player according to them; none if one of them
    /// is signed by nobody.
    pub(super) fn take_accusations(
        &mut self,
        now: Duration,
        from: PeerKey,
        player: usize,
        accusations: &[Accusation],
        why: Disconnect,
    ) -> Option<BTreeSet<usize>> {
        let active = self.phase.active_match_mut()?;
        let Some(accused) = active.start.players.get(player).copied() else {
            self.count_malformed(now, from);
            return None;
        };
        let (mut accusers, mut is_news) = (BTreeSet::new(), false);
        for accusation in accusations {
            let accuser = usize::from(accusation.accuser);
            let key = active.start.players.get(accuser).filter(|_| accuser != player);
            let is_known = active.accusations.get(accuser, player) == Some(accusation);
            let is_signed = is_known
                || key.is_some_and(|key| {
                    active.traffic.lock().has_accused(*key, accused, accusation)
                });
            if !is_signed {
                self.count_malformed(now, from);
                return None;
            }
            if accusation.is_lost() {
                accusers.insert(accuser);
            }
            is_news |= active.accusations.insert(player, *accusation);
        }
        let local = active.start.local_player;
        if !active.accusations.has(local, player) {
            active.disconnects.entry(player).or_insert(why);
        }
        if is_news && player != local && !active.consensus.is_frozen(player) {
            self.tell_accusations(now, player);
        }
        Some(accusers)
    }

    /// Lets time pass: joins accusations of players that are silent here as well, withdraws those of players that are heard
    /// again, and accuses those who do not agree on who is dropped.
    pub(super) fn check_accusations(&mut self, now: Duration) {
        let Some(active) = self.phase.active_match() else { return };
        let patience = self.config.link.silent_after;
        let local = active.start.local_player;
        let (mut joined, mut withdrawn) = (Vec::new(), Vec::new());
        for player in active.accusations.accused().filter(|it| !active.consensus.is_frozen(*it)) {
            let key = active.start.players.get(player);
            let Some(peer) = key.and_then(|key| self.peers.get(key)) else { continue };
            if peer.attendance.away_since().is_some() {
                continue;
            }
            let is_silent = peer.link.silence(now) >= patience;
            if active.accusations.has(local, player) {
                let may_end =
                    matches!(active.why(player), Disconnect::Silent(_) | Disconnect::Away(_));
                // What comes from others only does not show that it is heard.
                if may_end && !is_silent && !active.input_searches.contains_key(&player) {
                    withdrawn.push(player);
                }
            } else if is_silent && active.accusations.of(player).iter().any(Accusation::is_lost) {
                joined.push((player, Disconnect::Silent(active.why(player).detail().to_owned())));
            }
        }
        let timeout = self.config.disconnect_timeout;
        let overdue = active.frozen_at.iter().filter(|(player, at)| {
            !active.consensus.is_dropped(**player) && now.saturating_sub(**at) >= timeout
        });
        let overdue: Vec<usize> =
            overdue.flat_map(|(player, _)| active.consensus.missing(*player)).collect();
        for (player, why) in joined {
            self.accuse(now, player, why);
        }
        for player in overdue {
            self.accuse(now, player, Disconnect::lost("it does not agree on who is dropped"));
        }
        for player in withdrawn {
            let Some(active) = self.phase.active_match_mut() else { return };
            debug!("player {} is heard again", self.roster.number(player));
            active.disconnects.remove(&player);
            active.sign_accusation(player, false);
            self.tell_accusations(now, player);
        }
    }

    /// Tells a peer all accusations of those who still play.
    pub(super) fn send_all_accusations(&mut self, now: Duration, to: PeerKey) {
        let Some(active) = self.phase.active_match() else { return };
        let accused = active.accusations.accused();
        let accused = accused.filter(|player| !active.consensus.is_frozen(*player));
        for player in accused.collect::<Vec<_>>() {
            self.send_accusations(now, to, player);
        }
    }

    fn send_accusations(&mut self, now: Duration, to: PeerKey, player: usize) {
        if let Some(message) = self.phase.active_match().and_then(|it| it.accusations_of(player)) {
            self.send_control(now, to, &message);
        }
    }

    fn tell_accusations(&mut self, now: Duration, player: usize) {
        if let Some(message) = self.phase.active_match().and_then(|it| it.accusations_of(player)) {
            self.send_control_to_all(now, &message);
        }
    }

    /// Freezes a player that another one has frozen, if those who had lost it then are enough.
    pub(super) fn freeze_decided(&mut self, now: Duration, player: usize, had: &BTreeSet<usize>) {
        let Some(active) = self.phase.active_match() else { return };
        if active.is_lost(player, had) {
            self.freeze_player(now, player, active.why(player));
        }
        self.freeze_accused(now);
    }

    /// Freezes the players that more than half of the others have lost.
    fn freeze_accused(&mut self, now: Duration) {
        while let Some(active) = self.phase.active_match() {
            let is_lost = |player: &usize| active.is_lost(*player, &BTreeSet::new());
            let Some(player) = active.consensus.survivors().find(is_lost) else { return };
            info!("player {} is lost for more than half of the others", self.roster.number(player));
            self.freeze_player(now, player, active.why(player));
        }
    }
}

impl ActiveMatch {
    /// Whether more than half of the others have lost a player, or had lost it.
    fn is_lost(&self, player: usize, had: &BTreeSet<usize>) -> bool {
        let local = self.start.local_player;
        let playing = self.consensus.survivors();
        player != local && self.accusations.is_enough(player, local, playing, had)
    }

    /// Why a player is accused, or dropped.
    pub(super) fn why(&self, player: usize) -> Disconnect {
        let why = self.disconnects.get(&player).cloned();
        why.unwrap_or_else(|| Disconnect::lost("it is lost"))
    }

    /// The local player has lost another one, or hears it again. Nothing changes if that is known.
    pub(super) fn sign_accusation(&mut self, player: usize, is_lost: bool) {
        let local = self.start.local_player;
        let (Ok(accuser), Some(key)) = (u8::try_from(local), self.start.players.get(player)) else {
            return;
        };
        if self.accusations.has(local, player) == is_lost {
            return;
        }
        let before = self.accusations.get(local, player);
        let revision = before.map_or(0, |before| before.revision).saturating_add(1);
        let signature = self.traffic.lock().accuse(*key, revision);
        self.accusations.insert(player, Accusation { accuser, revision, signature });
    }

    fn accusations_of(&self, player: usize) -> Option<ControlMessage> {
        Some(ControlMessage::Accusations(Accusations {
            epoch: self.start.epoch,
            player: u8::try_from(player).ok()?,
            reason: self.why(player).detail().to_owned(),
            accusations: self.accusations.of(player),
        }))
    }
}
