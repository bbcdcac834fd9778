//! Inputs of a player that other players pass on, because they do not come from the player itself.
//!
//! They count like the player's own: the statements that the player has signed travel with them, and inputs that turn
//! out not to be those that it signed are forgotten, with everything after its last statement. The match is simulated
//! again then.

use netplay_protocol::{InputLogChunk, InputRequest, InputResponse, MAX_STATEMENTS, PeerKey};

use super::payload::PayloadError;
use super::peer::InputSource;
use super::traffic::MatchTraffic;
use super::{MAX_INPUT_DELAY, NULL_FRAME};

impl MatchTraffic {
    /// Whether the simulation can go no further without an input of this peer.
    pub fn waits_for(&self, peer: PeerKey) -> bool {
        self.frame.saturating_sub(self.last_frame(peer)) >= self.window()
    }

    /// Whether inputs of a peer can come from others only, or a statement of it that is due has not come from the peer.
    pub fn needs_others(&self, peer: PeerKey) -> bool {
        self.input_source(peer) == InputSource::OthersOnly
            || self.statements.is_late(peer, self.last_frame(peer))
    }

    /// What to ask others for, of a peer's inputs.
    pub fn input_request(&self, epoch: u16, player: u8, of: PeerKey) -> InputRequest {
        let stated = self.statement(of).map(|statement| statement.frame);
        InputRequest { epoch, player, after: self.last_frame(of), stated }
    }

    /// The answer to a request for inputs of a player: of the local one for none. None if there is nothing new.
    pub fn input_response(
        &self,
        request: InputRequest,
        of: Option<PeerKey>,
    ) -> Option<InputResponse> {
        let InputRequest { epoch, player, after, stated } = request;
        let log = self.log(of)?;
        let last = of.map_or(i32::MAX, |peer| self.last_frame(peer));
        let inputs = log.chunk(after.checked_add(1)?, last);
        let statements = self.statements.after(of, stated, MAX_STATEMENTS);
        if inputs.is_none() && statements.is_empty() {
            return None;
        }
        let (start_frame, inputs) = match inputs {
            Some(chunk) => (chunk.start_frame, chunk.bytes),
            None => (after.max(0), Vec::new()),
        };
        let inputs = InputLogChunk { epoch, player, start_frame, inputs };
        Some(InputResponse { inputs, statements })
    }

    /// Takes inputs of a peer that another one passes on. Returns how many were new.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if nobody can have these inputs, or the peer has not signed a statement among them.
    pub fn handle_input_response(
        &mut self,
        of: PeerKey,
        response: &InputResponse,
    ) -> Result<i32, PayloadError> {
        if response.statements.iter().any(|statement| !self.has_signed(of, statement)) {
            return Err(PayloadError::Signature);
        }
        let latest = self.latest_input();
        let window = self.window();
        let peer = self.peers.get_mut(&of).filter(|peer| peer.is_playing());
        let peer = peer.ok_or(PayloadError::Stranger)?;
        let before = peer.log.last_frame().unwrap_or(NULL_FRAME);
        let InputLogChunk { start_frame, inputs, .. } = &response.inputs;
        if !inputs.is_empty() {
            peer.log.merge_chunk(*start_frame, inputs, latest)?;
        }
        let last = peer.log.last_frame().unwrap_or(NULL_FRAME);
        if last > before && peer.source != InputSource::OthersOnly {
            peer.source = InputSource::Others(last);
        }
        // It has given an input for a frame that it could not have come to without the local ones of some frames before.
        // Should that be a lie of others, it asks them for the local inputs that it lacks.
        let submitted = self.local.last_frame().unwrap_or(NULL_FRAME);
        let acked = (last - MAX_INPUT_DELAY as i32 - window).min(submitted);
        peer.outbox.handle_ack(acked);
        for statement in &response.statements {
            self.statements.handle_statement(of, *statement);
            self.statements.handle_inputs(of, &peer.log);
        }
        if !self.is_replaying() {
            self.deliver(of, acked.max(NULL_FRAME), None);
        }
        Ok(last - before)
    }

    /// Where the inputs of a peer come from.
    pub fn input_source(&self, of: PeerKey) -> InputSource {
        self.peers.get(&of).map_or(InputSource::Peer, |peer| peer.source)
    }

    /// Forgets the inputs of a peer after its last statement that they agree with, and takes none from the peer itself
    /// any more: they have to come from others. The simulation has to begin again, with
    /// [`simulate_again`](Self::simulate_again).
    pub fn distrust(&mut self, of: PeerKey) {
        let last = self.statement(of).map_or(NULL_FRAME, |statement| statement.frame);
        let Some(peer) = self.peers.get_mut(&of) else { return };
        peer.log.truncate(last);
        peer.source = InputSource::OthersOnly;
        self.statements.begin_after(of, last);
    }

    /// The last input of a peer that came is another one.
    #[cfg(test)]
    pub(crate) fn forge_last_input(&mut self, of: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&of) {
            peer.log.forge_last();
        }
    }

    fn window(&self) -> i32 {
        self.max_prediction.max(1) as i32
    }
}
