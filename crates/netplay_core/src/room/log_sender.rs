//! Sending the input logs of a match to a peer that rejoins it: as much at a time as the link can take.
//!
//! The logs of eight players after an hour are thousands of messages, and a link keeps 1024 that are not acknowledged.
//! So the next chunk is made when the ones before have been acknowledged, straight out of the logs.

use std::time::Duration;

use netplay_protocol::{ControlMessage, InputLogChunk, PeerKey};

use super::Room;
use super::active_match::ActiveMatch;
use crate::match_::EncodedInputs;

/// How many messages may wait for their acknowledgement. At 100 ms of round trip that is 160 chunks per second, each of
/// up to 8 KiB; the receiver accepts 200 messages per second.
const WINDOW: usize = 16;

/// How far one peer has been sent the logs of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogSender {
    epoch: u16,
    /// Of each player's log, the frame to send next and the last one.
    frames: Vec<(i32, i32)>,
    /// How many messages the peer had acknowledged at the last look.
    acknowledged: u64,
}

impl LogSender {
    /// The logs of all players, up to these frames.
    pub(super) fn new(epoch: u16, last_frames: &[i32]) -> Self {
        let frames = last_frames.iter().map(|last| (0, *last)).collect();
        Self { epoch, frames, acknowledged: 0 }
    }

    /// The peer is to have a player's log up to a later frame.
    pub(super) fn extend(&mut self, player: usize, last_frame: i32) {
        if let Some((_, last)) = self.frames.get_mut(player) {
            *last = last_frame.max(*last);
        }
    }

    /// The next message. None if everything is sent, or the match is over.
    fn next(&mut self, active: &ActiveMatch) -> Option<ControlMessage> {
        if active.start.epoch != self.epoch {
            return None;
        }
        let traffic = active.traffic.lock();
        for (player, (next, last)) in self.frames.iter_mut().enumerate() {
            let of = active.start.players.get(player).copied();
            let log = traffic.log(of.filter(|_| player != active.start.local_player))?;
            if let Some(chunk) = log.chunk(*next, *last) {
                *next = chunk.start_frame + log.frames_of(&chunk)?;
                return Some(chunk_message(self.epoch, u8::try_from(player).ok()?, chunk));
            }
        }
        None
    }
}

pub(super) fn chunk_message(epoch: u16, player: u8, chunk: EncodedInputs) -> ControlMessage {
    let EncodedInputs { start_frame, bytes } = chunk;
    ControlMessage::InputLogChunk(InputLogChunk { epoch, player, start_frame, inputs: bytes })
}

impl Room {
    /// Sends the peers that rejoin the match what they can take now.
    pub(super) fn send_logs(&mut self, now: Duration) {
        let receivers = self.peers.values().filter(|peer| peer.log_sender.is_some());
        for key in receivers.map(|peer| peer.key).collect::<Vec<_>>() {
            self.send_log(now, key);
        }
    }

    /// The same to one peer.
    pub(super) fn send_log(&mut self, now: Duration, to: PeerKey) {
        let Some(mut sender) = self.peers.get_mut(&to).and_then(|it| it.log_sender.take()) else {
            return;
        };
        let Some(peer) = self.peers.get_mut(&to).filter(|peer| !peer.is_disconnected()) else {
            return;
        };
        let acknowledged = peer.link.acknowledged_messages();
        if std::mem::replace(&mut sender.acknowledged, acknowledged) != acknowledged {
            peer.progress.rejoins(now);
        }
        while let Some(peer) = self.peers.get(&to)
            && peer.link.unacknowledged_messages() < WINDOW
        {
            let Some(active) = self.phase.active_match() else { return };
            let Some(chunk) = sender.next(active) else { return };
            self.send_control(now, to, &chunk);
        }
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.log_sender = Some(sender);
        }
    }
}
