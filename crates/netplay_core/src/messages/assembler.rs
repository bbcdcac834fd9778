//! Puts the reliable messages of one type together from the bytes of their stream, in whatever order these come.

use std::collections::BTreeMap;
use std::ops::{Add, Sub};

use netplay_protocol::limits::MAX_DATAGRAM_BYTES;

use super::encoded::{Arrived, HEADER_BYTES, StreamHeader};

/// The memory that a message takes when its first bytes arrive, at most. It grows with what arrives, and not with what
/// is claimed.
const FIRST_CAPACITY: usize = 64 * 1024;
/// A piece that came early is not made longer than this, and a packet.
const PIECE_BYTES: usize = 64 * 1024;
/// Of two pieces that touch, the second one is added to the first if it is not longer than this. What is longer is not
/// copied again for every byte that comes before it.
const SHORT_PIECE: usize = MAX_DATAGRAM_BYTES;

/// What a peer that keeps to the rules does not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A frame or an acknowledgement cannot be.
    #[error("a malformed packet")]
    Malformed,
    /// A message is of a type that the local game does not know in this version, or not at all.
    #[error("a message of a type that this game does not know")]
    Unknown,
    /// A message is longer than its type allows, or more is under way than may be.
    #[error("a message that is too long")]
    Oversized,
}

/// Why bytes were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// There is no room for what comes early. It may come again.
    Full,
    /// It should not have been sent.
    Violation(Violation),
}

/// What a stream may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// The longest message of the type.
    pub(super) max_bytes: u32,
    /// How many bytes the message that begins may have, considering those of other streams.
    pub(super) under_way: usize,
    /// How many bytes may come early.
    pub(super) early_bytes: usize,
    /// In how many pieces.
    pub(super) early_pieces: usize,
}

/// What a stream holds, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// How many bytes the message has that is under way.
    pub(super) under_way: usize,
    /// How many bytes came early.
    pub(super) early_bytes: usize,
    /// In how many pieces.
    pub(super) early_pieces: usize,
}

impl Add for Held {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            under_way: self.under_way + other.under_way,
            early_bytes: self.early_bytes + other.early_bytes,
            early_pieces: self.early_pieces + other.early_pieces,
        }
    }
}

impl Sub for Held {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            under_way: self.under_way - other.under_way,
            early_bytes: self.early_bytes - other.early_bytes,
            early_pieces: self.early_pieces - other.early_pieces,
        }
    }
}

/// The stream of a type.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// Up to where everything was taken.
    taken: u64,
    /// What came before the bytes in front of it, by its place in the stream. Pieces do not overlap.
    early: BTreeMap<u64, Vec<u8>>,
    early_bytes: usize,
    message: Partial,
}

/// A message of which only a part has come.
#[derive(Debug)]
enum Partial {
    Header { bytes: [u8; HEADER_BYTES], have: usize },
    Body { header: StreamHeader, bytes: Vec<u8> },
}

impl Default for Partial {
    fn default() -> Self {
        Self::Header { bytes: [0; HEADER_BYTES], have: 0 }
    }
}

impl Assembler {
    /// Takes bytes of the stream, and gives out the messages that are whole by that, in order.
    pub(super) fn handle(
        &mut self,
        offset: u64,
        bytes: &[u8],
        allowance: &Allowance,
        whole: &mut Vec<Arrived>,
    ) -> Result<(), NotTaken> {
        let end = offset
            .checked_add(bytes.len() as u64)
            .ok_or(NotTaken::Violation(Violation::Malformed))?;
        if end <= self.taken {
            return Ok(());
        }
        if offset > self.taken {
            return self.keep_early(offset, bytes, allowance);
        }
        let known = usize::try_from(self.taken - offset).unwrap_or(usize::MAX);
        self.take(bytes.get(known..).unwrap_or_default(), allowance, whole)?;
        while let Some(first) = self.early.first_entry()
            && *first.key() <= self.taken
        {
            let (start, piece) = first.remove_entry();
            self.early_bytes -= piece.len();
            let known = usize::try_from(self.taken - start).unwrap_or(usize::MAX);
            self.take(piece.get(known..).unwrap_or_default(), allowance, whole)?;
        }
        Ok(())
    }

    /// What it holds.
    pub(super) fn held(&self) -> Held {
        Held {
            under_way: self.under_way().map_or(0, |(_, total)| total),
            early_bytes: self.early_bytes,
            early_pieces: self.early.len(),
        }
    }

    /// Of the message that is under way, how many bytes have come, and how many it has. None if none is.
    pub(super) fn under_way(&self) -> Option<(usize, usize)> {
        match &self.message {
            Partial::Header { .. } => None,
            Partial::Body { header, bytes } => Some((bytes.len(), header.length as usize)),
        }
    }

    /// Keeps what of these bytes has not come before.
    fn keep_early(
        &mut self,
        mut offset: u64,
        mut bytes: &[u8],
        allowance: &Allowance,
    ) -> Result<(), NotTaken> {
        while !bytes.is_empty() {
            let before = self.early.range(..=offset).next_back();
            let reached =
                before.map(|(start, piece)| (*start, piece.len(), *start + piece.len() as u64));
            // What is known is left out, whatever it says.
            if let Some((.., end)) = reached.filter(|(.., end)| *end > offset) {
                let known = usize::try_from(end - offset).unwrap_or(usize::MAX);
                bytes = bytes.get(known..).unwrap_or_default();
                offset = end;
                continue;
            }
            let next = self.early.range(offset..).next().map(|(start, _)| *start);
            let free = next.map_or(usize::MAX, |next| (next - offset) as usize);
            let (new, rest) = bytes.split_at(free.min(bytes.len()));
            let goes_on =
                reached.filter(|(_, length, end)| *end == offset && *length < PIECE_BYTES);
            if self.early_bytes + new.len() > allowance.early_bytes
                || (goes_on.is_none() && self.early.len() >= allowance.early_pieces)
            {
                return Err(NotTaken::Full);
            }
            let place = goes_on.map_or(offset, |(start, ..)| start);
            self.early.entry(place).or_default().extend_from_slice(new);
            self.early_bytes += new.len();
            (offset, bytes) = (offset + new.len() as u64, rest);
            self.join(place, offset);
        }
        Ok(())
    }

    /// Adds the piece that begins at `end` to the one that ends there. Otherwise pieces that have grown together would
    /// be looked at one by one whenever what is in them comes again.
    fn join(&mut self, start: u64, end: u64) {
        if self.early.get(&end).is_none_or(|next| next.len() > SHORT_PIECE)
            || self.early.get(&start).is_none_or(|piece| piece.len() >= PIECE_BYTES)
        {
            return;
        }
        if let Some(next) = self.early.remove(&end)
            && let Some(piece) = self.early.get_mut(&start)
        {
            piece.extend_from_slice(&next);
        }
    }

    /// Takes the next bytes of the stream.
    fn take(
        &mut self,
        mut bytes: &[u8],
        allowance: &Allowance,
        whole: &mut Vec<Arrived>,
    ) -> Result<(), NotTaken> {
        self.taken += bytes.len() as u64;
        loop {
            match &mut self.message {
                Partial::Header { bytes: header, have } => {
                    let (part, rest) = bytes.split_at(bytes.len().min(HEADER_BYTES - *have));
                    header[*have..*have + part.len()].copy_from_slice(part);
                    *have += part.len();
                    bytes = rest;
                    if *have < HEADER_BYTES {
                        return Ok(());
                    }
                    let header = StreamHeader::from_bytes(*header);
                    let length = header.length as usize;
                    if !header.is_allowed(allowance.max_bytes) || length > allowance.under_way {
                        return Err(NotTaken::Violation(Violation::Oversized));
                    }
                    let bytes = Vec::with_capacity(length.min(FIRST_CAPACITY));
                    self.message = Partial::Body { header, bytes };
                }
                Partial::Body { header, bytes: body } => {
                    let missing = header.length as usize - body.len();
                    let (part, rest) = bytes.split_at(bytes.len().min(missing));
                    body.extend_from_slice(part);
                    bytes = rest;
                    if part.len() < missing {
                        return Ok(());
                    }
                    let compressed_from = header.compressed_from;
                    let bytes = std::mem::take(body);
                    whole.push(Arrived { compressed_from, bytes });
                    self.message = Partial::default();
                }
            }
        }
    }
}
