//! The match that is played: starting it, and one datagram per peer and frame.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use log::{error, info};
use netplay_protocol::PeerKey;

use super::disconnect::Disconnect;
use super::rejoin::Rejoin;
use super::stall::StallDetector;
use super::{EndReason, MatchStart, Room, RoomConfig, RoomEvent};
use crate::match_::{
    DropConsensus, MAX_INPUT_BYTES, MAX_INPUT_DELAY, MatchConfig, MatchTraffic, SharedTraffic,
};
use crate::transport::TransportRequest;

/// A match while it is played.
pub(super) struct ActiveMatch {
    pub(super) start: MatchStart,
    /// Inputs and checksums, between the simulation and the links.
    pub(super) traffic: SharedTraffic,
    pub(super) consensus: DropConsensus,
    /// Why players are disconnected, or about to be.
    pub(super) disconnects: BTreeMap<usize, Disconnect>,
    /// Which of the other simulations go on.
    pub(super) stalls: BTreeMap<PeerKey, StallDetector>,
    /// The match that the local peer votes for.
    pub(super) rematch: Option<u16>,
}

impl ActiveMatch {
    /// A match that begins, without these players. `rejoin`: what the others have played of it already, which the
    /// simulation catches up with.
    pub(super) fn new(
        start: MatchStart,
        config: MatchConfig,
        disconnected: &BTreeSet<usize>,
        rejoin: Option<Rejoin>,
    ) -> Self {
        let players = config.players;
        let others = start.players.iter().enumerate();
        let others = others.filter(|(player, _)| *player != start.local_player);
        let mut traffic = MatchTraffic::new(config, others.map(|(_, peer)| *peer));
        for player in disconnected {
            if let Some(peer) = start.players.get(*player) {
                traffic.disconnect(*peer);
            }
        }
        if let Some(rejoin) = rejoin
            && let (Some(local), others) = rejoin.into_logs(start.local_player, &start.players)
        {
            traffic.catch_up(others, local);
        }
        let consensus =
            DropConsensus::new(players, start.local_player, disconnected.iter().copied());
        Self {
            start,
            traffic: SharedTraffic::new(traffic),
            consensus,
            disconnects: BTreeMap::new(),
            stalls: BTreeMap::new(),
            rematch: None,
        }
    }
}

impl Room {
    /// Starts a match: the first of the room, the next one, or the one that the local peer rejoins.
    pub(super) fn start_match(&mut self, now: Duration, start: MatchStart) {
        let rejoin = self.phase.take_rejoin();
        let disconnected: BTreeSet<usize> = match (&rejoin, self.phase.active_match()) {
            (Some(rejoin), _) => rejoin.disconnected().clone(),
            (None, Some(before)) => before.consensus.dropped().collect(),
            (None, None) => BTreeSet::new(),
        };
        let epoch = start.epoch;
        info!("match {epoch} starts with {} players", start.players.len());
        // A peer that left the lobby is not in the match: its link would count for the player who took its place.
        self.remove_left_peers();
        let config = MatchConfig {
            players: start.players.len(),
            default_input: self.config.default_input.clone(),
            input_delay: start.input_delay,
            max_prediction: self.config.max_prediction,
        };
        let active = ActiveMatch::new(start.clone(), config, &disconnected, rejoin);
        active.traffic.lock().request_input_delay(self.config.input_delay);
        self.phase.started(active);
        self.seed.started();
        self.requests.push_back(TransportRequest::Playing(true));
        self.emit(RoomEvent::StartMatch(start));
        let mut restarted = Vec::new();
        for peer in self.peers.values_mut() {
            if disconnected.contains(&peer.player) && !peer.is_disconnected() {
                peer.progress.disconnected(now);
            }
            peer.progress.started(epoch);
            if std::mem::take(&mut peer.restarts) > 0 {
                restarted.push(peer.key);
            }
        }
        // A peer that restarted after it had voted for this match may hear of it only from those who play it.
        restarted.into_iter().for_each(|peer| self.send_input_log(now, peer));
    }

    /// The driver could not set the simulation up for the match that just started.
    pub fn handle_simulation_failed(&mut self, now: Duration, detail: String) {
        self.end(now, EndReason::CannotStart { detail });
    }

    /// The local player's inputs are to wait for so many frames from now on, at most
    /// [`MAX_INPUT_DELAY`]. In a match the delay changes step by step:
    /// [`MatchTraffic::poll_input_delay`] says when.
    pub fn handle_input_delay_changed(&mut self, frames: usize) {
        self.config.input_delay = frames.min(MAX_INPUT_DELAY);
        if let Some(active) = self.phase.active_match() {
            active.traffic.lock().request_input_delay(frames);
        }
    }

    /// The simulation has run a frame, or did not go on: sends every peer what is due. `frame` is simulated next, and
    /// the inputs of all players are known up to `confirmed`.
    pub fn handle_frame(&mut self, now: Duration, frame: i32, confirmed: i32) {
        let Some(active) = self.phase.active_match() else { return };
        if confirmed >= 0 {
            self.times.first_confirmed(now);
        }
        let length = self.config.frame_duration();
        let mut traffic = active.traffic.lock();
        traffic.handle_frame(frame);
        for peer in self.peers.values_mut().filter(|peer| !peer.is_disconnected()) {
            traffic.handle_rtt(peer.key, peer.link.stats(now).rtt);
            while let Some(due) = traffic.poll_transmit(now, peer.key, length) {
                let sent = peer.link.send(now, active.start.epoch, &due.payload, due.has_inputs);
                if let Err(error) = sent {
                    error!("{error}");
                }
            }
        }
        drop(traffic);
        self.update_comparisons();
    }
}

/// Checks that inputs have a size with which a match can be played.
pub(super) fn check_input_size(config: &RoomConfig) -> Result<(), EndReason> {
    // One byte of each input says whether the player is disconnected.
    let detail = match config.default_input.len() {
        1..=MAX_INPUT_BYTES => return Ok(()),
        0 => "inputs have no byte that says whether the player is disconnected".to_owned(),
        bytes => format!(
            "an input has {} bytes, and at most {} fit into a datagram",
            bytes - 1,
            MAX_INPUT_BYTES - 1
        ),
    };
    Err(EndReason::CannotStart { detail })
}
