//! The traffic with one peer.

use std::time::Duration;

use super::NULL_FRAME;
use super::activity::Activity;
use super::encoded::EncodedInputs;
use super::input_log::InputLog;
use super::outbox::Outbox;
use super::payload::{Bounds, Payload, PayloadError};

/// Whether a peer plays in the match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerProgress {
    /// It plays.
    Playing,
    /// It is about to be dropped: nothing is accepted from it and nothing sent to it. Survivors may still have
    /// inputs of it.
    Frozen,
    /// It is dropped, and its inputs are synthesized: the last frame of its own.
    Disconnected(i32),
}

/// The traffic with one peer.
#[derive(Debug)]
pub(super) struct PeerTraffic {
    pub(super) progress: PeerProgress,
    /// What the peer receives.
    pub(super) outbox: Outbox,
    /// The inputs of the peer's player.
    pub(super) log: InputLog,
    /// The round-trip time, if it is known.
    pub(super) rtt: Option<Duration>,
}

impl PeerTraffic {
    pub(super) fn new(default_input: &[u8]) -> Self {
        Self {
            progress: PeerProgress::Playing,
            outbox: Outbox::new(default_input.len()),
            log: InputLog::new(default_input),
            rtt: None,
        }
    }

    pub(super) fn is_playing(&self) -> bool {
        self.progress == PeerProgress::Playing
    }

    /// Decodes and checks a payload of the peer and logs its inputs. The result has no inputs that were received
    /// before, or that overtook others: they are of no use without these, and come again. Returns as well what the
    /// payload shows of the peer's simulation.
    pub(super) fn handle_payload(
        &mut self,
        bytes: &[u8],
        bounds: &Bounds,
    ) -> Result<(Payload, Activity), PayloadError> {
        let mut payload = Payload::decode(bytes, bounds)?;
        let known = self.log.last_frame();
        let mut overtook = false;
        payload.inputs = payload.inputs.and_then(|mut part| {
            overtook =
                part.follows && known.is_none_or(|known| part.inputs.start_frame > known + 1);
            if overtook {
                return None;
            }
            part.inputs = part.inputs.after(known, bounds.input_bytes)?;
            Some(part)
        });
        if let Some(part) = &payload.inputs {
            self.log.append(&part.inputs)?;
        }
        self.outbox.handle_ack(payload.ack_frame);
        let activity = match payload.waits {
            _ if overtook || payload.inputs.is_some() => Activity::Advancing,
            true => Activity::Waiting,
            false => Activity::Standing,
        };
        Ok((payload, activity))
    }

    /// The last frame whose input is the player's own; -1 if there is none.
    pub(super) fn last_own_frame(&self) -> i32 {
        match self.progress {
            PeerProgress::Disconnected(last_frame) => last_frame,
            PeerProgress::Playing | PeerProgress::Frozen => {
                self.log.last_frame().unwrap_or(NULL_FRAME)
            }
        }
    }

    /// The peer is dropped after the last frame in its log.
    pub(super) fn disconnect(&mut self) {
        self.progress = PeerProgress::Disconnected(self.last_own_frame());
    }

    /// The inputs of a disconnected peer up to a frame, as far as they were missing.
    pub(super) fn synthesize(&mut self, until: i32) -> Option<EncodedInputs> {
        match self.progress {
            PeerProgress::Disconnected(_) => self.log.synthesize(until),
            PeerProgress::Playing | PeerProgress::Frozen => None,
        }
    }
}
