//! A player's process is started anew, as a page is that is loaded again, and the player comes back to the match.
//!
//! The simulation is gone with the process, but it follows from what everybody has pressed, and the others have
//! kept that. They wait where the prediction window ends, tell all of it, and the player plays the match again
//! from its beginning, many frames at a time ([`MatchTraffic::catch_up`]). To ggrs on the other side nothing has
//! happened but that an input took long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::{EncodedInputs, InputLog, MatchTraffic, PayloadError};
use netplay_protocol::{ControlMessage, InputLogChunk, PeerKey, RejoinState};

use super::dropping::Loss;
use super::lobby::seed;
use super::netplay::{Joined, Message, Step};
use crate::messages::PlayerDisconnected;
use crate::{CurrentMatch, EndReason, NetplayState};

/// How often a player may come back to one match. Each time, the others wait and tell everything.
const MOST_RESTARTS: u32 = 8;
/// How many frames a match may have that somebody comes back to: an hour at sixty a second.
const MOST_FRAMES: i32 = 3600 * 60;

/// What we have been told of a match that we come back to. The roster of the room is that of the match meanwhile.
#[derive(Debug)]
pub(super) struct Comeback {
    epoch: u16,
    gone: BTreeSet<usize>,
    /// By player who told: the newest frames that it has, by seat.
    newest: BTreeMap<PeerKey, Vec<i32>>,
    /// By seat.
    histories: Vec<InputLog>,
    /// By seat: up to which frame others than the player itself have sent its log.
    confirmed: Vec<i32>,
}

impl Comeback {
    /// Merges a chunk of a player's log.
    fn merge_chunk(&mut self, of_sender: bool, chunk: &InputLogChunk) -> Result<(), PayloadError> {
        let player = usize::from(chunk.player);
        let log = self.histories.get_mut(player).filter(|_| chunk.start_frame < MOST_FRAMES);
        let log = log.ok_or(PayloadError::Frame)?;
        let last_frame = log.merge_chunk(chunk.start_frame, &chunk.inputs)?;
        if !of_sender && let Some(confirmed) = self.confirmed.get_mut(player) {
            *confirmed = last_frame.max(*confirmed);
        }
        Ok(())
    }

    /// The process of a player restarted. It gives other inputs for the frames of which nobody else has told.
    fn forget(&mut self, player: usize, key: PeerKey) {
        self.newest.remove(&key);
        if let Some((log, confirmed)) =
            self.histories.get_mut(player).zip(self.confirmed.get(player))
        {
            log.truncate(*confirmed);
        }
    }

    /// The delay that our inputs had, in frames; none if we had pressed nothing yet.
    pub(super) fn input_delay(&self, us: usize) -> Option<usize> {
        let start = self.histories.get(us)?.start_frame()?;
        usize::try_from(start).ok()
    }

    /// Has the match played again.
    pub(super) fn replay<'a>(
        self,
        traffic: &mut MatchTraffic,
        us: usize,
        members: impl Iterator<Item = &'a PeerKey>,
    ) {
        let (mut ours, mut peers) = (None, Vec::new());
        for (seat, (key, history)) in members.zip(self.histories).enumerate() {
            if seat == us {
                ours = Some(history);
                continue;
            }
            let knows = self.newest.get(key).and_then(|newest| newest.get(us)).copied();
            // Whoever is gone needs nothing of us, and whoever comes back like us is told it by the others.
            peers.push((*key, history, knows.unwrap_or(i32::MAX)));
        }
        if let Some(ours) = ours {
            traffic.catch_up(peers, ours);
        }
    }

    fn is_complete(&self, awaited: impl IntoIterator<Item = PeerKey>) -> bool {
        let told = |newest: &Vec<i32>| {
            newest
                .iter()
                .zip(&self.histories)
                .all(|(newest, history)| history.last_frame().unwrap_or(-1) >= *newest)
        };
        awaited.into_iter().all(|peer| self.newest.get(&peer).is_some_and(told))
    }
}

impl Joined {
    /// A peer's process was started anew. If a match is running, it is told all of it.
    pub(super) fn restarted(
        &mut self,
        now: Duration,
        from: PeerKey,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let player = self.seat(from);
        let Some(peer) = self.peers.get_mut(&from) else { return Ok(()) };
        info!("player {player} was started anew");
        (peer.hello, peer.ready, peer.greeted) = (None, None, false);
        peer.restarts += 1;
        let Some(playing) = &self.game else {
            self.ready = 0;
            if let Some(comeback) = &mut self.comeback {
                comeback.forget(player, from);
            }
            // Nobody is left who knows it.
            self.comeback.take_if(|comeback| comeback.newest.is_empty());
            return Ok(());
        };
        if playing.consensus.is_frozen(player) {
            // Too late. It is told so.
            self.announce(now, player);
            return Ok(());
        }
        if peer.restarts > MOST_RESTARTS {
            let loss = Loss::lost("its game was started anew too often");
            return self.lose(now, player, loss, steps);
        }
        let frozen: Vec<usize> = playing.losses.keys().copied().collect();
        let rematch = (self.ready > playing.game.epoch).then_some(self.ready);
        self.greet(now, from);
        self.tell_past(now, from);
        self.tell_last_inputs(now, player, from);
        // What was said to the process before is said again.
        frozen.into_iter().for_each(|player| self.announce(now, player));
        if let Some(epoch) = rematch {
            self.vote(now, epoch);
        }
        Ok(())
    }

    /// Tells a peer everything that was pressed in the running match, and expects it to play on.
    pub(super) fn tell_past(&mut self, now: Duration, to: PeerKey) {
        let Some((playing, roster)) = self.game.as_ref().zip(self.roster.clone()) else { return };
        let epoch = playing.game.epoch;
        let traffic = playing.traffic.lock();
        let (mut last_frames, mut chunks) = (Vec::new(), Vec::new());
        for (seat, key) in (0..).zip(&roster.members) {
            let of = (usize::from(seat) != playing.game.local_player.index()).then_some(*key);
            let Some(history) = traffic.log(of) else { return };
            last_frames.push(history.last_frame().unwrap_or(-1));
            chunks.extend(history.chunks().map(|EncodedInputs { start_frame, bytes: inputs }| {
                let chunk = InputLogChunk { epoch, player: seat, start_frame, inputs };
                ControlMessage::InputLogChunk(chunk)
            }));
        }
        drop(traffic);
        let disconnected = self.gone.iter().filter_map(|seat| u8::try_from(*seat).ok()).collect();
        let state = RejoinState { epoch, roster, disconnected, last_frames };
        for message in std::iter::once(ControlMessage::RejoinState(state)).chain(chunks) {
            self.say(now, to, &message);
        }
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.returning = Some(now);
        }
    }

    /// Tells the others the last inputs of a player whose process is gone. One who comes back at the same time
    /// may lack some of them, and nobody will send them again: the player takes it that all have been told what it
    /// was told itself.
    fn tell_last_inputs(&mut self, now: Duration, player: usize, of: PeerKey) {
        let Some((playing, seat)) = self.game.as_ref().zip(u8::try_from(player).ok()) else {
            return;
        };
        let epoch = playing.game.epoch;
        let recent = playing.traffic.lock().log(Some(of)).and_then(InputLog::recent_chunk);
        let Some(EncodedInputs { start_frame, bytes: inputs }) = recent else { return };
        let chunk = InputLogChunk { epoch, player: seat, start_frame, inputs };
        let chunk = ControlMessage::InputLogChunk(chunk);
        let others: Vec<PeerKey> = self.peers.keys().copied().filter(|peer| *peer != of).collect();
        others.into_iter().for_each(|other| self.say(now, other, &chunk));
    }

    /// We were started anew, and a match is running that we are in.
    pub(super) fn rejoin_state(
        &mut self,
        now: Duration,
        from: PeerKey,
        state: RejoinState,
        steps: &mut Vec<Step>,
    ) {
        let RejoinState { epoch, roster, disconnected, last_frames: newest } = state;
        let ours = roster.player(self.us).is_some() && roster.player(from).is_some();
        let possible = newest.iter().all(|newest| (-1..MOST_FRAMES).contains(newest));
        if self.game.is_some() || !ours || !possible {
            return;
        }
        if self.comeback.as_ref().is_none_or(|comeback| comeback.epoch < epoch) {
            info!("match {epoch} goes on without us: coming back to it");
            self.meet(now, &roster, steps);
            self.comeback = Some(Comeback {
                epoch,
                gone: BTreeSet::new(),
                newest: BTreeMap::new(),
                histories: vec![InputLog::new(self.input_bytes); roster.members.len()],
                confirmed: vec![-1; roster.members.len()],
            });
            self.roster = Some(roster.clone());
            // Somebody may not have begun it yet, and wait for us.
            self.vote(now, epoch);
            steps.push(Step::State(NetplayState::Synchronizing));
        }
        let same_roster = self.roster.as_ref() == Some(&roster);
        let comeback = self.comeback.as_mut();
        if let Some(comeback) = comeback.filter(|it| it.epoch == epoch && same_roster) {
            comeback.gone.extend(disconnected.into_iter().map(usize::from));
            comeback.newest.insert(from, newest);
        }
    }

    /// A player tells what was pressed in the match that we come back to, or have come back to.
    pub(super) fn input_log_chunk(&mut self, now: Duration, from: PeerKey, chunk: &InputLogChunk) {
        let (player, from_player) = (usize::from(chunk.player), self.seat(from));
        let learned = if let Some(playing) = &self.game {
            let of = self.key_of(player).filter(|of| *of != self.us);
            match of.filter(|_| playing.game.epoch == chunk.epoch) {
                Some(of) => {
                    playing.traffic.lock().merge_chunk(of, chunk.start_frame, &chunk.inputs)
                }
                None => return,
            }
        } else {
            let comeback = self.comeback.as_mut().filter(|it| it.epoch == chunk.epoch);
            // Who has not said what runs has nothing to add.
            let Some(comeback) = comeback.filter(|it| it.newest.contains_key(&from)) else {
                return;
            };
            comeback.merge_chunk(from_player == player, chunk)
        };
        if let Err(error) = learned
            && let Some(peer) = self.peers.get_mut(&from)
        {
            debug!("dropped what {from:?} tells of the match: {error}");
            peer.link.count_malformed(now);
        }
    }

    /// Starts the match that we come back to, once all who play it have told us everything.
    pub(super) fn come_back(&mut self, steps: &mut Vec<Step>) {
        let Some((comeback, roster)) = self.comeback.as_ref().zip(self.roster.as_ref()) else {
            return;
        };
        let Some(local_player) = roster.player(self.us) else { return };
        let leaving: BTreeSet<u8> =
            self.early.iter().map(|(_, proposal)| proposal.player).collect();
        let ready = |key| self.peers.get(key).and_then(|peer| peer.ready).map(|(_, epoch)| epoch);
        let awaited = (0..).zip(&roster.members).filter(|(seat, key)| {
            // Ready for a match that it does not tell of: it was started anew as well, and asks like us.
            let asks = ready(key) == Some(comeback.epoch) && !comeback.newest.contains_key(key);
            let stays = !comeback.gone.contains(&usize::from(*seat)) && !leaving.contains(seat);
            **key != self.us && stays && !asks
        });
        if comeback.is_complete(awaited.map(|(_, key)| *key)) {
            self.gone = comeback.gone.clone();
            let (epoch, players) = (comeback.epoch, roster.members.len());
            let seed = seed(roster, epoch);
            let dropped = self.gone.iter().map(|player| PlayerDisconnected {
                player: (*player).into(),
                peer: roster.members.get(*player).copied().unwrap_or(self.us),
                frame: comeback.histories.get(*player).map_or(-1, InputLog::last_own_frame),
                reason: "it was dropped before we came back".to_owned(),
            });
            let dropped = dropped.map(|dropped| Step::Tell(Message::Dropped(dropped)));
            steps.push(Step::Start(CurrentMatch {
                epoch,
                players,
                local_player: local_player.into(),
                seed,
            }));
            steps.extend(dropped);
        }
    }
}
