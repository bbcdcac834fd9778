//! From a roster to a match: hellos, then votes.

use std::time::Duration;

use netplay_protocol::{ControlMessage, Hello, PeerKey, Roster};

use super::dropping::Loss;
use super::netplay::{Joined, Message, Step};
use crate::messages::{DesyncDetected, RematchWanted};
use crate::{CurrentMatch, EndReason, NetplayState};

impl Joined {
    /// Takes a message of a peer.
    pub(super) fn control(
        &mut self,
        now: Duration,
        from: PeerKey,
        message: ControlMessage,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let player = self.seat(from);
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| !peer.gone) else { return Ok(()) };
        match message {
            ControlMessage::Hello(hello) => {
                peer.name = Some(tidy(&hello.name)).filter(|name| !name.is_empty());
                peer.hello = Some(hello);
            }
            ControlMessage::Ready { roster, epoch } => {
                peer.ready = Some((roster, epoch));
                if self.game.as_ref().is_some_and(|playing| epoch > playing.game.epoch) {
                    steps.push(Step::Tell(Message::Rematch(RematchWanted {
                        player: player.into(),
                        peer: from,
                    })));
                }
            }
            ControlMessage::Bye { reason } if self.game.is_some() => {
                self.lose(now, player, Loss::left(&tidy(&reason)), steps)?;
            }
            // Before a match, whoever leaves makes room for another player, unless what they play differs:
            // then our own comparison says it better.
            ControlMessage::Bye { .. } => self.compare(from, player)?,
            ControlMessage::Desync { epoch, frame, checksum } => {
                if self.game.as_ref().is_some_and(|playing| playing.game.epoch == epoch) {
                    let player = player.into();
                    let remote = checksum;
                    let desync = DesyncDetected { player, peer: from, frame, local: None, remote };
                    steps.push(Step::Tell(Message::Desync(desync)));
                }
            }
            ControlMessage::DropProposal(proposal) => {
                self.drop_proposal(now, from, proposal, steps)?;
            }
            ControlMessage::RejoinState(state) => self.rejoin_state(now, from, state, steps),
            ControlMessage::InputLogChunk(chunk) => self.input_log_chunk(now, from, &chunk),
        }
        Ok(())
    }

    /// Goes as far towards a match as the others let us.
    pub(super) fn proceed(
        &mut self,
        now: Duration,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let Some(roster) = self.roster.clone() else { return Ok(()) };
        let us = self.us;
        let members = roster.members.iter().enumerate();
        let others: Vec<PeerKey> = members
            .filter(|(seat, member)| **member != us && !self.gone.contains(seat))
            .map(|(_, member)| *member)
            .collect();
        if self.game.is_none() {
            // Also while players are missing: whoever plays with us already, and does not know that we were
            // started anew, hears it from this.
            for peer in &others {
                self.greet(now, *peer);
            }
        }
        if !roster.is_complete() {
            return Ok(());
        }
        if self.game.is_none() {
            for (player, peer) in roster.members.iter().enumerate().filter(|(_, peer)| **peer != us)
            {
                self.compare(*peer, player)?;
            }
            if others.iter().all(|peer| self.is_up(*peer)) {
                self.connected_after.get_or_insert(now.saturating_sub(self.joined_at));
            }
            if self.comeback.is_some() {
                self.come_back(steps);
                return Ok(());
            }
            if self.ready == 0 && others.iter().all(|peer| self.agrees(*peer, &roster)) {
                self.vote(now, 1);
                steps.push(Step::State(NetplayState::Synchronizing));
            }
        }
        let epoch = self.ready;
        let played = self.game.as_ref().map_or(0, |playing| playing.game.epoch);
        let vote = Some((seed(&roster, 0), epoch));
        let agrees = |peer: &PeerKey| self.peers.get(peer).is_some_and(|peer| peer.ready == vote);
        if epoch > played && others.iter().all(agrees) {
            steps.push(Step::Start(CurrentMatch {
                epoch,
                players: roster.members.len(),
                local_player: roster.player(us).unwrap_or(0).into(),
                seed: seed(&roster, epoch),
            }));
        }
        Ok(())
    }

    /// Votes for an epoch.
    pub(super) fn vote(&mut self, now: Duration, epoch: u16) {
        self.ready = epoch;
        let roster = self.hello().roster;
        self.say_to_all(now, &ControlMessage::Ready { roster, epoch });
    }

    fn is_up(&self, peer: PeerKey) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.connected)
    }

    pub(super) fn greet(&mut self, now: Duration, to: PeerKey) {
        let hello = self.hello();
        let Some(peer) = self.peers.get_mut(&to).filter(|peer| !peer.greeted) else { return };
        peer.greeted = true;
        self.say(now, to, &ControlMessage::Hello(hello));
    }

    fn hello(&self) -> Hello {
        Hello {
            game: self.config.game.clone(),
            registered: self.registered,
            roster: self.roster.as_ref().map_or(0, |roster| seed(roster, 0)),
            frame_rate: u16::try_from(self.config.frame_rate).unwrap_or(u16::MAX),
            name: self.name.clone(),
        }
    }

    /// Whether what a peer plays is what we play, as far as it has said so. The roster is left out: it
    /// may be an older one, and is told again when it changes.
    fn compare(&self, peer: PeerKey, player: usize) -> Result<(), EndReason> {
        let Some(theirs) = self.peers.get(&peer).and_then(|peer| peer.hello.as_ref()) else {
            return Ok(());
        };
        let ours = self.hello();
        if theirs.game != ours.game {
            return Err(EndReason::GameDiffers {
                player: player.into(),
                ours: ours.game,
                theirs: tidy(&theirs.game),
            });
        }
        if theirs.registered != ours.registered || theirs.frame_rate != ours.frame_rate {
            return Err(EndReason::BuildDiffers { player: player.into() });
        }
        Ok(())
    }

    fn agrees(&self, peer: PeerKey, roster: &Roster) -> bool {
        let hello = self.peers.get(&peer).and_then(|peer| peer.hello.as_ref());
        hello.is_some_and(|hello| hello.roster == seed(roster, 0))
    }
}

/// A number that everybody with this roster computes alike.
pub(super) fn seed(roster: &Roster, epoch: u16) -> u64 {
    let mut bytes = epoch.to_le_bytes().to_vec();
    for member in &roster.members {
        bytes.extend_from_slice(&member.to_bytes());
    }
    seahash::hash(&bytes)
}

/// Words of another player, fit to be shown: short and without control characters.
pub(super) fn tidy(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(120).collect()
}
