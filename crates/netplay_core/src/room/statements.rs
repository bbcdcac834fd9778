//! Players whose inputs are not what they have signed, or who tell different peers different ones.
//!
//! [`Signatures`](crate::match_::Signatures) has what every player signs. A peer that finds something wrong accuses
//! the player, and takes its inputs from the others (`input_search`); if two statements of the player prove that it lies,
//! it shows them to everybody, and all drop it. All take the same
//! version of its inputs then ([`LogVersion`](crate::match_::LogVersion)), and who has simulated another one simulates
//! the match again from the input logs.

use std::time::Duration;

use log::warn;
use netplay_protocol::{ControlMessage, Equivocation, InputStatements, PeerKey};

use super::disconnect::Disconnect;
use super::{Room, RoomEvent};
use crate::match_::{InputSource, Violation};

impl Room {
    /// Takes in what is wrong with the statements of other players.
    pub(super) fn check_statements(&mut self, now: Duration) {
        let Some(active) = self.phase.active_match() else { return };
        let epoch = active.start.epoch;
        let mut traffic = active.traffic.lock();
        let violations: Vec<_> = std::iter::from_fn(|| traffic.poll_violation()).collect();
        let differences: Vec<_> = std::iter::from_fn(|| traffic.poll_difference()).collect();
        drop(traffic);
        for (peer, frame) in differences {
            let Some(statements) = self.statements_of(frame) else { continue };
            let message = ControlMessage::InputStatements(InputStatements { epoch, statements });
            self.send_control(now, peer, &message);
        }
        for (peer, violation) in violations {
            let Some(player) = self.player(peer) else { continue };
            self.handle_violation(now, player, peer, violation);
        }
    }

    fn handle_violation(
        &mut self,
        now: Duration,
        player: usize,
        peer: PeerKey,
        violation: Violation,
    ) {
        let Some(active) = self.phase.active_match() else { return };
        // What others told of it is not its fault.
        if active.traffic.lock().input_source(peer) == InputSource::Peer {
            let why = match violation {
                Violation::Contradiction => "the inputs that it sent are not those that it signed",
                Violation::Unsigned => "it does not sign its inputs",
            };
            warn!("player {} is not believed: {why}", self.roster.number(player));
            self.accuse(now, player, Disconnect::lost(why));
        }
        self.distrust_inputs(now, player);
    }

    fn statements_of(&self, frame: i32) -> Option<Vec<(u8, netplay_protocol::InputStatement)>> {
        let active = self.phase.active_match()?;
        let traffic = active.traffic.lock();
        let statement = |(player, key): (u8, &PeerKey)| {
            Some((player, traffic.statement_of_frame(*key, frame)?))
        };
        Some((0..).zip(&active.start.players).filter_map(statement).collect())
    }

    /// A peer has other statements of a frame than the local one: one of them is the lie of a player, or that of the
    /// peer.
    pub(super) fn handle_input_statements(
        &mut self,
        now: Duration,
        from: PeerKey,
        theirs: &InputStatements,
    ) {
        let Some(active) = self.phase.active_match() else { return };
        if active.start.epoch != theirs.epoch {
            return;
        }
        let traffic = active.traffic.lock();
        let proof = theirs.statements.iter().find_map(|(player, statement)| {
            let key = active.start.players.get(usize::from(*player))?;
            let ours = traffic.statement_of_frame(*key, statement.frame)?;
            let differs = ours.digest != statement.digest && traffic.has_signed(*key, statement);
            differs.then_some((*player, [ours, *statement]))
        });
        drop(traffic);
        match proof {
            Some((player, statements)) => {
                let epoch = theirs.epoch;
                self.prove(now, Equivocation { epoch, player, statements });
            }
            None => self.count_malformed(now, from),
        }
    }

    /// A peer shows that a player told two peers different inputs.
    pub(super) fn handle_equivocation(
        &mut self,
        now: Duration,
        from: PeerKey,
        proof: &Equivocation,
    ) {
        let Some(active) = self.phase.active_match() else { return };
        let key = active.start.players.get(usize::from(proof.player)).copied();
        let [first, second] = &proof.statements;
        let is_proof = active.start.epoch == proof.epoch
            && first.frame == second.frame
            && first.digest != second.digest
            && key.is_some_and(|key| {
                let traffic = active.traffic.lock();
                [first, second].iter().all(|statement| traffic.has_signed(key, statement))
            });
        match is_proof {
            true => self.prove(now, proof.clone()),
            false => self.count_malformed(now, from),
        }
    }

    /// Shows everybody that a player told two peers different inputs, and drops it.
    fn prove(&mut self, now: Duration, proof: Equivocation) {
        let player = usize::from(proof.player);
        let Some(active) = self.phase.active_match() else { return };
        if player == active.start.local_player || active.consensus.is_frozen(player) {
            return;
        }
        let frame = proof.statements[0].frame;
        warn!(
            "player {} is dropped: it signed different inputs up to frame {frame} for different players",
            self.roster.number(player)
        );
        self.send_control_to_all(now, &ControlMessage::Equivocation(proof));
        let why = "it told the players different inputs";
        self.freeze_player(now, player, Disconnect::lost(why));
    }

    /// Other inputs of a player count than those that were simulated: the match is simulated again, from its first
    /// frame and the input logs.
    pub(super) fn simulate_again(&mut self, player: usize) {
        let input_delay = self.fitting_delay(self.now);
        let Some(active) = self.phase.active_match_mut() else { return };
        warn!(
            "the players agreed on other inputs of player {} than were simulated here: simulating the match again",
            self.roster.number(player)
        );
        active.simulate_again(input_delay);
        let start = active.start.clone();
        self.emit(RoomEvent::StartMatch(start));
    }
}
