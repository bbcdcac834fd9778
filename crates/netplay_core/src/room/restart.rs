//! The process of another peer restarted, and its player rejoins the match.

use std::time::Duration;

use netplay_protocol::{ControlMessage, Fragments, PeerKey, PublicKey, RejoinState};

use super::disconnect::Disconnect;
use super::log_sender::{LogSender, chunk_message};
use super::{EndReason, Room};
use crate::log_limiter::log_limited;

/// How often a player may rejoin one match. Each time, the others wait and send everything.
const MAX_RESTARTS: u32 = 8;
const TOO_OFTEN: &str = "its game restarted too often";

impl Room {
    /// A peer's process restarted. If a match runs, it is sent all of it.
    pub(super) fn peer_restarted(&mut self, now: Duration, from: PeerKey) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let player = peer.player;
        if self.phase.active_match().is_none() && !peer.lobby_restarts.take(now) {
            let reason = EndReason::PeerLost { player, detail: TOO_OFTEN.to_owned() };
            return self.refuse(now, from, reason);
        }
        let number = self.roster.number(player);
        log_limited!(
            self.logs,
            now,
            "another restart of player",
            number,
            info!("player {number} restarted")
        );
        peer.rejoin_failed = false;
        peer.log_sender = None;
        peer.hello_sent = None;
        peer.hello = None;
        peer.lobby_told = 0;
        peer.fragments = Fragments::default();
        peer.commitment_sent = None;
        peer.restarts += 1;
        peer.seed_timer.restarted(peer.restarts);
        peer.progress.restarted(now);
        self.came_back(now, from);
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let restarts = peer.restarts;
        self.forget_entry(from);
        self.forget_straggler(from);
        let counts_on = |it: &super::countdown::Countdown| it.members.contains(&from);
        if self.lobby.countdown.as_ref().is_some_and(counts_on) {
            self.cancel_countdown();
        }
        if let Err(violation) = self.seed_partner_gone(from) {
            return self.seed_violation(now, from, violation);
        }
        let Some(active) = self.phase.active_match() else {
            if self.phase.peer_restarted(from) {
                self.leave_rejoining(now);
            }
            return;
        };
        let Some(player) = active.player(from) else { return };
        if active.consensus.is_frozen(player) {
            // Too late: the proposal tells it so.
            return self.propose_drop(now, player);
        }
        if restarts > MAX_RESTARTS {
            let why = Disconnect::lost(TOO_OFTEN);
            return self.accuse(now, player, why);
        }
        let frozen: Vec<usize> = active.frozen_at.keys().copied().collect();
        let rematch = active.rematch;
        active.traffic.lock().handle_restart(from);
        self.send_hello(now, from);
        self.send_input_log(now, from);
        // Repeats what the process before was sent.
        frozen.into_iter().for_each(|player| self.propose_drop(now, player));
        if let Some(epoch) = rematch {
            self.vote(now, epoch);
        }
    }

    /// Sends a peer every input of the running match, and expects it to rejoin.
    pub(super) fn send_input_log(&mut self, now: Duration, to: PeerKey) {
        // It believes only those who have said what they play.
        self.send_hello(now, to);
        let Some(active) = self.phase.active_match() else { return };
        let (epoch, seed) = (active.start.epoch, active.start.seed);
        let traffic = active.traffic.lock();
        let (mut last_frames, mut keys, mut statements) = (Vec::new(), Vec::new(), Vec::new());
        for (player, key) in active.start.players.iter().enumerate() {
            let other = (player != active.start.local_player).then_some(*key);
            let Some(log) = traffic.log(other) else { return };
            last_frames.push(log.last_frame().unwrap_or(-1));
            statements.push(traffic.statement(*key));
            keys.extend(traffic.public_key(*key).map(PublicKey::to_bytes));
        }
        drop(traffic);
        let disconnected = active.consensus.dropped();
        let disconnected = disconnected.filter_map(|player| u8::try_from(player).ok()).collect();
        let sender = LogSender::new(epoch, &last_frames);
        let (roster, lobby) = (self.roster.clone(), active.start.lobby.clone());
        let state =
            RejoinState { epoch, roster, disconnected, last_frames, seed, keys, statements, lobby };
        self.send_control(now, to, &ControlMessage::RejoinState(state));
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.progress.rejoins(now);
            peer.log_sender = Some(sender);
        }
        self.send_log(now, to);
    }

    /// Sends a peer the last inputs of the local player. If both rejoin at the same time, the local player assumes that
    /// the peer has them, and the peer may lack some.
    pub(super) fn send_recent_inputs(&mut self, now: Duration, to: PeerKey) {
        let Some(active) = self.phase.active_match() else { return };
        let (epoch, local) = (active.start.epoch, active.start.local_player);
        let Ok(player) = u8::try_from(local) else { return };
        let traffic = active.traffic.lock();
        let Some(log) = traffic.log(None) else { return };
        let last_frame = log.last_frame().unwrap_or(-1);
        let chunks: Vec<_> =
            log.recent_chunks().map(|chunk| chunk_message(epoch, player, chunk)).collect();
        drop(traffic);
        let peer = self.peers.get_mut(&to);
        if let Some(sender) = peer.and_then(|peer| peer.log_sender.as_mut()) {
            // They come after those before them.
            return sender.extend(local, last_frame);
        }
        chunks.iter().for_each(|chunk| self.send_control(now, to, chunk));
    }
}
