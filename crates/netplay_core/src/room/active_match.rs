//! The match that is played: starting it, and one datagram per peer and frame.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use log::{error, info};

use super::disconnect::Disconnect;
use super::rejoin::Rejoin;
use super::{EndReason, MatchStart, Room, RoomConfig, RoomEvent};
use crate::link::Link;
use crate::match_::{DropConsensus, MatchTraffic, SharedTraffic};
use crate::transport::TransportRequest;

/// What a datagram holds beside inputs, at most, in bytes.
const OTHER_BYTES: usize = 64;

/// A match while it is played.
pub(super) struct ActiveMatch {
    pub(super) start: MatchStart,
    /// Inputs and checksums, between the simulation and the links.
    pub(super) traffic: SharedTraffic,
    pub(super) consensus: DropConsensus,
    /// Why players are disconnected, or about to be.
    pub(super) disconnects: BTreeMap<usize, Disconnect>,
    /// The match that the local peer votes for.
    pub(super) rematch: Option<u16>,
}

impl ActiveMatch {
    /// A match that begins, without these players. `rejoin`: what the others have played of it already, which the
    /// simulation catches up with.
    pub(super) fn new(
        start: MatchStart,
        input_bytes: usize,
        disconnected: &BTreeSet<usize>,
        rejoin: Option<Rejoin>,
    ) -> Self {
        let players = start.players.len();
        let others = start.players.iter().enumerate();
        let others = others.filter(|(player, _)| *player != start.local_player);
        let mut traffic = MatchTraffic::new(players, input_bytes, others.map(|(_, peer)| *peer));
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
            rematch: None,
        }
    }
}

impl Room {
    /// Starts a match: the first of the room, the next one, or the one that the local peer rejoins.
    pub(super) fn start_match(&mut self, now: Duration, start: MatchStart) {
        if let Err(reason) = check_datagram_size(&self.config) {
            return self.end(now, reason);
        }
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
        let active =
            ActiveMatch::new(start.clone(), self.config.input_bytes, &disconnected, rejoin);
        self.phase.started(active);
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

    /// The simulation has run a frame, or stalls: sends every peer what is due. `frame` is simulated next, and the inputs
    /// of all players are known up to `confirmed`.
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
            let Some(due) = traffic.poll_transmit(now, peer.key, length) else { continue };
            let sent = peer.link.send(now, active.start.epoch, &due.payload, due.has_inputs);
            if let Err(error) = sent {
                error!("{error}");
            }
        }
    }
}

/// Checks that the inputs of a prediction window fit into a datagram.
fn check_datagram_size(config: &RoomConfig) -> Result<(), EndReason> {
    let RoomConfig { input_bytes, max_prediction, input_delay, .. } = config;
    let pending = max_prediction + input_delay + 4;
    if pending * (2 + input_bytes) <= Link::MAX_PAYLOAD - OTHER_BYTES {
        return Ok(());
    }
    // One byte of each input says whether the player is disconnected.
    let bytes = input_bytes.saturating_sub(1);
    Err(EndReason::CannotStart {
        detail: format!(
            "inputs of {bytes} bytes with a prediction window of {max_prediction} do not fit into a datagram"
        ),
    })
}
