//! The process of another peer restarted, and its player rejoins the match.

use std::time::Duration;

use log::info;
use netplay_protocol::{ControlMessage, Fragments, InputLogChunk, PeerKey, RejoinState};

use super::disconnect::Disconnect;
use super::{Room, RoomEvent};
use crate::match_::EncodedInputs;

/// How often a player may rejoin one match. Each time, the others wait and send everything.
const MAX_RESTARTS: u32 = 8;

impl Room {
    /// A peer's process restarted. If a match runs, it is sent all of it.
    pub(super) fn peer_restarted(&mut self, now: Duration, from: PeerKey) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let player = peer.player;
        info!("player {} restarted", player + 1);
        peer.hello_sent = None;
        peer.fragments = Fragments::default();
        peer.commitment_sent = None;
        peer.restarts += 1;
        peer.progress.restarted(now);
        let restarts = peer.restarts;
        self.seed.forget(from);
        let Some(active) = self.phase.active_match() else {
            if self.phase.peer_restarted(player, from) {
                self.emit(RoomEvent::Lobby);
                // The roster may have been that of a match which nobody knows any more.
                self.handle_roster(now, self.at_server.clone());
            }
            return;
        };
        if active.consensus.is_frozen(player) {
            // Too late: the proposal tells it so.
            return self.propose_drop(now, player);
        }
        if restarts > MAX_RESTARTS {
            let why = Disconnect::lost("its game restarted too often");
            return self.disconnect_player(now, player, why);
        }
        let frozen: Vec<usize> = active.disconnects.keys().copied().collect();
        let rematch = active.rematch;
        active.traffic.lock().handle_restart(from);
        self.send_hello(now, from);
        self.send_input_log(now, from);
        self.send_recent_inputs(now, player, from);
        // Repeats what the process before was sent.
        frozen.into_iter().for_each(|player| self.propose_drop(now, player));
        if let Some(epoch) = rematch {
            self.vote(now, epoch);
        }
    }

    /// Sends a peer every input of the running match, and expects it to rejoin.
    pub(super) fn send_input_log(&mut self, now: Duration, to: PeerKey) {
        let Some(active) = self.phase.active_match() else { return };
        let (epoch, seed) = (active.start.epoch, active.start.seed);
        let traffic = active.traffic.lock();
        let (mut last_frames, mut chunks) = (Vec::new(), Vec::new());
        for (player, key) in (0..).zip(&active.start.players) {
            let other = (usize::from(player) != active.start.local_player).then_some(*key);
            let Some(log) = traffic.log(other) else { return };
            last_frames.push(log.last_frame().unwrap_or(-1));
            chunks.extend(log.chunks().map(|chunk| control_message(epoch, player, chunk)));
        }
        drop(traffic);
        let disconnected = active.consensus.dropped();
        let disconnected = disconnected.filter_map(|player| u8::try_from(player).ok()).collect();
        let roster = self.roster.clone();
        let state = RejoinState { epoch, roster, disconnected, last_frames, seed };
        self.send_control(now, to, &ControlMessage::RejoinState(state));
        chunks.iter().for_each(|chunk| self.send_control(now, to, chunk));
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.progress.rejoins(now);
        }
    }

    /// Sends the others the last inputs of a player whose process restarted. A peer that rejoins at the same time may
    /// lack some of them, and would never receive them: the player assumes that all peers have what it was sent.
    fn send_recent_inputs(&mut self, now: Duration, player: usize, of: PeerKey) {
        let Some((active, player)) = self.phase.active_match().zip(u8::try_from(player).ok())
        else {
            return;
        };
        let epoch = active.start.epoch;
        let traffic = active.traffic.lock();
        let Some(log) = traffic.log(Some(of)) else { return };
        let chunks: Vec<_> =
            log.recent_chunks().map(|chunk| control_message(epoch, player, chunk)).collect();
        drop(traffic);
        let others = self.peers.keys().copied().filter(|peer| *peer != of);
        for other in others.collect::<Vec<_>>() {
            chunks.iter().for_each(|chunk| self.send_control(now, other, chunk));
        }
    }
}

fn control_message(epoch: u16, player: u8, chunk: EncodedInputs) -> ControlMessage {
    let EncodedInputs { start_frame, bytes } = chunk;
    ControlMessage::InputLogChunk(InputLogChunk { epoch, player, start_frame, inputs: bytes })
}
