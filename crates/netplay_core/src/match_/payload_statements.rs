//! The part of a payload about statements: the sender's next one, an acknowledgement of the receiver's, and a summary of
//! what the sender knows of all players.

use netplay_protocol::statement::{DIGEST_BYTES, SIGNATURE_BYTES, StatementSignature};
use netplay_protocol::{InputDigest, InputStatement};

use super::NULL_FRAME;
use super::payload::{Bounds, PayloadError, put, take_frame};

/// The flag of a payload that has this part.
const HAS_STATEMENTS: u8 = 1 << 7;

// What this part has, in its first byte.
const HAS_ACK: u8 = 1;
const HAS_STATEMENT: u8 = 1 << 1;
const HAS_SUMMARY: u8 = 1 << 2;

/// How many bytes this part takes at most.
const MAX_BYTES: usize = 1 + 5 + (5 + DIGEST_BYTES + SIGNATURE_BYTES) + (5 + 1 + 8);

/// What a payload says of the statements of players.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct PayloadStatements {
    /// The frame of the receiver's last statement that the sender has, if that is told.
    pub(super) ack: Option<i32>,
    /// The sender's next statement.
    pub(super) statement: Option<InputStatement>,
    pub(super) summary: Option<StatementSummary>,
}

/// The statements of one frame that a peer has, of every player that it still plays with, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatementSummary {
    pub(super) frame: i32,
    /// The players whose statements these are: bit 0 is player 0.
    pub(super) players: u8,
    /// A hash of their digests, in the order of the players.
    pub(super) hash: u64,
}

impl PayloadStatements {
    /// How many bytes this part takes at most.
    pub(super) fn bytes(&self) -> usize {
        if self.is_empty() { 0 } else { MAX_BYTES }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn flags(&self) -> u8 {
        if self.is_empty() { 0 } else { HAS_STATEMENTS }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>, ack_frame: i32) {
        if self.is_empty() {
            return;
        }
        let has = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        out.push(
            has(self.ack.is_some(), HAS_ACK)
                | has(self.statement.is_some(), HAS_STATEMENT)
                | has(self.summary.is_some(), HAS_SUMMARY),
        );
        if let Some(ack) = self.ack {
            put(out, &ack.wrapping_sub(ack_frame));
        }
        if let Some(InputStatement { frame, digest, signature }) = self.statement {
            put(out, &frame.wrapping_sub(ack_frame));
            out.extend_from_slice(&digest.0);
            out.extend_from_slice(&signature.0);
        }
        if let Some(StatementSummary { frame, players, hash }) = self.summary {
            put(out, &frame.wrapping_sub(ack_frame));
            out.push(players);
            out.extend_from_slice(&hash.to_le_bytes());
        }
    }

    pub(super) fn take(
        bytes: &mut &[u8],
        flags: u8,
        ack_frame: i32,
        bounds: &Bounds,
    ) -> Result<Self, PayloadError> {
        if flags & HAS_STATEMENTS == 0 {
            return Ok(Self::default());
        }
        let [has] = take_bytes(bytes)?;
        if has == 0 || has & !(HAS_ACK | HAS_STATEMENT | HAS_SUMMARY) != 0 {
            return Err(PayloadError::Layout);
        }
        let possible = NULL_FRAME..=bounds.latest_frame();
        let mut part = Self::default();
        if has & HAS_ACK != 0 {
            let latest = bounds.last_input;
            part.ack = Some(take_frame(bytes, ack_frame, NULL_FRAME..=latest)?);
        }
        if has & HAS_STATEMENT != 0 {
            let frame = take_frame(bytes, ack_frame, possible.clone())?;
            let digest = InputDigest(take_bytes(bytes)?);
            let signature = StatementSignature(take_bytes(bytes)?);
            part.statement = Some(InputStatement { frame, digest, signature });
        }
        if has & HAS_SUMMARY != 0 {
            let frame = take_frame(bytes, ack_frame, possible)?;
            let [players] = take_bytes(bytes)?;
            let hash = u64::from_le_bytes(take_bytes(bytes)?);
            part.summary = Some(StatementSummary { frame, players, hash });
        }
        Ok(part)
    }
}

fn take_bytes<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], PayloadError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(PayloadError::Layout)?;
    *bytes = rest;
    Ok(*taken)
}
