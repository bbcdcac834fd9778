//! The local process restarted, as a page does that is loaded again, and the local peer rejoins its match.
//!
//! The simulation is lost with the process, but it follows from the inputs of all players, which the other peers have
//! logged. They wait where the prediction window ends and send their logs; the local peer simulates the match again
//! from its first frame, many frames per update ([`MatchTraffic::catch_up`](crate::match_::MatchTraffic::catch_up)).
//! For ggrs on the other peers, one input took long.

use std::collections::BTreeSet;
use std::time::Duration;

use log::{debug, info};
use netplay_protocol::{InputLogChunk, PeerKey, RejoinState};

use super::phase::Phase;
use super::rejoin::Rejoin;
use super::{EndReason, MatchStart, Room, RoomEvent};

impl Room {
    /// A peer says that a match runs that the local peer belongs to.
    pub(super) fn handle_rejoin_state(&mut self, now: Duration, from: PeerKey, state: RejoinState) {
        let roster = &state.roster;
        let local = roster.player(self.config.local_peer);
        if self.phase.active_match().is_some()
            || local.is_none()
            || roster.player(from).is_none()
            || !Rejoin::is_possible(&state)
        {
            return;
        }
        let players = roster.members.len();
        let default_input = &self.config.default_input;
        let rejoin = Rejoin::new(state.epoch, state.seed, players, default_input);
        if self.phase.rejoin(rejoin) {
            info!("match {} goes on without us: rejoining it", state.epoch);
            self.set_roster(now, roster.clone());
            // A peer that has not started the match yet waits for this vote.
            self.vote(now, state.epoch);
            self.emit(RoomEvent::Synchronizing);
        }
        let same_roster = self.roster == state.roster;
        let rejoin = self.phase.rejoin_mut();
        let Some(rejoin) = rejoin.filter(|it| it.epoch() == state.epoch && same_roster) else {
            return;
        };
        if rejoin.seed() != state.seed {
            let detail = "the other players do not agree on its seed".to_owned();
            return self.end(now, EndReason::CannotStart { detail });
        }
        rejoin.handle_state(from, state);
    }

    /// A peer sends a part of a player's inputs, of the match that the local peer rejoins, or has rejoined.
    pub(super) fn handle_input_log(&mut self, now: Duration, from: PeerKey, chunk: &InputLogChunk) {
        let Some(sender) = self.player_before(from) else { return };
        let merged = match &mut self.phase {
            Phase::Playing(active) if active.start.epoch == chunk.epoch => {
                let player = usize::from(chunk.player);
                let key = active.start.players.get(player).copied();
                let Some(key) = key.filter(|_| player != active.start.local_player) else { return };
                active.traffic.lock().merge_chunk(key, chunk.start_frame, &chunk.inputs)
            }
            // A peer that has not told of the match has nothing to add.
            Phase::Rejoining(rejoin) if rejoin.epoch() == chunk.epoch && rejoin.has_heard(from) => {
                rejoin.merge_chunk(sender, chunk)
            }
            _ => return,
        };
        if let Err(error) = merged {
            debug!("dropped a part of an input log from {from:?}: {error}");
            self.count_malformed(now, from);
        }
    }

    pub(super) fn is_rejoining(&self) -> bool {
        matches!(self.phase, Phase::Rejoining(_))
    }

    /// Starts the match that the local peer rejoins, once all who play it have sent everything.
    pub(super) fn finish_rejoin(&mut self, now: Duration) {
        let Phase::Rejoining(rejoin) = &self.phase else { return };
        let leaving: BTreeSet<u8> =
            self.early_proposals.iter().map(|(_, proposal)| proposal.player).collect();
        let players = (0..).zip(&self.roster.members).filter(|(player, key)| {
            let is_out =
                rejoin.disconnected().contains(&usize::from(*player)) || leaving.contains(player);
            **key != self.config.local_peer && !is_out
        });
        // Who voted for the match and sent no state of it waits like this one: its process restarted as well.
        let waits = |key: &PeerKey| {
            let vote = self.peers.get(key).and_then(|peer| peer.progress.vote());
            vote.is_some_and(|vote| vote.epoch == rejoin.epoch()) && !rejoin.has_heard(*key)
        };
        let (waiting, awaited): (Vec<PeerKey>, Vec<PeerKey>) =
            players.map(|(_, key)| *key).partition(waits);
        if !rejoin.is_complete(awaited) {
            return;
        }
        let start = self.match_start(rejoin.epoch(), rejoin.seed());
        // The inputs of the log are given again for the frames that they were of.
        let delay = rejoin.input_delay(start.local_player).unwrap_or(start.input_delay);
        let start = MatchStart { input_delay: delay, ..start };
        let dropped: Vec<RoomEvent> = rejoin
            .disconnected()
            .iter()
            .filter_map(|player| {
                Some(RoomEvent::PlayerDisconnected {
                    peer: *start.players.get(*player)?,
                    player: *player,
                    frame: rejoin.last_own_frame(*player),
                    reason: "it was dropped before we came back".to_owned(),
                })
            })
            .collect();
        // Those who wait may not know that a match runs: those who knew it may have restarted since.
        for peer in self.peers.values_mut().filter(|peer| waiting.contains(&peer.key)) {
            peer.restarts = peer.restarts.max(1);
        }
        self.start_match(now, start);
        dropped.into_iter().for_each(|event| self.emit(event));
    }
}
