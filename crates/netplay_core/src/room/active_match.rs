//! The match that is played: starting it, and one datagram per peer and frame.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use log::info;
use netplay_protocol::{MatchId, PeerKey};

use super::disconnect::Disconnect;
use super::input_search::InputSearch;
use super::kicks::KickVotes;
use super::match_end::EndedPlayers;
use super::rejoin::{Rejoin, Version};
use super::stall::StallDetector;
use super::{EndReason, MatchStart, Room, RoomConfig, RoomEvent};
use crate::log_limiter::log_limited;
use crate::match_::{
    Accusations, DelayBounds, DropConsensus, MAX_INPUT_BYTES, MatchConfig, MatchTraffic,
    SharedTraffic, Signatures,
};
use crate::transport::TransportRequest;

/// A match while it is played.
pub(super) struct ActiveMatch {
    pub(super) start: MatchStart,
    /// Inputs and checksums, between the simulation and the links.
    pub(super) traffic: SharedTraffic,
    pub(super) consensus: DropConsensus,
    /// Who has lost another player.
    pub(super) accusations: Accusations,
    /// Why players are accused, or dropped.
    pub(super) disconnects: BTreeMap<usize, Disconnect>,
    /// When players were frozen.
    pub(super) frozen_at: BTreeMap<usize, Duration>,
    /// Where the inputs of players are asked for, because they do not come from the player.
    pub(super) input_searches: BTreeMap<usize, InputSearch>,
    /// When a peer was last sent inputs of a player that it had asked for.
    pub(super) answered_at: BTreeMap<(PeerKey, usize), Duration>,
    /// Which of the other simulations go on.
    pub(super) stalls: BTreeMap<PeerKey, StallDetector>,
    /// The peers with machines that are too slow, and when each said so last.
    pub(super) slow: BTreeMap<PeerKey, Duration>,
    /// Who wants which player removed.
    pub(super) kick_votes: KickVotes,
    /// The match that the local peer votes for.
    pub(super) rematch: Option<u16>,
    /// Who has ended it.
    pub(super) ended: EndedPlayers,
}

impl ActiveMatch {
    /// A match that begins, without these players. `rejoin`: what the others have played of it already, which the
    /// simulation catches up with.
    pub(super) fn new(
        start: MatchStart,
        config: MatchConfig,
        signatures: Signatures,
        disconnected: &BTreeSet<usize>,
        rejoin: Option<Version>,
    ) -> Self {
        let players = config.players;
        let mut traffic = MatchTraffic::new(config, signatures);
        for player in disconnected {
            if let Some(peer) = start.players.get(*player) {
                traffic.disconnect(*peer);
            }
        }
        let rejoins = rejoin.is_some();
        if let Some(version) = rejoin
            && let Some(logs) = version.into_logs(start.local_player, &start.players)
        {
            let others = logs.others.into_iter();
            let others = others.map(|it| (it.peer, it.log, it.statement, it.acked));
            traffic.catch_up(others, logs.local);
        }
        let versions = disconnected.iter().filter_map(|player| {
            let key = *start.players.get(*player)?;
            Some((*player, rejoins.then(|| traffic.version(key))))
        });
        let consensus = DropConsensus::new(players, start.local_player, versions);
        Self {
            start,
            traffic: SharedTraffic::new(traffic),
            consensus,
            accusations: Accusations::default(),
            disconnects: BTreeMap::new(),
            frozen_at: BTreeMap::new(),
            input_searches: BTreeMap::new(),
            answered_at: BTreeMap::new(),
            stalls: BTreeMap::new(),
            slow: BTreeMap::new(),
            kick_votes: KickVotes::default(),
            rematch: None,
            ended: EndedPlayers::default(),
        }
    }

    /// Has the simulation begin again, and catch up with the input logs.
    pub(super) fn simulate_again(&mut self, input_delay: usize) {
        let mut traffic = self.traffic.lock();
        self.start.input_delay = traffic.simulate_again();
        traffic.request_input_delay(input_delay);
        self.stalls.clear();
    }

    /// The player of a peer.
    pub(super) fn player(&self, peer: PeerKey) -> Option<usize> {
        self.start.players.iter().position(|key| *key == peer)
    }
}

impl Room {
    /// Starts a match: the first of the room, the next one, or the one that the local peer rejoins.
    pub(super) fn start_match(&mut self, now: Duration, start: MatchStart) {
        let rejoin = self.phase.take_rejoin().and_then(Rejoin::into_agreed);
        self.rejoin_vote = None;
        let disconnected: BTreeSet<usize> = match (&rejoin, self.phase.active_match()) {
            (Some(version), _) => version.disconnected(),
            (None, Some(before)) => before.consensus.dropped().collect(),
            (None, None) => BTreeSet::new(),
        };
        let epoch = start.epoch;
        let players: u32 = start.player_counts.iter().map(|count| u32::from(*count)).sum();
        match rejoin {
            Some(_) => info!("match {epoch} of {players} players is rejoined"),
            None => info!("match {epoch} starts with {players} players"),
        }
        self.part_players();
        let Some(signatures) = self.signatures(&start) else {
            let detail = "a player has not shown its public key".to_owned();
            return self.end(now, EndReason::CannotStart { detail });
        };
        let config = MatchConfig {
            players: start.players.len(),
            default_input: self.config.default_input.clone(),
            input_delay: start.input_delay,
            delay_bounds: self.config.input_delay,
            frame: self.config.frame_duration(),
            max_prediction: self.config.max_prediction,
            input_redundancy: self.config.input_redundancy,
        };
        let active = ActiveMatch::new(start.clone(), config, signatures, &disconnected, rejoin);
        active.traffic.lock().request_input_delay(self.fitting_delay(now));
        self.phase.started(active);
        self.lobby.started(epoch);
        self.early_proposals.begin(epoch);
        self.seed.started();
        self.seed_disputed_at = None;
        self.reset_seed_timers();
        if !self.keeps_waiting() {
            self.requests.push_back(TransportRequest::Playing(true));
        }
        self.emit(RoomEvent::StartMatch(start));
        let mut restarted = Vec::new();
        for peer in self.peers.values_mut().filter(|peer| !peer.waits) {
            if disconnected.contains(&peer.player) && !peer.is_disconnected() {
                peer.progress.disconnected(now);
            }
            peer.progress.started(epoch);
            peer.log_sender = None;
            peer.absences = 0;
            if std::mem::take(&mut peer.restarts) > 0 {
                restarted.push(peer.key);
            }
        }
        // A peer that restarted after it had voted for this match may hear of it only from those who play it.
        restarted.into_iter().for_each(|peer| self.send_input_log(now, peer));
        self.drop_who_left_the_lobby(now);
        self.update_waiting(now);
    }

    /// What the players of a match sign. None if the public key of one is unknown.
    fn signatures(&self, start: &MatchStart) -> Option<Signatures> {
        let identity = self.config.identity.clone();
        let key = |peer: &PeerKey| match *peer == self.config.local_peer {
            true => Some(identity.public()),
            false => self.peers.get(peer)?.public_key,
        };
        let players = start.players.iter().map(key).collect::<Option<Vec<_>>>()?;
        Some(Signatures {
            id: MatchId::new(start.epoch, start.seed, &self.roster).with_lobby(&start.lobby),
            identity,
            players,
        })
    }

    /// The driver could not set the simulation up for the match that just started.
    pub fn handle_simulation_failed(&mut self, now: Duration, detail: String) {
        self.end(now, EndReason::CannotStart { detail });
    }

    /// The local player's inputs are to wait within these bounds from now on. In a match the delay changes step by step:
    /// [`MatchTraffic::poll_input_delay`] says when.
    pub fn handle_input_delay_changed(&mut self, bounds: DelayBounds) {
        if std::mem::replace(&mut self.config.input_delay, bounds) == bounds {
            return;
        }
        let DelayBounds { least, most, .. } = bounds;
        log_limited!(
            self.logs,
            self.now,
            "another input delay",
            "",
            info!("the input delay is to be {least} to {} frames", most.max(least))
        );
        if let Some(active) = self.phase.active_match() {
            active.traffic.lock().set_delay_bounds(bounds, self.config.frame_duration());
        }
    }

    /// The simulation has run a frame, or did not go on: sends every peer what is due. `frame` is simulated next, and
    /// the inputs of all players are known up to `confirmed`.
    ///
    /// Nothing happens as long as [`RoomEvent::StartMatch`] is not taken: the frame is of another match.
    pub fn handle_frame(&mut self, now: Duration, frame: i32, confirmed: i32) {
        self.now = now;
        if self.events.iter().any(|event| matches!(event, RoomEvent::StartMatch(_))) {
            return;
        }
        let Some(active) = self.phase.active_match() else { return };
        if confirmed >= 0 {
            self.times.first_confirmed(now);
        }
        let length = self.config.frame_duration();
        let mut traffic = active.traffic.lock();
        traffic.handle_frame(frame);
        let plays = |peer: &&mut super::Peer| !peer.is_disconnected() && !peer.waits;
        for peer in self.peers.values_mut().filter(plays) {
            traffic.handle_rtt(peer.key, peer.link.stats(now).rtt);
            while let Some(due) = traffic.poll_transmit(now, peer.key, length) {
                let sent = peer.link.send(now, active.start.epoch, &due.payload, due.has_inputs);
                if let Err(error) = sent {
                    log_limited!(
                        self.logs,
                        now,
                        "inputs do not fit into a packet to",
                        peer.key.short(),
                        error!("{error}")
                    );
                }
            }
        }
        drop(traffic);
        self.check_statements(now);
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
