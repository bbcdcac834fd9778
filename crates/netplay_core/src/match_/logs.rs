//! Input logs that come from other peers than their player: of a player who is dropped, and of a match that the local
//! player rejoins.

use std::collections::BTreeMap;

use netplay_protocol::{InputStatement, PeerKey};

use super::NULL_FRAME;
use super::catch_up::CatchUp;
use super::input_log::InputLog;
use super::payload::{MAX_AHEAD, PayloadError};
use super::peer::{PeerProgress, PeerTraffic};
use super::traffic::{MatchTraffic, Origin};

impl MatchTraffic {
    /// The local player rejoins: `local` is the log of its inputs, and `peers` are the logs of the others with the last
    /// statement that each agrees with, and the last frame of the local inputs that each of them has. The session catches
    /// up before it hears the peers.
    pub fn catch_up(
        &mut self,
        peers: impl IntoIterator<Item = (PeerKey, InputLog, Option<InputStatement>, i32)>,
        local: InputLog,
    ) {
        let mut acked = BTreeMap::new();
        for (key, log, statement, last_frame) in peers {
            acked.insert(key, last_frame);
            if let Some(statement) = statement {
                self.statements.adopt(key, statement);
            }
            if let Some(peer) = self.peers.get_mut(&key) {
                if let PeerProgress::Disconnected(last_own_frame) = &mut peer.progress {
                    *last_own_frame = log.last_own_frame();
                }
                peer.log = log;
            }
        }
        let mut local = local;
        self.cut_logs(&mut local);
        let until = local.last_frame().unwrap_or(NULL_FRAME);
        self.origin = Origin::CatchingUp(CatchUp::new(until, acked));
        self.local = local;
    }

    /// Copies of the input logs of these peers, in their order. Every peer that is not another one is the local one.
    pub fn input_logs(&self, peers: &[PeerKey]) -> Vec<InputLog> {
        let log = |key: &PeerKey| self.peers.get(key).map_or(&self.local, |peer| &peer.log);
        peers.iter().map(|key| log(key).clone()).collect()
    }

    /// Other inputs count than those that the session was given: it begins again at frame 0, and catches up with the
    /// logs. Returns the input delay that it begins with.
    pub fn simulate_again(&mut self) -> usize {
        let acked = self.peers.iter().map(|(key, peer)| {
            // One who is dropped needs nothing.
            (*key, if peer.is_playing() { peer.outbox.acked() } else { i32::MAX })
        });
        let until = self.local.last_frame().unwrap_or(NULL_FRAME);
        self.origin = Origin::CatchingUp(CatchUp::new(until, acked.collect()));
        self.restart_session();
        let delay = self.local.start_frame().and_then(|start| usize::try_from(start).ok());
        delay.unwrap_or_else(|| self.input_delay())
    }

    /// Cuts the logs that go further than a match of these players can have gone: everybody waits for the one whose
    /// inputs end first.
    fn cut_logs(&mut self, local: &mut InputLog) {
        let playing = self.peers.values_mut().filter(|peer| peer.is_playing());
        let mut logs: Vec<&mut InputLog> = playing.map(|peer| &mut peer.log).collect();
        logs.push(local);
        let first = logs.iter().map(|log| log.last_frame().unwrap_or(NULL_FRAME)).min();
        let latest = first.unwrap_or(NULL_FRAME).saturating_add(MAX_AHEAD);
        logs.into_iter().for_each(|log| log.truncate(latest));
        for key in self.peers.keys() {
            self.statements.truncate(*key, latest);
        }
    }

    /// The input log of another peer's player, or of the local player for none.
    pub fn log(&self, of: Option<PeerKey>) -> Option<&InputLog> {
        match of {
            Some(peer) => self.peers.get(&peer).map(|peer| &peer.log),
            None => Some(&self.local),
        }
    }

    /// The last frame whose input, given by the player itself, is known of a peer; -1 if there is none.
    pub fn last_frame(&self, peer: PeerKey) -> i32 {
        self.peers.get(&peer).map_or(NULL_FRAME, PeerTraffic::last_own_frame)
    }

    /// A peer is about to be dropped: nothing more is accepted from it or sent to it.
    pub fn freeze(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&key).filter(|peer| peer.is_playing()) {
            peer.progress = PeerProgress::Frozen;
        }
        self.statements.freeze(key);
    }

    /// A peer is dropped: from its next frame on, its player's inputs are synthesized.
    pub fn disconnect(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.disconnect();
        }
    }

    /// Merges a chunk of the input log of a peer's player, from another peer. It matters to a local player who has
    /// rejoined only: the peer restarted as well, and does not know that its inputs never arrived here.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if nobody can have these inputs.
    pub fn merge_chunk(
        &mut self,
        of: PeerKey,
        start_frame: i32,
        inputs: &[u8],
    ) -> Result<(), PayloadError> {
        let latest = self.latest_input();
        let peer = self.peers.get_mut(&of).ok_or(PayloadError::Stranger)?;
        if matches!(self.origin, Origin::Start) || !peer.is_playing() {
            return Ok(());
        }
        if start_frame > latest {
            return Err(PayloadError::Frame);
        }
        peer.log.merge_chunk(start_frame, inputs, latest)?;
        if !self.is_replaying() {
            self.deliver(of, NULL_FRAME, None);
        }
        Ok(())
    }

    /// How many frames the simulation is behind the frame at which the others wait, while it catches up.
    pub fn frames_behind(&self) -> Option<u32> {
        let Origin::CatchingUp(catch_up) = &self.origin else { return None };
        Some(catch_up.frames_behind(self.local.start_frame().unwrap_or(0), self.frame))
    }

    /// The local input to give the session at a frame, while it catches up.
    pub fn replayed_input(&self, frame: i32) -> Option<&[u8]> {
        let Origin::CatchingUp(_) = &self.origin else { return None };
        self.local.get(frame.checked_add(self.local.start_frame()?)?)
    }

    /// The latest frame for which any player can have given an input.
    pub(super) fn latest_input(&self) -> i32 {
        let frame = match &self.origin {
            Origin::CatchingUp(catch_up) => catch_up.until(),
            Origin::Start | Origin::Rejoined => self.frame,
        };
        frame.saturating_add(MAX_AHEAD)
    }
}
